"""Holds: set money aside, let it leave by its own posting, or give it back; each moves `held_fen` in one statement.

Lock order, here and in everything that moves customers' money: what is moved (a transfer), its hold, then accounts in
the order of their ids.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from accounts.ledger.chart import CUSTOMER_DEPOSITS
from accounts.models import DepositAccount, Hold, JournalEntry, Posting
from accounts.models.deposit_account import ACTIVE, OWN
from accounts.models.holds import PENDING
from accounts.operations.ledger import AccountNotActive, InsufficientFunds, Line, check_lines, guards_told
from accounts.operations.payments import Leg
from accounts.operations.restrictions import end_restrictions_of
from accounts.states import HOLD
from core.clock import business_date, now
from core.db.asks import execute
from core.errors import NotFound
from core.ids import new_id
from core.operations import within_transaction
from core.states import transition
from core.steps.queue import enqueue

EXPIRE: Final = "hold.expire"
SYSTEM: Final = "system"
TAKE: Final = """
UPDATE accounts_deposit_account SET held_fen = held_fen + %s
WHERE id = %s AND keeper = %s AND status = %s AND NOT debits_stopped AND balance_fen - held_fen - frozen_fen >= %s
"""
GIVE_BACK: Final = "UPDATE accounts_deposit_account SET held_fen = held_fen - %s WHERE id = %s AND held_fen >= %s"
LET_GO: Final = """
UPDATE accounts_deposit_account SET held_fen = held_fen - %s, balance_fen = balance_fen - %s
WHERE id = %s AND held_fen >= %s RETURNING balance_fen, uuidv7()
"""


class HoldBroken(RuntimeError):
    """Raised where less is held on an account than its pending holds add up to: a defect, nothing may go on."""


@within_transaction
def place_hold(
    *, account_id: uuid.UUID, amount_fen: int, business_ref: str, expires_at: datetime | None = None
) -> uuid.UUID:
    """Set an amount aside on an account kept here; any number at once never hold more than is available.

    An order past its day keeps nothing from it (ACC-15).

    With `expires_at` the hold ends by itself at that moment, by a step; without it, only with what it stands for.

    Raises:
        ValueError: the amount is not positive.
        NotFound: there is no such account.
        AccountNotActive: the account is not active, is kept by the core system, or pays nothing out by an order.
        InsufficientFunds: less is available: balance less what is held and frozen.
        django.db.IntegrityError: something is held under this reference already, or was.
    """
    if amount_fen <= 0:
        msg = f"a hold is positive, not {amount_fen} fen"
        raise ValueError(msg)
    hold = Hold.objects.create(
        account_id=account_id, amount_fen=amount_fen, business_ref=business_ref, expires_at=expires_at
    )
    taken = execute(TAKE, [amount_fen, account_id, OWN, ACTIVE, amount_fen])
    if not taken and end_restrictions_of(account_id=account_id):
        taken = execute(TAKE, [amount_fen, account_id, OWN, ACTIVE, amount_fen])
    if not taken:
        _refuse(account_id)
    if expires_at is not None:
        enqueue(EXPIRE, hold.pk, run_at=expires_at)
    return hold.pk


def _refuse(account_id: uuid.UUID) -> None:
    row = DepositAccount.objects.filter(pk=account_id).only("keeper", "status", "debits_stopped").first()
    if row is None:
        raise NotFound
    if row.keeper != OWN or row.status != ACTIVE or row.debits_stopped:
        raise AccountNotActive
    raise InsufficientFunds


@within_transaction
def post_hold(*, hold_id: uuid.UUID, legs: Sequence[Leg], kind: str, memo: str) -> uuid.UUID:
    """Let held money leave: debit the account, credit the legs, under the hold's reference; return the entry's id.

    The money has gone out by now, so neither an order that came after the hold nor the account's state stops it.

    Raises:
        NotFound: there is no such hold.
        StateConflict: the hold has ended.
        UnbalancedEntry: the legs do not sum to the hold.
        DayChanging: the day has been closed under the caller; nothing was booked.
    """
    hold = _locked(hold_id)
    HOLD.target(hold.status, "post")
    lines = [Line(gl_code=leg.gl_code, amount_fen=-leg.amount_fen) for leg in legs]
    lines.append(Line(gl_code=CUSTOMER_DEPOSITS, amount_fen=hold.amount_fen, account_id=hold.account_id))
    check_lines(lines)
    today = business_date()
    with guards_told():
        entry = JournalEntry.objects.create(
            business_ref=hold.business_ref, kind=kind, booking_date=today, value_date=today, memo=memo
        )
    balance_fen, posting_id = _let_go(hold)
    Posting.objects.bulk_create(
        Posting(
            id=new_id() if line.account_id is None else posting_id,
            entry_id=entry.pk,
            gl_code=line.gl_code,
            account_id=line.account_id,
            amount_fen=line.amount_fen,
            balance_after_fen=None if line.account_id is None else balance_fen,
        )
        for line in lines
    )
    transition(HOLD, hold_id, "post", actor=SYSTEM, entry_id=entry.pk, ended_at=now())
    return entry.pk


@within_transaction
def void_hold(*, hold_id: uuid.UUID, reason: str = "") -> None:
    """Give held money back to its account.

    Raises:
        NotFound: there is no such hold.
        StateConflict: the hold has ended.
    """
    _give_back(_locked(hold_id), "void", reason)


@within_transaction
def expire_hold(*, hold_id: uuid.UUID) -> bool:
    """End a hold whose moment has come; one that has ended, or has no moment, stays as it is. Tell whether it ended."""
    hold = _locked(hold_id)
    if hold.status != PENDING or hold.expires_at is None or hold.expires_at > now():
        return False
    _give_back(hold, "expire", "")
    return True


def _locked(hold_id: uuid.UUID) -> Hold:
    hold = Hold.objects.select_for_update().filter(pk=hold_id).first()
    if hold is None:
        raise NotFound
    return hold


def _give_back(hold: Hold, event: str, reason: str) -> None:
    transition(HOLD, hold.pk, event, actor=SYSTEM, reason=reason, ended_at=now())
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, [hold.amount_fen, hold.account_id, hold.amount_fen])
        if cursor.rowcount != 1:
            raise HoldBroken(hold.business_ref)


def _let_go(hold: Hold) -> tuple[int, uuid.UUID]:
    """Take a hold off its account with the money; return the balance after it, and an id for the posting.

    The id is made by the database after the balance has moved, as `accounts.ledger.sql` does: an account's ids are in the
    order of its balances, whatever the clocks of the machines say.
    """
    with connection.cursor() as cursor:
        cursor.execute(LET_GO, [hold.amount_fen, hold.amount_fen, hold.account_id, hold.amount_fen])
        row = cursor.fetchone()
    if row is None:
        raise HoldBroken(hold.business_ref)
    return int(row[0]), row[1]
