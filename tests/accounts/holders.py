"""Customers with accounts, cards, money and faces, for the tests of this room."""

from __future__ import annotations

import itertools
import secrets
import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from stdnum import luhn

from accounts.ledger.chart import CUSTOMER_DEPOSITS, PAYMENT_CLEARING
from accounts.models import Card, Claim, Customer, DepositAccount
from accounts.models.deposit_account import ACTIVE, CLASS_TWO, OWN
from accounts.operations import Line, post_entry
from core.clock import business_date, now
from core.clock.models import BusinessDay
from core.crypto import blind_index
from core.ids import new_id
from core.steps.models import LIVE, Step
from core.tenancy import current_bank
from verification.identity import Identity
from verification.models import FaceCheck, PhoneCode
from verification.operations import enrol_subject, identify_subject
from verification.operations.face_tokens import issue_face_token
from verification.operations.phone_codes import digits_of

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


def make_customer(*, phone: str = "", tax_residency: str = "cn_only", **identity: Any) -> uuid.UUID:
    """Make a registered customer of the current bank whom nobody else is."""
    number = next(_numbers)
    openid = f"openid-{number}-{secrets.token_hex(4)}"
    customer = Customer.objects.create(
        stage="registered", openid=openid, openid_index=blind_index(openid, domain="wechat.openid"),
        occupation="农民", residence_address="本地", tax_residency=tax_residency,
    )  # fmt: skip
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
    account = DepositAccount.objects.create(
        customer_id=customer_id or make_customer(), account_class=account_class, keeper=keeper, number=number,
        number_index=blind_index(number, domain="account.number"), opened_date=opened_date or business_date(),
        opened_at=now(), **{"status": ACTIVE, **more},
    )  # fmt: skip
    if balance_fen:
        give_money(account, balance_fen)
        account.refresh_from_db()
    return account


def give_money(account: DepositAccount, amount_fen: int) -> uuid.UUID:
    """Put money on an account that is kept here; a negative amount takes it away. Return the entry's id."""
    with transaction.atomic():
        return post_entry(
            business_ref=f"gift:{new_id().hex}",
            kind="test",
            lines=[
                Line(gl_code=PAYMENT_CLEARING, amount_fen=amount_fen),
                Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=-amount_fen, account_id=account.pk),
            ],
        )


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
        issue_face_token(face_check=check)
    return str(check.token.token)


def phone_code(customer_id: uuid.UUID, phone: str, action: str = "open_account") -> tuple[uuid.UUID, str]:
    """Get a one-time code."""
    row = PhoneCode.objects.create(
        subject_id=customer_id, phone=phone, phone_index=blind_index(phone, domain="verification.subject.phone"),
        action=action, salt=secrets.token_bytes(16), expires_at=timezone.now() + timedelta(minutes=5),
    )  # fmt: skip
    return row.pk, digits_of(row)


def set_day(day: date) -> None:
    """Put the current bank's books at a day."""
    BusinessDay.objects.update_or_create(pk=1, defaults={"date": day})


def due_now() -> None:
    """Let what waits for its next attempt, or for the morning, be due at once."""
    Step.objects.filter(state=LIVE).update(run_at=now() - timedelta(seconds=1), lease_until=None)
