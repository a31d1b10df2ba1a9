"""How much of a bank's net capital one customer may owe (LN-19, 商业银行法第三十九条第一款第四项)."""

from __future__ import annotations

import uuid
from typing import Final

from core.db.asks import Ask, alone
from core.errors import Problem
from core.money import fen_to_yuan
from core.operations import within_transaction
from lending import parameters
from lending.operations.locking import lock_exposure

OWED: Final = "SELECT coalesce(sum(drawn_fen + held_fen), 0)::bigint FROM lending_credit_line WHERE customer_id = %s"


class ConcentrationExceeded(Problem):
    """With this drawdown the customer would owe more than their share of the bank's net capital (LN-19)."""

    code = "concentration_exceeded"
    status = 422
    title = "该笔用款超过本行对单一客户的贷款上限，请减少金额后重试"


@within_transaction
def refuse_concentration(*, customer_id: uuid.UUID, amount_fen: int) -> None:
    """Refuse an amount that is about to be held where the customer's loans at this bank would be too much of its capital.

    All lines count, with what is held on them. Another drawdown of the same person waits until this transaction ends. A bank
    that has not entered its net capital is not held to it.

    Raises:
        ConcentrationExceeded: see there.
    """
    most_fen = parameters.single_customer_cap_fen()
    if most_fen is None:
        return
    lock_exposure(customer_id=customer_id)
    left_fen = most_fen - alone(Ask(OWED, [customer_id], lambda rows: int(rows.found[0][0])))
    if amount_fen > left_fen:
        raise ConcentrationExceeded(f"最多还可用款 {fen_to_yuan(max(left_fen, 0))} 元")
