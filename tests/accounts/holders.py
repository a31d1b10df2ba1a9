"""Customers with accounts, cards, money and faces, and a payment network that answers as a test tells it."""

from __future__ import annotations

import itertools
import secrets
import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from stdnum import luhn

from accounts.ledger.chart import CUSTOMER_DEPOSITS, PAYMENT_CLEARING
from accounts.models import Card, Claim, Customer, DepositAccount
from accounts.models.deposit_account import ACTIVE, CLASS_TWO, OWN
from accounts.operations import Line, post_entry
from accounts.operations.top_ups import CodeProof
from accounts.providers.payments import CardHolder, Order, OrderStatus, Payee
from core.clock import SHANGHAI, business_date, now
from core.crypto import blind_index
from core.db.asks import execute
from core.db.rows import insert
from core.gateway import GatewayError, Rejected
from core.ids import new_id
from core.steps.models import LIVE, Step
from core.tenancy import current_bank
from verification.identity import Identity
from verification.models import FaceCheck, PhoneCode, Subject
from verification.operations import enrol_subject, identify_subject
from verification.operations.act_tokens import issue_act_token
from verification.operations.factors import FACE
from verification.operations.phone_codes import digits_of

T = TypeVar("T")
TODAY: Final = date(2026, 11, 23)
SET_DAY: Final = """
INSERT INTO core_business_day (id, date, moved_at) VALUES (1, %s, %s) ON CONFLICT (id) DO UPDATE SET date = EXCLUDED.date
"""
_numbers = itertools.count(1)
WHO: Final = Identity(
    name="林样例",
    id_number="",
    sex="male",
    ethnicity="汉",
    birth_date=date(1990, 1, 1),
    address="江苏省连云港市海州区样例路1号",
    authority="连云港市公安局",
    valid_from=date(2018, 5, 1),
    valid_until=date(2038, 5, 1),
)


def write(*rows: Model) -> None:
    """Insert new rows in one round trip; they may be saved again afterwards."""
    insert(*rows)
    for row in rows:
        row._state.adding = False


def make_customer(*, phone: str = "", tax_residency: str = "cn_only", **identity: Any) -> uuid.UUID:
    """Make a registered customer of the current bank whom nobody else is."""
    number = next(_numbers)
    openid = f"openid-{number}-{secrets.token_hex(4)}"
    customer = Customer(
        stage="registered", openid=openid, openid_index=blind_index(openid, domain="wechat.openid"),
        occupation="农民", residence_address="本地", tax_residency=tax_residency,
    )  # fmt: skip
    write(customer)
    who = replace(WHO, id_number=f"32070619900101{number:04d}", **identity)
    with transaction.atomic():
        enrol_subject(subject_id=customer.pk)
        identify_subject(subject_id=customer.pk, identity=who, phone=phone or f"139{number:08d}")
    return customer.pk


def card_number() -> str:
    """Return a card number that nobody has."""
    body = f"621799{next(_numbers):012d}"
    return body + str(luhn.calc_check_digit(body))


def make_account(
    customer_id: uuid.UUID | None = None,
    *,
    balance_fen: int = 0,
    keeper: str = OWN,
    account_class: str = CLASS_TWO,
    opened_date: date | None = None,
    **more: Any,
) -> DepositAccount:
    """Open an account of a customer (a new one, where none is named), with money on it."""
    number = f"623{current_bank().code}{next(_numbers):012d}"
    account = DepositAccount(
        customer_id=customer_id or make_customer(), account_class=account_class, keeper=keeper, number=number,
        number_index=blind_index(number, domain="account.number"), opened_date=opened_date or business_date(),
        opened_at=now(), **{"status": ACTIVE, **more},
    )  # fmt: skip
    write(account)
    if balance_fen:
        give(account.pk, balance_fen)
        account.refresh_from_db()
    return account


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer with one account and one bound card."""

    customer_id: uuid.UUID
    account_id: uuid.UUID
    card_id: uuid.UUID
    phone: str
    name: str

    @property
    def account(self) -> DepositAccount:
        """Read the account anew."""
        return DepositAccount.objects.get(pk=self.account_id)

    @property
    def card(self) -> Card:
        """Read the card anew."""
        return Card.objects.get(pk=self.card_id)

    @property
    def balance(self) -> int:
        """Return the balance in fen."""
        return self.account.balance_fen

    def code(self, action: str, amount_fen: int, **changes: Any) -> CodeProof:
        """Get a one-time code for an amount."""
        fields = {"phone": self.phone, "business_id": "", **changes}
        row = PhoneCode.objects.create(
            subject_id=self.customer_id, phone_index=blind_index(fields["phone"], domain="verification.phone"),
            action=action, amount_fen=amount_fen, salt=secrets.token_bytes(16), expires_at=now() + timedelta(minutes=5),
            **fields,
        )  # fmt: skip
        return CodeProof(code_id=row.pk, code=digits_of(row))


def make_card(customer_id: uuid.UUID, phone: str, **fields: Any) -> Card:
    """Bind a card of another bank."""
    number = f"621799{next(_numbers):012d}"
    given = {"status": "active", "checked_at": now(), "bound_at": now(), **fields}
    card = Card(
        customer_id=customer_id, number=number, number_index=blind_index(number, domain="card.number"),
        last_four=number[-4:], phone=phone, **given,
    )  # fmt: skip
    write(card)
    return card


def make_holder(balance_fen: int = 0, *, name: str = "林样例", **account: Any) -> Holder:
    """Make a customer with an account, money on it, and a bound card."""
    customer_id = make_customer(name=name)
    phone = f"138{next(_numbers):08d}"
    row = make_account(customer_id, **account)
    card = make_card(customer_id, phone, account=row)
    with transaction.atomic():
        Subject.objects.filter(pk=customer_id).update(phone=phone)
    if balance_fen:
        give(row.pk, balance_fen)
    return Holder(customer_id, row.pk, card.pk, phone, name)


def give(account_id: uuid.UUID, amount_fen: int) -> uuid.UUID:
    """Put money on an account that is kept here, from nowhere in particular, or take it away; return the entry."""
    with transaction.atomic():
        return post_entry(
            business_ref=f"gift:{new_id().hex}",
            kind="test",
            lines=[
                Line(gl_code=PAYMENT_CLEARING, amount_fen=amount_fen),
                Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-amount_fen, account_id=account_id),
            ],
        )


def set_day(day: date) -> None:
    """Put the current bank's books at a day, backwards too: the tests of worked examples begin in 2024."""
    execute(SET_DAY, [day, now()])


