"""The payment network as we use it: draw from a customer's card at another bank, send to an account, ask."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class PaymentRefusal(enum.StrEnum):
    """Why a payment was refused; these are the codes of `Rejected` and of a refused order.

    OTHER is a final refusal whose reason our mapping does not know (loud in the log): no money moved.
    """

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_REFUSED = "card_refused"
    PAYEE_NOT_FOUND = "payee_not_found"
    PAYEE_NAME_MISMATCH = "payee_name_mismatch"
    LIMIT_EXCEEDED = "limit_exceeded"
    OTHER = "other"


class OrderStatus(enum.StrEnum):
    """What became of an order. UNKNOWN: it never arrived, it may be sent again under the same id.

    PROCESSING: it arrived and has not ended; only asking again tells how it ends.
    """

    DONE = "done"
    REFUSED = "refused"
    PROCESSING = "processing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is known of an order; `reference` and `settled_at` when DONE, `refusal` when REFUSED."""

    status: OrderStatus
    reference: str = ""
    settled_at: datetime | None = None
    refusal: PaymentRefusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolder:
    """A bound card and the four things that its bank knows its holder by. PII: all of it; kept out of `repr`."""

    card_number: str = field(repr=False)
    name: str = field(repr=False)
    id_number: str = field(repr=False)
    phone: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Whose account the money goes to. PII: both; kept out of `repr`."""

    account_number: str = field(repr=False)
    name: str = field(repr=False)


class PaymentNetwork(Protocol):
    """Moves money between this bank's clearing account and accounts elsewhere.

    Orders are QUERYABLE: `request_id` (32 hex digits) is the idempotency key. After `UnknownOutcome`, or while an order is
    PROCESSING, ask by `fate_of`; never send under another id.
    """

    name: str

    def collect(self, *, holder: CardHolder, amount_fen: int, memo: str, request_id: str) -> Order:
        """Draw an amount from a customer's own card. DONE or PROCESSING. QUERYABLE.

        Raises:
            Rejected: `insufficient_funds`, `card_refused`, `limit_exceeded`.
            GatewayError: see core.gateway.
        """
        ...

    def send(self, *, payee: Payee, payer_number: str, amount_fen: int, memo: str, request_id: str) -> Order:
        """Send an amount to an account or card, here or at another bank. DONE or PROCESSING. QUERYABLE.

        Raises:
            Rejected: `payee_not_found`, `payee_name_mismatch`, `limit_exceeded`.
            GatewayError: see core.gateway.
        """
        ...

    def fate_of(self, *, asked_id: str, request_id: str) -> Order:
        """Tell what became of the order `asked_id`; `request_id` is this question's own. PURE.

        Raises:
            GatewayError: see core.gateway.
        """
        ...
