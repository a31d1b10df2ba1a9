"""One round of automatic debits: loan by loan, each in a transaction of its own, until the list is worked off."""

from __future__ import annotations

import time
import uuid
from datetime import date
from typing import Final

import structlog

from core.errors import Problem
from lending.models import AutoDebit
from lending.operations.auto_debit import WAITING, conclude_debits, debit_loan, note_short

log = structlog.get_logger(__name__)
AT_ONCE: Final = 100


def collect_round(*, day: date, round_number: int, seconds: float) -> bool:
    """Work on a round for about so many seconds; tell whether it has tried every loan of the list.

    A loan that fails, for whatever reason, is left to the next round and never keeps the others waiting.
    """
    until = time.monotonic() + seconds
    conclude_debits(day=day)
    while debits := _untried(day, round_number):
        for debit_id in debits:
            _debit(debit_id, round_number)
            if time.monotonic() >= until:
                return False
    return True


def _debit(debit_id: uuid.UUID, round_number: int) -> None:
    try:
        debit_loan(debit_id=debit_id, round_number=round_number)
    except Problem:
        note_short(debit_id=debit_id, round_number=round_number)
    except Exception:
        log.exception("auto_debit.failed", debit=debit_id.hex)
        note_short(debit_id=debit_id, round_number=round_number)


def _untried(day: date, round_number: int) -> list[uuid.UUID]:
    rows = AutoDebit.objects.filter(debit_date=day, status__in=WAITING, rounds__lt=round_number)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
