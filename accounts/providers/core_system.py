"""A bank's core system, as far as we use it: open, credit, debit, ask; and filings for the central bank."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date, datetime


class CoreRefusal(enum.StrEnum):
    """Why the core system refused; these are the codes of `Rejected` and of a rejected request.

    OTHER is a final refusal whose reason our mapping does not know (loud in the log): nothing was booked.
    """

    INSUFFICIENT_FUNDS = "insufficient_funds"
    ACCOUNT_NOT_FOUND = "account_not_found"
    ACCOUNT_LIMIT_REACHED = "account_limit_reached"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A movement that is booked in the core system, under its own reference."""

    reference: str
    booked_at: datetime


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

    Exactly one of `account_number`, `booking` and `receipt` is there when DONE, `refusal` when REJECTED.
    """

    status: RequestStatus
    account_number: str | None = field(default=None, repr=False)
    booking: Booking | None = None
    receipt: str | None = None
    refusal: CoreRefusal | None = None


class FilingKind(enum.StrEnum):
    """What is filed with the central bank's account system (ACC-11)."""

    OPEN = "open"
    CHANGE = "change"
    CLOSE = "close"


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

    def open_class_two(self, *, name: str, id_number: str, phone: str, bound_card: str, request_id: str) -> str:
        """Open a Class II account and return its number. QUERYABLE.

        Raises:
            Rejected: `account_limit_reached`.
            GatewayError: see core.gateway.
        """
        ...

    def credit(self, *, account_number: str, amount_fen: int, memo: str, request_id: str) -> Booking:
        """Pay into an account. QUERYABLE.

        Raises:
            Rejected: `account_not_found`.
            GatewayError: see core.gateway.
        """
        ...

    def debit(self, *, account_number: str, amount_fen: int, memo: str, request_id: str) -> Booking:
        """Take out of an account. QUERYABLE.

        Raises:
            Rejected: `insufficient_funds`, `account_not_found`.
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

    def file(
        self, *, kind: FilingKind, account_number: str, account_class: str, opened_on: date, request_id: str
    ) -> str:
        """File one event and return the receipt. QUERYABLE (`CoreSystem.fate_of` knows filings too).

        Raises:
            GatewayError: see core.gateway.
        """
        ...
