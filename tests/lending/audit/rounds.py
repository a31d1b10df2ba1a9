"""The automatic debits of a business day by the rules (PEN-02, ALLOC-02, LN-06): its list, and what a round takes.

Nothing here comes from the product. As a day begins, every loan of which something has fallen due is listed: the one that
has been due longest first, then the dearest, by the price until then: a new one of the day has cost nothing yet. A round
tries each that none has settled yet: it takes what is due, no more than the account can give, and a part only of what is
overdue; nothing without the customer's authorisation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lending.audit.loan import Loan, total_of

if TYPE_CHECKING:
    from tests.lending.audit.lent import Lent

QUEUED, COLLECTED, SHORT, SKIPPED = "queued", "collected", "short", "skipped"


@dataclass(eq=False)
class Debit:
    """A loan on a day's list: how it stands there, and the last round that has tried it."""

    lent: Lent
    status: str = QUEUED
    round: int = 0

    def is_tried_by(self, number: int) -> bool:
        """Tell whether a round tries it: it waits still, and the round has not tried it yet."""
        return self.status in {QUEUED, SHORT} and self.round < number

    def try_for(self, number: int, *, available: int, is_authorised: bool) -> int:
        """Let a round try; return what it takes, 0 for nothing."""
        self.round, loan = number, self.lent.loan
        owed = sum(map(total_of, loan.due().values()))
        if not (owed and is_authorised):
            self.status = SKIPPED
            return 0
        amount = min(owed, available)
        self.status = COLLECTED if amount == owed else SHORT
        return amount if amount == owed or loan.overdue_days else 0


def day_list(lent: Iterable[Lent]) -> list[Debit]:
    """List what is to be collected on the day that begins, in the order in which it is."""
    owing = [each for each in lent if each.loan.due()]
    return [Debit(each) for each in sorted(owing, key=lambda each: _rank(each.loan))]


def _rank(loan: Loan) -> tuple[object, ...]:
    owed = loan.due()
    oldest = next(row.due_date for row in loan.fallen if row.number in owed)
    return oldest, -loan.contract_rate(loan.today)
