"""Report this bank's figures to the province (D7, D19): granted, drawn, borrowing customers."""

from __future__ import annotations

from typing import Final

from django.db import connection

from core.clock import business_date
from core.tenancy import current_bank
from lending.queries.figures import figures_now
from tenants import operations as tenants

PUSH_FIGURES: Final = "province.push_figures"
TRY_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


class AnotherPush(Exception):
    """Somebody else is pushing this bank's figures at this moment; try again shortly."""


def push_figures() -> dict[str, int]:
    """Push the figures as they are now, under the business date; return them.

    Reading and writing are one turn under a lock of the session, because they cannot be one transaction (it would write
    two schemas): so the last to push has seen the last change. Every change owes a push of its own.

    Raises:
        AnotherPush: see there.
        TransactionForbidden: a transaction is open.
    """
    key = f"lending.push_figures:{current_bank().schema}"
    if not _ask(TRY_LOCK, key):
        raise AnotherPush
    try:
        figures = figures_now()
        tenants.record_figures(
            on=business_date(),
            figures={
                tenants.GRANTED: figures.granted_fen,
                tenants.DRAWN: figures.drawn_fen,
                tenants.BORROWERS: figures.borrowing_customers,
            },
        )
    finally:
        _ask(UNLOCK, key)
    return {"granted": figures.granted_fen, "drawn": figures.drawn_fen, "borrowers": figures.borrowing_customers}


def _ask(statement: str, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return bool(cursor.fetchone()[0])
