"""The protected acts of signing and disbursing: when a face check or a one-time code may be asked for them."""

from __future__ import annotations

import uuid

from core.errors import StateConflict
from lending.models.drawdown import DRAFT, SIGNED
from lending.operations import disbursement, signing
from lending.queries.disclosures import has_lapsed
from lending.queries.loans import access_drawdown
from verification.operations import Act, register_act


def check_sign(drawdown_id: str, customer_id: uuid.UUID) -> None:
    """Say that the drawdown waits to be signed.

    Raises:
        NotFound: it is not this customer's.
        StateConflict: it is no living draft.
    """
    drawdown = access_drawdown(customer_id, drawdown_id)
    if drawdown.status != DRAFT or has_lapsed(drawdown):
        raise StateConflict("该笔用信当前不能签署，请刷新后查看进度")


def check_disburse(drawdown_id: str, customer_id: uuid.UUID) -> None:
    """Say that the drawdown waits for its money.

    Raises:
        NotFound: it is not this customer's.
        StateConflict: its contract is not signed, or it has its money.
    """
    if access_drawdown(customer_id, drawdown_id).status != SIGNED:
        raise StateConflict("该笔用信当前不能放款，请刷新后查看进度")


register_act(Act(action=signing.ACT, check=check_sign, is_new_business=True))
register_act(Act(action=disbursement.ACT, check=check_disburse, is_new_business=True))
