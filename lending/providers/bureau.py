"""The credit bureau's report on a person."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


class QueryReason(enum.StrEnum):
    """Why the bureau is asked, in its own codes."""

    LOAN_APPROVAL = "02"


@dataclass(frozen=True, slots=True, kw_only=True)
class BureauReport:
    """What the bureau knows.

    All counts are zero and `score` is None where it has no record (`found` is false).
    `overdue_12m`, `total_overdue_24m` and `max_consecutive_24m` count late instalments; `card_utilisation`
    is the share of card limits in use (0.35). PII: credit information of a person, kept with the decision
    that it served.
    """

    report_id: str
    found: bool
    queried_at: datetime
    overdue_now: int
    overdue_12m: int
    max_consecutive_24m: int
    total_overdue_24m: int
    queries_3m: int
    lenders: int
    monthly_debt_payment_fen: int
    card_utilisation: Decimal
    history_months: int
    score: int | None


class CreditBureau(Protocol):
    """Asks the credit bureau."""

    name: str

    def report(
        self, *, name: str, id_number: str, authorisation_id: str, reason: QueryReason, request_id: str
    ) -> BureauReport:
        """Query the bureau under the person's authorisation.

        PURE; every answer is paid and leaves a trace at the bureau.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
