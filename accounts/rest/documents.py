"""Render this room's rows for the wire: masked, with the words of the contract."""

from __future__ import annotations

from typing import Any

from accounts.models import AccountClosing, Card, DepositAccount, Posting, Registration, Reverification
from core.clock import now
from core.crypto import masking
from core.money import fen_to_yuan
from core.rest.fields import on_the_wire


def registration_document(row: Registration) -> dict[str, Any]:
    """Render a registration."""
    read = dict(row.identity or {})
    shown = None
    if read:
        shown = {
            "id_number": masking.mask_id_number(read["id_number"]),
            **{name: read[name] for name in ("name", "sex", "ethnicity", "birth_date", "address", "authority")},
            "valid_until": read.get("valid_until"),
        }
    return {
        "id": row.pk.hex,
        "status": row.status,
        "fields": shown,
        "reason_code": row.reason_code or None,
        "retryable": row.retryable,
    }


def card_document(row: Card) -> dict[str, Any]:
    """Render a card."""
    return {
        "id": row.pk.hex,
        "number": masking.mask_card(row.number),
        "bank": row.issuer_name,
        "status": row.status,
        "reason_code": row.reason_code or None,
        "retryable": row.retryable,
    }


def account_document(row: DepositAccount) -> dict[str, Any]:
    """Render an account with its cards."""
    balance = fen_to_yuan(row.balance_fen)
    return {
        "id": row.pk.hex,
        "class": row.account_class,
        "number": masking.mask_card(row.number) if row.number else None,
        "status": row.status,
        "balance": balance,
        "available": balance if row.status == "active" else "0.00",
        "as_of": on_the_wire(now()),
        "bound_cards": [card_document(card) for card in row.cards.all() if card.status == "active"],
        "suspensions": [
            {"reason": one.reason, "from_date": one.from_date.isoformat()}
            for one in row.suspensions.all()
            if one.until_date is None
        ],
        "reason_code": row.reason_code or None,
        "retryable": row.retryable,
    }


def closing_document(row: AccountClosing) -> dict[str, Any]:
    """Render a request to close an account."""
    return {
        "id": row.pk.hex,
        "account": row.account_id.hex,
        "status": row.status,
        "reason_code": row.reason_code or None,
    }


def reverification_document(row: Reverification) -> dict[str, Any]:
    """Render a reverification."""
    return {
        "id": row.pk.hex,
        "account": row.account_id.hex,
        "status": row.status,
        "reason_code": row.reason_code or None,
        "retryable": row.retryable,
    }


def entry_document(row: Posting) -> dict[str, Any]:
    """Render a movement: a credit on a deposit is money in, so the ledger's sign is turned."""
    return {
        "id": row.pk.hex,
        "at": on_the_wire(row.entry.created_at),
        "amount": fen_to_yuan(-row.amount_fen),
        "balance_after": fen_to_yuan(row.balance_after_fen or 0),
        "kind": row.entry.kind,
        "memo": row.entry.memo,
    }
