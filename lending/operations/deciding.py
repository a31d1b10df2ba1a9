"""Decide an application: face and authorisations, watchlist, bureau, government data, then rating, limit and price."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from django.db.models import F

from core.actors import customer_actor
from core.clock import business_date, now
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from lending import parameters
from lending.actors import SYSTEM
from lending.decision.decide import decide_full
from lending.decision.engine import DecisionModel, DecisionModelError
from lending.models import Application, BureauReport, GovernmentData
from lending.models.application import DECIDING
from lending.models.decision import FULL
from lending.offering import policy_of
from lending.operations.applying import ACT, VENDOR_UNAVAILABLE, check_open, reject
from lending.operations.locking import lock_application, lock_application_and_exposure
from lending.operations.recording import record_decision
from lending.operations.shadowing import record_shadow
from lending.providers import bureau, government
from lending.queries.decision_models import model_for
from lending.queries.facts import full_facts
from lending.sources import bureau_content, canonical, government_content
from lending.states import APPLICATION
from verification import operations as verification

ASK_BUREAU: Final = "application.ask_bureau"
ASK_GOVERNMENT: Final = "application.ask_government"
DECIDE: Final = "application.decide"
CREDIT_QUERY: Final = "credit_query"
DATA_QUERY: Final = "data_query"
CONSENT_MISSING: Final = "consent_missing"
REFUSED: Final = "refused"
MANUAL_REVIEW: Final = "manual_review"
MODEL_FAILED: Final = "model_failed"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to be asked outside: about whom, under which authorisation."""

    customer_id: uuid.UUID
    authorisation_id: uuid.UUID


@opens_transaction
def submit_application(*, application_id: uuid.UUID, customer_id: uuid.UUID, face_token: str) -> Application:
    """Take authorisations and face, screen against the watchlists, and start deciding.

    A hit on a list is a neutral refusal and costs no further call; a possible match goes on and ends with a person
    (AML-07, AML-08).

    Raises:
        StateConflict: the application does not wait for the face.
        ProductClosed: product, bank or province have stopped taking applications meanwhile.
        ConsentMissing: an authorisation that the product demands has not been given for this application.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the token is not good for this.
    """
    application = lock_application(application_id=application_id)
    APPLICATION.target(application.status, "submit")
    check_open(version=application.product_version)
    required = [CREDIT_QUERY, DATA_QUERY, *application.product_version.required_consents]
    consents = verification.require_consents(subject_id=customer_id, purposes=required, business_id=application_id.hex)
    face_check_id = verification.consume_face_token(
        token=face_token, subject_id=customer_id, action=ACT, business_id=application_id.hex
    )
    outcome = verification.screen_subject(subject_id=customer_id, purpose=ACT, business_id=application_id.hex)
    submitted = transition(
        APPLICATION, application_id, "submit", actor=customer_actor(customer_id), face_check_id=face_check_id,
        credit_query_consent_id=consents[0], data_query_consent_id=consents[1], submitted_at=now(),
        needs_review=outcome == "review",
    )  # fmt: skip
    if outcome == "hit":
        return reject(application_id=application_id, codes=[REFUSED])
    enqueue(ASK_BUREAU, application_id)
    return submitted


@opens_transaction
def about_to_ask_bureau(*, application_id: uuid.UUID) -> Question | None:
    """Commit the intent to query the bureau, with its authorisation in force at this moment (LN-06, LN-07, LN-16).

    Returns None where nothing is to be asked: the report is here, or the application is over.

    Raises:
        ConsentMissing: the customer has withdrawn the authorisation.
    """
    application = lock_application(application_id=application_id)
    if application.status != DECIDING:
        return None
    authorisation_id = _authorisation(application, CREDIT_QUERY)
    row, _ = BureauReport.objects.get_or_create(
        application=application, defaults={"authorisation_id": authorisation_id}
    )
    if row.answered_at is not None:
        return None
    BureauReport.objects.filter(pk=row.pk).update(queries=F("queries") + 1, authorisation_id=authorisation_id)
    return Question(customer_id=application.customer_id, authorisation_id=authorisation_id)


def _authorisation(application: Application, purpose: str) -> uuid.UUID:
    return verification.require_consents(
        subject_id=application.customer_id, purposes=[purpose], business_id=application.pk.hex
    )[0]


