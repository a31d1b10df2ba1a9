"""Ask a challenger beside the model that decides (champion and challenger): it is put on record and changes nothing."""

from __future__ import annotations

import uuid
from typing import Final

import structlog
from django.db import DatabaseError, transaction

from core.operations import within_transaction
from lending.decision.decide import FullDecision, decide_full
from lending.decision.engine import DecisionModelError
from lending.decision.facts import FullFacts
from lending.decision.policy import PolicyFields
from lending.models import Decision, ShadowDecision
from lending.models.decision_model import ERROR
from lending.queries.decision_models import published_model

log = structlog.get_logger(__name__)
LONGEST: Final = 200


@within_transaction
def record_shadow(
    *, decision: Decision, challenger_id: uuid.UUID | None, facts: FullFacts, policy: PolicyFields
) -> None:
    """Let the challenger, where there is one, decide as well and keep what it says, or why it failed.

    Never raises because of the challenger: whatever it does, the decision stands.
    """
    if challenger_id is None:
        return
    row = ShadowDecision(
        decision=decision, application_id=decision.application_id, challenger_id=challenger_id, outcome=ERROR
    )
    try:
        with transaction.atomic():
            _fill(row, challenger_id, facts, policy)
            row.save(force_insert=True)
    except DatabaseError:
        log.exception("shadow.not_recorded", challenger=challenger_id.hex)


def _fill(row: ShadowDecision, challenger_id: uuid.UUID, facts: FullFacts, policy: PolicyFields) -> None:
    try:
        model = published_model(challenger_id)
        row.model_version = model.version
        told: FullDecision = decide_full(facts, policy, model=model)
    except DecisionModelError as error:
        row.failure = f"{error.node} {error.reason}".strip()[:LONGEST]
    except DatabaseError:
        raise
    except Exception as error:  # whatever a challenger does, the champion's decision stands
        log.exception("shadow.failed", challenger=challenger_id.hex)
        row.failure = type(error).__name__
    else:
        row.outcome, row.reason_codes, row.score = told.outcome, list(told.reasons), told.score
        row.grade, row.limit_fen, row.annual_rate = told.grade or "", told.limit_fen, told.annual_rate
