"""The quotas of Class II and III accounts, under any number of movements at once (ACC-05, ACC-07).

What counts is the caller's to say: movements with accounts that are not bound. Disbursement, repayment and movements
with bound accounts never come here (ACC-06). A day is a business date, a year the calendar year it lies in.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Final

from django.db import connection

from accounts import parameters
from accounts.models import QuotaCharge
from accounts.models.deposit_account import CLASS_THREE, CLASS_TWO
from accounts.models.ledger import IN, OUT
from accounts.models.quotas import DAY, YEAR
from accounts.queries import quota_used_fen
from core.clock import business_date, now
from core.errors import Problem
from core.ids import new_id
from core.money import fen_to_yuan
from core.operations import within_transaction
from tenants.parameters import Parameter

LIMITS: Final[Mapping[tuple[str, str], tuple[Parameter, Parameter]]] = {
    (CLASS_TWO, IN): (parameters.TWO_IN_DAY, parameters.TWO_IN_YEAR),
    (CLASS_TWO, OUT): (parameters.TWO_OUT_DAY, parameters.TWO_OUT_YEAR),
    (CLASS_THREE, OUT): (parameters.THREE_OUT_DAY, parameters.THREE_OUT_YEAR),
}
"""(class, direction) → the limits of a day and of a year; what is not here has none."""

CHARGE: Final = """
INSERT INTO accounts_quota_use AS used (id, account_id, direction, span, starts_date, used_fen)
SELECT %s, %s, %s, %s, %s, %s WHERE %s <= %s
ON CONFLICT (account_id, direction, span, starts_date) DO UPDATE SET used_fen = used.used_fen + EXCLUDED.used_fen
WHERE used.used_fen + EXCLUDED.used_fen <= %s
"""
RETURN: Final = """
UPDATE accounts_quota_use SET used_fen = used_fen - %s
WHERE account_id = %s AND direction = %s AND (span, starts_date) IN ((%s, %s), (%s, %s))
"""


class QuotaExceeded(Problem):
    """More is to be moved with accounts that are not bound than the account's quota of the day or year leaves."""

    code = "quota_exceeded"
    status = 422
    title = "超过非绑定账户转账限额，请减少金额或转至已绑定的银行卡"


@within_transaction
def charge_quota(
    *, account_id: uuid.UUID, account_class: str, direction: str, amount_fen: int, business_ref: str
) -> None:
    """Count a movement against its account's quotas of the business day and the year; both or neither.

    Raises:
        QuotaExceeded: it does not fit; `left` says what would.
        django.db.IntegrityError: this reference has been counted already.
    """
    limits = LIMITS.get((account_class, direction))
    if limits is None:
        return
    today = business_date()
    QuotaCharge.objects.create(
        account_id=account_id, direction=direction, amount_fen=amount_fen, charged_date=today, business_ref=business_ref
    )
    spans = _spans(today)
    for place, (span, starts_date) in enumerate(spans):
        limit_fen = parameters.in_fen(limits[place])
        values: list[str | int | date | uuid.UUID] = [new_id(), account_id, direction, span, starts_date]
        values += [amount_fen, amount_fen, limit_fen, limit_fen]
        with connection.cursor() as cursor:
            cursor.execute(CHARGE, values)
            fits = cursor.rowcount == 1
        if not fits:
            counted_fen = (amount_fen, 0) if place else (0, 0)  # the day has been charged when the year says no
            raise _exceeded(account_id, direction, limits, counted_fen)


@within_transaction
def most_out_fen(*, account_class: str) -> int | None:
    """Return the most that an account of this class may send at once to accounts that are not bound; None: no limit."""
    limits = LIMITS.get((account_class, OUT))
    return None if limits is None else min(parameters.in_fen(limit) for limit in limits)


def _exceeded(
    account_id: uuid.UUID, direction: str, limits: tuple[Parameter, Parameter], counted_fen: tuple[int, int]
) -> QuotaExceeded:
    """Say what is left: of the day or of the year, whichever is less."""
    day_fen, year_fen = (
        parameters.in_fen(limit) - quota_used_fen(account_id, direction=direction, span=span, starts_date=first) + fen
        for limit, (span, first), fen in zip(limits, _spans(business_date()), counted_fen, strict=True)
    )
    word, left_fen = ("今日", day_fen) if day_fen <= year_fen else ("本年", year_fen)
    left = fen_to_yuan(max(left_fen, 0))
    return QuotaExceeded(f"{word}非绑定账户转账限额剩余 {left} 元", left=left)


@within_transaction
def return_quota(*, business_ref: str) -> None:
    """Give back what a movement was counted, on the day and in the year it was counted in; once, whenever it comes."""
    charges = QuotaCharge.objects.select_for_update().filter(business_ref=business_ref, returned_at=None)
    for charge in charges.order_by("pk"):
        (day, first), (year, first_of_year) = _spans(charge.charged_date)
        with connection.cursor() as cursor:
            cursor.execute(
                RETURN, [charge.amount_fen, charge.account_id, charge.direction, day, first, year, first_of_year]
            )
        QuotaCharge.objects.filter(pk=charge.pk).update(returned_at=now())


def _spans(day: date) -> tuple[tuple[str, date], tuple[str, date]]:
    return (DAY, day), (YEAR, day.replace(month=1, day=1))
