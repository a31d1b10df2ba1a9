"""Open a Class II or III account: checks in a fixed order, then face and will, then the account itself.

Order (domain A4, step 3): local rules → carrier → bound card, five elements (four for Class III) → national ID check →
face → watchlist, last before opening and again in the same transaction → opening → filing. A failure leaves every later
call unmade.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from accounts import parameters
from accounts.models import Card, Customer, DepositAccount
from accounts.models.customer import REGISTERED
from accounts.models.deposit_account import FACE, OPENING, OWN, REVIEW
from accounts.models.filing import OPEN as OPENED
from accounts.numbers import next_account_number
from accounts.operations.cards import accept_card, record_card, refuse_card
from accounts.operations.filings import owe_filing
from accounts.operations.opening_rules import DEVICE_LIMIT, REFUSED, Wanted, local_refusal, refuse_remote
from accounts.queries import ACCOUNT_NUMBER
from accounts.states import ACCOUNT
from core.actors import customer_actor
from core.audit.log import record
from core.clock import business_date, now
from core.crypto import blind_index
from core.errors import StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from core.steps.registry import Then
from tenants.parameters import value_of
from tenants.switches import refuse_remote_opening
from verification import operations as verification
from verification import queries as verified

CARRIER_CHECKED: Final = "account.carrier_checked"
CHECK_CARD: Final = "account.check_card"
ID_CHECKED: Final = "account.id_checked"
OPEN: Final = "account.open"
ACT: Final = "open_account"
DRAFT_EXPIRED: Final = "draft_expired"
MAY_TRY_AGAIN: Final = ("vendor_unavailable", DRAFT_EXPIRED)
ID_CHECK_REFUSALS: Final[Mapping[str, str]] = {"name_mismatch": "id_mismatch", "not_found": "id_not_found"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCard:
    """The card that the new account is to be bound to, and the phone that its bank knows."""

    number: str
    phone: str


@opens_transaction
def start_account(
    *, customer_id: uuid.UUID, bound_card: BoundCard, code_id: uuid.UUID, code: str, wanted: Wanted | None = None
) -> DepositAccount:
    """Start opening an account: local rules, then the first outside check.

    The customer's row is locked first, so that of any number of openings at once each counts the others (ACC-01).

    Raises:
        StateConflict: the customer is not registered.
        CounterRequired: such an account is opened at the counter only.
        BusinessStopped, RemoteOpenNotApproved: the bank opens no account remotely now.
        PhoneCodeWrong: the code is not the one that was sent to the bound card's phone.
        CardNumberInvalid: the card number is none.
    """
    wanted = wanted or Wanted()
    customer = Customer.objects.select_for_update().get(pk=customer_id)
    identity = verified.identity(customer_id)
    if customer.stage != REGISTERED or identity is None:
        raise StateConflict("请先完成注册")
    refuse_remote(wanted=wanted)
    refuse_remote_opening()
    verification.consume_phone_code(
        subject_id=customer_id, code_id=code_id, code=code, phone=bound_card.phone, action=ACT, subject=None
    )
    refusal = local_refusal(customer=customer, wanted=wanted, phone=bound_card.phone)
    account = DepositAccount.objects.create(
        customer=customer, account_class=wanted.account_class, keeper=value_of(parameters.KEEPER.name, kind=str),
        applied_date=business_date(), device_id=wanted.device_id, phone_shared=wanted.phone_shared,
    )  # fmt: skip
    record_card(customer_id=customer_id, number=bound_card.number, phone=bound_card.phone, account_id=account.id)
    if refusal == DEVICE_LIMIT:
        return transition(ACCOUNT, account.id, "refer", actor="system", reason=DEVICE_LIMIT)
    return _go_on(account, bound_card.phone, refusal)


def _go_on(account: DepositAccount, phone: str, refusal: str = "") -> DepositAccount:
    """Ask the carrier, the first outside; who is under joint discipline opens nothing by themselves (ACC-09)."""
    identity, of = verified.identity(account.customer_id), account.pk.hex
    if refusal or identity is None:
        return _refuse(account.pk, refusal or REFUSED)
    if verification.is_disciplined(subject_id=account.customer_id, purpose=ACT, business_id=of):
        return _refuse(account.pk, REFUSED)
    verification.request_carrier_check(
        subject_id=account.customer_id, name=identity.name, id_number=identity.id_number, phone=phone,
        purpose=ACT, business_id=of, then=Then(CARRIER_CHECKED, of),
    )  # fmt: skip
    return account


@within_transaction
def release(*, account_id: uuid.UUID, actor: str, reason: str) -> DepositAccount:
    """Let an opening that waits for staff go on (ACC-10): all checks are still before it.

    Raises:
        NotFound: there is no such account.
        StateConflict: it does not wait for staff.
    """
    account = transition(ACCOUNT, account_id, "release", actor=actor, reason=reason)
    record("opening.released", actor=actor, subject=account_id.hex, detail={"reason": reason})
    return _go_on(account, Card.objects.get(account_id=account_id, status="checking").phone)


@within_transaction
def refuse_reviewed(*, account_id: uuid.UUID, actor: str, reason: str) -> DepositAccount:
    """End an opening that waits for staff; the customer reads that too many were asked for from one device (ACC-10).

    Raises:
        NotFound: there is no such account.
        StateConflict: it does not wait for staff.
    """
    if not DepositAccount.objects.select_for_update().filter(pk=account_id, status=REVIEW).exists():
        raise StateConflict("该开户申请不在人工审核中")
    record("opening.refused", actor=actor, subject=account_id.hex, detail={"reason": reason})
    return _refuse(account_id, DEVICE_LIMIT, actor=actor)


@within_transaction
def carrier_checked(*, account_id: uuid.UUID) -> None:
    """Go on to the bound card where the carrier knows name and phone together, else refuse."""
    check = verified.last_check(kind="carrier", business_id=account_id.hex)
    if check.outcome != "match":
        unavailable = check.reason_code == "vendor_unavailable"
        _refuse(account_id, "vendor_unavailable" if unavailable else "carrier_mismatch")
        return
    enqueue(CHECK_CARD, account_id)


@within_transaction
def bound_card_checked(*, account_id: uuid.UUID, refusal: str) -> None:
    """Go on to the national ID check where the card is the customer's own at its bank (ACC-03), else refuse."""
    if refusal:
        _refuse(account_id, refusal)
        return
    account = DepositAccount.objects.get(pk=account_id)
    verification.request_id_check(
        subject_id=account.customer_id,
        purpose=ACT,
        business_id=account_id.hex,
        then=Then(ID_CHECKED, account_id.hex),
    )


