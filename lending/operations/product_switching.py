"""Open and close a product for applications and new money: closing acts at once, opening and schedules take two people."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from core.audit.log import record
from core.clock import business_date
from core.errors import InvalidRequest, NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from lending.models import Product
from lending.operations.stopping import owe_cancelling


@opens_transaction
def close_product(*, product_id: uuid.UUID, actor: str, reason: str) -> None:
    """Let a product take no further applications and lend nothing new, at once (PU-07a).

    What is signed and not paid out is cancelled by a step that is owed in this very transaction; loans go on.

    Raises:
        NotFound: there is no such product.
    """
    product = _lock(product_id)
    product.is_open = False
    product.save(update_fields=["is_open"])
    owe_cancelling()
    record("product.closed", actor=actor, subject=product.code, detail={"reason": reason})


@within_transaction
def open_product(*, product_id: uuid.UUID, actor: str, reason: str) -> None:
    """Let a closed product take applications again, from now on: of its schedule, what keeps it closed today is dropped.

    Raises:
        NotFound: there is no such product.
        StateConflict: it is open.
    """
    product, today = _lock(product_id), business_date()
    if product.is_open_on(today):
        raise StateConflict("该产品正在受理申请")
    product.is_open = True
    if product.opens_date is not None and product.opens_date > today:
        product.opens_date = None
    if product.closes_date is not None and product.closes_date <= today:
        product.closes_date = None
    product.save(update_fields=["is_open", "opens_date", "closes_date"])
    record("product.opened", actor=actor, subject=product.code, detail={"reason": reason})


@opens_transaction
def plan_schedule(*, product_id: uuid.UUID, opens_date: date | None, closes_date: date | None) -> dict[str, Any]:
    """Refuse a schedule that could not be approved now; return what a proposal keeps.

    Raises:
        NotFound: there is no such product.
        InvalidRequest: a date that is new has passed, or the product would close before it opens.
    """
    product = _lock(product_id)
    _refuse_dates(product, opens_date, closes_date)
    return {
        "product": product.code,
        "opens_date": "" if opens_date is None else opens_date.isoformat(),
        "closes_date": "" if closes_date is None else closes_date.isoformat(),
    }


@within_transaction
def schedule_product(
    *, product_id: uuid.UUID, opens_date: date | None, closes_date: date | None, actor: str, reason: str
) -> None:
    """Have a product take applications from a business date on, and none from another one on; empty: no such day.

    Raises:
        NotFound, InvalidRequest: see `plan_schedule`.
    """
    product = _lock(product_id)
    _refuse_dates(product, opens_date, closes_date)
    product.opens_date, product.closes_date = opens_date, closes_date
    product.save(update_fields=["opens_date", "closes_date"])
    if not product.is_open_on(business_date()):
        owe_cancelling()
    detail: dict[str, str | int | bool | None] = {
        "opens_date": str(opens_date or ""), "closes_date": str(closes_date or ""), "reason": reason,
    }  # fmt: skip
    record("product.scheduled", actor=actor, subject=product.code, detail=detail)


def _refuse_dates(product: Product, opens_date: date | None, closes_date: date | None) -> None:
    today = business_date()
    wrong: dict[str, list[str]] = {}
    if opens_date is not None and opens_date != product.opens_date and opens_date < today:
        wrong["opens_date"] = [f"受理起始日不得早于当前营业日 {today}，请重新选择"]
    if closes_date is not None and closes_date != product.closes_date and closes_date < today:
        wrong["closes_date"] = [f"停止受理日不得早于当前营业日 {today}，请重新选择"]
    elif opens_date is not None and closes_date is not None and closes_date <= opens_date:
        wrong["closes_date"] = ["停止受理日须晚于受理起始日，请重新选择"]
    if wrong:
        raise InvalidRequest("；".join(text for texts in wrong.values() for text in texts), errors=wrong)


def _lock(product_id: uuid.UUID) -> Product:
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound
    return product
