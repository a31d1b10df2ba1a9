"""Ask the national system about name and ID number, and keep the portrait that it returns (A4-15)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from core import vault
from core.gateway import GatewayError
from core.steps.registry import VENDOR, Done, Failed, Outcome, StepRun, register_step
from verification import vendors
from verification.models import Check
from verification.models.check import ID_CHECK
from verification.operations.checks import CHECK_ID, answer_check, count_call, elements_of, give_up_check
from verification.steps.patience import VENDOR_UNAVAILABLE, try_later
from verification.switching import is_stopped

PHOTO_TYPE = "image/jpeg"


@register_step(CHECK_ID, lane=VENDOR, lease=timedelta(seconds=60))
def check_id(run: StepRun) -> Outcome:
    """Ask: three business results, or no answer now. PURE: a repeat is paid, never wrong."""
    check = Check.objects.get(pk=run.subject_id)
    if is_stopped(check=ID_CHECK, action=check.purpose):
        return Failed(VENDOR_UNAVAILABLE, partial(give_up_check, check_id=check.id))
    count_call(check_id=check.id)
    try:
        asked = elements_of(check)
        answer = vendors.id_check().check(name=asked["name"], id_number=asked["id_number"], request_id=run.request_id)
    except GatewayError as error:
        return try_later(error, since=check.asked_at, give_up=partial(give_up_check, check_id=check.id))
    photo = vault.stage(answer.photo, content_type=PHOTO_TYPE) if answer.photo else None
    outcome = answer.result.value
    return Done(partial(answer_check, check_id=check.id, outcome=outcome, photo=photo), {"outcome": outcome})
