"""Products: draft a version, save it, publish it; the publishing of staff takes two (`core.approvals`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from core.approvals.operations import DraftChanged, SameHands
from core.audit.log import record
from core.clock import business_date, now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from lending.models import Product, ProductVersion
from lending.product_templates import columns_of
from lending.publishing import OWN_TO_A_VERSION, changes_of, digest_of, explained, problems_of
from lending.queries.products import effective
from tenants.queries import product_template

DIGEST: Final = "digest"


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
        product=product, name=name, service_regions=service_regions, created_by=actor, edited_by=[actor],
        **(fields or {}),
    )  # fmt: skip


@opens_transaction
def start_product(*, code: str, name: str, service_regions: list[str], actor: str, template: str = "") -> uuid.UUID:
    """Add a product, blank or by a template of the province, and return the id of its first draft.

    Raises:
        ProductRefused: another product has the code.
        NotFound: the province has published no such template.
        TemplateUnfit: it holds what no product has.
    """
    columns = columns_of(product_template(template)) if template else {}
    columns.pop("name", None)
    _refuse_taken(code)
    return add_product(code=code, name=name, service_regions=service_regions, actor=actor, fields=columns).pk


@opens_transaction
def copy_product(*, product_id: uuid.UUID, code: str, name: str, actor: str) -> uuid.UUID:
    """Add a product that begins with what another offers today; return the id of its first draft.

    Raises:
        ProductRefused: another product has the code.
        NotFound: there is no such product, or no version of it is in force.
    """
    source = effective().filter(product_id=product_id).first()
    if source is None:
        raise NotFound
    _refuse_taken(code)
    columns = _taken_over(source)
    del columns["product_id"], columns["name"]
    return add_product(
        code=code, name=name, service_regions=columns.pop("service_regions"), actor=actor,
        fields={**columns, "change_note": f"复制自 {source.product.code} 第 {source.number} 版"},
    ).pk  # fmt: skip


def _refuse_taken(code: str) -> None:
    if Product.objects.filter(code=code).exists():
        raise ProductRefused(f"产品代码 {code} 已被使用，请换一个", errors={"code": ["已被使用"]})


def _taken_over(version: ProductVersion) -> dict[str, Any]:
    """Return what a new draft takes over from a version, by column."""
    return {
        field.attname: getattr(version, field.attname)
        for field in ProductVersion._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
        if field.name not in OWN_TO_A_VERSION
    }


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
    return ProductVersion.objects.create(id=new_id(), created_by=actor, edited_by=[actor], **_taken_over(latest))


@opens_transaction
def start_draft(*, product_id: uuid.UUID, actor: str) -> uuid.UUID:
    """Begin a change of a product: return the id of its draft, see `take_draft`.

    Raises:
        NotFound: there is no such product.
    """
    return take_draft(product_id=product_id, actor=actor).pk


@within_transaction
def save_draft(*, draft: ProductVersion, actor: str) -> None:
    """Save what somebody changed in a draft, and that they had a hand in it: they cannot approve it any more.

    Raises:
        StateConflict: it was published or dropped meanwhile.
    """
    stored = ProductVersion.objects.select_for_update(no_key=True).filter(pk=draft.pk, published_at=None).first()
    if stored is None:
        raise StateConflict("该草稿已发布或已放弃，修改未保存")
    draft.edited_by = sorted({*stored.edited_by, actor})
    draft.save()


@opens_transaction
def plan_publishing(*, version_id: uuid.UUID) -> dict[str, Any]:
    """Refuse what could not be published now; return what a proposal keeps: the draft's digest, and what it changes.

    Raises:
        NotFound, StateConflict, ProductRefused: see `publish`.
    """
    draft = _lock_draft(version_id)
    _refuse_unfit(draft)
    return {
        "product": draft.product.code,
        "name": draft.name,
        "change_note": draft.change_note,
        "effective_date": "" if draft.effective_date is None else draft.effective_date.isoformat(),
        DIGEST: digest_of(draft),
        "edited_by": draft.edited_by,
        "changes": changes_of(draft, _latest(draft.product_id)),
    }


@within_transaction
def publish_proposed(*, version_id: uuid.UUID, values: Mapping[str, Any], decided_by: str, actor: str) -> int:
    """Publish exactly the draft that was proposed, at the word of somebody who had no hand in it; see `publish`.

    Raises:
        SameHands: who decides has edited the draft.
        DraftChanged: see there.
    """
    draft = _lock_draft(version_id)
    if decided_by in draft.edited_by:
        raise SameHands("修改过本草稿的人不能复核发布")
    if values.get(DIGEST) != digest_of(draft):
        raise DraftChanged
    return publish(version_id=version_id, actor=actor)


@within_transaction
def publish(*, version_id: uuid.UUID, actor: str, since: date | None = None) -> int:
    """Publish a draft as the next version and return its number: in force from its effective date, today at the earliest.

    By itself only for what a bank is opened with, which is in force `since` an earlier day; what staff publish takes two of
    them (`plan_publishing`, `publish_proposed`).

    Raises:
        NotFound: there is no such version.
        StateConflict: it is published already.
        ProductRefused: it breaks a rule.
    """
    draft = _lock_draft(version_id)
    _refuse_unfit(draft)
    latest = _latest(draft.product_id)
    draft.number = 1 + (0 if latest is None or latest.number is None else latest.number)
    draft.published_at, draft.published_by = now(), actor
    draft.effective_date = since or draft.effective_date or business_date()
    draft.save(update_fields=["number", "published_at", "published_by", "effective_date"])
    detail: dict[str, str | int | bool | None] = {
        "version": draft.number, "effective_date": draft.effective_date.isoformat(),
    }  # fmt: skip
    record("product.published", actor=actor, subject=draft.product.code, detail=detail)
    return draft.number


def _lock_draft(version_id: uuid.UUID) -> ProductVersion:
    """Lock a draft after its product, and return it as it is stored."""
    product_id = ProductVersion.objects.filter(pk=version_id).values_list("product_id", flat=True).first()
    if product_id is None:
        raise NotFound
    Product.objects.select_for_update(no_key=True).get(pk=product_id)
    rows = ProductVersion.objects.select_for_update(no_key=True, of=("self",)).select_related("product")
    draft = rows.filter(pk=version_id).first()
    if draft is None:
        raise NotFound
    if draft.published_at is not None:
        raise StateConflict("该版本已发布")
    return draft


def _latest(product_id: uuid.UUID) -> ProductVersion | None:
    return ProductVersion.objects.filter(product_id=product_id).exclude(number=None).order_by("-number").first()


def _refuse_unfit(draft: ProductVersion) -> None:
    problems = problems_of(draft)
    if problems:
        raise ProductRefused(explained(problems), errors=problems)


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
