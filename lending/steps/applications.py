"""The durable steps of an application: each asks outside with no transaction open and stores what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from core.clock import now
from core.errors import NotFound
from core.gateway import GatewayError, UnknownOutcome
from core.steps.registry import VENDOR, Again, Done, Failed, Outcome, StepRun, Unknown, register_step
from lending import parameters, vendors
from lending.operations import applying, deciding
from lending.providers.bureau import QueryReason
from lending.providers.government import GovernmentItem
from verification import queries as verified
from verification.operations import ConsentMissing
from verification.queries import Identity

VENDOR_LEASE: Final = timedelta(seconds=60)


@register_step(applying.ID_CHECKED)
def id_checked(run: StepRun) -> Outcome:
    """Take up the answer of the national ID check."""
    return Done(partial(applying.id_checked, application_id=run.subject_id))


@register_step(deciding.ASK_BUREAU, lane=VENDOR, lease=VENDOR_LEASE)
def ask_bureau(run: StepRun) -> Outcome:
    """Query the credit bureau under the customer's authorisation. PURE: a repeat is paid and recorded there."""
    try:
        question = deciding.about_to_ask_bureau(application_id=run.subject_id)
    except ConsentMissing:
        return Failed(deciding.CONSENT_MISSING, _end(run, deciding.CONSENT_MISSING))
    if question is None:
        return Done()
    person = _person(question)
    try:
        report = vendors.credit_bureau().report(
            name=person.name,
            id_number=person.id_number,
            authorisation_id=question.authorisation_id.hex,
            reason=QueryReason.LOAN_APPROVAL,
            request_id=run.request_id,
        )
    except GatewayError as error:
        return _try_later(run, error, _end(run, applying.VENDOR_UNAVAILABLE))
    return Done(partial(deciding.bureau_answered, application_id=run.subject_id, report=report))


@register_step(deciding.ASK_GOVERNMENT, lane=VENDOR, lease=VENDOR_LEASE)
def ask_government(run: StepRun) -> Outcome:
    """Ask the government offices. PURE. Without an answer in time the product says how to go on."""
    try:
        question = deciding.about_to_ask_government(application_id=run.subject_id)
    except ConsentMissing:
        return Failed(deciding.CONSENT_MISSING, _end(run, deciding.CONSENT_MISSING))
    if question is None:
        return Done()
    person = _person(question)
    try:
        data = vendors.government().fetch(
            name=person.name, id_number=person.id_number, items=list(GovernmentItem), request_id=run.request_id
        )
    except GatewayError as error:
        return _try_later(run, error, partial(deciding.government_gave_nothing, application_id=run.subject_id))
    return Done(partial(deciding.government_answered, application_id=run.subject_id, data=data))


@register_step(deciding.DECIDE)
def decide(run: StepRun) -> Outcome:
    """Decide: rating, limit and price, all from what is on record."""
    return Done(partial(deciding.decide, application_id=run.subject_id))


def _person(question: deciding.Question) -> Identity:
    identity = verified.identity(question.customer_id)
    if identity is None:
        raise NotFound
    return identity


def _end(run: StepRun, code: str) -> Callable[[], None]:
    return partial(deciding.end_undecided, application_id=run.subject_id, code=code)


def _try_later(run: StepRun, error: GatewayError, give_up: Callable[[], None]) -> Outcome:
    """Try again with growing pauses until the bank's patience (`application.vendor_seconds`) is at its end."""
    if now() >= run.created_at + parameters.patience():
        return Failed(applying.VENDOR_UNAVAILABLE, give_up)
    reason = f"{type(error).__name__} {error.operation}"
    if isinstance(error, UnknownOutcome):
        return Unknown(reason)
    return Again(reason, error.retry_after)
