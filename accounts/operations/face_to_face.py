"""Confirm an account face to face: opened remotely, it then takes cash and others' money within its quota (ACC-04, ACC-05).

Staff have seen the customer with the ID card at a counter. That it takes two people is `accounts.approvals`.
"""

from __future__ import annotations

import uuid

from accounts.models import DepositAccount
from accounts.models.deposit_account import ACTIVE, CLASS_THREE, CLASS_TWO
from core.audit.log import record
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.operations import within_transaction
from verification import queries as verified


@within_transaction
def confirm_face_to_face(*, account_id: uuid.UUID, reason: str, actor: str) -> None:
    """Note that an account's customer was seen face to face; what the account may take follows from that.

    Raises:
        NotFound, StateConflict: see `refuse_unconfirmable`.
    """
    refuse_unconfirmable(account_id=account_id)
    DepositAccount.objects.filter(pk=account_id).update(face_to_face=True)
    record("account.confirmed_face_to_face", actor=actor, subject=account_id.hex, detail={"reason": reason})


@within_transaction
def refuse_unconfirmable(*, account_id: uuid.UUID) -> None:
    """Lock an account that can be confirmed face to face; refuse any other.

    Raises:
        NotFound: there is no such account.
        StateConflict: it is no active Class II or III account, is confirmed already, or its customer's ID card has ended.
    """
    account = DepositAccount.objects.select_for_update(no_key=True).filter(pk=account_id).first()
    if account is None:
        raise NotFound
    if account.status != ACTIVE or account.account_class not in (CLASS_TWO, CLASS_THREE) or account.face_to_face:
        raise StateConflict("只有可用且尚未面签的Ⅱ、Ⅲ类户可以确认面签")
    identity = verified.identity(account.customer_id)
    if identity is None or (identity.valid_until is not None and identity.valid_until < business_date()):
        raise StateConflict("客户身份证已过期，请客户先更新证件再确认面签")
