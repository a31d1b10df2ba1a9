"""The rules of opening that need nobody outside: who, which class, how many, by which phone and device (ACC-01 to ACC-13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection

from accounts import parameters
from accounts.models import Customer, DepositAccount
from accounts.models.deposit_account import (
    ACTIVE,
    CHECKING,
    CLASS_ONE,
    CLASS_THREE,
    CLASS_TWO,
    FACE,
    OPENING,
    REJECTED,
    REVIEW,
)
from core.clock import business_date
from core.errors import Problem
from core.operations import within_transaction
from core.tenancy import current_bank
from tenants.parameters import Parameter, value_of
from verification import numbers
from verification import queries as verified

PERSON: Final = "person"
COMPANY: Final = "company"
CHINA_ONLY: Final = "cn_only"
STANDING: Final = (CHECKING, REVIEW, FACE, OPENING, ACTIVE)
MOST: Final[Mapping[str, Parameter]] = {
    CLASS_ONE: parameters.MAX_CLASS_ONE,
    CLASS_TWO: parameters.MAX_CLASS_TWO,
    CLASS_THREE: parameters.MAX_CLASS_THREE,
}
REFUSED: Final = "refused"
LIMIT_REACHED: Final = "account_limit_reached"
PHONE_SHARED: Final = "phone_shared"
DEVICE_LIMIT: Final = "device_limit"
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


class CounterRequired(Problem):
    """What is asked for is done at the counter only: a Class I account (ACC-02), an account of a company (A1-22)."""

    code = "counter_required"
    status = 422
    title = "该业务须到网点柜面办理"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an account is asked for as: its class, for whom, from which device, and whose phone it is said to be.

    `phone_shared` declares who else uses the phone, `guardian` or `family`; empty where nobody does.
    """

    account_class: str = CLASS_TWO
    holder: str = PERSON
    device_id: str = ""
    phone_shared: str = ""


@within_transaction
def refuse_remote(*, wanted: Wanted) -> None:
    """Refuse what cannot be opened without a face-to-face meeting.

    Raises:
        CounterRequired: it is a Class I account, or one of a company.
    """
    if wanted.holder == COMPANY:
        raise CounterRequired("单位结算账户不得远程开立（A1-22），请法定代表人或授权经办人到网点办理")
    if wanted.account_class == CLASS_ONE:
        raise CounterRequired("Ⅰ类户须由本人持身份证到网点面签开立（ACC-02），线上可开立Ⅱ类户或Ⅲ类户")


@within_transaction
def local_refusal(*, customer: Customer, wanted: Wanted, phone: str) -> str:
    """Return why local rules speak against an account, or nothing; the customer's row is locked by the caller (ACC-01).

    `device_limit` alone is no refusal but a case for staff (ACC-10).
    """
    identity, today = verified.identity(customer.pk), business_date()
    if identity is None:
        return REFUSED
    if _standing(customer, wanted.account_class) >= value_of(MOST[wanted.account_class].name, kind=int):
        return LIMIT_REACHED
    if identity.valid_until is not None and identity.valid_until < today:
        return REFUSED
    if numbers.age_on(identity.birth_date, today) < value_of(parameters.MIN_AGE.name, kind=int):
        return REFUSED
    if customer.tax_residency != CHINA_ONLY:
        return REFUSED
    return _suspicious(customer, wanted, phone)


def _standing(customer: Customer, account_class: str) -> int:
    """Count a person's accounts of a class that are open or on their way: each of them takes a place (ACC-01)."""
    return DepositAccount.objects.filter(customer=customer, account_class=account_class, status__in=STANDING).count()


def _suspicious(customer: Customer, wanted: Wanted, phone: str) -> str:
    """Tell of a phone that others are known by and nobody has explained, and of a device that opens too many (ACC-10)."""
    persons = 1 + verified.others_with_phone(phone, customer.pk)
    if persons > value_of(parameters.PERSONS_PER_PHONE.name, kind=int) and not wanted.phone_shared:
        return PHONE_SHARED
    if not wanted.device_id:
        return ""
    with connection.cursor() as cursor:  # two customers on one device take turns
        cursor.execute(LOCK, [f"accounts.device:{current_bank().schema}:{wanted.device_id}"])
    begun = DepositAccount.objects.filter(device_id=wanted.device_id, applied_date=business_date())
    opened = begun.exclude(status=REJECTED).count()
    return DEVICE_LIMIT if opened >= value_of(parameters.OPENINGS_PER_DEVICE.name, kind=int) else ""
