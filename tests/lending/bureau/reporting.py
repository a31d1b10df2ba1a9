"""What the tests of credit reporting do again and again: days that pass, repayments, records read."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from core.clock import business_date, move_business_date
from lending.models import BureauRecord, CreditNotice, Loan
from lending.operations import bureau_files, credit_notices
from lending.operations.bureau import capture_bureau_records, mind_notices
from lending.queries.bureau import uncaptured_days
from tests.lending.borrowers import Borrower, give_money, repay

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "docs" / "bureau-record.schema.json").read_text(encoding="utf-8"))
START = date(2026, 1, 22)
DUE = date(2026, 2, 22)


def to(day: date) -> None:
    with transaction.atomic():
        move_business_date(to_date=day)


def catch_up(day: date) -> None:
    """Let a business date begin, and capture what lies before it: what `follow_servicing` does for the bureau."""
    to(day)
    for before in uncaptured_days():
        capture_bureau_records(day=before)
    mind_notices()


def pay(who: Borrower, loan: Loan, kind: str = "due", amount_fen: int | None = None) -> None:
    give_money(who, 120_000_00)
    repay(who, loan, kind=kind, amount_fen=amount_fen)


def records(loan: Loan, kind: str) -> list[BureauRecord]:
    return list(BureauRecord.objects.filter(loan=loan, kind=kind, corrects=None).order_by("business_date"))


def line(row: BureauRecord) -> dict[str, Any]:
    """Return a record as its file has it."""
    found: dict[str, Any] = json.loads(bureau_files._file_of([row]))
    return found


def sent_on(loan: Loan, day: date) -> None:
    """Let the loan's notice be given on a business date."""
    assert business_date() == day
    with transaction.atomic():
        credit_notices.notice_sent(notice_id=CreditNotice.objects.get(loan=loan, ended_date=None).pk)
