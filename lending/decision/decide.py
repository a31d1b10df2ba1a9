"""Decide: early, before any bureau is asked, and fully, once everything is known.

A model proposes; what comes out is checked against what no model may change. What the law forbids is
refused and a missing credit report is never an approval, whatever a bank's own model says; an amount or a
rate outside the product's bounds is an error and not an offer.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, Literal

from core.money import MoneyFormatError, yuan_to_fen
from lending.decision.engine import DecisionModel, DecisionOutputError, Evaluation, evaluate
from lending.decision.facts import EarlyFacts, FullFacts, age_on, early_context, full_context
from lending.decision.policy import GRADES, UNGRADED, PolicyFields
from lending.decision.reasons import REASONS, in_order
from lending.decision.standard import standard_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Outcome = Literal["offered", "rejected", "review"]

ADULT_AGE: Final = 18
"""Nobody younger borrows, whatever a product says."""

_RATE_STEP: Final = Decimal("0.0001")
_RATE_HIGHEST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyDecision:
    """Whether an application goes on. `reasons` are all reasons against it, none when it passed.

    `trace` is the path through the model, see `engine.read_trace`. It shows the customer's figures (class
    C2).
    """

    passed: bool
    reasons: tuple[str, ...]
    model_version: str
    trace: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FullDecision:
    """What is decided of an application.

    `offered` has a limit (fen), a rate (annual per cent, four decimals) and a term, and no reasons.
    `rejected` has at least one reason and no terms. `review` has at least one reason; its terms are the
    model's proposal to the person who decides, None where the case could not be rated. `score` and `grade`
    are None where nothing was scored, and `grade` also where the score reaches no grade. `trace` shows the
    customer's figures (class C2).
    """

    outcome: Outcome
    reasons: tuple[str, ...]
    score: int | None
    grade: str | None
    limit_fen: int | None
    annual_rate: Decimal | None
    term_months: int | None
    model_version: str
    trace: bytes


def decide_early(facts: EarlyFacts, policy: PolicyFields, *, model: DecisionModel | None = None) -> EarlyDecision:
    """Apply the rules that need no bureau, and collect every reason against the application.

    Raises:
        DecisionModelError: the model failed; nothing is decided.
    """
    model = model or standard_model("early")
    evaluation = evaluate(model, early_context(facts, policy))
    reasons = _with_locked(_reasons(evaluation), facts)
    return EarlyDecision(passed=not reasons, reasons=reasons, model_version=model.version, trace=evaluation.trace)


def decide_full(facts: FullFacts, policy: PolicyFields, *, model: DecisionModel | None = None) -> FullDecision:
    """Decide an application: admission, score, grade, limit and price, with every reason collected.

    A reason that rejects beats one that asks for a person; without either it is an offer.

    Raises:
        DecisionModelError: the model failed, or proposed what the product does not allow; nothing is decided.
    """
    model = model or standard_model("full")
    evaluation = evaluate(model, full_context(facts, policy))
    reasons = _with_locked(_reasons(evaluation), facts.early)
    if facts.bureau is None:
        reasons = in_order((*reasons, "bureau_unavailable"))
    if facts.manual_review:
        reasons = in_order((*reasons, "manual_review"))
    outcome = _outcome(reasons)
    proposal = _proposal(evaluation.result, policy)
    out_of_bounds = _out_of_bounds(proposal, facts, policy)
    if outcome == "offered" and out_of_bounds:
        raise DecisionOutputError("", f"an offer with {out_of_bounds}")
    shown = outcome != "rejected" and not out_of_bounds
    return FullDecision(
        outcome=outcome,
        reasons=reasons,
        score=proposal.score,
        grade=proposal.grade,
        limit_fen=proposal.limit_fen if shown else None,
        annual_rate=proposal.annual_rate if shown else None,
        term_months=proposal.term_months if shown else None,
        model_version=model.version,
        trace=evaluation.trace,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    """The terms that a model proposes, exact."""

    score: int | None
    grade: str | None
    limit_fen: int
    annual_rate: Decimal
    term_months: int


def _reasons(evaluation: Evaluation) -> tuple[str, ...]:
    """Read the collected reasons; one that is unknown, or has another effect than its own, is an error."""
    rows = evaluation.result.get("reasons")
    if not isinstance(rows, list):
        raise DecisionOutputError("", "the model answers no list of reasons")
    codes = []
    for row in rows:
        code = row.get("code") if isinstance(row, dict) else None
        if code not in REASONS:
            raise DecisionOutputError("", "the model answers an unknown reason")
        if row.get("effect") != REASONS[code].effect:
            raise DecisionOutputError("", f"the model gives {code} another effect")
        codes.append(code)
    return in_order(codes)


def _with_locked(reasons: Iterable[str], facts: EarlyFacts) -> tuple[str, ...]:
    """Add what no model may leave out, because the law and not the bank says so.

    Related parties (LN-18, 商业银行法 第四十条), customers from elsewhere (LN-04), minors (ACC-12), expired
    ID cards (ACC-13).
    """
    return in_order((*reasons, *locked_reasons(facts)))


def locked_reasons(facts: EarlyFacts) -> tuple[str, ...]:
    """Return what refuses an application whatever a model, a product or a member of staff says; see `_with_locked`."""
    until = facts.id_valid_until_date
    locked = {
        "related_party": facts.related_party,
        "region_not_served": facts.region_evidence is None,
        "too_young": age_on(facts.birth_date, facts.on_date) < ADULT_AGE,
        "id_expired": until is not None and until < facts.on_date,
    }
    return in_order(code for code, holds in locked.items() if holds)


def _outcome(reasons: tuple[str, ...]) -> Outcome:
    if any(REASONS[code].effect == "reject" for code in reasons):
        return "rejected"
    return "review" if reasons else "offered"


def _proposal(result: Mapping[str, Any], policy: PolicyFields) -> _Proposal:
    scored = result.get("scored")
    if not isinstance(scored, bool):
        raise DecisionOutputError("", "scored is not true or false")
    grade = result.get("grade")
    if grade not in (*GRADES, UNGRADED):
        raise DecisionOutputError("", "the model answers an unknown grade")
    term_months = _whole(result, "term_months")
    if not 1 <= term_months <= policy.term_months:
        raise DecisionOutputError("", "the term is not within the product's")
    return _Proposal(
        score=_whole(result, "score") if scored else None,
        grade=None if grade == UNGRADED or not scored else grade,
        limit_fen=_amount(result, "limit_yuan"),
        annual_rate=_rate(result, "annual_rate"),
        term_months=term_months,
    )


def _out_of_bounds(proposal: _Proposal, facts: FullFacts, policy: PolicyFields) -> str:
    """Say which term no product of this policy may carry for this customer; empty when all are well."""
    caps = [policy.max_amount_fen, policy.person_cap_fen - facts.existing_credit_fen]
    if facts.invited_limit_fen is not None:
        caps.append(facts.invited_limit_fen)
    if proposal.grade is None:
        return "no grade"
    if not policy.min_amount_fen <= proposal.limit_fen <= min(caps):
        return "a limit outside the product's bounds"
    if not policy.floor_rate <= proposal.annual_rate <= policy.effective_ceiling_rate:
        return "a rate outside the product's bounds"
    return ""


def _whole(result: Mapping[str, Any], key: str) -> int:
    value = result.get(key)
    if isinstance(value, float) and value.is_integer():  # what a division left, exact as long as it is whole
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DecisionOutputError("", f"{key} is no whole number")
    return value


def _amount(result: Mapping[str, Any], key: str) -> int:
    """Read an amount in yuan that must be text, for a number would have been a float."""
    value = result.get(key)
    if not isinstance(value, str):
        raise DecisionOutputError("", f"{key} is not text: end it in string(round(x, 2))")
    try:
        amount_fen = yuan_to_fen(value)
    except MoneyFormatError:
        raise DecisionOutputError("", f"{key} is no amount in yuan") from None
    if amount_fen < 0:
        raise DecisionOutputError("", f"{key} is negative")
    return amount_fen


def _rate(result: Mapping[str, Any], key: str) -> Decimal:
    """Read an annual rate in per cent, text as well, exact to four decimals."""
    value = result.get(key)
    if not isinstance(value, str):
        raise DecisionOutputError("", f"{key} is not text: end it in string(round(x, 4))")
    try:
        rate = Decimal(value)
        exact = rate.quantize(_RATE_STEP)
    except InvalidOperation:
        raise DecisionOutputError("", f"{key} is no rate") from None
    if exact != rate or not 0 <= exact <= _RATE_HIGHEST:
        raise DecisionOutputError("", f"{key} has more than four decimals or is out of range")
    return exact
