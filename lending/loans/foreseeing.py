"""What a repayment that is entered late would do: the loan folded with it and without it (ALLOC-02, ALLOC-03).

A dry run, for the second person who decides on it: nothing here is written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lending.loans.repaying import Policy, Repaid
from lending.loans.replay import Fact, RepaymentFact, replay
from lending.loans.standing import LoanRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a repayment would take of the money offered, what it would pay, and what follows; amounts in fen.

    `before` is the loan on the value date just before it, `without` and `after` are the loan after all facts, without it
    and with it. `changed` names the other repayments that would pay other debts than now, as they would be.
    """

    total_fen: int
    left_fen: int
    repaid: Repaid
    before: LoanRecord
    without: LoanRecord
    after: LoanRecord
    changed: Mapping[Hashable, Repaid]


def foresee(
    opening: LoanRecord, policy_on: Callable[[date], Policy], facts: Sequence[Fact], fact: RepaymentFact
) -> Foreseen:
    """Fold a loan with one more repayment, the last of its day; of the money offered only what is owed is taken.

    What is more than the debt on the value date is left (`left_fen`). Later repayments that then find less to pay have an
    excess of their own, which the fold says.
    """
    before = replay(opening, policy_on, [each for each in facts if each.value_date <= fact.value_date])
    without = replay(opening, policy_on, facts)
    done = replay(opening, policy_on, [*facts, fact])
    left_fen = done.repaid[fact.key].excess_fen
    if 0 < left_fen < fact.total_fen:
        exact = dataclasses.replace(fact, total_fen=fact.total_fen - left_fen)
        done = replay(opening, policy_on, [*facts, exact])
    return Foreseen(
        total_fen=fact.total_fen - left_fen,
        left_fen=left_fen,
        repaid=done.repaid[fact.key],
        before=before.loan,
        without=without.loan,
        after=done.loan,
        changed={
            key: repaid
            for key, repaid in done.repaid.items()
            if key != fact.key and _paid(repaid) != _paid(without.repaid[key])
        },
    )


def _paid(repaid: Repaid) -> tuple[object, int]:
    return repaid.shares, repaid.excess_fen
