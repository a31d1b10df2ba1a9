"""Make the rows that are still to come anew: after a prepayment, a repricing, an extension (EARLY-01, INT-01, EXT-01).

What has fallen due stays as it is. The principal that is not yet due is spread over due dates again, by the loan's own
method, with interest from the day from which it runs.
"""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from core.money import divide_half_up
from lending.loans.overdue import InstalmentRecord
from lending.loans.rate_history import rate_days
from lending.loans.schedule import PrincipalRule, constant_instalment_fen, walk
from lending.loans.terms import RepaymentMethod

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from lending.loans.standing import LoanRecord


class Keep(StrEnum):
    """What stays the same when principal is repaid ahead: the dates (smaller instalments) or the instalment."""

    TERM = "term"
    INSTALMENT = "instalment"


def replanned(
    loan: LoanRecord,
    *,
    on_date: date,
    principal_fen: int,
    due_dates: Sequence[date] | None = None,
    keep: Keep = Keep.TERM,
) -> LoanRecord:
    """Return the loan with the rows after a day made anew for a principal, on the same due dates or on others.

    With `Keep.INSTALMENT` the instalment (of `equal_instalment`) or the principal of each (of `equal_principal`) stays
    what it was, so the loan ends sooner. Without principal there are no rows; a loan that has ended keeps those it has.
    """
    if loan.ended_date is not None:
        return loan
    fallen, ahead = loan.fallen_by(on_date), loan.ahead_of(on_date)
    dates = tuple(due_dates) if due_dates is not None else tuple(row.due_date for row in ahead)
    if principal_fen == 0 or not dates:
        return dataclasses.replace(loan, instalments=fallen)
    terms = loan.terms
    rates = terms.rates()
    fractions = [
        rate_days(rates, terms.day_count, start, end, anchor_day=loan.anchor_day)
        for start, end in pairwise((loan.running_from(on_date), *dates))
    ]
    carried_fen = loan.carried_on(on_date)
    rows = walk(
        principal_fen=principal_fen,
        due_dates=dates,
        rate_days=fractions,
        base=terms.day_count.base,
        principal_of=_rule(loan, principal_fen, fractions, ahead, keep),
        first_number=fallen[-1].number + 1 if fallen else 1,
        carried_fen=carried_fen,
    )
    records = tuple(
        InstalmentRecord(
            number=row.number,
            due_date=row.due_date,
            principal_fen=row.principal_fen,
            interest_fen=row.interest_fen,
        )
        for row in rows
    )
    return dataclasses.replace(loan, instalments=(*fallen, *records))


def _rule(
    loan: LoanRecord, principal_fen: int, fractions: Sequence[int], ahead: Sequence[InstalmentRecord], keep: Keep
) -> PrincipalRule:
    carried_fen = loan.carried_on(ahead[0].due_date) if ahead else 0
    if loan.method == RepaymentMethod.EQUAL_INSTALMENT:
        if keep is Keep.INSTALMENT and ahead:
            instalment_fen = ahead[0].principal_fen + ahead[0].interest_fen
        else:
            base = loan.terms.day_count.base
            instalment_fen = constant_instalment_fen(principal_fen=principal_fen, rate_days=fractions, base=base)
        return lambda interest_fen: max(0, instalment_fen - (interest_fen - carried_fen))
    if loan.method == RepaymentMethod.EQUAL_PRINCIPAL:
        kept = keep is Keep.INSTALMENT and ahead
        share_fen = ahead[0].principal_fen if kept else divide_half_up(principal_fen, len(fractions))
        return lambda _interest_fen: share_fen
    return lambda _interest_fen: 0
