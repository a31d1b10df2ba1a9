"""Ask the carriers whether name, ID number and phone belong together (A4-14)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from core.gateway import GatewayError
from core.steps.registry import VENDOR, Done, Failed, Outcome, StepRun, register_step
from verification import vendors
from verification.models import Check
from verification.models.check import CARRIER, NOT_FOUND
from verification.numbers import Carrier, route_for
from verification.operations.checks import (
    CHECK_CARRIER,
    answer_check,
    count_call,
    elements_of,
    give_up_check,
    keep_route,
)
from verification.steps.patience import VENDOR_UNAVAILABLE, try_later
from verification.switching import is_stopped


@register_step(CHECK_CARRIER, lane=VENDOR, lease=timedelta(seconds=60))
def check_carrier(run: StepRun) -> Outcome:
    """Find the phone's carrier, then ask that carrier. PURE: a repeat is paid, never wrong."""
    check = Check.objects.get(pk=run.subject_id)
    if is_stopped(check=CARRIER, action=check.purpose):
        return Failed(VENDOR_UNAVAILABLE, partial(give_up_check, check_id=check.id))
    try:
        outcome = _ask(check, run.request_id)
    except GatewayError as error:
        return try_later(error, since=check.asked_at, give_up=partial(give_up_check, check_id=check.id))
    return Done(partial(answer_check, check_id=check.id, outcome=outcome), {"outcome": outcome})


def _ask(check: Check, request_id: str) -> str:
    route = _route(check, request_id)
    if route is None:
        return NOT_FOUND  # the number is of no carrier's segment: nobody can be asked
    count_call(check_id=check.id)
    asked = elements_of(check)
    answer = vendors.carriers().verify(
        route=route,
        name=asked["name"],
        id_number=asked["id_number"],
        phone=asked["phone"],
        request_id=request_id,
    )
    return answer.result.value


def _route(check: Check, request_id: str) -> Carrier | None:
    """Return whom to ask: as looked up (once, however often the step is tried), else by the number's segment."""
    if "carrier" in check.detail:
        return Carrier(check.detail["carrier"])
    count_call(check_id=check.id)
    phone = elements_of(check)["phone"]
    route = route_for(phone, looked_up=vendors.carriers().lookup(phone=phone, request_id=request_id))
    if route is not None:
        keep_route(check_id=check.id, carrier=route.value)
    return route
