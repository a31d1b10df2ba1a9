"""What staff do to accounts and the books by two people (`core.approvals`): the second one's agreement is the act."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from accounts.complaining import refuse_another_extension
from accounts.models import Complaint, TopUp, Transfer
from accounts.operations import corrections, face_to_face
from accounts.operations.complaints import EXTEND_AGAIN, extend_again
from accounts.operations.restrictions import Order, lift_restriction, place_restriction
from accounts.operations.stranded import give_back_stranded
from core.approvals.registry import Approved, register_approval
from core.errors import NotFound

RESTRICT: Final = "account.restrict"
LIFT: Final = "restriction.lift"
PROPOSE_RESTRICTION: Final = "accounts.propose_restriction"
DECIDE_RESTRICTION: Final = "accounts.decide_restriction"
CONFIRM_FACE_TO_FACE: Final = "account.confirm_face_to_face"
REVIEW_OPENINGS: Final = "accounts.review_opening"
GIVE_BACK_DEBIT: Final = "entry.give_back_debit"
TAKE_BACK_CREDIT: Final = "entry.take_back_credit"
GIVE_BACK_TOP_UP: Final = "top_up.give_back"
GIVE_BACK_TRANSFER: Final = "transfer.give_back"
PROPOSE_CORRECTION: Final = "accounts.propose_correction"
DECIDE_CORRECTION: Final = "accounts.decide_correction"
SUBJECT_LENGTH: Final = 64
WORK_COMPLAINTS: Final = "accounts.change_complaint"
DECIDE_COMPLAINT: Final = "accounts.decide_complaint"


def subject_of(order: Order) -> str:
    """Return what a proposal of an order is about: the account and the order, for several authorities may want one account."""
    return f"{order.account_id.hex}:{order.order_number}"[:SUBJECT_LENGTH]


def values_of(order: Order) -> dict[str, Any]:
    """Write an order as a proposal keeps it; the account is in the proposal's subject."""
    return {
        "kind": order.kind,
        "amount_fen": order.amount_fen,
        "order_number": order.order_number,
        "authority": order.authority,
        "expires_date": None if order.expires_date is None else order.expires_date.isoformat(),
    }


@register_approval(RESTRICT, title="账户限制令", proposer=PROPOSE_RESTRICTION, decider=DECIDE_RESTRICTION)
def restrict(approved: Approved) -> None:
    """Put an order in force; the subject begins with the account."""
    values = dict(approved.values)
    expires = values.pop("expires_date")
    order = Order(
        account_id=uuid.UUID(approved.subject.partition(":")[0]),
        expires_date=None if expires is None else date.fromisoformat(expires),
        **values,
    )
    place_restriction(order=order, reason=approved.reason, actor=approved.actor)


@register_approval(LIFT, title="解除账户限制令", proposer=PROPOSE_RESTRICTION, decider=DECIDE_RESTRICTION)
def lift(approved: Approved) -> None:
    """Lift an order; the subject is the order."""
    lift_restriction(restriction_id=uuid.UUID(approved.subject), reason=approved.reason, actor=approved.actor)


def _check_confirming(subject: str, values: Mapping[str, Any]) -> None:
    del values
    face_to_face.refuse_unconfirmable(account_id=uuid.UUID(subject))


@register_approval(
    CONFIRM_FACE_TO_FACE, title="面签确认", proposer=REVIEW_OPENINGS, decider=REVIEW_OPENINGS,
    page="accounts_depositaccount", check=_check_confirming,
)  # fmt: skip
def confirm_face_to_face(approved: Approved) -> None:
    """Note that an account's customer was seen face to face (ACC-04); the subject is the account."""
    face_to_face.confirm_face_to_face(
        account_id=uuid.UUID(approved.subject), reason=approved.reason, actor=approved.actor
    )  # fmt: skip


@register_approval(GIVE_BACK_DEBIT, title="错扣退回", proposer=PROPOSE_CORRECTION, decider=DECIDE_CORRECTION)
def give_back_debit(approved: Approved) -> None:
    """Give back what an entry took wrongly; the subject is the entry."""
    corrections.give_back_debit(
        entry_id=uuid.UUID(approved.subject), reason=approved.reason, actor=approved.actor
    )  # fmt: skip


def _check_taking_back(subject: str, values: Mapping[str, Any]) -> None:
    del values
    corrections.refuse_untakeable(entry_id=uuid.UUID(subject))


@register_approval(
    TAKE_BACK_CREDIT, title="来款错入冲正", proposer=PROPOSE_CORRECTION, decider=DECIDE_CORRECTION,
    page="accounts_journalentry", check=_check_taking_back,
)  # fmt: skip
def take_back_credit(approved: Approved) -> None:
    """Take back what was booked out of a receipt into the wrong account; the subject is the entry."""
    corrections.take_back_credit(
        entry_id=uuid.UUID(approved.subject), reason=approved.reason, actor=approved.actor
    )  # fmt: skip


@register_approval(GIVE_BACK_TOP_UP, title="挂账资金转入退还", proposer=PROPOSE_CORRECTION, decider=DECIDE_CORRECTION)
def give_back_top_up(approved: Approved) -> None:
    """Give a stranded top-up back, `to` its card or at the counter; the subject is the top-up."""
    give_back_stranded(
        movement=TopUp, movement_id=uuid.UUID(approved.subject), to=approved.values["to"], actor=approved.actor
    )  # fmt: skip


@register_approval(GIVE_BACK_TRANSFER, title="挂账转账退还", proposer=PROPOSE_CORRECTION, decider=DECIDE_CORRECTION)
def give_back_transfer(approved: Approved) -> None:
    """Give a stranded transfer back, `to` a card of the account or at the counter; the subject is the transfer."""
    give_back_stranded(
        movement=Transfer, movement_id=uuid.UUID(approved.subject), to=approved.values["to"], actor=approved.actor
    )  # fmt: skip


def _check_extension(subject: str, values: Mapping[str, Any]) -> None:
    del values
    row = Complaint.objects.filter(pk=uuid.UUID(subject)).first()
    if row is None:
        raise NotFound
    refuse_another_extension(row)


@register_approval(
    EXTEND_AGAIN, title="投诉再次延期", proposer=WORK_COMPLAINTS, decider=DECIDE_COMPLAINT, page="accounts_complaint",
    check=_check_extension,
)  # fmt: skip
def extend_complaint_again(approved: Approved) -> None:
    """Extend a complaint's term for the second and last time (CUST-01); the subject is the complaint."""
    extend_again(complaint_id=uuid.UUID(approved.subject), said=approved.reason, actor=approved.actor)
