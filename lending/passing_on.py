"""The way from the borrower's account to a payee: the one place where entrusted payment meets the accounts room's transfers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction

from accounts import operations as accounts
from accounts import queries
from core.errors import Problem
from core.operations import within_transaction
from lending.models import EntrustedPayment


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """How far a transfer to a payee is: `pending`, `posted`, or `failed` with a code; without an id it never began."""

    id: uuid.UUID | None
    status: str
    code: str = ""


def recipient(name: str, number: str) -> accounts.ToAccount:
    """Name a payee to the accounts room."""
    return accounts.ToAccount(number=number, name=name)


@within_transaction
def pass_to_payee(*, payment: EntrustedPayment) -> Passed:
    """Transfer a drawdown's amount from the borrower's account to its payee, in place of what was set aside for it.

    One that the accounts room refuses is `failed` with the refusal's code, and has changed nothing.
    """
    drawdown = payment.drawdown
    try:
        with transaction.atomic():
            made = accounts.transfer_on_order(
                account_id=drawdown.account_id,
                to=recipient(payment.payee_name, payment.payee_number),
                amount_fen=drawdown.amount_fen,
                actor=f"drawdown:{drawdown.pk.hex}",
                hold_id=payment.hold_id,
            )
    except Problem as refusal:
        return Passed(id=None, status="failed", code=refusal.code)
    return how_far(made.pk)


def how_far(transfer_id: uuid.UUID) -> Passed:
    """Return how far a transfer to a payee is."""
    found = queries.transfer(transfer_id)
    return Passed(id=transfer_id, status=found.status, code=found.code if found.status == "failed" else "")
