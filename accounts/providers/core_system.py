"""A bank's core system, as far as we use it: open, close, credit, debit, ask, compare; and filings for the central bank."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import uuid
    from datetime import date, datetime


class CoreRefusal(enum.StrEnum):
    """Why the core system refused; these are the codes of `Rejected` and of a rejected request.

    OTHER is a final refusal whose reason our mapping does not know (loud in the log): nothing was booked.
    """

    INSUFFICIENT_FUNDS = "insufficient_funds"
    ACCOUNT_NOT_FOUND = "account_not_found"
    ACCOUNT_LIMIT_REACHED = "account_limit_reached"
    BALANCE_NOT_ZERO = "balance_not_zero"
    FILING_DUPLICATE = "filing_duplicate"
    FILING_UNKNOWN_ACCOUNT = "filing_unknown_account"
    FILING_INCOMPLETE = "filing_incomplete"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A movement that is booked in the core system, under its own reference; what the account has after it, if told."""

    reference: str
    booked_at: datetime
    balance_fen: int | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassOneAccount:
    """The person's Class I account at this bank and its balance. PII: both; kept out of `repr`."""

    account_number: str = field(repr=False)
    balance_fen: int = field(repr=False)


class RequestStatus(enum.StrEnum):
    """What became of a request. UNKNOWN: it never arrived, it may be sent again under the same id."""

    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFate:
    """What became of a request that was asked for by its id.

    Exactly one of `account_number`, `closed_at`, `booking` and `receipt` is there when DONE, `refusal` when REJECTED.
    """

    status: RequestStatus
    account_number: str | None = field(default=None, repr=False)
    closed_at: datetime | None = None
    booking: Booking | None = None
    receipt: str | None = None
    refusal: CoreRefusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement that the core has booked under one of our request ids; `amount_fen` positive for a credit."""

    request_id: uuid.UUID
    amount_fen: int
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """A page of the core's statement of one day; `following` asks for the next one, None on the last."""

    lines: tuple[StatementLine, ...]
    following: str | None


class FilingKind(enum.StrEnum):
    """What is filed with the central bank's account system (ACC-11)."""

    OPEN = "open"
    CHANGE = "change"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingOrder:
    """One event to be filed; `changed` says what changed and is empty for the other kinds. PII: the number."""

    kind: FilingKind
    account_number: str = field(repr=False)
    account_class: str
    opened_on: date
    event_on: date
    changed: str = ""


class CoreSystem(Protocol):
    """Moves money and opens accounts in the bank's core system.

    Those that change something are QUERYABLE: `request_id` (32 hex digits) is the idempotency key. After
    `UnknownOutcome` ask by `fate_of`, or send the very same call under the same id; never under a new one.
    """

    name: str

    def class_one_account(self, *, name: str, id_number: str, request_id: str) -> ClassOneAccount | None:
        """Return the person's Class I account at this bank, if there is one. PURE.

        Raises:
            GatewayError: see core.gateway.
        """
        ...

    def open_account(
        self, *, account_class: str, name: str, id_number: str, phone: str, bound_card: str, request_id: str
    ) -> str:
        """Open an account of Class II or III and return its number. QUERYABLE.

        Raises:
            Rejected: `account_limit_reached`.
            GatewayError: see core.gateway.
        """
        ...

    def close_account(self, *, account_number: str, request_id: str) -> datetime:
        """Close an empty account and return the time. QUERYABLE.

        Raises:
            Rejected: `account_not_found`, `balance_not_zero`.
            GatewayError: see core.gateway.
        """
        ...

    def credit(
        self, *, account_number: str, amount_fen: int, memo: str, request_id: str, order_date: date | None = None
    ) -> Booking:
        """Pay into an account. QUERYABLE; listed on the statement of `order_date`, the same in every attempt.

        Raises:
            Rejected: `account_not_found`.
            GatewayError: see core.gateway.
        """
        ...

    def debit(
        self, *, account_number: str, amount_fen: int, memo: str, request_id: str, order_date: date | None = None
    ) -> Booking:
        """Take out of an account. QUERYABLE; listed on the statement of `order_date`, the same in every attempt.

        Raises:
            Rejected: `insufficient_funds`, `account_not_found`.
            GatewayError: see core.gateway.
        """
        ...

    def statement(self, *, order_date: date, cursor: str | None, request_id: str) -> StatementPage:
        """List what the core has booked under our request ids of one day, page by page. PURE.

        Raises:
            GatewayError: see core.gateway.
        """
        ...

    def fate_of(self, *, asked_id: str, request_id: str) -> RequestFate:
        """Tell what became of the request `asked_id`; `request_id` is this question's own. PURE.

        Raises:
            GatewayError: see core.gateway.
        """
        ...


class AccountFilings(Protocol):
    """Files accounts with the central bank (ACC-11: opening in 5 working days, change and closing in 2)."""

    name: str

    def file(self, order: FilingOrder, *, request_id: str) -> str:
        """File one event and return the receipt. QUERYABLE (`CoreSystem.fate_of` knows filings too).

        Raises:
            Rejected: `filing_duplicate`, `filing_unknown_account`, `filing_incomplete`.
            GatewayError: see core.gateway.
        """
        ...
