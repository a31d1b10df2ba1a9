"""When a loan owes nothing any more, and when it does again: its state, its account's claim, its events."""

from __future__ import annotations

from typing import Final

from django.db.models import F

from accounts import operations as accounts
from core.clock import business_date
from core.operations import within_transaction
from core.states import transition
from lending import books
from lending.models import Instalment, Loan, LoanEvent, Repayment
from lending.models.loan import ACTIVE, SETTLED, WRITTEN_OFF
from lending.models.loan_event import EVENT_SETTLED, REOPENED
from lending.models.repayment import POSTED
from lending.states import LOAN

SYSTEM: Final = "system"


@within_transaction
def follow_settlement(*, loan: Loan) -> None:
    """Settle a loan that owes nothing any more, on the day on which the last of it was paid; its account is free again.

    To be called after every change of a loan: a new price, too, can leave nothing to pay.
    """
    if Instalment.objects.filter(loan=loan, closed_date=None, replaced_by_version=None).exists():
        return
    paying = Repayment.objects.filter(loan=loan, status=POSTED, total_fen__gt=F("excess_fen"))
    last = paying.order_by("value_date", "sequence").last()
    if last is None:
        return
    if loan.status != SETTLED:
        transition(LOAN, loan.pk, "settle", actor=SYSTEM, settled_date=last.value_date)
        accounts.release_claim(account_id=loan.account_id, claimant=books.claimant(loan.pk))
        record_event(kind=EVENT_SETTLED, loan=loan, repayment=last)
    elif loan.settled_date != last.value_date:
        Loan.objects.filter(pk=loan.pk).update(settled_date=last.value_date)
    loan.status, loan.settled_date = SETTLED, last.value_date


@within_transaction
def reopen(*, loan: Loan) -> None:
    """Open a settled loan that owes something after all; one that was written off is written off again."""
    was_written_off = loan.written_off_date is not None
    transition(
        LOAN, loan.pk, "reopen_written_off" if was_written_off else "reopen", actor=SYSTEM, settled_date=None
    )  # fmt: skip
    loan.status, loan.settled_date = WRITTEN_OFF if was_written_off else ACTIVE, None
    accounts.place_claim(account_id=loan.account_id, claimant=books.claimant(loan.pk))
    LoanEvent.objects.create(
        loan=loan, kind=REOPENED, business_date=business_date(), amount_fen=0, outstanding_fen=loan.outstanding_fen
    )  # fmt: skip


@within_transaction
def record_event(*, kind: str, loan: Loan, repayment: Repayment) -> None:
    """Append an event that a repayment has caused, on the present business date."""
    LoanEvent.objects.create(
        loan=loan,
        kind=kind,
        business_date=business_date(),
        amount_fen=repayment.total_fen,
        outstanding_fen=loan.outstanding_fen,
        detail={
            "repayment": repayment.pk.hex, "kind": repayment.kind, "shares": repayment.shares,
            "value_date": repayment.value_date.isoformat(),
        },
    )  # fmt: skip
