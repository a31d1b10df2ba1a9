"""Screen whom a customer pays against the watchlists, in the caller's transaction (AML-05: customer and counterparty)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.clock import now
from core.ids import new_id
from core.operations import within_transaction
from verification import parameters
from verification.models import Check
from verification.models.check import ANSWERED, CLEAR, WATCHLIST
from verification.operations.checks import record_check
from verification.operations.screening import LOCAL, Outcome, raise_alert
from verification.screening.match import Person, find_candidates, outcome_of
from verification.screening.versions import current_versions

if TYPE_CHECKING:
    import uuid


@within_transaction
def screen_counterparty(*, subject_id: uuid.UUID, name: str, purpose: str, business_id: str) -> Outcome:
    """Screen a person or a firm by name alone for a customer's business, and put the result on record with the customer.

    Of a counterparty no more than a name is known, so a listed name is `review` at most, which nobody passes without staff;
    whoever acts on the outcome treats both as a refusal. The customer must not learn of it (AML-08).
    """
    versions = current_versions()
    candidates = find_candidates(Person(name=name), versions, persons_only=False)
    outcome = outcome_of(candidates, review_score=parameters.number(parameters.SCREENING_REVIEW_SCORE))
    check = Check.objects.create(
        id=new_id(),
        subject_id=subject_id,
        kind=WATCHLIST,
        purpose=purpose,
        business_id=business_id,
        status=ANSWERED,
        outcome=outcome,
        provider=LOCAL,
        asked={"counterparty": name},
        detail={"lists": {version.list_code: version.number for version in versions}},
        answered_at=now(),
    )
    record_check(check=check)
    if outcome != CLEAR:
        raise_alert(check=check, candidates=candidates)
    return outcome
