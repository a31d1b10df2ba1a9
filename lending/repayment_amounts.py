"""What a repayment pays, as its row keeps it and as the books credit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from accounts import operations as accounts
from lending import books
from lending.loans.allocation import Share
from lending.loans.standing import Owed
from lending.models import Repayment

AMOUNTS: Final = tuple(field.name for field in fields(Owed))


def paid_by(repayment: Repayment) -> Owed:
    """Return what a repayment pays, as it is booked."""
    return Owed(**{name: getattr(repayment, name) for name in AMOUNTS})


def legs_of(repayment: Repayment) -> list[accounts.Leg]:
    """Return what a repayment credits in the books."""
    credits_fen = books.credits_of(
        paid_by(repayment), excess_fen=repayment.excess_fen,
        is_written_off=repayment.loan.written_off_date is not None,
    )  # fmt: skip
    return [accounts.Leg(gl_code=code, amount_fen=fen) for code, fen in credits_fen.items() if fen]


def difference(wanted: Owed, former: Owed) -> dict[str, int]:
    """Return what leads from one to the other, kind by kind, in fen."""
    return {name: getattr(wanted, name) - getattr(former, name) for name in AMOUNTS}


def shares_json(shares: Sequence[Share]) -> list[dict[str, Any]]:
    """Write shares as a repayment keeps them."""
    return [{"number": share.number, **asdict(share.paid)} for share in shares]
