"""ALLOC-01 to ALLOC-03 by table: which debt is paid first, how much is taken, and what a change of the past changes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from core.money import yuan_to_fen
from lending.closing.collecting import collect_round
from lending.closing.dues import pass_dues, queue_debits
from lending.loans.allocation import COSTS_FIRST, Allocation, Kind, MoreThanOwed, allocate
from lending.loans.repaying import Policy, RepaymentKind
from lending.loans.replay import RepaymentFact, replay
from lending.loans.standing import Owed, OwedOn, standing_on
from lending.models import AutoDebit, CreditLine, Loan, Repayment
from lending.parameters import ALLOCATION_ORDER, NON_ACCRUAL_DAYS
from lending.queries.repaying import RepaymentExceedsDebt, RepaymentKindNotOffered, plan_repayment
from lending.queries.terms import AmountOutOfRange
from tenants.queries import lpr_on
from tests.lending.borrowers import give_money, lend, make_borrower, set_day
from tests.lending.rules.loans_at_hand import day, m1, yuan

DEBTS = (
    OwedOn(number=1, owed=Owed(fee_fen=1, compound_fen=2, penalty_fen=3, interest_fen=4, principal_fen=5)),
    OwedOn(number=2, owed=Owed(compound_fen=1, penalty_fen=1, interest_fen=6, principal_fen=7)),
)
INTEREST_SOONER: tuple[Kind, ...] = ("fee_fen", "interest_fen", "compound_fen", "penalty_fen", "principal_fen")


class TestAlloc01Order:
    @pytest.mark.parametrize(
        ("amount_fen", "overdue_days", "order", "first", "second"),
        [
            (1, 1, COSTS_FIRST, (1, 0, 0, 0, 0), None),
            (7, 1, COSTS_FIRST, (1, 2, 3, 1, 0), None),
            (15, 1, COSTS_FIRST, (1, 2, 3, 4, 5), None),
            (18, 90, COSTS_FIRST, (1, 2, 3, 4, 5), (0, 1, 1, 1, 0)),
            (18, 91, COSTS_FIRST, (1, 2, 3, 0, 5), (0, 0, 0, 0, 7)),  # all principal, then the rest in the usual order
            (5, 91, COSTS_FIRST, (0, 0, 0, 0, 5), None),
            (7, 1, INTEREST_SOONER, (1, 2, 0, 4, 0), None),
            (30, 91, COSTS_FIRST, (1, 2, 3, 4, 5), (0, 1, 1, 6, 7)),
        ],
    )
    def test_the_oldest_first_and_inside_it_by_kind(
        self,
        amount_fen: int,
        overdue_days: int,
        order: tuple[Kind, ...],
        first: tuple[int, ...],
        second: tuple[int, ...] | None,
    ) -> None:
        shares = allocate(amount_fen, DEBTS, overdue_days=overdue_days, allocation=Allocation(order=order))
        paid = {
            share.number: tuple(int(getattr(share.paid, kind)) for kind in COSTS_FIRST) for share in shares
        }  # fmt: skip
        assert paid == {1: first} | ({} if second is None else {2: second})

    @pytest.mark.parametrize(
        ("on", "days", "paid"),
        [
            ("2024-03-25", 39, ("0.00", "4.88", "79.04", "500.00", "416.08")),
            ("2024-05-15", 90, ("0.00", "11.25", "182.40", "500.00", "306.35")),  # 500 and 8,106.64 × 90 × 9 % ÷ 360
            ("2024-05-20", 95, ("0.00", "0.00", "0.00", "0.00", "1000.00")),
        ],
    )
    def test_s18_a_thousand_against_overdue_instalments(self, on: str, days: int, paid: tuple[str, ...]) -> None:
        standing = standing_on(m1(), on_date=day(on))
        (share,) = allocate(yuan_to_fen("1000"), standing.due, overdue_days=standing.overdue_days)
        assert (standing.overdue_days, share.number, yuan(share.paid)) == (days, 1, paid)

    def test_every_order_that_a_bank_may_choose_pays_fees_first_and_every_kind_once(self) -> None:
        assert ALLOCATION_ORDER.default == "fee,compound,penalty,interest,principal"
        for choice in ALLOCATION_ORDER.choices or ():
            kinds = choice.split(",")
            assert kinds[0] == "fee"
            assert sorted(f"{kind}_fen" for kind in kinds) == sorted(COSTS_FIRST)
        assert (NON_ACCRUAL_DAYS.default, NON_ACCRUAL_DAYS.high) == (90, 90)


class TestAlloc02HowMuch:
    @pytest.mark.parametrize(("amount_fen", "taken"), [(30, True), (31, False), (0, True)])
    def test_no_more_than_all_debts_together(self, amount_fen: int, *, taken: bool) -> None:
        if taken:
            assert sum(share.paid.total_fen for share in allocate(amount_fen, DEBTS, overdue_days=1)) == amount_fen
        else:
            with pytest.raises(MoreThanOwed):
                allocate(amount_fen, DEBTS, overdue_days=1)

    @pytest.mark.django_db
    @pytest.mark.usefixtures("bank_a")
    def test_a_part_only_of_what_is_overdue_or_may_be_repaid_any_day(self) -> None:
        set_day(date(2024, 1, 15))
        by_instalment = lend(make_borrower(), 100_000_00)
        any_day = lend(make_borrower(product="XF03"), 30_000_00, method="pay_any_day")
        table: list[tuple[Loan, str, str, str | None, type[Exception] | str]] = [
            (by_instalment, "2024-02-15", "due", "8606.63", AmountOutOfRange),
            (by_instalment, "2024-02-15", "due", "8606.64", "8606.64"),
            (by_instalment, "2024-02-15", "due", "8606.65", RepaymentExceedsDebt),
            (by_instalment, "2024-02-15", "due", "0.00", AmountOutOfRange),
            (by_instalment, "2024-02-16", "due", "0.01", "0.01"),  # a day overdue
            (by_instalment, "2024-02-16", "due", "8608.79", "8608.79"),  # and 2.03 of penalty, 0.13 compound: 8,608.80
            (by_instalment, "2024-02-16", "due", "8608.81", RepaymentExceedsDebt),
            (by_instalment, "2024-02-14", "due", "1.00", RepaymentExceedsDebt),  # nothing has fallen due
            (by_instalment, "2024-02-15", "any", "1.00", RepaymentKindNotOffered),
            (by_instalment, "2024-02-15", "early_full", "99999.99", AmountOutOfRange),
            (any_day, "2024-02-14", "any", "0.01", "0.01"),
            (any_day, "2024-02-14", "any", "30150.00", "30150.00"),  # 30 days at 6 %: all of it
            (any_day, "2024-02-14", "any", "30150.01", RepaymentExceedsDebt),
            (any_day, "2024-02-14", "early_partial", "1.00", RepaymentKindNotOffered),
        ]
        for loan, on, kind, amount, expected in table:
            set_day(day(on))
            row, amount_fen = Loan.objects.get(pk=loan.pk), None if amount is None else yuan_to_fen(amount)
            if isinstance(expected, str):
                assert plan_repayment(row, kind=kind, amount_fen=amount_fen).total_fen == yuan_to_fen(expected)
                continue
            with pytest.raises(expected):
                plan_repayment(row, kind=kind, amount_fen=amount_fen)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAlloc02SeveralLoans:
    def test_the_oldest_due_first_then_the_highest_rate(self) -> None:
        set_day(date(2024, 1, 15))
        who = make_borrower(product="XF03")
        give_money(who, 1_000_000_00)
        terms = {"term_months": 3, "method": "interest_only"}
        lent = {}
        for name, start, rate in (
            ("dear", "2024-01-20", "7.2000"), ("cheap", "2024-01-20", "6.0000"), ("oldest", "2024-01-18", "5.4000"),
        ):  # fmt: skip
            set_day(day(start))
            spread_bp = int((Decimal(rate) - lpr_on(day(start)).one_year_rate) * 100)
            CreditLine.objects.filter(pk=who.line_id).update(spread_bp=spread_bp)
            lent[lend(who, 10_000_00, **terms).pk] = name
        set_day(date(2024, 2, 20))
        with transaction.atomic():
            pass_dues(day=date(2024, 2, 20))
            queue_debits(day=date(2024, 2, 20))
        listed = AutoDebit.objects.order_by("pk").values_list("loan_id", flat=True)
        assert [lent[loan_id] for loan_id in listed] == ["oldest", "dear", "cheap"]
        collect_round(day=date(2024, 2, 20), round_number=1, seconds=60)
        paid = Repayment.objects.order_by("pk").values_list("loan_id", flat=True)
        assert [lent[loan_id] for loan_id in paid] == ["oldest", "dear", "cheap"]


class TestAlloc03Replay:
    FIRST, SECOND = ("first", "2024-02-15"), ("second", "2024-03-15")

    @pytest.mark.parametrize(
        ("payments", "key", "paid"),
        [
            ([FIRST, SECOND], "second", ("0.00", "0.00", "0.00", "459.47", "8147.17")),
            # Without the first, the second meets 500.00 and 8,106.64 that are 29 days late.
            ([SECOND], "second", ("0.00", "3.63", "58.77", "500.00", "8044.24")),
            # The first, entered late with its own value date, leaves the second as if it had been in time.
            ([SECOND, FIRST], "second", ("0.00", "0.00", "0.00", "459.47", "8147.17")),
            ([SECOND, FIRST], "first", ("0.00", "0.00", "0.00", "500.00", "8106.64")),
        ],
    )
    def test_what_a_repayment_pays_follows_from_the_value_dates(
        self, payments: list[tuple[str, str]], key: str, paid: tuple[str, ...]
    ) -> None:
        facts = [
            RepaymentFact(
                key=name, value_date=day(on), kind=RepaymentKind.DUE, total_fen=yuan_to_fen("8606.64")
            )
            for name, on in payments
        ]  # fmt: skip
        result = replay(m1(), lambda _: Policy(), facts)
        assert yuan(result.repaid[key].total) == paid

    def test_what_is_taken_back_leaves_the_loan_as_if_it_had_never_been(self) -> None:
        settled = RepaymentFact(
            key="whole", value_date=date(2024, 4, 25), kind=RepaymentKind.EARLY_FULL, total_fen=yuan_to_fen("75684.21")
        )
        before = m1(paid=3)
        assert replay(before, lambda _: Policy(), [settled]).loan.outstanding_principal_fen == 0
        left = replay(before, lambda _: Policy(), [])
        assert left.loan == before
        assert standing_on(left.loan, on_date=date(2024, 4, 25) + timedelta(days=1)).not_due_principal_fen == 75_558_28
