"""What a late repayment would do, folded without writing anything: hand-computed to the fen (ALLOC-02, ALLOC-03)."""

from __future__ import annotations

from datetime import date

from core.money import yuan_to_fen
from lending.loans.foreseeing import Foreseen, foresee
from lending.loans.repaying import RepaymentKind
from lending.loans.replay import Fact, RepaymentFact, replay
from lending.loans.standing import Owed, standing_on
from tests.lending.loans.test_repaying import FREE, loan

LATE = date(2024, 3, 15)


def paid(key: str, on: date, yuan: str, kind: RepaymentKind = RepaymentKind.DUE) -> RepaymentFact:
    return RepaymentFact(key=key, value_date=on, kind=kind, total_fen=yuan_to_fen(yuan))


def dry_run(fact: RepaymentFact, *facts: Fact) -> Foreseen:
    return foresee(loan(), lambda _: FREE, list(facts), fact)


class TestADayLate:
    def test_takes_what_was_owed_on_its_day_and_leaves_the_rest(self) -> None:
        foreseen = dry_run(paid("new", date(2024, 2, 20), "9000.00"))
        # M1, first instalment, five days late: 8,106.64 × 5 × 9 % / 360 = 10.13; 500.00 × 5 × 9 % / 360 = 0.63.
        assert foreseen.repaid.total == Owed(
            compound_fen=63, penalty_fen=10_13, interest_fen=500_00, principal_fen=8_106_64
        )
        assert (foreseen.total_fen, foreseen.left_fen) == (8_617_40, 382_60)
        assert foreseen.repaid.excess_fen == 0

    def test_lowers_the_penalty_of_today_to_that_of_its_day(self) -> None:
        foreseen = dry_run(paid("new", date(2024, 2, 20), "8617.40"))
        owed = standing_on(foreseen.without, on_date=date(2024, 3, 10)).overdue
        # 24 days: 8,106.64 × 24 × 9 % / 360 = 48.64; 500.00 × 24 × 9 % / 360 = 3.00.
        assert (owed.penalty_fen, owed.compound_fen) == (48_64, 3_00)
        assert standing_on(foreseen.after, on_date=date(2024, 3, 10)).overdue == Owed()
        assert foreseen.changed == {}

    def test_that_comes_before_another_leaves_that_one_too_much(self) -> None:
        # On 2024-03-15 two instalments were paid, the first 29 days late: 58.77 and 3.63 on top.
        later = paid("later", LATE, "17275.68")
        foreseen = dry_run(paid("new", date(2024, 2, 20), "8617.40"), later)
        changed = foreseen.changed["later"]
        assert (changed.total.total_fen, changed.excess_fen) == (8_606_64, 8_669_04)
        assert foreseen.after.outstanding_principal_fen == foreseen.without.outstanding_principal_fen

    def test_of_two_on_one_day_the_one_entered_last_comes_last(self) -> None:
        first = paid("first", LATE, "17275.68")
        foreseen = dry_run(paid("new", LATE, "100.00"), first)
        assert (foreseen.total_fen, foreseen.left_fen, foreseen.changed) == (0, 100_00, {})

    def test_settles_with_what_is_asked_for_on_that_day(self) -> None:
        foreseen = dry_run(paid("new", LATE, "200000.00", RepaymentKind.EARLY_FULL))
        assert foreseen.after.ended_date == LATE
        assert foreseen.total_fen + foreseen.left_fen == 200_000_00
        exact = paid("new", LATE, f"{foreseen.total_fen / 100:.2f}", RepaymentKind.EARLY_FULL)
        again = replay(loan(), lambda _: FREE, [exact])
        assert (again.loan, again.repaid["new"].excess_fen) == (foreseen.after, 0)
