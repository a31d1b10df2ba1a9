"""M5 on a line: what is drawn and repaid any day costs its days, and is free to be drawn again at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lending.models import CreditLine
from tests.lending.borrowers import give_money, lend, make_borrower, repay, set_day


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestM5:
    def test_two_draws_on_a_line_of_100000(self) -> None:
        set_day(date(2024, 3, 1))
        who = make_borrower(product="XF03", limit_fen=100_000_00, annual_rate=Decimal("7.2000"))
        loans = []
        for day, fen, available_fen in (
            (date(2024, 3, 1), 30_000_00, 70_000_00),
            (date(2024, 3, 11), 20_000_00, 50_000_00),
        ):
            set_day(day)
            loans.append(lend(who, fen, method="pay_any_day"))
            assert available(who.line()) == available_fen
        set_day(date(2024, 3, 21))
        give_money(who, 160_00)
        assert available(who.line()) == 50_000_00
        who_pays = [repay(who, loan, "any", fen) for loan, fen in zip(loans, (30_120_00, 20_040_00), strict=True)]
        assert [repaid.interest_fen for repaid in who_pays] == [120_00, 40_00]  # 20 days and 10 at 0.02 % a day
        assert available(who.line()) == 100_000_00


def available(line: CreditLine) -> int:
    """Return what may be drawn."""
    return line.limit_fen - line.drawn_fen - line.held_fen