@within_transaction
def bureau_answered(*, application_id: uuid.UUID, report: bureau.BureauReport) -> None:
    """Keep the report and go on to the government offices."""
    content = bureau_content(report)
    BureauReport.objects.filter(application_id=application_id).update(
        content=content,
        content_sha256=hashlib.sha256(canonical(content)).digest(),
        report_number=report.report_id[:64],
        answered_at=now(),
    )
    enqueue(ASK_GOVERNMENT, application_id)


@opens_transaction
def about_to_ask_government(*, application_id: uuid.UUID) -> Question | None:
    """Commit the intent to ask the government offices; see `about_to_ask_bureau`.

    Raises:
        ConsentMissing: the customer has withdrawn the authorisation.
    """
    application = lock_application(application_id=application_id)
    if application.status != DECIDING:
        return None
    authorisation_id = _authorisation(application, DATA_QUERY)
    row, _ = GovernmentData.objects.get_or_create(
        application=application, defaults={"authorisation_id": authorisation_id}
    )
    if row.answered_at is not None:
        return None
    GovernmentData.objects.filter(pk=row.pk).update(queries=F("queries") + 1, authorisation_id=authorisation_id)
    return Question(customer_id=application.customer_id, authorisation_id=authorisation_id)


@within_transaction
def government_answered(*, application_id: uuid.UUID, data: government.GovernmentData) -> None:
    """Keep the data and have the application decided."""
    content = government_content(data)
    GovernmentData.objects.filter(application_id=application_id).update(
        content=content, content_sha256=hashlib.sha256(canonical(content)).digest(), answered_at=now()
    )
    enqueue(DECIDE, application_id)


@within_transaction
def government_gave_nothing(*, application_id: uuid.UUID) -> None:
    """Have the application decided without government data, as the product says (`missing_source`)."""
    GovernmentData.objects.filter(application_id=application_id).update(gave_up=True, answered_at=now())
    enqueue(DECIDE, application_id)


@within_transaction
def end_undecided(*, application_id: uuid.UUID, code: str) -> None:
    """End an application that cannot be decided; one that is over stays as it is."""
    application = lock_application(application_id=application_id)
    if application.status == DECIDING:
        reject(application_id=application_id, codes=[code], retryable=code in {VENDOR_UNAVAILABLE, CONSENT_MISSING})


@within_transaction
def decide(*, application_id: uuid.UUID) -> None:
    """Decide by the version that the application began with and the LPR of the business date; put it on record.

    The customer's exposure is locked, so that two decisions at once do not both count on the same room (LN-01). Where the
    bank's own model fails nothing is decided and a person looks at the application; a challenger is asked beside the model
    and changes nothing.

    Raises:
        LprUnknown: no LPR is on record for the business date.
    """
    application = lock_application_and_exposure(application_id=application_id)
    if application.status != DECIDING:
        return
    facts, policy = full_facts(application), policy_of(application.product_version)
    model = model_for(application.product_version, stage=FULL)
    try:
        decision = decide_full(facts, policy, model=model)
    except DecisionModelError as error:
        _leave_to_a_person(application_id, model, error)
        return
    row = record_decision(
        application=application, stage=FULL, facts=facts, policy=policy, model=model, decision=decision
    )  # fmt: skip
    challenger_id = application.product_version.challenger_model_id
    record_shadow(decision=row, challenger_id=challenger_id, facts=facts, policy=policy)
    if decision.outcome == "rejected":
        reject(application_id=application_id, codes=decision.reasons)
    elif decision.outcome == "review":
        transition(
            APPLICATION, application_id, "refer", actor=SYSTEM, reason=decision.reasons[0],
            reason_codes=list(decision.reasons), decided_at=now(),
        )  # fmt: skip
    else:
        offer(application_id=application_id, actor=SYSTEM)


def _leave_to_a_person(application_id: uuid.UUID, model: DecisionModel, error: DecisionModelError) -> None:
    log.error("decision.model_failed", model=model.version, node=error.node, why=error.reason)
    transition(
        APPLICATION, application_id, "refer", actor=SYSTEM, reason=MODEL_FAILED, reason_codes=[MANUAL_REVIEW],
        decided_at=now(),
    )  # fmt: skip


@within_transaction
def offer(*, application_id: uuid.UUID, actor: str) -> Application:
    """Make the offer that was decided; it can be accepted for so many business days (`application.offer_days`)."""
    product = Application.objects.values_list("product_version__product__code", flat=True).get(pk=application_id)
    return transition(
        APPLICATION, application_id, "offer", actor=actor, decided_at=now(), reason_codes=[],
        offer_expires_date=business_date() + timedelta(days=parameters.offer_days(product)),
    )  # fmt: skip