def due_again() -> None:
    """Let every live step be due now, as if its pause had passed."""
    Step.objects.filter(state=LIVE).update(run_at=now() - timedelta(seconds=1), lease_until=None)


DONE: Final = Order(
    status=OrderStatus.DONE, reference="REF1", settled_at=datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
)


@dataclass
class Network:
    """A payment network in this process: what it is asked for is kept, what it answers is told.

    `answers` are for orders, `fates` for questions; an error is raised. Where a list is empty the order is done.
    """

    name: str = "stand-in"
    answers: list[Order | GatewayError] = field(default_factory=list)
    fates: list[Order | GatewayError] = field(default_factory=list)
    collected: list[tuple[str, int]] = field(default_factory=list)
    sent: list[tuple[str, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    payees: list[Payee] = field(default_factory=list)
    holders: list[CardHolder] = field(default_factory=list)

    def collect(self, *, holder: CardHolder, amount_fen: int, memo: str, request_id: str) -> Order:
        """Draw from a card."""
        self.collected.append((request_id, amount_fen))
        self.holders.append(holder)
        return self._told(self.answers)

    def send(self, *, payee: Payee, payer_number: str, amount_fen: int, memo: str, request_id: str) -> Order:
        """Send to an account."""
        self.sent.append((request_id, amount_fen))
        self.payees.append(payee)
        return self._told(self.answers)

    def fate_of(self, *, asked_id: str, request_id: str) -> Order:
        """Tell what became of an order."""
        self.asked.append(asked_id)
        return self._told(self.fates)

    @staticmethod
    def _told(told: list[Order | GatewayError]) -> Order:
        answer = told.pop(0) if told else DONE
        if isinstance(answer, GatewayError):
            raise answer
        return answer


def refusal(code: str) -> Rejected:
    """Make the network's refusal."""
    return Rejected("payments", "order", code=code)


def fate(status: OrderStatus, **more: Any) -> Order:
    """Make what is known of an order."""
    return replace(DONE, status=status, reference="", settled_at=None, **more)


def give_money(account: DepositAccount, amount_fen: int) -> uuid.UUID:
    """Put money on an account at hand; see `give`."""
    return give(account.pk, amount_fen)


def bind(account: DepositAccount) -> Card:
    """Bind a card to an account."""
    number = card_number()
    return Card.objects.create(
        customer_id=account.customer_id, account=account, status="active", number=number, last_four=number[-4:],
        number_index=blind_index(number, domain="card.number"), phone="13900000000", account_class="I",
    )  # fmt: skip


def claim(account: DepositAccount) -> Claim:
    """Let something rest on an account."""
    return Claim.objects.create(account=account, claimant=f"loan:{new_id().hex}")


def face_token(account: DepositAccount, action: str) -> str:
    """Pass a face check for an account and return its token."""
    check = FaceCheck.objects.create(
        subject_id=account.customer_id, expected_id=account.customer_id, action=action, business_id=account.pk.hex,
        status="passed", provider="tencent", finished_at=now(),
    )  # fmt: skip
    with transaction.atomic():
        issue_act_token(factor=FACE, check=check)
    return str(check.token.token)


def phone_code(customer_id: uuid.UUID, phone: str, action: str = "open_account") -> tuple[uuid.UUID, str]:
    """Get a one-time code."""
    row = PhoneCode.objects.create(
        subject_id=customer_id, phone=phone, phone_index=blind_index(phone, domain="verification.subject.phone"),
        action=action, salt=secrets.token_bytes(16), expires_at=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip
    return row.pk, digits_of(row)
