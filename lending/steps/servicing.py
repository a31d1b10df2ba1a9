"""The durable steps while a loan is serviced: passing money on to a payee, notices to borrowers."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial
from typing import Final

from core.clock import now
from core.gateway import GatewayError, Rejected
from core.steps.registry import VENDOR, Again, Done, Failed, Outcome, StepRun, register_step
from core.tenancy import current_bank
from lending import servicing_parameters, vendors
from lending.models import BureauRecord, CreditNotice, EntrustedPayment
from lending.models.bureau import WAITING
from lending.models.entrusted import PASSING
from lending.operations import bureau, credit_notices, entrusting, warning
from lending.passing_on import how_far
from tenants import directory
from verification import queries as verified

TEMPLATE: Final = "credit_notice"
PATIENCE: Final = timedelta(days=2)
TAIL: Final = 4
VENDOR_UNAVAILABLE: Final = "vendor_unavailable"
NO_PHONE: Final = "no_phone"


@register_step(entrusting.TO_PAYEE)
def pass_on(run: StepRun) -> Outcome:
    """Move a disbursed drawdown's money on to its payee."""
    return Done(partial(entrusting.pass_on, drawdown_id=run.subject_id))


@register_step(entrusting.AT_PAYEE)
def passed_on(run: StepRun) -> Outcome:
    """Wait for the transfer to a payee without a deadline, and conclude; what it is doing is the accounts room's step."""
    row = EntrustedPayment.objects.get(drawdown_id=run.subject_id)
    if row.status != PASSING or row.transfer_id is None:
        return Done()
    found = how_far(row.transfer_id)
    if found.status == "pending":
        return Again("transfer pending")
    return Done(partial(entrusting.conclude_passing_on, drawdown_id=run.subject_id, code=found.code))


@register_step(bureau.SEND_NOTICE, lane=VENDOR, lease=timedelta(seconds=30))
def send_notice(run: StepRun) -> Outcome:
    """Hand a notice to the borrower's phone, by day. QUERYABLE: under the step's id it is one text, however often handed over.

    A loan that was put right meanwhile is not written about, unless something bad of it waits to be reported.
    """
    notice = CreditNotice.objects.select_related("loan__contract").get(pk=run.subject_id)
    if notice.status != WAITING:
        return Done()
    waits = BureauRecord.objects.filter(loan_id=notice.loan_id, released_date=None).exists()
    if notice.ended_date is not None and not waits:
        return Done(partial(credit_notices.notice_needless, notice_id=notice.pk))
    pause = _until_day(now())
    if pause is not None:
        return Again("outside hours", pause)
    phone = verified.phone_of(notice.loan.customer_id)
    if phone is None:
        return Failed(NO_PHONE, partial(credit_notices.notice_failed, notice_id=notice.pk, code=NO_PHONE))
    text, parameters = _words(notice)
    try:
        vendors.text_messages().send(
            phone=phone, template=TEMPLATE, parameters=parameters, text=text, request_id=run.request_id
        )
    except Rejected as error:
        return Failed(error.code, partial(credit_notices.notice_failed, notice_id=notice.pk, code=error.code[:40]))
    except GatewayError as error:
        if now() < run.created_at + PATIENCE:
            return Again(f"sms {error.kind}")
        given_up = partial(credit_notices.notice_failed, notice_id=notice.pk, code=VENDOR_UNAVAILABLE)
        return Failed(VENDOR_UNAVAILABLE, given_up)
    return Done(partial(credit_notices.notice_sent, notice_id=notice.pk))


@register_step(warning.ACT)
def act_on_warning(run: StepRun) -> Outcome:
    """Do what an early warning demands of its borrower's lines."""
    return Done(partial(warning.act_on_warning, warning_id=run.subject_id))


def _until_day(moment: datetime) -> timedelta | None:
    """Return how long it is until borrowers may be written to, or None where they may be now (LN-15)."""
    first, last = servicing_parameters.collection_hours()
    if first <= moment.hour < last:
        return None
    day = moment.date() if moment.hour < first else moment.date() + timedelta(days=1)
    return datetime.combine(day, time(first), moment.tzinfo) - moment


def _words(notice: CreditNotice) -> tuple[str, dict[str, str]]:
    """Write what the phone shows: from whom, which contract, since when, from when it is reported, and where to object.

    Nothing of it changes from one attempt to the next, so that the sender knows the text again.
    """
    card = directory.card_of(current_bank().code)
    sender = card.display_name if card else current_bank().code
    tail = notice.loan.contract.number[-TAIL:]
    ahead = servicing_parameters.notice_ahead_days()
    phone = card.phone if card else ""
    text = (
        f"【{sender}】您尾号{tail}的借款合同自{notice.overdue_since_date:%Y年%m月%d日}起逾期。"
        f"根据《征信业管理条例》第十五条告知您：本行将自{ahead}日后依法向金融信用信息基础数据库报送该不良信息，"
        f"请尽快还款。如有异议请致电{phone}。"
    )
    return text, {"contract": tail, "days": str(ahead)}
