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
from lending.queries.decisions import content_of, recorded_decision, replay_decision
from lending.queries.products import (
    invitation_of,
    is_related_party,
    open_versions,
    price_today,
    version_in_force,
)
from lending.queries.quotes import Quote, quote
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
    "PurposeForbidden",
    "Quote",
    "TermsNotOffered",
    "access_application",
    "access_line",
    "applications_of",
    "available_fen",
    "check_amount",
    "check_purpose",
    "check_terms",
    "content_of",
    "existing_credit_fen",
    "full_decision",
    "has_lapsed",
    "has_standing_line",
    "invitation_of",
    "is_related_party",
    "line_status",
    "lines_of",
    "open_versions",
    "price_today",
    "quote",
    "recorded_decision",
    "replay_decision",
    "room_fen",
    "status_of",
    "version_in_force",
]
