"""Bound card, core system, payments and filings in our words; total, an unknown code is loud."""

from __future__ import annotations

import uuid
from datetime import datetime

from accounts.providers.bound_card import BoundCardAnswer, BoundCardResult, CardAccountClass, CardElement
from accounts.providers.core_system import (
    Booking,
    ClassOneAccount,
    CoreRefusal,
    RequestFate,
    RequestStatus,
    StatementLine,
    StatementPage,
)
from accounts.providers.payments import Order, OrderStatus, PaymentRefusal
from core.gateway import Answer, GatewayError, Refusals, Rejected, garbage, unknown_code
from core.money import MoneyFormatError, yuan_to_fen

CORE_REFUSALS: Refusals = {
    "insufficient_funds": Rejected,
    "account_not_found": Rejected,
    "account_limit_reached": Rejected,
    "balance_not_zero": Rejected,
}
FILING_REFUSALS: Refusals = {
    "filing_duplicate": Rejected,
    "filing_unknown_account": Rejected,
    "filing_incomplete": Rejected,
}
PAYMENT_REFUSALS: Refusals = {
    "insufficient_funds": Rejected,
    "card_refused": Rejected,
    "payee_not_found": Rejected,
    "payee_name_mismatch": Rejected,
    "limit_exceeded": Rejected,
}
_PAYMENT_REFUSALS = {
    "insufficient_funds": PaymentRefusal.INSUFFICIENT_FUNDS,
    "card_refused": PaymentRefusal.CARD_REFUSED,
    "payee_not_found": PaymentRefusal.PAYEE_NOT_FOUND,
    "payee_name_mismatch": PaymentRefusal.PAYEE_NAME_MISMATCH,
    "limit_exceeded": PaymentRefusal.LIMIT_EXCEEDED,
}
_ACCEPTED = {"done": OrderStatus.DONE, "processing": OrderStatus.PROCESSING}
_FATES = {**_ACCEPTED, "refused": OrderStatus.REFUSED, "unknown": OrderStatus.UNKNOWN}
_REFUSALS = {refusal.value: refusal for refusal in CoreRefusal if refusal is not CoreRefusal.OTHER}
_SIGNS = {"credit": 1, "debit": -1}
_RESULTS = {"match": BoundCardResult.MATCH, "mismatch": BoundCardResult.MISMATCH}
_ELEMENTS = {
    "name": CardElement.NAME,
    "id_number": CardElement.ID_NUMBER,
    "phone": CardElement.PHONE,
    "card_number": CardElement.CARD_NUMBER,
}
_CLASSES = {
    "I": CardAccountClass.CLASS_I,
    "II": CardAccountClass.CLASS_II,
    "III": CardAccountClass.CLASS_III,
    "credit": CardAccountClass.CREDIT,
}
MOST_FEN = 10**15
"""More than any balance: ten trillion yuan."""
_STATUSES = {
    "done": RequestStatus.DONE,
    "rejected": RequestStatus.REJECTED,
    "unknown": RequestStatus.UNKNOWN,
}


def fen(answer: Answer, name: str) -> int:
    """Read an amount that travels in yuan."""
    try:
        return yuan_to_fen(answer.text(name))
    except MoneyFormatError:
        raise garbage(answer.vendor, answer.operation, name) from None


def bound_card(answer: Answer) -> BoundCardAnswer:
    """Read the issuer's answer; a match that names a disagreeing element is garbage, as is the reverse."""
    result = answer.choice("result", _RESULTS)
    mismatched = answer.choices("mismatched", _ELEMENTS)
    if bool(mismatched) is not (result is BoundCardResult.MISMATCH):
        raise garbage(answer.vendor, answer.operation, "mismatched")
    return BoundCardAnswer(
        result=result,
        mismatched=mismatched,
        issuer_bank=answer.any_text("issuer_bank"),
        issuer_name=answer.any_text("issuer_name"),
        account_class=answer.choice("account_class", _CLASSES) if answer.has("account_class") else None,
    )


