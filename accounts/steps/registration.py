"""The steps of a registration."""

from __future__ import annotations

from functools import partial

from accounts.models import Registration
from accounts.operations import registration
from core.gateway import GatewayError, Rejected, UnknownOutcome
from core.steps.registry import VENDOR, Done, Failed, Outcome, StepRun, register_step
from tenants import operations as tenants


@register_step(registration.CARDS_READ)
def cards_read(run: StepRun) -> Outcome:
    """Take over what was read from the ID card."""
    return Done(partial(registration.cards_read, registration_id=run.subject_id))


@register_step(registration.CARRIER_CHECKED)
def carrier_checked(run: StepRun) -> Outcome:
    """End a registration by the carrier's answer."""
    return Done(partial(registration.carrier_checked, registration_id=run.subject_id))


@register_step(registration.WECHAT_PHONE, lane=VENDOR)
def wechat_phone(run: StepRun) -> Outcome:
    """Exchange WeChat's phone code for the number.

    The code burns: once an attempt may have sent it, only the customer can supply a new one.
    """
    code = Registration.objects.get(pk=run.subject_id).wechat_phone_code
    if code is None:
        return Done()
    if run.attempt > 1:
        return _refused(run, "phone_code_wrong")
    try:
        phone = tenants.wechat_phone_number(code)
    except (Rejected, UnknownOutcome):
        return _refused(run, "phone_code_wrong")
    except GatewayError:
        return _refused(run, "vendor_unavailable")
    return Done(partial(registration.wechat_phone_known, registration_id=run.subject_id, phone=phone))


def _refused(run: StepRun, code: str) -> Failed:
    return Failed(code, partial(registration.refuse_registration, registration_id=run.subject_id, code=code))
