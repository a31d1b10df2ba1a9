"""One-time codes to a phone (SEC-02): six digits, minutes to live, a few tries, bound to what they are for."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import connection

from core.clock import now
from core.crypto import blind_index, normalise_phone
from core.errors import InvalidRequest, Problem, TooManyRequests
from core.operations import opens_transaction, within_transaction
from core.steps.queue import enqueue
from core.tenancy import current_bank
from verification import parameters
from verification.acts import check_act
from verification.models import PhoneCode, Subject
from verification.models.phone_code import ACTIONS, TOP_UP, TRANSFER
from verification.numbers import is_mobile_phone
from verification.operations.tries import count_try
from verification.queries import PHONE_DOMAIN

if TYPE_CHECKING:
    import uuid

SEND: Final = "verification.send_phone_code"
DIGITS_DOMAIN: Final = "verification.phone_code.digits"
DIGITS: Final = 6
SALT_BYTES: Final = 16
DAY: Final = timedelta(hours=24)
NEEDS_AMOUNT: Final = frozenset({TOP_UP, TRANSFER})
ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class PhoneCodeWrong(Problem):
    """The code is not the one that was sent for this, was used, has expired or was tried too often."""

    code = "phone_code_wrong"
    status = 422
    title = "短信验证码不正确或已失效，请重新获取"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneCodeView:
    """A code that is on its way to a phone; never the code itself."""

    id: uuid.UUID
    expires_at: datetime


@opens_transaction
def request_phone_code(
    *,
    subject_id: uuid.UUID,
    phone: str,
    action: str,
    business_id: str | None = None,
    amount_fen: int | None = None,
) -> PhoneCodeView:
    """Make a code for one action (and business object, and amount) and owe its text message to a step.

    Raises:
        InvalidRequest: the phone is no mobile number, the action unknown, or an amount is missing that the
            text must show.
        NotFound, StateConflict: the business object is not the customer's, or does not call for a code now.
        TooManyRequests: the phone or the customer has had too many codes lately.
    """
    mobile = _checked(phone=phone, action=action, amount_fen=amount_fen)
    if business_id is not None:
        check_act(action=action, business_id=business_id, customer_id=subject_id)
    phone_index = blind_index(mobile, domain=PHONE_DOMAIN)
    _refuse_too_many(subject_id=subject_id, phone_index=phone_index, action=action, business_id=business_id or "")
    moment = now()
    code = PhoneCode.objects.create(
        subject_id=subject_id,
        phone=mobile,
        phone_index=phone_index,
        action=action,
        business_id=business_id or "",
        amount_fen=amount_fen,
        salt=secrets.token_bytes(SALT_BYTES),
        created_at=moment,
        expires_at=moment + parameters.seconds(parameters.CODE_SECONDS),
    )
    enqueue(SEND, code.id)
    return PhoneCodeView(id=code.id, expires_at=code.expires_at)


def _checked(*, phone: str, action: str, amount_fen: int | None) -> str:
    errors: dict[str, list[str]] = {}
    mobile = normalise_phone(phone)
    if not is_mobile_phone(mobile):
        errors["phone"] = ["请输入 11 位手机号"]
    if action not in dict(ACTIONS):
        errors["action"] = [f"须为 {'、'.join(name for name, _ in ACTIONS)} 之一"]
    if amount_fen is not None and amount_fen <= 0:
        errors["amount"] = ["金额须大于零"]
    if amount_fen is None and action in NEEDS_AMOUNT:
        errors["amount"] = ["请提供金额"]
    if errors:
        raise InvalidRequest("有字段缺失或格式不正确", errors=errors)
    return mobile


def _refuse_too_many(*, subject_id: uuid.UUID, phone_index: bytes, action: str, business_id: str) -> None:
    """Refuse a code too soon after another for the same act, or too many within a day, to one phone or by one customer.

    The pause is per act: somebody who goes straight on from registering to opening an account is not made to
    wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME, [f"{current_bank().schema}.phone_code.{phone_index.hex()}"])
    Subject.objects.select_for_update(no_key=True).get(pk=subject_id)
    moment = now()
    of_phone = PhoneCode.objects.filter(phone_index=phone_index)
    pause = parameters.seconds(parameters.CODE_PAUSE_SECONDS)
    of_act = of_phone.filter(subject_id=subject_id, action=action, business_id=business_id)
    last = of_act.order_by("-created_at").values_list("created_at", flat=True).first()
    if last is not None and last + pause > moment:
        raise TooManyRequests("请稍后再获取验证码", retry_after=int((last + pause - moment).total_seconds()) + 1)
    day_ago = moment - DAY
    if of_phone.filter(created_at__gt=day_ago).count() >= parameters.number(parameters.CODES_PER_PHONE_DAY):
        raise TooManyRequests("该手机号今日获取验证码次数已达上限，请明天再试", retry_after=int(DAY.total_seconds()))
    of_customer = PhoneCode.objects.filter(subject_id=subject_id, created_at__gt=day_ago)
    if of_customer.count() >= parameters.number(parameters.CODES_PER_CUSTOMER_DAY):
        raise TooManyRequests("今日获取验证码次数已达上限，请明天再试", retry_after=int(DAY.total_seconds()))


@within_transaction
def consume_phone_code(
    *,
    code_id: uuid.UUID,
    code: str,
    phone: str | None,
    action: str,
    subject: str | None = None,
    amount_fen: int | None = None,
    subject_id: uuid.UUID | None = None,
) -> None:
    """Use up a code in the caller's transaction: once, for the phone, action, object and amount it was sent for.

    A code that was asked for without a business object or an amount serves any of the same customer's; one
    that names them serves only those. The try is counted at once on a connection of its own, so a refused
    request leaves it behind.

    Raises:
        PhoneCodeWrong: it is not the code, or it was used, has expired or was tried too often; one answer for
            all.
    """
    row = PhoneCode.objects.filter(pk=code_id).first()
    if row is None or (subject_id is not None and row.subject_id != subject_id):
        raise PhoneCodeWrong
    tries = count_try(code_id)
    fits = (
        tries <= parameters.number(parameters.CODE_TRIES)
        and phone is not None
        and row.phone == normalise_phone(phone)
        and row.action == action
        and row.business_id in {"", subject or ""}
        and row.amount_fen in {None, amount_fen}
    )
    if not fits or not hmac.compare_digest(digits_of(row), code):
        raise PhoneCodeWrong
    moment = now()
    used = PhoneCode.objects.filter(pk=code_id, used_at__isnull=True, expires_at__gt=moment).update(used_at=moment)
    if not used:
        raise PhoneCodeWrong


def digits_of(row: PhoneCode) -> str:
    """Return a code's six digits: they follow from its id and salt by the bank's key and are stored nowhere."""
    keyed = blind_index(f"{row.id.hex}{bytes(row.salt).hex()}", domain=DIGITS_DOMAIN)
    return f"{int.from_bytes(keyed) % 10**DIGITS:0{DIGITS}d}"


@within_transaction
def phone_code_sent(*, code_id: uuid.UUID) -> None:
    """Record that the text message was handed over."""
    PhoneCode.objects.filter(pk=code_id, sent_at__isnull=True).update(sent_at=now())
