"""Render this room's rows for the wire: masked, with the words of the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts import queries
from accounts.balances import Statement
from accounts.models import AccountClosing, Card, DepositAccount, Posting, Registration, Reverification, TopUp, Transfer
from accounts.models import movements as states
from accounts.models.deposit_account import CORE
from accounts.models.movements import BOUND
from accounts.states import ACCOUNT_ON_THE_WIRE
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
        "payout_from": on_the_wire(queries.outflow_to(row).from_at),
        "reason_code": row.reason_code or None,
        "retryable": row.retryable,
    }


def account_document(row: DepositAccount) -> dict[str, Any]:
    """Render an account with its cards."""
    return {
        "id": row.pk.hex,
        "class": row.account_class,
        "number": masking.mask_card(row.number) if row.number else None,
        "status": ACCOUNT_ON_THE_WIRE[row.status],
        "balance": fen_to_yuan(row.balance_fen),
        "available": fen_to_yuan(queries.available_fen(row)),
        "as_of": on_the_wire(_balance_as_of(row)),
        "bound_cards": [card_document(card) for card in row.cards.all() if card.status == "active"],
        "suspensions": [
            {"reason": one.reason, "from_date": one.from_date.isoformat()}
            for one in row.suspensions.all()
            if one.until_date is None
        ],
        "reason_code": row.reason_code or None,
        "retryable": row.retryable,
    }


def _balance_as_of(row: DepositAccount) -> datetime:
    """Return as of when the balance is: this ledger's is always of now, the core's of when it told it."""
    told = row.balance_at or row.opened_at if row.keeper == CORE else None
    return told or now()


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


ON_THE_WIRE = {
    states.COLLECTING: "posting",
    states.CREDITING: "posting",
    states.CHECKING: "posting",
    states.DEBITING: "posting",
    states.SENDING: "posting",
    states.REFUNDING: "posting",
    states.POSTED: "posted",
    states.FAILED: "failed",
    states.STRANDED: "failed",
}
"""State of a top-up or a transfer → the word for the customer: on its way, arrived, or not."""


def top_up_document(row: TopUp) -> dict[str, Any]:
    """Render a top-up."""
    return {
        "id": row.pk.hex,
        "account": row.account_id.hex,
        "card": row.card_id.hex,
        "amount": fen_to_yuan(row.amount_fen),
        **_progress(row),
    }


def transfer_document(row: Transfer) -> dict[str, Any]:
    """Render a transfer; of the payee's name and number only what a receipt needs."""
    is_card = row.payee_kind == BOUND
    return {
        "id": row.pk.hex,
        "from_account": row.account_id.hex,
        "to": {
            "kind": "card" if is_card else "account",
            "card_id": row.card_id.hex if row.card_id else None,
            "number": masking.mask_card(row.payee_number) if is_card else masking.mask_account(row.payee_number),
            "name": masking.mask_name(row.payee_name),
        },
        "amount": fen_to_yuan(row.amount_fen),
        **_progress(row),
    }


def _progress(row: TopUp | Transfer) -> dict[str, Any]:
    status = ON_THE_WIRE[row.status]
    return {
        "status": status,
        "reason_code": (row.reason_code or None) if status == "failed" else None,
        "created_at": on_the_wire(row.created_at),
        "ended_at": on_the_wire(row.ended_at),
    }


def statement_document(row: DepositAccount, statement: Statement) -> dict[str, Any]:
    """Render a statement of account."""
    return {
        "account": row.pk.hex,
        "number": masking.mask_card(row.number) if row.number else None,
        "from": statement.from_date.isoformat(),
        "to": statement.to_date.isoformat(),
        "opening_balance": fen_to_yuan(statement.opening_fen),
        "credited": fen_to_yuan(statement.credited_fen),
        "debited": fen_to_yuan(statement.debited_fen),
        "closing_balance": fen_to_yuan(statement.closing_fen),
        "entries": [
            entry_document(line.posting)
            | {
                "date": line.posting.entry.booking_date.isoformat(),
                "balance_after": fen_to_yuan(line.balance_after_fen),
            }
            for line in statement.lines
        ],
    }
