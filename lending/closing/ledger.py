"""Bring GL accounts to where they should stand: the day end's door to the ledger."""

from __future__ import annotations

from accounts import operations as accounts
from accounts import queries as account_queries
from core.operations import within_transaction


@within_transaction
def true_up(*, gl_code: str, contra_code: str, target_fen: int, business_ref: str, kind: str, memo: str) -> int:
    """Book the difference between a GL account's balance and its target, debit positive; return what was booked, in fen."""
    difference_fen = target_fen - account_queries.gl_balance(gl_code)
    booked = accounts.true_up(
        gl_code=gl_code, contra_code=contra_code, target_fen=target_fen, business_ref=business_ref, kind=kind, memo=memo
    )  # fmt: skip
    return 0 if booked is None else difference_fen
