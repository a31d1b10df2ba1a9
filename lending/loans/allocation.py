"""Which debt a repayment pays first (ALLOC-01, 民法典 第五百六十一条)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from lending.loans.standing import Owed, OwedOn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind = Literal["fee_fen", "compound_fen", "penalty_fen", "interest_fen", "principal_fen"]
COSTS_FIRST: Final[tuple[Kind, ...]] = (
    "fee_fen",
    "compound_fen",
    "penalty_fen",
    "interest_fen",
    "principal_fen",
)
NON_ACCRUAL_DAYS: Final = 90
"""Above so many days overdue a loan no longer accrues (RISK-04), and principal is paid first (先本后息)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """The order in which debts are paid: what comes first inside an instalment, and when principal goes before all.

    Raises:
        ValueError: the order does not name each kind once.
    """

    order: tuple[Kind, ...] = COSTS_FIRST
    principal_first_above_days: int = NON_ACCRUAL_DAYS

    def __post_init__(self) -> None:
        """Refuse an order that forgets or repeats a kind."""
        if sorted(self.order) != sorted(COSTS_FIRST):
            msg = f"an order of allocation names each of {', '.join(COSTS_FIRST)} once, not {', '.join(self.order)}"
            raise ValueError(msg)


ALLOCATION: Final = Allocation()


class MoreThanOwed(ValueError):
    """A repayment is larger than the debt that it is for: such money is not taken (ALLOC-02)."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a repayment pays on one instalment."""

    number: int
    paid: Owed


def allocate(
    amount_fen: int, debts: Sequence[OwedOn], *, overdue_days: int, allocation: Allocation = ALLOCATION
) -> tuple[Share, ...]:
    """Spread an amount over debts given oldest first; the shares add up to the amount exactly.

    Inside an instalment in the order of the rule (fee, compound, penalty, interest, principal), and only then the next
    instalment. More than its days overdue: all principal first, oldest first, then the rest in the usual order.

    Raises:
        MoreThanOwed: the amount is larger than all debts together.
        ValueError: the amount is negative.
    """
    if amount_fen < 0:
        msg = f"cannot spread {amount_fen} fen"
        raise ValueError(msg)
    taken: dict[int, dict[str, int]] = {debt.number: dict.fromkeys(COSTS_FIRST, 0) for debt in debts}
    left_fen = amount_fen
    principal_first = overdue_days > allocation.principal_first_above_days
    for debt, kind in _in_order(debts, allocation.order, principal_first=principal_first):
        share_fen = min(left_fen, int(getattr(debt.owed, kind)))
        taken[debt.number][kind] += share_fen
        left_fen -= share_fen
    if left_fen:
        msg = f"{left_fen} fen are left after everything is paid"
        raise MoreThanOwed(msg)
    shares = (Share(number, Owed(**kinds)) for number, kinds in taken.items())
    return tuple(share for share in shares if share.paid.total_fen)


def _in_order(
    debts: Sequence[OwedOn], order: Sequence[Kind], *, principal_first: bool
) -> Iterator[tuple[OwedOn, Kind]]:
    """Yield every debt and kind in the order in which they are paid."""
    if not principal_first:
        yield from ((debt, kind) for debt in debts for kind in order)
        return
    yield from ((debt, "principal_fen") for debt in debts)
    yield from ((debt, kind) for debt in debts for kind in order if kind != "principal_fen")
