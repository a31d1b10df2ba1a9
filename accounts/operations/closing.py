"""Close an account that is empty and that nothing rests on (ACC-14); the core closes first where it keeps the account."""

from __future__ import annotations

import uuid
from typing import Final

from accounts.models import AccountClosing, Card, Claim, DepositAccount, Payment, Restriction
from accounts.models.closing import CLOSING as IN_PROGRESS
from accounts.models.deposit_account import CLASS_ONE, OWN
from accounts.models.filing import CLOSE
from accounts.models.ledger import ARRIVED, PENDING
from accounts.models.restrictions import IN_FORCE
from accounts.models.suspension import DORMANT, ID_EXPIRED, NO_DOCUMENT
from accounts.operations.filings import owe_filing
from accounts.operations.opening_rules import CounterRequired
from accounts.operations.restrictions import end_restrictions_of
from accounts.operations.suspensions import lift_suspensions
from accounts.states import ACCOUNT, CLOSING
from core.actors import customer_actor
from core.clock import business_date, now
from core.errors import NotFound, Problem, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from verification import operations as verification

ACT: Final = "close_account"
CLOSE_IN_CORE: Final = "account.close"


class AccountNotEmpty(Problem):
    """There is money on the account that is to be closed."""

    code = "account_not_empty"
    status = 422
    title = "账户尚有余额，请先转出后再销户"


class AccountInUse(Problem):
    """Something rests on the account: a loan, a transfer on its way, an order in force (ACC-15)."""

    code = "account_in_use"
    status = 409
    title = "账户上有未结清的业务，请先办结后再销户"


class AccountBusy(Problem):
    """Money of the account is on its way."""

    code = "account_busy"
    status = 409
    title = "账户有资金正在处理，请稍后再试"


@opens_transaction
def close_account(*, account_id: uuid.UUID, customer_id: uuid.UUID, face_token: str) -> AccountClosing:
    """Close one of the customer's accounts, by face: at once where it is kept here, else when the core has closed it.

    The account's row is locked before anything is looked at, and a payment or claim that begins locks it too: of a closing
    and a payment at once one comes first, and the other sees it.

    Raises:
        CounterRequired: a Class I account is closed at the counter.
        StateConflict: the account is not active, or is being closed already.
        AccountInUse, AccountBusy, AccountNotEmpty: see there.
        FaceTokenUsed, FaceTokenMismatch, FaceTokenExpired: the token is not good for this.
    """
    account = DepositAccount.objects.select_for_update().filter(pk=account_id, customer_id=customer_id).first()
    if account is None:
        raise NotFound
    if account.account_class == CLASS_ONE:
        raise CounterRequired("Ⅰ类户须由本人到网点柜面注销")
    ACCOUNT.target(account.status, "close")
    if AccountClosing.objects.filter(account=account, status=IN_PROGRESS).exists():
        raise StateConflict("该账户正在销户，请稍后查看结果")
    _refuse_unready(account)
    face_check_id = verification.consume_face_token(
        token=face_token, subject_id=customer_id, action=ACT, business_id=account_id.hex
    )
    closing = AccountClosing.objects.create(account=account, face_check_id=face_check_id)
    if account.keeper == OWN:
        return _finish(closing, customer_actor(customer_id))
    enqueue(CLOSE_IN_CORE, closing.pk)
    return closing


def _refuse_unready(account: DepositAccount) -> None:
    """Refuse what stands against closing. Whatever else may rest on an account or be on its way is looked up here."""
    end_restrictions_of(account_id=account.pk)
    ordered = Restriction.objects.filter(account=account, status=IN_FORCE).exists()
    if ordered or Claim.objects.filter(account=account, released_at=None).exists():
        raise AccountInUse
    if Payment.objects.filter(account=account, status__in=(PENDING, ARRIVED)).exists():
        raise AccountBusy
    if account.keeper == OWN and account.balance_fen:
        raise AccountNotEmpty


@within_transaction
def finish_closing(*, closing_id: uuid.UUID) -> None:
    """Close an account that the core has closed."""
    closing = _locked(closing_id)
    if closing.status == IN_PROGRESS:
        _finish(closing, "system")


@within_transaction
def refuse_closing(*, closing_id: uuid.UUID, code: str) -> None:
    """End a closing that the core has refused; the account goes on."""
    if _locked(closing_id).status == IN_PROGRESS:
        transition(CLOSING, closing_id, "refuse", actor="system", reason=code, reason_code=code[:40], ended_at=now())


def _locked(closing_id: uuid.UUID) -> AccountClosing:
    closing = AccountClosing.objects.get(pk=closing_id)
    DepositAccount.objects.select_for_update().get(pk=closing.account_id)
    closing.refresh_from_db()
    return closing


def _finish(closing: AccountClosing, actor: str) -> AccountClosing:
    """End the account: its cards are free for another, its suspensions are over, its closing is to be filed."""
    account_id = closing.account_id
    transition(ACCOUNT, account_id, "close", actor=actor, closed_at=now(), closed_date=business_date(), balance_fen=0)
    Card.objects.filter(account_id=account_id, status__in=("active", "step_up")).update(account_id=None)
    lift_suspensions(account_ids=[account_id], reasons=[DORMANT, ID_EXPIRED, NO_DOCUMENT], actor=actor)
    owe_filing(account_id=account_id, kind=CLOSE)
    return transition(CLOSING, closing.pk, "close", actor=actor, ended_at=now())
