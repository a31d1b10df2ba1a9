"""What can be asked of the lending room; `access_*` are the only way from a request to an object."""

from __future__ import annotations

from lending.queries.applications import (
    access_application,
    access_line,
    applications_of,
    available_fen,
    existing_credit_fen,
    full_decision,
    has_lapsed,
    has_standing_line,
    line_status,
    lines_of,
    room_fen,
    status_of,
)
from lending.queries.contracts import Judgement, judge_file
from lending.queries.decisions import content_of, recorded_decision, replay_decision
from lending.queries.figures import Figures, figures_now, loan_book_agrees
from lending.queries.journey import Journey, JourneyStep, journey_of
from lending.queries.loans import (
    LoanStanding,
    NextDue,
    access_contract,
    access_drawdown,
    access_loan,
    access_repayment,
    drawdowns_of,
    loan_standing,
    loans_of,
    overdue_days_of,
    repayments_of,
)
from lending.queries.present_loan import access_present_loan
from lending.queries.prices import line_price_today, rates_today
from lending.queries.products import (
    invitation_of,
    is_related_party,
    open_versions,
    price_today,
    version_in_force,
)
from lending.queries.quotes import Quote, quote
from lending.queries.repaying import Plan, RepaymentExceedsDebt, RepaymentKindNotOffered, plan_repayment
from lending.queries.terms import (
    AmountOutOfRange,
    PurposeForbidden,
    TermsNotOffered,
    check_amount,
    check_purpose,
    check_terms,
)

__all__ = [
    "AmountOutOfRange",
    "Figures",
    "Journey",
    "JourneyStep",
    "Judgement",
    "LoanStanding",
    "NextDue",
    "Plan",
    "PurposeForbidden",
    "Quote",
    "RepaymentExceedsDebt",
    "RepaymentKindNotOffered",
    "TermsNotOffered",
    "access_application",
    "access_contract",
    "access_drawdown",
    "access_line",
    "access_loan",
    "access_present_loan",
    "access_repayment",
    "applications_of",
    "available_fen",
    "check_amount",
    "check_purpose",
    "check_terms",
    "content_of",
    "drawdowns_of",
    "existing_credit_fen",
    "figures_now",
    "full_decision",
    "has_lapsed",
    "has_standing_line",
    "invitation_of",
    "is_related_party",
    "journey_of",
    "judge_file",
    "line_price_today",
    "line_status",
    "lines_of",
    "loan_book_agrees",
    "loan_standing",
    "loans_of",
    "open_versions",
    "overdue_days_of",
    "plan_repayment",
    "price_today",
    "quote",
    "rates_today",
    "recorded_decision",
    "repayments_of",
    "replay_decision",
    "room_fen",
    "status_of",
    "version_in_force",
]