@within_transaction
def id_checked(*, account_id: uuid.UUID) -> None:
    """Wait for the face where the national ID check agrees, else refuse."""
    check = verified.last_check(kind="id_check", business_id=account_id.hex)
    if check.outcome == "match":
        transition(ACCOUNT, account_id, "checked", actor="system")
    else:
        _refuse(account_id, ID_CHECK_REFUSALS.get(check.outcome, "vendor_unavailable"))


@opens_transaction
def submit_account(
    *,
    account_id: uuid.UUID,
    customer_id: uuid.UUID,
    face_token: str,
    purpose: str,
    method: str,
    evidence: str,
) -> DepositAccount:
    """Take face and stated will, screen against the watchlists, and start the opening.

    Raises:
        StateConflict: the account does not wait for the face.
        BusinessStopped, RemoteOpenNotApproved: the bank opens no account remotely now.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the token is not good for this.
    """
    refuse_remote_opening()
    account = transition(
        ACCOUNT, account_id, "submit", actor=customer_actor(customer_id), purpose=purpose,
        intention={"method": method, "evidence": evidence, "at": now().isoformat()},
    )  # fmt: skip
    verification.consume_face_token(token=face_token, subject_id=customer_id, action=ACT, business_id=account_id.hex)
    if not is_clear(customer_id=customer_id, account_id=account_id):
        return _refuse(account_id, REFUSED)
    enqueue(OPEN, account_id)
    return account


@within_transaction
def is_clear(*, customer_id: uuid.UUID, account_id: uuid.UUID) -> bool:
    """Tell whether neither the watchlists (AML-05) nor joint discipline (ACC-09) speak against an opening."""
    of = {"purpose": ACT, "business_id": account_id.hex}
    if verification.screen_subject(subject_id=customer_id, **of) != "clear":
        return False
    return not verification.is_disciplined(subject_id=customer_id, **of)


@within_transaction
def finish_opening(*, account_id: uuid.UUID, number: str | None) -> None:
    """Make the account active, bind its card and owe the filing; screened once more in this very transaction.

    `number` is the core's; an account kept here gets its own. A card that is not the customer's first waits for face
    and voice, here as elsewhere: opening an account is no way around them (A2-15).
    """
    customer_id = DepositAccount.objects.values_list("customer_id", flat=True).get(pk=account_id)
    Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    account = DepositAccount.objects.select_for_update().get(pk=account_id)
    if account.status != OPENING:
        return
    if account.keeper == OWN and not is_clear(customer_id=account.customer_id, account_id=account_id):
        _refuse(account_id, REFUSED)
        return
    given = number or next_account_number()
    today = business_date()
    transition(
        ACCOUNT, account_id, "open", actor="system", number=given, number_index=blind_index(given, domain=ACCOUNT_NUMBER),
        opened_at=now(), opened_date=today,
    )  # fmt: skip
    for card in Card.objects.filter(account_id=account_id, status="checking"):
        accept_card(card_id=card.pk)
    owe_filing(account_id=account_id, kind=OPENED)


@within_transaction
def refuse_opening(*, account_id: uuid.UUID, code: str) -> None:
    """Refuse an account that is on its way, with a code of the contract."""
    _refuse(account_id, code)


def _refuse(account_id: uuid.UUID, code: str, *, actor: str = "system") -> DepositAccount:
    for card in Card.objects.filter(account_id=account_id, status="checking"):
        refuse_card(card_id=card.pk, code=code)
    Card.objects.filter(account_id=account_id, status="active").update(account_id=None)
    return transition(
        ACCOUNT, account_id, "refuse", actor=actor, reason=code, reason_code=code,
        retryable=code in MAY_TRY_AGAIN,
    )  # fmt: skip


@within_transaction
def lapse_openings(*, day: date) -> int:
    """End the openings that have waited too long for a face or for staff: they take a place (ACC-01); return how many."""
    since = day - timedelta(days=value_of(parameters.DRAFT_DAYS.name, kind=int, on=day))
    stale = DepositAccount.objects.filter(status__in=(FACE, REVIEW), applied_date__lt=since)
    account_ids = list(stale.select_for_update(skip_locked=True).values_list("pk", flat=True))
    for account_id in account_ids:
        _refuse(account_id, DRAFT_EXPIRED)
    return len(account_ids)
