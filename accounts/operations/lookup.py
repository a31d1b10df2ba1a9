"""Find a customer for the bank's staff, with a trace of who looked."""

from __future__ import annotations

import uuid

from accounts.models import Customer
from core.audit.log import record
from core.crypto.masking import mask_id_number
from core.errors import NotFound
from core.operations import opens_transaction
from verification.queries import find_subject_by_id_number


@opens_transaction
def look_up_customer(*, id_number: str, actor: str) -> uuid.UUID:
    """Return the customer who is identified by this ID number at the current bank; the audit log keeps who asked.

    The number itself is kept nowhere: it is searched by its keyed hash, and the trace shows its ends only.

    Raises:
        NotFound: nobody here is identified by it. Who asked is not kept then: nothing was learnt of anybody.
    """
    subject_id = find_subject_by_id_number(id_number)
    if subject_id is None or not Customer.objects.filter(pk=subject_id).exists():
        raise NotFound("没有以该证件号码完成身份核验的客户")
    record("customer.looked_up", actor=actor, subject=subject_id.hex, detail={"id_number": mask_id_number(id_number)})
    return subject_id
