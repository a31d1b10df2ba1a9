"""Put a decision on record: its input, its outcome, the model that made it, and a leaf in the evidence log."""

from __future__ import annotations

import hashlib

from core import evidence
from core.clock import business_date
from core.ids import new_id
from core.operations import within_transaction
from lending.decision.decide import EarlyDecision, FullDecision
from lending.decision.engine import DecisionModel
from lending.decision.facts import EarlyFacts, FullFacts
from lending.decision.policy import PolicyFields, lpr_tenor
from lending.decision.snapshots import decision_bytes, snapshot
from lending.models import Application, Decision, DecisionModelText
from lending.queries.decisions import content_of

EVIDENCE = "lending.decision"


@within_transaction
def record_decision(
    *,
    application: Application,
    stage: str,
    facts: EarlyFacts | FullFacts,
    policy: PolicyFields,
    model: DecisionModel,
    decision: EarlyDecision | FullDecision,
) -> Decision:
    """Keep a decision for good, so that it can be explained and made again from what is kept.

    Raises:
        django.db.IntegrityError: the application has a decision of this stage already.
    """
    row = Decision(
        id=new_id(),
        application=application,
        stage=stage,
        product_version_id=application.product_version_id,
        model=_keep(model),
        business_date=business_date(),
        reason_codes=list(decision.reasons),
        snapshot=snapshot(facts, policy, model=model).decode(),
        result=decision_bytes(decision).decode(),
    )
    if isinstance(decision, FullDecision):
        row.outcome, row.score, row.grade = decision.outcome, decision.score, decision.grade or ""
        row.limit_fen, row.annual_rate = decision.limit_fen, decision.annual_rate
        row.term_months = decision.term_months
    else:
        row.outcome = "passed" if decision.passed else "rejected"
    if isinstance(facts, FullFacts):
        row.lpr_rate, row.lpr_date = facts.lpr_rate, facts.lpr_date
        row.lpr_tenor = lpr_tenor(max(application.product_version.terms_months))
    row.content_sha256 = hashlib.sha256(content_of(row)).digest()
    row.evidence_leaf = evidence.append(EVIDENCE, application.pk.hex, row.content_sha256)
    row.save(force_insert=True)
    return row


def _keep(model: DecisionModel) -> DecisionModelText:
    """Keep a model's content, once per version."""
    kept = {"bank": model.bank, "name": model.name, "content": model.content}
    DecisionModelText.objects.bulk_create([DecisionModelText(version=model.version, **kept)], ignore_conflicts=True)
    return DecisionModelText.objects.get(pk=model.version)
