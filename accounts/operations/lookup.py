"""Find a customer for the bank's staff, or show who it is, with a trace of who looked and why."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from accounts.models import Customer
from core.audit.log import record
from core.crypto.masking import mask_id_number
from core.errors import NotFound
from core.operations import opens_transaction
from verification import queries as verification

LOOKED_AT = "customer.looked_at"
LOOKED_UP = "customer.looked_up"


@opens_transaction
def look_up_customer(*, id_number: str, actor: str) -> uuid.UUID:
    """Return the customer who is identified by this ID number at the current bank; the audit log keeps who asked.

    The number itself is kept nowhere: it is searched by its keyed hash, and the trace shows its ends only.

    Raises:
        NotFound: nobody here is identified by it. Who asked is not kept then: nothing was learnt of anybody.
    """
    subject_id = verification.find_subject_by_id_number(id_number)
    if subject_id is None or not Customer.objects.filter(pk=subject_id).exists():
        raise NotFound("没有以该证件号码完成身份核验的客户")
    record(LOOKED_UP, actor=actor, subject=subject_id.hex, detail={"id_number": mask_id_number(id_number)})
    return subject_id


@dataclass(frozen=True, slots=True, kw_only=True)
class FullIdentity:
    """Who a customer is, in the clear (class C2): for the one page that shows it, and for nothing else."""

    name: str
    id_number: str
    birth_date: date
    address: str
    residence: str
    phone: str


@opens_transaction
def look_at_customer(*, customer_id: uuid.UUID, reason: str, note: str, actor: str) -> FullIdentity:
    """Return a customer's identity in the clear; that it was looked at, by whom and why, is in the log before it is shown.

    Raises:
        NotFound: there is no such customer, or nobody is known behind the login yet.
    """
    customer, known = Customer.objects.filter(pk=customer_id).first(), verification.identity(customer_id)
    if customer is None or known is None:
        raise NotFound("该客户尚未完成身份核验")
    record(LOOKED_AT, actor=actor, subject=customer_id.hex, detail={"reason": reason, "note": note})
    return FullIdentity(
        name=known.name,
        id_number=known.id_number,
        birth_date=known.birth_date,
        address=known.address,
        residence=customer.residence_address or "",
        phone=verification.phone_of(customer_id) or "",
    )
