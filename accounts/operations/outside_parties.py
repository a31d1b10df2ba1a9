"""Screen those outside with whose money the bank deals: who paid a receipt, who gets a refund (AML-05).

Money that has come is recorded whoever sent it; what follows is held while an alert stands. Screening and refusing are two
acts: whoever uses the money screens in a transaction that commits, and asks in the next for what stands, so that no refusal
takes its own alert back. Who is told of a refusal learns that compliance is to be asked, never what was found (AML-08).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from accounts.models import Card, DepositAccount, Receipt, Refund
from accounts.operations.cards import NUMBER as CARD_NUMBER
from accounts.queries import ACCOUNT_NUMBER
from core.crypto import blind_index
from core.errors import NotFound, Problem
from core.operations import within_transaction
from verification import operations as verification
from verification import queries as verified

PAYER: Final = "receipt"
PAYEE: Final = "refund"
NAMELESS: Final = "该笔来款未登记付款人，不能办理；请由其他员工作废后重新登记，并填写付款人姓名"
TOLD: Final[Mapping[verified.Standing, str]] = {
    "open": "该笔款项须由合规部门核查，核查完成前不能办理，款项留在账上；请联系合规部门，不要向客户说明原因",
    "confirmed": "合规部门已决定该笔款项不得办理，款项留在账上；请按合规部门的意见处理，不要向客户说明原因",
    "unscreened": "名单刚有更新，该笔款项须重新核查，请重新提交",
}
"""What staff are told, by what stands; none of it says that anybody is listed (AML-08)."""


class OutsidePartyHeld(Problem):
    """Whoever paid, or is to be paid, must be looked at by compliance first; what was found is not told (AML-05, AML-08)."""

    code = "outside_party_held"
    status = 409
    title = "该笔款项须由合规部门核查后才能办理，请联系合规部门"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody to be screened for one business object: a customer where it is known to be one, else a name. PII: the name."""

    purpose: str
    business_id: str
    name: str = field(repr=False)
    customer_id: uuid.UUID | None = None


@within_transaction
def screen_payer(*, receipt_id: uuid.UUID) -> None:
    """Screen who paid a receipt, unless that was done by the lists of now, or an alert holds it already.

    Raises:
        NotFound: there is none.
    """
    receipt = Receipt.objects.select_for_update().filter(pk=receipt_id).first()  # two at once would find it twice
    if receipt is None:
        raise NotFound
    _screen(_payer(receipt))


@within_transaction
def screen_payee(*, refund: Refund) -> None:
    """Screen who gets a refund, and who had paid it in, as `screen_payer` does."""
    for party in _parties(refund):
        _screen(party)


@within_transaction
def refuse_held_payer(*, receipt_id: uuid.UUID) -> None:
    """Refuse what nobody may do with a receipt whose payer an alert holds.

    Raises:
        OutsidePartyHeld: see there.
    """
    standing = verified.screening_standing(purpose=PAYER, business_id=receipt_id.hex)
    if standing in {"open", "confirmed"}:
        raise OutsidePartyHeld(TOLD[standing])


@within_transaction
def refuse_unscreened_payer(*, receipt: Receipt) -> None:
    """Refuse to use a receipt unless its payer was screened by the lists of now and nothing holds it.

    Raises:
        OutsidePartyHeld: see there; or nobody was recorded as the payer.
    """
    party = _payer(receipt)
    if not party.name:
        raise OutsidePartyHeld(NAMELESS)
    _refuse(party)


@within_transaction
def refuse_unscreened_refund(*, refund: Refund) -> None:
    """Refuse to let a refund leave unless who gets it and who had paid it in were screened by the lists of now.

    Raises:
        OutsidePartyHeld: see there.
    """
    for party in _parties(refund):
        _refuse(party)


@within_transaction
def is_free(*, refund: Refund) -> bool:
    """Tell whether a refund may leave; see `refuse_unscreened_refund`."""
    return all(_standing(party) == "clear" for party in _parties(refund))


def _standing(party: Party) -> verified.Standing:
    return verified.screening_standing(purpose=party.purpose, business_id=party.business_id)


def _refuse(party: Party) -> None:
    standing = _standing(party)
    if standing != "clear":
        raise OutsidePartyHeld(TOLD[standing])


def _screen(party: Party) -> None:
    if party.name:
        verification.screen_again(
            name=party.name, subject_id=party.customer_id, purpose=party.purpose, business_id=party.business_id
        )


def _payer(receipt: Receipt) -> Party:
    name = (receipt.payer_name or "").strip()
    return Party(
        purpose=PAYER, business_id=receipt.pk.hex, name=name, customer_id=_customer(name, receipt.payer_account)
    )


def _parties(refund: Refund) -> list[Party]:
    """Return who is behind a refund: the payee, and of a receipt its payer; one of them where it is the same somebody."""
    source = refund.top_up or refund.transfer or refund.account
    payee = Party(
        purpose=PAYEE, business_id=refund.pk.hex, name=refund.payee_name.strip(),
        customer_id=None if source is None else source.customer_id,
    )  # fmt: skip
    payer = None if refund.use is None else _payer(refund.use.receipt)
    if payer is None or not payer.name:
        return [payee]
    is_same = payee.customer_id in {None, payer.customer_id} and verified.same_name(payer.name, payee.name)
    return [payer] if is_same else [payer, payee]


def _customer(name: str, number: str | None) -> uuid.UUID | None:
    """Return the customer of whom number and name are: a bound card, or an account here. A name alone proves nobody."""
    if not number:
        return None
    cards = Card.objects.filter(number_index=blind_index(number, domain=CARD_NUMBER), status="active")
    accounts = DepositAccount.objects.filter(number_index=blind_index(number, domain=ACCOUNT_NUMBER))
    for customer_id in {*cards.values_list("customer_id", flat=True), *accounts.values_list("customer_id", flat=True)}:
        known = verified.identity(customer_id)
        if known is not None and verified.same_name(known.name, name):
            return customer_id
    return None
