"""Report a bank's figures to the province: pushed by a step, upserted, only ever added up there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from django.db import connection, transaction

from core.clock import business_date, now
from core.ids import new_id
from core.operations import forbid_transaction
from core.tenancy import PUSH, at, current_bank
from tenants.parameters import Parameter, declare, value_of

GRANTED: Final = "granted_fen"
DRAWN: Final = "drawn_fen"
BORROWERS: Final = "borrowing_customers"
KINDS: Final = (GRANTED, DRAWN, BORROWERS)

REOPEN_DAYS: Final = declare(
    Parameter(
        "figures.reopen_days", 3, "多少个营业日之内的日指标可因迟到的业务重新计算", "天", "D20", "lower", low=0, high=3
    )
)

UPSERT: Final = """
INSERT INTO public.tenants_pushed_figure (id, bank, kind, date, value, pushed_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (bank, kind, date) DO UPDATE SET value = EXCLUDED.value, pushed_at = EXCLUDED.pushed_at
"""


class FiguresFinal(Exception):
    """A figure of a business day that is over for longer than late events may change: it stays as it was pushed."""


def earliest_open_date() -> date:
    """Return the first business date whose figures may still be written at the current bank (D20)."""
    return business_date() - timedelta(days=value_of(REOPEN_DAYS.name, kind=int))


def record_figures(*, on: date, figures: Mapping[str, int]) -> None:
    """Write the current bank's figures of a business date to the province's table; twice is once.

    Runs in a transaction of its own that writes the public schema only. A day before `earliest_open_date` is never
    written again, whoever reruns what: what the province has added up of it stays so.

    Raises:
        FiguresFinal: see there.
        TransactionForbidden: a transaction is open: it would write two schemas.
    """
    forbid_transaction("reporting figures")
    bank, earliest = current_bank().code, earliest_open_date()
    if on < earliest:
        msg = f"the figures of {on} are final: late events change them from {earliest} on"
        raise FiguresFinal(msg)
    with at(PUSH), transaction.atomic(durable=True), connection.cursor() as cursor:
        for kind, value in figures.items():
            cursor.execute(UPSERT, [new_id(), bank, kind, on, value, now()])
