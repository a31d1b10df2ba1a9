"""Send notices to customers."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from accounts import vendors
from accounts.models import Notice
from accounts.notice_texts import text_of
from accounts.operations import notices
from core.gateway import Rejected
from core.steps.registry import VENDOR, Done, Failed, Outcome, StepRun, register_step
from core.tenancy import current_bank
from tenants import directory
from verification import queries as verified

PATIENCE: Final = timedelta(days=2)


def _give_up(run: StepRun) -> None:
    notices.notice_given_up(notice_id=run.subject_id, code="vendor_unavailable")


@register_step(notices.SEND, lane=VENDOR, deadline=PATIENCE, give_up=_give_up)
def send_notice(run: StepRun) -> Outcome:
    """Hand one text over. QUERYABLE: under the step's id it is one text, however often it is handed over."""
    notice = Notice.objects.get(pk=run.subject_id)
    phone = verified.phone_of(notice.customer_id)
    if notice.sent_at is not None or phone is None:
        return Done()
    card = directory.card_of(current_bank().code)
    made = text_of(notice.kind, notice.about_date, sender=card.display_name if card else current_bank().code)
    try:
        vendors.text_messages().send(
            phone=phone, template=made.template, parameters=made.parameters, text=made.text, request_id=run.request_id
        )
    except Rejected as refusal:
        return Failed(refusal.code, partial(notices.notice_given_up, notice_id=notice.pk, code=refusal.code))
    return Done(partial(notices.notice_sent, notice_id=notice.pk))
