"""Bound card, core system, payments and filings of the published contract, on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.providers.bank_gateway.mapping import CORE_REFUSALS, FILING_REFUSALS, PAYMENT_REFUSALS
from core.gateway import Answer, Repeat, SignedEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

_CORE = "/gateway/v1/core"
_PAYMENTS = "/gateway/v1/payments"


@dataclass(frozen=True, slots=True)
class AccountsClient:
    """Speaks `/gateway/v1/bound-card`, `/gateway/v1/core`, `/gateway/v1/payments` and `/gateway/v1/filings`."""

    endpoint: SignedEndpoint

    def verify_bound_card(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /bound-card/verify."""
        return self.endpoint.service("bound_card").ask(
            "bound_card.verify",
            repeat=Repeat.PURE,
            path="/gateway/v1/bound-card/verify",
            payload=payload,
            request_id=request_id,
        )

    def class_one(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /core/class-one."""
        return self._core("core.class_one", Repeat.PURE, "/class-one", payload, request_id)

    def open_account(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /core/accounts."""
        return self._core("core.open_account", Repeat.QUERYABLE, "/accounts", payload, request_id)

    def close_account(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /core/accounts/close."""
        return self._core("core.close_account", Repeat.QUERYABLE, "/accounts/close", payload, request_id)

    def statement(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /core/statement."""
        return self._core("core.statement", Repeat.PURE, "/statement", payload, request_id)

    def credit(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /core/credits."""
        return self._core("core.credit", Repeat.QUERYABLE, "/credits", payload, request_id)

    def debit(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /core/debits."""
        return self._core("core.debit", Repeat.QUERYABLE, "/debits", payload, request_id)

    def query(self, asked_id: str, request_id: str) -> Answer:
        """GET /core/requests/{asked_id}."""
        return self._core("core.query", Repeat.PURE, f"/requests/{asked_id}", None, request_id)

    def file(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /filings."""
        return self.endpoint.service("filings").ask(
            "filings.file",
            repeat=Repeat.QUERYABLE,
            path="/gateway/v1/filings",
            payload=payload,
            request_id=request_id,
            refusals=FILING_REFUSALS,
        )

    def collect(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /payments/collections."""
        return self._payments("payments.collect", Repeat.QUERYABLE, "/collections", payload, request_id)

    def send(self, payload: Mapping[str, object], request_id: str) -> Answer:
        """POST /payments/transfers."""
        return self._payments("payments.send", Repeat.QUERYABLE, "/transfers", payload, request_id)

    def query_payment(self, asked_id: str, request_id: str) -> Answer:
        """GET /payments/requests/{asked_id}."""
        return self._payments("payments.query", Repeat.PURE, f"/requests/{asked_id}", None, request_id)

    def _payments(
        self, operation: str, repeat: Repeat, path: str, payload: Mapping[str, object] | None, request_id: str
    ) -> Answer:
        return self.endpoint.service("payments").ask(
            operation,
            repeat=repeat,
            path=_PAYMENTS + path,
            payload=payload,
            request_id=request_id,
            refusals=PAYMENT_REFUSALS,
        )

    def _core(
        self, operation: str, repeat: Repeat, path: str, payload: Mapping[str, object] | None, request_id: str
    ) -> Answer:
        return self.endpoint.service("core").ask(
            operation,
            repeat=repeat,
            path=_CORE + path,
            payload=payload,
            request_id=request_id,
            refusals=CORE_REFUSALS,
        )
