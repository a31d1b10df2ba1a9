"""What is known of an application when it is decided. A source that gave nothing is None, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from core.money import fen_to_yuan
from lending.decision.features import SOURCES
from lending.loans.due_dates import months_after

if TYPE_CHECKING:
    from lending.decision.policy import PolicyFields

LATER: Final = {"later": True}
"""Marks a fact that the first snapshots do not know: left out of a snapshot while it is None, and None where it is not."""


class FactsError(ValueError):
    """Facts that cannot be true, such as a negative count: a defect of the caller, not an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyFacts:
    """What the rules look at that need no bureau. `on_date` is the bank's business date.

    `id_valid_until_date` is the last day on which the ID card is valid, None for 长期. `region_evidence`
    names what ties the customer to the bank's area (`regions.service_region_evidence`), None when nothing
    does. `student` is what the customer declared; what the government says of it comes later. `related_party`
    is the bank's own register (LN-18).
    """

    on_date: date
    birth_date: date
    id_valid_until_date: date | None
    invited: bool
    region_evidence: str | None
    student: bool
    related_party: bool

    def __post_init__(self) -> None:
        """Refuse a birth in the future."""
        if self.birth_date > self.on_date:
            msg = "the birth date lies after the business date"
            raise FactsError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class BureauFacts:
    """A credit report. `found=False` is a customer without a record (白户); the rest is then moot.

    `card_utilisation` is used over granted (0.35), None for a customer without cards.
    """

    found: bool
    overdue_now: int = 0
    overdue_12m: int = 0
    max_consecutive_24m: int = 0
    total_overdue_24m: int = 0
    queries_3m: int = 0
    lenders: int = 0
    monthly_debt_payment_fen: int = 0
    card_utilisation: Decimal | None = None
    history_months: int = 0
    score: int | None = None

    def __post_init__(self) -> None:
        """Refuse negative figures."""
        _refuse_negative(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionFacts:
    """Contributions to one scheme (社保, 公积金, 个税): months paid in the last 24 and the monthly base."""

    months_paid_24m: int
    monthly_base_fen: int

    def __post_init__(self) -> None:
        """Refuse negative figures."""
        _refuse_negative(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernmentFacts:
    """What the government's data say. An item is None when there is no such record of this person.

    `student_enrolled` is None when the register of students was not answered.
    """

    social_security: ContributionFacts | None
    housing_fund: ContributionFacts | None
    tax: ContributionFacts | None
    student_enrolled: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """Scores that other sources give of a person, higher is better; None where a source gave nothing, never zero.

    No live source is connected: they come from fixtures and from saved cases.
    """

    social_a_score: int | None = None
    social_b_score: int | None = None
    payment_score: int | None = None

    def __post_init__(self) -> None:
        """Refuse negative figures."""
        _refuse_negative(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullFacts:
    """Everything that a full decision looks at.

    `bureau` and `government` are None when the vendor gave nothing. `existing_credit_fen` is the sum of the
    customer's lines in force at this bank over all products that share the cap (LN-01). `invited_limit_fen`
    is the limit promised on an invitation list. `lpr_rate` is the LPR (annual per cent) published last on or
    before the business date, of the tenor that `policy.lpr_tenor` names (INT-01). `manual_review` sends the
    case to a person for a reason that is kept elsewhere (a possible match on a list is one: it must not show
    here). `sources` are None where a bank uses none of them.
    """

    early: EarlyFacts
    declared_monthly_income_fen: int | None
    existing_credit_fen: int
    invited_limit_fen: int | None
    bureau: BureauFacts | None
    government: GovernmentFacts | None
    lpr_rate: Decimal
    lpr_date: date
    manual_review: bool = False
    sources: SourceFacts | None = field(default=None, metadata=LATER)

    def __post_init__(self) -> None:
        """Refuse negative figures and an LPR of the future."""
        _refuse_negative(self)
        if self.lpr_date > self.early.on_date:
            msg = "the LPR was published after the business date"
            raise FactsError(msg)


def _refuse_negative(facts: BureauFacts | ContributionFacts | FullFacts | SourceFacts) -> None:
    for item in fields(facts):
        value = getattr(facts, item.name)
        if isinstance(value, int | Decimal) and value < 0:
            msg = f"{item.name} is negative"
            raise FactsError(msg)


def age_on(birth_date: date, on_date: date) -> int:
    """Return the age in completed years; who was born on February 29 is a year older on March 1 (ACC-12)."""
    had_birthday = (on_date.month, on_date.day) >= (birth_date.month, birth_date.day)
    return on_date.year - birth_date.year - (0 if had_birthday else 1)


def early_context(facts: EarlyFacts, policy: PolicyFields) -> dict[str, Any]:
    """Return what the early model sees, by the names of `features`."""
    matures_on = months_after(facts.on_date, policy.term_months, anchor_day=facts.on_date.day)
    until = facts.id_valid_until_date
    return {
        "applicant": {
            "age": age_on(facts.birth_date, facts.on_date),
            "age_at_maturity": age_on(facts.birth_date, matures_on),
            "id_has_expiry": until is not None,
            "id_valid_days": None if until is None else (until - facts.on_date) // timedelta(days=1),
            "student": facts.student,
            "related_party": facts.related_party,
        },
        "application": {"invited": facts.invited, "region_served": facts.region_evidence is not None},
        "policy": policy_context(policy),
    }


def full_context(facts: FullFacts, policy: PolicyFields) -> dict[str, Any]:
    """Return what the full model sees: the early facts and everything learnt since."""
    context = early_context(facts.early, policy)
    context["application"] |= {
        "existing_credit_yuan": _yuan(facts.existing_credit_fen),
        "has_invited_limit": facts.invited_limit_fen is not None,
        "invited_limit_yuan": _yuan(facts.invited_limit_fen),
        "manual_review": facts.manual_review,
    }
    verified = _verified_income_fen(facts.government)
    context["income"] = {
        "verified": verified is not None,
        "verified_yuan": _yuan(verified),
        "declared": facts.declared_monthly_income_fen is not None,
        "declared_yuan": _yuan(facts.declared_monthly_income_fen),
    }
    context["bureau"] = _bureau_context(facts.bureau)
    context["government"] = _government_context(facts.government)
    context["price"] = {"lpr_rate": facts.lpr_rate}
    context[SOURCES] = _sources_context(facts.sources or SourceFacts())
    return context


def _sources_context(sources: SourceFacts) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for item in fields(sources):
        score = getattr(sources, item.name)
        context |= {f"has_{item.name.removesuffix('_score')}": score is not None, item.name: score}
    return context


def _bureau_context(bureau: BureauFacts | None) -> dict[str, Any]:
    found = bureau if bureau is not None and bureau.found else None
    has_cards = found is not None and found.card_utilisation is not None
    has_score = found is not None and found.score is not None
    return {
        "available": bureau is not None,
        "found": found is not None,
        "overdue_now": found and found.overdue_now,
        "overdue_12m": found and found.overdue_12m,
        "max_consecutive_24m": found and found.max_consecutive_24m,
        "total_overdue_24m": found and found.total_overdue_24m,
        "queries_3m": found and found.queries_3m,
        "lenders": found and found.lenders,
        "monthly_debt_payment_yuan": found and _yuan(found.monthly_debt_payment_fen),
        "has_cards": has_cards,
        "card_utilisation": found and found.card_utilisation,
        "history_months": found and found.history_months,
        "has_score": has_score,
        "score": found and found.score,
    }


def _government_context(government: GovernmentFacts | None) -> dict[str, Any]:
    social_security = government and government.social_security
    housing_fund = government and government.housing_fund
    tax = government and government.tax
    enrolled = government and government.student_enrolled
    return {
        "available": government is not None,
        "has_social_security": social_security is not None,
        "social_security_months_24m": social_security and social_security.months_paid_24m,
        "has_housing_fund": housing_fund is not None,
        "housing_fund_months_24m": housing_fund and housing_fund.months_paid_24m,
        "has_tax": tax is not None,
        "tax_months_24m": tax and tax.months_paid_24m,
        "has_student_register": enrolled is not None,
        "student_enrolled": enrolled,
    }


def _verified_income_fen(government: GovernmentFacts | None) -> int | None:
    """Return the highest monthly base that a register confirms, None where none does."""
    if government is None:
        return None
    items = (government.social_security, government.housing_fund, government.tax)
    return max((item.monthly_base_fen for item in items if item is not None), default=None)


def policy_context(policy: PolicyFields) -> dict[str, Any]:
    """Return what a model sees of the policy; amounts in yuan, the ceiling as it may be applied."""
    context: dict[str, Any] = {}
    for item in fields(policy):
        value = getattr(policy, item.name)
        if item.name.endswith("_fen"):
            context[item.name.removesuffix("_fen") + "_yuan"] = _yuan(value)
        else:
            context[item.name] = value
    context["ceiling_rate"] = policy.effective_ceiling_rate
    return context


def _yuan(amount_fen: int | None) -> Decimal | None:
    return None if amount_fen is None else Decimal(fen_to_yuan(amount_fen))


def flat(context: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a context by dotted paths, ``{"applicant.age": 35, …}``."""
    leaves: dict[str, Any] = {}
    for name, value in context.items():
        path = f"{prefix}{name}"
        leaves |= flat(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return leaves
