"""What the tests of credit reporting share."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime

import pytest

from core.clock import SHANGHAI
from lending.models import Loan
from lending.steps import servicing
from tests.lending.borrowers import Borrower, lend, make_borrower, set_day
from tests.lending.bureau.reporting import START
from tests.made_once import made_once


@pytest.fixture(autouse=True)
def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon wherever a borrower is written to."""
    monkeypatch.setattr(servicing, "now", lambda: datetime(2026, 11, 22, 12, tzinfo=SHANGHAI))


def lend_m1() -> tuple[Borrower, Loan]:
    """Lend 100,000.00 on 2026-01-22 by twelve equal instalments at 6 % (M1)."""
    set_day(START)
    who = make_borrower(valid_until_date=date(2028, 1, 1))
    return who, lend(who, 100_000_00)


lent_once = made_once(lend_m1)


@pytest.fixture
def lent(lent_once: tuple[Borrower, Loan], bank_a: str) -> tuple[Borrower, Loan]:
    """Give each test a loan, opened with nothing else at the bank."""
    del bank_a
    return deepcopy(lent_once)
