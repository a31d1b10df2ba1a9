"""EARLY-01 by table: what settling and prepaying cost, what stays the same, and where no fee may be taken."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from core.money import fen_to_yuan, yuan_to_fen
from lending.loans.repaying import Policy, RepaymentKind, cost_of_prepaying, repay, settlement
from lending.loans.replanning import Keep
from lending.loans.standing import Owed, standing_on
from lending.models import ProductVersion
from lending.publishing import problems_of
from tests.lending.rules.loans_at_hand import day, loan, m1, terms, yuan
from tests.lending.rules.test_interest_rules import offers


class TestEarly01Full:
    @pytest.mark.parametrize(
        ("paid", "on", "fee_percent", "parts"),
        [
            (3, "2024-04-25", "0", ("0.00", "0.00", "0.00", "125.93", "75558.28")),  # M7
            (3, "2024-04-15", "0", ("0.00", "0.00", "0.00", "0.00", "75558.28")),  # the third is paid today
            (3, "2024-04-16", "0", ("0.00", "0.00", "0.00", "12.59", "75558.28")),
            (3, "2024-05-14", "0", ("0.00", "0.00", "0.00", "365.20", "75558.28")),  # 29 days
            (3, "2024-05-15", "0", ("0.00", "0.00", "0.00", "377.79", "75558.28")),  # the fourth falls due
            (3, "2024-04-25", "1", ("755.58", "0.00", "0.00", "125.93", "75558.28")),
            (3, "2024-05-15", "1", ("673.29", "0.00", "0.00", "377.79", "75558.28")),  # of 67,329.43 ahead of time
            (3, "2024-05-25", "0", ("0.00", "0.94", "20.57", "490.01", "75558.28")),  # M9, and 112.22 that runs
            (11, "2025-01-15", "1", ("0.00", "0.00", "0.00", "42.82", "8563.87")),  # nothing is ahead of time
        ],
    )
    def test_takes_what_is_due_then_what_runs_then_all_principal(
        self, paid: int, on: str, fee_percent: str, parts: tuple[str, ...]
    ) -> None:
        debts = settlement(m1(paid), Policy(early_fee_percent=Decimal(fee_percent)), on_date=day(on))
        assert yuan(sum((debt.owed for debt in debts), Owed())) == parts

    def test_what_may_be_repaid_any_day_is_never_early(self) -> None:
        record = loan(terms("30000.00", rate="7.2", method="pay_any_day", start=date(2024, 3, 1), day_count="act/360"))
        debts = settlement(record, Policy(early_fee_percent=Decimal(3)), on_date=date(2024, 3, 21))
        assert yuan(sum((debt.owed for debt in debts), Owed())) == ("0.00", "0.00", "0.00", "120.00", "30000.00")


class TestEarly01Partial:
    @pytest.mark.parametrize(
        ("paid", "on", "keep", "total", "rows", "instalment", "left"),
        [
            (3, "2024-04-15", Keep.TERM, "20000.00", 9, "6328.50", "55558.28"),  # M8
            (3, "2024-04-15", Keep.INSTALMENT, "20000.00", 7, "8606.64", "55558.28"),
            (2, "2024-04-15", Keep.TERM, "28606.64", 9, "6328.50", "55558.28"),  # on a due date the instalment first
            (3, "2024-04-25", Keep.TERM, "20033.33", 9, None, "55558.28"),  # 20,000 × 10 × 6 % ÷ 360 with it
        ],
    )
    def test_of_20000_makes_the_rest_anew(
        self, paid: int, on: str, keep: Keep, total: str, rows: int, instalment: str | None, left: str
    ) -> None:
        record, today = m1(paid), day(on)
        cost = cost_of_prepaying(record, Policy(), principal_fen=yuan_to_fen("20000"), on_date=today)
        total_fen = standing_on(record, on_date=today).due_in_all.total_fen + cost.total_fen
        assert fen_to_yuan(total_fen) == total
        done = repay(
            record, Policy(), kind=RepaymentKind.EARLY_PARTIAL, total_fen=total_fen, on_date=today, keep=keep
        )  # fmt: skip
        ahead = done.loan.ahead_of(today)
        assert (len(ahead), done.excess_fen) == (rows, 0)
        assert fen_to_yuan(sum(row.principal_fen for row in ahead)) == left
        if instalment is not None:
            assert {row.principal_fen + row.interest_fen for row in ahead[:-1]} == {yuan_to_fen(instalment)}


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestEarly01Fee:
    @pytest.mark.parametrize(
        ("kind", "purpose", "fee", "refused"),
        [
            ("business", "turnover", "0.01", True),
            ("business", "turnover", "3", True),
            ("business", "turnover", "0", False),
            ("consumer", "consumption", "3", False),
        ],
    )
    def test_is_locked_at_zero_for_business_loans(self, kind: str, purpose: str, fee: str, *, refused: bool) -> None:
        version = ProductVersion(
            name="样例",
            kind=kind,
            purposes=[purpose],
            early_repayment_fee_percent=Decimal(fee),
            service_regions=["3207"],
        )
        assert ("early_repayment_fee_percent" in problems_of(version)) is refused

    @pytest.mark.parametrize(("fee", "offered"), [("-0.01", False), ("0", True), ("3", True), ("3.01", False)])
    def test_is_three_per_cent_at_most(self, fee: str, *, offered: bool) -> None:
        assert offers("early_repayment_fee_percent", Decimal(fee)) is offered
