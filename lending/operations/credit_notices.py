"""Tell a borrower that bad information is going to be reported, before it is (征信业管理条例 第十五条)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from core.audit.log import record
from core.clock import business_date, now
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from lending import servicing_parameters
from lending.models import BureauRecord, CreditNotice, Loan, LoanPaper
from lending.models.bureau import LETTER, SENT, WAITING
from lending.models.paper import NOTICE as NOTICE_PAPER
from lending.operations.papers import Wanted, issue_paper
from lending.papers import data
from lending.queries.loans import loan_standing
from lending.queries.papers import heading_of
from lending.states import NOTICE

SYSTEM = "system"


@within_transaction
def notice_sent(*, notice_id: uuid.UUID) -> None:
    """Record that the text was handed over; what waits for it is released after the days that lie between."""
    if CreditNotice.objects.filter(pk=notice_id, status=WAITING).exists():
        transition(NOTICE, notice_id, "send", actor=SYSTEM, sent_date=business_date(), sent_at=now(), reason_code="")


@within_transaction
def notice_failed(*, notice_id: uuid.UUID, code: str) -> None:
    """Record that no text can be handed over: staff post a letter instead."""
    if CreditNotice.objects.filter(pk=notice_id, status=WAITING).exists():
        transition(NOTICE, notice_id, "fail", actor=SYSTEM, reason=code, reason_code=code)


@within_transaction
def notice_needless(*, notice_id: uuid.UUID) -> None:
    """Let a notice go whose loan was put right before it went out, where nothing bad waits to be reported."""
    if CreditNotice.objects.filter(pk=notice_id, status=WAITING).exists():
        transition(NOTICE, notice_id, "cancel", actor=SYSTEM)


@opens_transaction
def letter_posted(*, notice_id: uuid.UUID, tracking: str, actor: str) -> None:
    """Record that a notice was posted as a registered letter, by its number.

    Raises:
        NotFound, StateConflict: there is no such notice, or it was given already.
    """
    transition(
        NOTICE, notice_id, "send", actor=actor, channel=LETTER, tracking=tracking, sent_date=business_date(),
        sent_at=now(), reason_code="",
    )  # fmt: skip
    record("credit_notice.letter_posted", actor=actor, subject=notice_id.hex, detail={"tracking": tracking})


@opens_transaction
def cancel_notice(*, notice_id: uuid.UUID, actor: str) -> None:
    """Let a notice go that has nothing to announce any more.

    Raises:
        NotFound, StateConflict: there is no such notice, it was given, or bad records wait for it.
    """
    row = CreditNotice.objects.select_for_update(no_key=True).filter(pk=notice_id).first()
    if row is None:
        raise NotFound
    if row.ended_date is None or BureauRecord.objects.filter(loan_id=row.loan_id, released_date=None).exists():
        raise StateConflict("贷款仍逾期，或有不良信息待告知后报送，不能取消告知")
    transition(NOTICE, notice_id, "cancel", actor=actor)
    record("credit_notice.cancelled", actor=actor, subject=notice_id.hex)


def issue_notice_paper(*, notice_id: uuid.UUID, actor: str) -> LoanPaper:
    """Return the letter of a notice (不良信息报送告知书), made and signed when it is asked for.

    Raises:
        NotFound: there is no such notice.
        StateConflict: the loan is not overdue, or a name cannot be set.
        TooManyRequests, Unavailable: see `issue_receipt`.
    """
    notice = CreditNotice.objects.filter(pk=notice_id).first()
    if notice is None:
        raise NotFound
    rows = Loan.objects.select_related("line__product_version", "contract").prefetch_related("instalments__shares")
    loan = rows.get(pk=notice.loan_id)
    standing, today = loan_standing(loan).standing, business_date()
    if standing.overdue_days == 0:
        raise StateConflict("该笔贷款没有逾期，无需告知")
    told_date = notice.sent_date if notice.status == SENT and notice.sent_date else today
    facts = data.notice(
        heading_of(loan, whole_id_number=True),
        as_of_date=today,
        overdue_since=today - timedelta(days=standing.overdue_days),
        overdue_days=standing.overdue_days,
        overdue_fen=standing.overdue.total_fen,
        outstanding_fen=loan.outstanding_fen,
        report_from_date=told_date + timedelta(days=servicing_parameters.notice_ahead_days()),
    )
    return issue_paper(wanted=Wanted(loan_id=loan.pk, kind=NOTICE_PAPER, facts=facts), actor=actor)
