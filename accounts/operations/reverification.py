"""Let a customer prove again who they are: what was suspended for want of that proof is lifted (ACC-07, ACC-08, ACC-13)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from accounts.models import DepositAccount, Reverification, Suspension
from accounts.models.deposit_account import ACTIVE
from accounts.models.filing import IDENTITY
from accounts.models.suspension import DORMANT, ID_EXPIRED, NO_DOCUMENT, READING, VERIFIED
from accounts.operations.filings import owe_change
from accounts.operations.suspensions import lift_suspensions
from accounts.operations.turnover import document_shown
from accounts.states import REVERIFICATION
from core.actors import customer_actor
from core.clock import business_date, now
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.registry import Then
from verification import operations as verification
from verification import queries as verified

ACT: Final = "reverify"
CARDS_READ: Final = "account.reverification_read"
ANOTHER_PERSON: Final = "id_mismatch"
VENDOR_UNAVAILABLE: Final = "vendor_unavailable"


class IdCardRequired(Problem):
    """The customer's ID card has ended, or is to be shown (ACC-07): a face alone proves nothing of it."""

    code = "id_card_required"
    status = 422
    title = "请上传有效身份证的正反面"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCard:
    """The pictures of a new ID card, as upload ids."""

    front_upload_id: uuid.UUID
    back_upload_id: uuid.UUID


@opens_transaction
def reverify_account(
    *, account_id: uuid.UUID, customer_id: uuid.UUID, face_token: str, new_card: NewCard | None = None
) -> Reverification:
    """Take the customer's face for an account, and a new ID card where there is one.

    The face alone lifts the dormancy of this account. A new card is read first; it lifts what was suspended because the
    former one had ended or none was shown, on all the customer's accounts.

    Raises:
        StateConflict: the account is not active, a card is being read already, or nothing here waits for a proof.
        IdCardRequired: the known card has ended or is to be shown, and none is.
        UploadUnknown: a picture is not the customer's own, or shows another side.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the token is not good for this.
    """
    account = (
        DepositAccount.objects.select_for_update(no_key=True).filter(pk=account_id, customer_id=customer_id).first()
    )
    if account is None:
        raise NotFound
    if account.status != ACTIVE:
        raise StateConflict("该账户当前不能重新核验，请联系开户网点")
    if Reverification.objects.filter(account=account, status=READING).exists():
        raise StateConflict("新的身份证正在识别，请稍后查看结果")
    if new_card is None:
        _refuse_without_card(account)
    row_id = new_id()
    face_check_id = verification.consume_face_token(
        token=face_token, subject_id=customer_id, action=ACT, business_id=account_id.hex
    )
    if new_card is not None:
        reading_id = verification.request_id_card_reading(
            subject_id=customer_id, front_upload_id=new_card.front_upload_id, back_upload_id=new_card.back_upload_id,
            then=Then(CARDS_READ, row_id.hex),
        )  # fmt: skip
        return Reverification.objects.create(
            id=row_id, account=account, face_check_id=face_check_id, reading_id=reading_id
        )
    lift_suspensions(account_ids=[account_id], reasons=[DORMANT], actor=customer_actor(customer_id))
    return Reverification.objects.create(
        id=row_id, account=account, face_check_id=face_check_id, status=VERIFIED, ended_at=now()
    )


def _refuse_without_card(account: DepositAccount) -> None:
    identity = verified.identity(account.customer_id)
    if identity is None:
        raise StateConflict("请先完成注册")
    if identity.valid_until is not None and identity.valid_until < business_date():
        raise IdCardRequired
    if Suspension.objects.filter(account=account, reason=NO_DOCUMENT, until_date=None).exists():
        raise IdCardRequired
    if not Suspension.objects.filter(account=account, reason=DORMANT, until_date=None).exists():
        raise StateConflict("该账户未因长期未用暂停，无需重新核验")


@within_transaction
def reverification_read(*, reverification_id: uuid.UUID) -> None:
    """End a reverification by what was read from the new card: taken over, or refused with the reason."""
    row = Reverification.objects.select_related("account").get(pk=reverification_id)
    if row.status != READING or row.reading_id is None:
        return
    reading = verified.id_card_reading(row.reading_id)
    if reading.identity is None or reading.reason_code:
        _refuse(row, reading.reason_code or "image_unclear")
        return
    try:
        changed = verification.renew_identity(subject_id=row.account.customer_id, identity=reading.identity)
    except verification.AnotherPerson:
        _refuse(row, ANOTHER_PERSON)
        return
    own = DepositAccount.objects.filter(customer_id=row.account.customer_id, status=ACTIVE).order_by("pk")
    account_ids = list(own.values_list("pk", flat=True))
    for account_id in account_ids if changed else []:
        owe_change(account_id=account_id, changed=IDENTITY)
    lift_suspensions(account_ids=account_ids, reasons=[ID_EXPIRED, NO_DOCUMENT], actor="system")
    document_shown(customer_id=row.account.customer_id)
    lift_suspensions(account_ids=[row.account_id], reasons=[DORMANT], actor="system")
    transition(REVERIFICATION, reverification_id, "verify", actor="system", ended_at=now())


def _refuse(row: Reverification, code: str) -> None:
    transition(
        REVERIFICATION, row.pk, "refuse", actor="system", reason=code, reason_code=code, ended_at=now(),
        retryable=code == VENDOR_UNAVAILABLE,
    )  # fmt: skip