def class_one(answer: Answer) -> ClassOneAccount | None:
    """Read a Class I account."""
    if not answer.has("account_number"):
        return None
    return ClassOneAccount(account_number=answer.text("account_number"), balance_fen=fen(answer, "balance"))


def account_number(answer: Answer) -> str:
    """Read the number of an opened account."""
    return answer.text("account_number")


def booking(answer: Answer) -> Booking:
    """Read a booked movement; a balance that cannot be read is none, for the money has moved whatever stands there."""
    return Booking(
        reference=answer.text("reference"), booked_at=answer.moment("booked_at"), balance_fen=_balance_after(answer)
    )


def _balance_after(answer: Answer) -> int | None:
    try:
        balance_fen = fen(answer, "balance") if answer.has("balance") else None
    except GatewayError:
        return None
    return balance_fen if balance_fen is not None and 0 <= balance_fen <= MOST_FEN else None


def closed_at(answer: Answer) -> datetime:
    """Read when an account was closed."""
    return answer.moment("closed_at")


def statement(answer: Answer) -> StatementPage:
    """Read a page of the statement."""
    lines = tuple(
        StatementLine(
            request_id=_request_id(line),
            amount_fen=line.choice("kind", _SIGNS) * fen(line, "amount"),
            reference=line.text("reference"),
        )
        for line in answer.parts("lines")
    )
    return StatementPage(lines=lines, following=answer.text("next") if answer.has("next") else None)


def _request_id(line: Answer) -> uuid.UUID:
    try:
        return uuid.UUID(hex=line.text("request_id"))
    except ValueError:
        raise garbage(line.vendor, line.operation, "request_id") from None


def receipt(answer: Answer) -> str:
    """Read the receipt of a filing."""
    return answer.text("receipt")


def fate(answer: Answer) -> RequestFate:
    """Read what became of a request.

    A rejection is final whatever its code, since nothing was booked; an unknown code is loud and becomes
    OTHER, so that no money waits for a mapping.
    """
    status = answer.choice("status", _STATUSES)
    if status is RequestStatus.UNKNOWN:
        return RequestFate(status=status)
    if status is RequestStatus.REJECTED:
        code = answer.text("code")
        if code not in _REFUSALS:
            unknown_code(answer.vendor, answer.operation, code)
        return RequestFate(status=status, refusal=_REFUSALS.get(code, CoreRefusal.OTHER))
    result = answer.part("result")
    match answer.text("kind"):
        case "account":
            return RequestFate(status=status, account_number=account_number(result))
        case "closing":
            return RequestFate(status=status, closed_at=closed_at(result))
        case "credit" | "debit":
            return RequestFate(status=status, booking=booking(result))
        case "filing":
            return RequestFate(status=status, receipt=receipt(result))
        case other:
            raise unknown_code(answer.vendor, answer.operation, other)


def order(answer: Answer) -> Order:
    """Read how an order was taken: settled at once, or on its way."""
    return _order(answer, answer.choice("status", _ACCEPTED))


def payment_fate(answer: Answer) -> Order:
    """Read what became of an order.

    A refusal is final whatever its code, since no money moved; an unknown code is loud and becomes OTHER, so that no
    money waits for a mapping.
    """
    status = answer.choice("status", _FATES)
    if status is not OrderStatus.REFUSED:
        return _order(answer, status)
    code = answer.text("code")
    if code not in _PAYMENT_REFUSALS:
        unknown_code(answer.vendor, answer.operation, code)
    return Order(status=status, refusal=_PAYMENT_REFUSALS.get(code, PaymentRefusal.OTHER))


def _order(answer: Answer, status: OrderStatus) -> Order:
    if status is not OrderStatus.DONE:
        return Order(status=status)
    return Order(status=status, reference=answer.text("reference"), settled_at=answer.moment("settled_at"))
