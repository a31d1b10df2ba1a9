"""Products: draft a version, publish it, open and close a product."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

from core.audit.log import record
from core.clock import now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from lending.models import Product, ProductVersion
from lending.operations.stopping import owe_cancelling
from lending.publishing import Problems, problems_of

OWN_TO_A_VERSION: Final = frozenset(
    {"id", "number", "created_by", "created_at", "published_by", "published_at", "change_note"}
)


class ProductRefused(Problem):
    """A draft breaks a rule and is not published; `errors` names the fields."""

    code = "product_refused"
    status = 422
    title = "产品设置不符合要求，未能发布"


@within_transaction
def add_product(
    *, code: str, name: str, service_regions: list[str], actor: str, fields: Mapping[str, Any] | None = None
) -> ProductVersion:
    """Add a product with a first draft, which serves nobody until it is published; `fields` are further columns."""
    product = Product.objects.create(code=code, created_by=actor)
    record("product.added", actor=actor, subject=code)
    return ProductVersion.objects.create(
        product=product, name=name, service_regions=service_regions, created_by=actor, **(fields or {})
    )


@opens_transaction
def start_product(*, code: str, name: str, service_regions: list[str], actor: str) -> uuid.UUID:
    """Add a product and return the id of its first draft.

    Raises:
        ProductRefused: another product has the code.
    """
    if Product.objects.filter(code=code).exists():
        raise ProductRefused(f"产品代码 {code} 已被使用", errors={"code": ["已被使用"]})
    return add_product(code=code, name=name, service_regions=service_regions, actor=actor).pk


@within_transaction
def take_draft(*, product_id: uuid.UUID, actor: str) -> ProductVersion:
    """Return a product's draft, made from the version in force where there is none.

    Raises:
        NotFound: there is no such product.
    """
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound
    draft = ProductVersion.objects.filter(product=product, published_at=None).first()
    if draft is not None:
        return draft
    latest = ProductVersion.objects.filter(product=product).order_by("-number").first()
    if latest is None:
        raise NotFound
    copied = {
        field.attname: getattr(latest, field.attname)
        for field in ProductVersion._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
        if field.name not in OWN_TO_A_VERSION
    }
    return ProductVersion.objects.create(id=new_id(), created_by=actor, **copied)


@opens_transaction
def start_draft(*, product_id: uuid.UUID, actor: str) -> uuid.UUID:
    """Begin a change of a product: return the id of its draft, see `take_draft`.

    Raises:
        NotFound: there is no such product.
    """
    return take_draft(product_id=product_id, actor=actor).pk


@opens_transaction
def publish_draft(*, version_id: uuid.UUID, actor: str) -> int:
    """Publish a draft as the next version and return its number; the next application begins under it.

    Raises:
        NotFound: there is no such version.
        StateConflict: it is published already.
        ProductRefused: it breaks a rule.
    """
    return publish(version_id=version_id, actor=actor)


@within_transaction
def publish(*, version_id: uuid.UUID, actor: str) -> int:
    """Publish a draft in the caller's transaction; see `publish_draft`."""
    draft = ProductVersion.objects.filter(pk=version_id).first()
    if draft is None:
        raise NotFound
    product = Product.objects.select_for_update(no_key=True).get(pk=draft.product_id)
    draft.refresh_from_db()
    if draft.published_at is not None:
        raise StateConflict("该版本已发布")
    problems = problems_of(draft)
    if problems:
        raise ProductRefused(_explained(problems), errors=problems)
    latest = ProductVersion.objects.filter(product=product).order_by("-number").exclude(number=None).first()
    draft.number = 1 + (0 if latest is None or latest.number is None else latest.number)
    draft.published_at, draft.published_by = now(), actor
    draft.save(update_fields=["number", "published_at", "published_by"])
    record("product.published", actor=actor, subject=product.code, detail={"version": draft.number})
    return draft.number


def _explained(problems: Problems) -> str:
    """Say in one text what is wrong with a draft, by the labels that staff see."""
    return "；".join(f"{_label(field)}：{'、'.join(texts)}" for field, texts in problems.items())


def _label(name: str) -> str:
    found = {field.name: str(field.verbose_name) for field in ProductVersion._meta.concrete_fields}  # noqa: SLF001
    return found.get(name, name)


@opens_transaction
def discard_draft(*, version_id: uuid.UUID, actor: str) -> None:
    """Drop a draft; the first of a product stays, for without it the product would be empty.

    Raises:
        NotFound: there is no such draft.
        StateConflict: nothing of the product is published yet.
    """
    draft = ProductVersion.objects.select_for_update(no_key=True).filter(pk=version_id, published_at=None).first()
    if draft is None:
        raise NotFound
    if not ProductVersion.objects.filter(product_id=draft.product_id, published_at__isnull=False).exists():
        raise StateConflict("该产品尚无已发布的版本，草稿不能删除")
    draft.delete()
    record("product.draft_discarded", actor=actor, subject=draft.product_id.hex)


@opens_transaction
def open_product(*, product_id: uuid.UUID, actor: str) -> None:
    """Let a product take applications."""
    _set_open(product_id, is_open=True, actor=actor)


@opens_transaction
def close_product(*, product_id: uuid.UUID, actor: str) -> None:
    """Let a product take no further applications and lend nothing new (PU-07a).

    What is signed and not paid out is cancelled by a step that is owed in this very transaction; loans go on.
    """
    _set_open(product_id, is_open=False, actor=actor)


def _set_open(product_id: uuid.UUID, *, is_open: bool, actor: str) -> None:
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound
    product.is_open = is_open
    product.save(update_fields=["is_open"])
    if not is_open:
        owe_cancelling()
    record("product.opened" if is_open else "product.closed", actor=actor, subject=product.code)
