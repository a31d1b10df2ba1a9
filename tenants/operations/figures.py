"""Report a bank's figures to the province: pushed by a step, upserted, only ever added up there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from django.db import connection, transaction

from core.clock import now
from core.ids import new_id
from core.operations import forbid_transaction
from core.tenancy import PUSH, at, current_bank

GRANTED: Final = "granted_fen"
DRAWN: Final = "drawn_fen"
BORROWERS: Final = "borrowing_customers"
KINDS: Final = (GRANTED, DRAWN, BORROWERS)

UPSERT: Final = """
INSERT INTO public.tenants_pushed_figure (id, bank, kind, date, value, pushed_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (bank, kind, date) DO UPDATE SET value = EXCLUDED.value, pushed_at = EXCLUDED.pushed_at
"""


def record_figures(*, on: date, figures: Mapping[str, int]) -> None:
    """Write the current bank's figures of a business date to the province's table; twice is once.

    Runs in a transaction of its own that writes the public schema only.

    Raises:
        TransactionForbidden: a transaction is open: it would write two schemas.
    """
    forbid_transaction("reporting figures")
    bank = current_bank().code
    with at(PUSH), transaction.atomic(durable=True), connection.cursor() as cursor:
        for kind, value in figures.items():
            cursor.execute(UPSERT, [new_id(), bank, kind, on, value, now()])
