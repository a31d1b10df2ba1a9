"""Bound card, core system, payments and filings by the bank's gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.providers.bank_gateway import mapping
from accounts.providers.bank_gateway.client import AccountsClient
from core.money import fen_to_yuan

if TYPE_CHECKING:
    from datetime import date, datetime

    from accounts.providers.bound_card import BoundCardAnswer
    from accounts.providers.core_system import (
        Booking,
        ClassOneAccount,
        FilingOrder,
        RequestFate,
        StatementPage,
    )
    from accounts.providers.payments import CardHolder, Order, Payee
    from core.gateway import SignedEndpoint


class GatewayBoundCardCheck:
    """`BoundCardCheck` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Ask through the bank's gateway."""
        self._client = AccountsClient(endpoint)

    def verify(self, *, name: str, id_number: str, phone: str, card_number: str, request_id: str) -> BoundCardAnswer:
        """Ask the issuer; see `BoundCardCheck`."""
        payload = {"name": name, "id_number": id_number, "phone": phone, "card_number": card_number}
        return mapping.bound_card(self._client.verify_bound_card(payload, request_id))


class GatewayCoreSystem:
    """`CoreSystem` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Order through the bank's gateway."""
        self._client = AccountsClient(endpoint)

    def class_one_account(self, *, name: str, id_number: str, request_id: str) -> ClassOneAccount | None:
        """Return the Class I account; see `CoreSystem`."""
        payload = {"name": name, "id_number": id_number}
        return mapping.class_one(self._client.class_one(payload, request_id))

    def open_account(
        self, *, account_class: str, name: str, id_number: str, phone: str, bound_card: str, request_id: str
    ) -> str:
        """Open an account; see `CoreSystem`."""
        payload = {
            "class": account_class,
            "name": name,
            "id_number": id_number,
            "phone": phone,
            "bound_card": bound_card,
        }
        return mapping.account_number(self._client.open_account(payload, request_id))

    def close_account(self, *, account_number: str, request_id: str) -> datetime:
        """Close an account; see `CoreSystem`."""
        return mapping.closed_at(self._client.close_account({"account_number": account_number}, request_id))

    def credit(
        self, *, account_number: str, amount_fen: int, memo: str, request_id: str, order_date: date | None = None
    ) -> Booking:
        """Pay into an account; see `CoreSystem`."""
        order = _movement(account_number, amount_fen, memo, order_date)
        return mapping.booking(self._client.credit(order, request_id))

    def debit(
        self, *, account_number: str, amount_fen: int, memo: str, request_id: str, order_date: date | None = None
    ) -> Booking:
        """Take out of an account; see `CoreSystem`."""
        order = _movement(account_number, amount_fen, memo, order_date)
        return mapping.booking(self._client.debit(order, request_id))

    def statement(self, *, order_date: date, cursor: str | None, request_id: str) -> StatementPage:
        """List a day's movements; see `CoreSystem`."""
        payload = {"date": order_date.isoformat(), **({"cursor": cursor} if cursor else {})}
        return mapping.statement(self._client.statement(payload, request_id))

    def fate_of(self, *, asked_id: str, request_id: str) -> RequestFate:
        """Tell what became of a request; see `CoreSystem`."""
        return mapping.fate(self._client.query(asked_id, request_id))


class GatewayPaymentNetwork:
    """`PaymentNetwork` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """Order through the bank's gateway."""
        self._client = AccountsClient(endpoint)

    def collect(self, *, holder: CardHolder, amount_fen: int, memo: str, request_id: str) -> Order:
        """Draw from a customer's card; see `PaymentNetwork`."""
        payload = {
            "card_number": holder.card_number,
            "name": holder.name,
            "id_number": holder.id_number,
            "phone": holder.phone,
            "amount": _yuan(amount_fen),
            "memo": memo,
        }
        return mapping.order(self._client.collect(payload, request_id))

    def send(self, *, payee: Payee, payer_number: str, amount_fen: int, memo: str, request_id: str) -> Order:
        """Send to an account; see `PaymentNetwork`."""
        payload = {
            "payer_number": payer_number,
            "payee_number": payee.account_number,
            "payee_name": payee.name,
            "amount": _yuan(amount_fen),
            "memo": memo,
        }
        return mapping.order(self._client.send(payload, request_id))

    def fate_of(self, *, asked_id: str, request_id: str) -> Order:
        """Tell what became of an order; see `PaymentNetwork`."""
        return mapping.payment_fate(self._client.query_payment(asked_id, request_id))


class GatewayAccountFilings:
    """`AccountFilings` of one bank."""

    name = "bank_gateway"

    def __init__(self, endpoint: SignedEndpoint) -> None:
        """File through the bank's gateway."""
        self._client = AccountsClient(endpoint)

    def file(self, order: FilingOrder, *, request_id: str) -> str:
        """File one event; see `AccountFilings`."""
        payload = {
            "kind": order.kind.value,
            "account_number": order.account_number,
            "class": order.account_class,
            "opened_on": order.opened_on.isoformat(),
            "event_on": order.event_on.isoformat(),
            **({"changed": order.changed} if order.changed else {}),
        }
        return mapping.receipt(self._client.file(payload, request_id))


def _movement(account_number: str, amount_fen: int, memo: str, order_date: date | None) -> dict[str, object]:
    """Return the order of a movement.

    Raises:
        ValueError: the amount is not positive; nothing was sent.
    """
    order: dict[str, object] = {"account_number": account_number, "amount": _yuan(amount_fen), "memo": memo}
    return order | ({"order_date": order_date.isoformat()} if order_date else {})


def _yuan(amount_fen: int) -> str:
    if amount_fen <= 0:
        raise ValueError("a movement needs a positive amount")
    return fen_to_yuan(amount_fen)
