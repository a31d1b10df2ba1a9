"""Apply for a line: the draft, with the rules that need no bureau and the national ID check."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from accounts import queries as accounts
from core.clock import now
from core.errors import InvalidRequest, Problem, StateConflict, TooManyRequests
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.registry import Then
from lending import parameters
from lending.actors import SYSTEM
from lending.decision.decide import decide_early
from lending.decision.facts_schema import facts_problems
from lending.models import Application, ProductVersion
from lending.models.application import CHECKING
from lending.models.decision import EARLY
from lending.offering import facts_schema_of, policy_of
from lending.operations.locking import lock_application
from lending.operations.recording import record_decision
from lending.queries.applications import has_standing_line
from lending.queries.decision_models import model_for
from lending.queries.facts import early_facts
from lending.queries.products import lends, version_in_force
from lending.queries.terms import check_purpose
from lending.states import APPLICATION
from verification import operations as verification
from verification import queries as verified

ACT: Final = "apply"
ID_CHECKED: Final = "application.id_checked"
REGISTERED: Final = "registered"
ID_CHECK_REFUSALS: Final = {"name_mismatch": "id_mismatch", "not_found": "id_not_found"}
VENDOR_UNAVAILABLE: Final = "vendor_unavailable"


class ProductClosed(Problem):
    """The product, or the bank, takes no applications now."""

    code = "product_closed"
    status = 422
    title = "该产品暂停受理申请，请选择其他产品或联系银行"


@opens_transaction
def start_application(*, customer_id: uuid.UUID, product_code: str, purpose: str, facts: dict[str, Any]) -> Application:
    """Draft an application under the version in force and apply the rules that need no bureau.

    Who is refused by them costs no outside call at all; who is not goes on to the national ID check.

    Raises:
        StateConflict: the customer is not registered, or has a line of this product already.
        NotFound: this bank has no such product.
        ProductClosed, PurposeForbidden: see there.
        InvalidRequest: the facts are not what the product asks for; `errors` names the fields.
        TooManyRequests: the customer has applied too often today.
    """
    if accounts.customer(customer_id).stage != REGISTERED:
        raise StateConflict("请先完成注册")
    version = version_in_force(product_code)
    check_open(version=version)
    check_purpose(version, purpose)
    wrong = facts_problems(facts_schema_of(version), facts)
    if wrong:
        named = {f"facts.{name}" if name else "facts": texts for name, texts in wrong.items()}
        raise InvalidRequest("申请资料有缺失或格式不正确", errors=named)
    _check_pace(customer_id)
    if has_standing_line(customer_id, product_id=version.product_id):
        raise StateConflict("您在该产品下已有授信额度，可直接用款")
    application = Application.objects.create(
        customer_id=customer_id, product_version=version, purpose=purpose, facts=facts
    )
    refusal = _decide_early(application)
    if refusal:
        return reject(application_id=application.pk, codes=refusal)
    application.id_check_id = verification.request_id_check(
        subject_id=customer_id, purpose=ACT, business_id=application.id.hex, then=Then(ID_CHECKED, application.id.hex)
    )
    application.save(update_fields=["id_check_id"])
    return application


@within_transaction
def check_open(*, version: ProductVersion) -> None:
    """Refuse an application for what takes none now (PU-07a).

    Raises:
        ProductClosed: see there.
    """
    if not lends(version.product):
        raise ProductClosed


def _check_pace(customer_id: uuid.UUID) -> None:
    recent = Application.objects.filter(customer_id=customer_id, created_at__gt=now() - timedelta(days=1))
    if recent.count() >= parameters.applications_per_day():
        raise TooManyRequests("您今天的申请次数已达上限，请明天再试")


def _decide_early(application: Application) -> Sequence[str]:
    facts, policy = early_facts(application), policy_of(application.product_version)
    model = model_for(application.product_version, stage=EARLY)
    decision = decide_early(facts, policy, model=model)
    record_decision(
        application=application, stage=EARLY, facts=facts, policy=policy, model=model, decision=decision
    )  # fmt: skip
    return decision.reasons


@within_transaction
def id_checked(*, application_id: uuid.UUID) -> None:
    """Wait for the face where the national ID check agrees, else refuse, each result with its own code (A4-15)."""
    application = lock_application(application_id=application_id)
    if application.status != CHECKING or application.id_check_id is None:
        return
    check = verified.check(application.id_check_id)
    if check.outcome == "match":
        transition(APPLICATION, application_id, "check", actor=SYSTEM)
        return
    code = ID_CHECK_REFUSALS.get(check.outcome, VENDOR_UNAVAILABLE)
    reject(application_id=application_id, codes=[code], retryable=code == VENDOR_UNAVAILABLE)


@within_transaction
def reject(
    *, application_id: uuid.UUID, codes: Sequence[str], retryable: bool = False, actor: str = SYSTEM
) -> Application:
    """End an application with reasons."""
    return transition(
        APPLICATION, application_id, "reject", actor=actor, reason=codes[0], reason_codes=list(codes),
        retryable=retryable, decided_at=now(),
    )  # fmt: skip
