"""Give back a top-up or a transfer that is stranded in suspense (3101): to a bound card, or at the counter.

That it takes two people is `accounts.approvals`. A proposal names no number and no person: the money goes to the card that
it came from, or to one that is bound to the account; who has none left is paid at the counter.
"""

from __future__ import annotations

import uuid
from typing import Final

from accounts import queries
from accounts.ledger.chart import OTHER_PAYABLES, SUSPENSE
from accounts.models import Card, Refund, TopUp, Transfer
from accounts.models.movements import STRANDED
from accounts.operations.cards import refuse_cooling_card
from accounts.operations.ledger import Line, post_entry
from accounts.operations.refunds import KIND, OWED, send_by_itself
from core.audit.log import record
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from verification import queries as verified

TO_CARD: Final = "card"
AT_COUNTER: Final = "counter"
WAYS: Final = ((TO_CARD, "退至绑定银行卡"), (AT_COUNTER, "柜面退还"))


@within_transaction
def give_back_stranded(*, movement: type[TopUp | Transfer], movement_id: uuid.UUID, to: str, actor: str) -> uuid.UUID:
    """Owe stranded money to its customer (debit 3101, credit 2241), and send it to a card; return the refund's id.

    Raises:
        NotFound: there is no such movement.
        StateConflict: it is not stranded, is given back already, or there is no card to send it to.
        CardCooling: a transfer's account has none but a card that was bound too short a time ago (A2-18).
    """
    row = movement._default_manager.select_for_update(of=("self",)).filter(pk=movement_id).first()  # noqa: SLF001 -- documented by Django
    if row is None:
        raise NotFound
    card = _refuse_ungivable(row, to)
    identity = verified.identity(row.customer_id)
    if identity is None:
        raise NotFound
    post_entry(
        business_ref=f"{KIND}:{row.pk.hex}",
        kind=KIND,
        lines=[
            Line(gl_code=SUSPENSE, amount_fen=row.amount_fen),
            Line(gl_code=OTHER_PAYABLES, amount_fen=-row.amount_fen),
        ],
        memo=OWED,
    )
    refund = Refund.objects.create(
        top_up=row if isinstance(row, TopUp) else None, transfer=row if isinstance(row, Transfer) else None,
        amount_fen=row.amount_fen, payee_name=identity.name, payee_account=None if card is None else card.number,
        account=None if card is None else row.account, reason=row.reason_code, approved_by=actor,
    )  # fmt: skip
    record("stranded.given_back", actor=actor, subject=row.pk.hex, detail={"amount_fen": row.amount_fen, "to": to})
    send_by_itself(refund=refund)
    return refund.pk


@opens_transaction
def check_stranded(*, movement: type[TopUp | Transfer], movement_id: uuid.UUID, to: str) -> None:
    """Refuse a proposal that could not be approved; see `give_back_stranded`."""
    row = movement._default_manager.filter(pk=movement_id).first()  # noqa: SLF001 -- documented by Django
    if row is None:
        raise NotFound
    _refuse_ungivable(row, to)


def _refuse_ungivable(row: TopUp | Transfer, to: str) -> Card | None:
    """Return the card that the money goes to; None at the counter."""
    if row.status != STRANDED or hasattr(row, "given_back"):
        raise StateConflict("只有已挂账且未退还的款项可以退还")
    if to == AT_COUNTER:
        return None
    if isinstance(row, TopUp):
        return row.card
    cards = list(
        Card.objects.filter(account_id=row.account_id, customer_id=row.customer_id, status="active").order_by(
            "bound_at", "pk"
        )
    )
    if not cards:
        raise StateConflict("该账户没有绑定的银行卡，请选择柜面退还")
    card = next((one for one in cards if queries.outflow_to(one).allowed), cards[0])
    refuse_cooling_card(card=card)
    return card
