"""End a manual review of an application: a member of staff grants within what the model proposes, or refuses (LN-14)."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Final

from core import evidence
from core.audit.log import record
from core.errors import StateConflict
from core.operations import within_transaction
from lending.decision.decide import locked_reasons
from lending.decision.reasons import REASONS
from lending.models import Application, Decision
from lending.models.application import REVIEW
from lending.models.decision import FULL
from lending.operations.applying import ACT, reject
from lending.operations.deciding import REFUSED, offer
from lending.operations.locking import lock_application, lock_application_and_exposure
from lending.queries.applications import room_fen
from lending.queries.facts import early_facts
from verification import operations as verification

EVIDENCE: Final = "lending.review"


@within_transaction
def grant(*, application_id: uuid.UUID, actor: str, reason: str, limit_fen: int | None = None) -> Application:
    """Offer what the model proposed, or a smaller limit. The watchlists are asked again: who is not clear is not granted.

    What refuses by law is looked at again too (related parties, region, age, ID card): no person overrides it.

    Raises:
        NotFound: there is no such application.
        StateConflict: it is not under review, nothing was proposed, the limit lies outside what was proposed, a rule or
            the law rejects, the person's cap has no room, or it cannot go on now.
    """
    application = _under_review(lock_application_and_exposure(application_id=application_id))
    decision = Decision.objects.filter(application=application, stage=FULL).first()
    if _is_hard_refusal(application, decision):
        raise StateConflict("该申请有法定或产品的拒绝原因，不能人工改为通过，请拒绝")
    if decision is None or decision.limit_fen is None or decision.annual_rate is None:
        raise StateConflict("没有可执行的额度方案，请拒绝该申请或请客户重新申请")
    granted_fen = decision.limit_fen if limit_fen is None else limit_fen
    if not application.product_version.min_amount_fen <= granted_fen <= decision.limit_fen:
        raise StateConflict("核定额度须不低于产品起点金额，且不高于模型测算的额度")
    if granted_fen > room_fen(application):
        raise StateConflict("该客户授信合计已达上限")
    outcome = verification.screen_subject(
        subject_id=application.customer_id, purpose=ACT, business_id=application_id.hex
    )
    if outcome != "clear":
        raise StateConflict("该申请暂不能通过，请稍后再试")
    if granted_fen != decision.limit_fen:
        Application.objects.filter(pk=application_id).update(granted_limit_fen=granted_fen)
    _put_on_record(application, decided="granted", actor=actor, reason=reason, limit_fen=granted_fen)
    return offer(application_id=application_id, actor=actor)


@within_transaction
def refuse(*, application_id: uuid.UUID, actor: str, reason: str) -> Application:
    """Refuse an application under review; the customer reads the neutral text, the reason stays with the bank.

    Raises:
        NotFound: there is no such application.
        StateConflict: it is not under review.
    """
    application = _under_review(lock_application(application_id=application_id))
    _put_on_record(application, decided="refused", actor=actor, reason=reason, limit_fen=None)
    return reject(application_id=application_id, codes=[REFUSED], actor=actor)


def _is_hard_refusal(application: Application, decision: Decision | None) -> bool:
    """Tell whether anything rejects that no person may set aside: by the decision, or by the law as of today (LN-18)."""
    codes = [] if decision is None else decision.reason_codes
    rejected = any(code in REASONS and REASONS[code].effect == "reject" for code in codes)
    return rejected or bool(locked_reasons(early_facts(application)))


def _under_review(application: Application) -> Application:
    if application.status != REVIEW:
        raise StateConflict("该申请不在人工审核中")
    return application


@within_transaction
def _put_on_record(
    application: Application, *, decided: str, actor: str, reason: str, limit_fen: int | None
) -> None:  # fmt: skip
    record(f"review.{decided}", actor=actor, subject=application.pk.hex, detail={"reason": reason})
    facts = {
        "format": "review/2", "application": application.pk.hex, "decided": decided, "by": actor, "reason": reason,
        "limit_fen": limit_fen,
    }  # fmt: skip
    content = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    evidence.append(EVIDENCE, application.pk.hex, hashlib.sha256(content).digest())
