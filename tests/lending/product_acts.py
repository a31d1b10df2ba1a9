"""What staff do with products, two of them where it takes two, at the current bank."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import transaction

from core.approvals.models import Proposal
from core.approvals.operations import propose
from lending import operations
from lending.approvals import PUBLISH_PRODUCT, REOPEN_PRODUCT, SCHEDULE_PRODUCT
from lending.models import Product, ProductVersion
from lending.operations.products import take_draft
from tests.second_person import approve

EDITOR = "pm"
CHECKER = "checker"


def product_id(code: str) -> uuid.UUID:
    """Return the id of a product."""
    return Product.objects.get(code=code).pk


def draft_of(code: str = "XF01", actor: str = EDITOR, **values: object) -> ProductVersion:
    """Return a product's draft with these columns, as it is stored."""
    with transaction.atomic():
        draft = take_draft(product_id=product_id(code), actor=actor)
    ProductVersion.objects.filter(pk=draft.pk).update(**values)
    return ProductVersion.objects.get(pk=draft.pk)


def propose_publishing(draft: ProductVersion, actor: str = EDITOR) -> Proposal:
    """Propose a draft as it stands."""
    values = operations.plan_publishing(version_id=draft.pk)
    return propose(kind=PUBLISH_PRODUCT, subject=draft.pk.hex, values=values, reason="调价", actor=actor)


def publish_by_two(draft: ProductVersion) -> ProductVersion:
    """Have a draft published by two people."""
    approve(proposal_id=propose_publishing(draft).pk, actor=CHECKER)
    return ProductVersion.objects.get(pk=draft.pk)


def close(code: str = "XF01") -> None:
    """Close a product at once."""
    operations.close_product(product_id=product_id(code), actor=EDITOR, reason="演练")


def reopen(code: str = "XF01") -> None:
    """Have a product opened again by two people."""
    subject = product_id(code).hex
    proposal = propose(kind=REOPEN_PRODUCT, subject=subject, values={"product": code}, reason="恢复", actor=EDITOR)
    approve(proposal_id=proposal.pk, actor=CHECKER)


def schedule(code: str = "XF01", *, opens: date | None = None, closes: date | None = None) -> None:
    """Have two people set from when to when a product is open."""
    values = operations.plan_schedule(product_id=product_id(code), opens_date=opens, closes_date=closes)
    subject = product_id(code).hex
    proposal = propose(kind=SCHEDULE_PRODUCT, subject=subject, values=values, reason="活动", actor=EDITOR)
    approve(proposal_id=proposal.pk, actor=CHECKER)
