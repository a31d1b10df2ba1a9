"""Owe the central bank a filing for every opening, change and closing, and keep the owed ones in sight (ACC-11, A1-21)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

import structlog

from accounts import parameters
from accounts.models import DepositAccount, Filing
from accounts.models.deposit_account import ACTIVE, CLASS_ONE
from accounts.models.filing import ACKNOWLEDGED, CHANGE, CLOSE, OPEN, PENDING, REFUSED
from accounts.states import FILING
from core.audit.log import record
from core.clock import business_date, now
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from core.states import transition
from core.steps.queue import enqueue
from tenants.parameters import Parameter, value_of
from tenants.queries import working_day_after

FILE: Final = "account.file"
DAYS: Final[dict[str, Parameter]] = {
    OPEN: parameters.FILING_DAYS,
    CHANGE: parameters.FILING_CHANGE_DAYS,
    CLOSE: parameters.FILING_CLOSE_DAYS,
}
log = structlog.get_logger(__name__)


@within_transaction
def owe_filing(*, account_id: uuid.UUID, kind: str, changed: str = "") -> None:
    """Owe the filing of what happens to an account today; sent at once, or after the account's earlier ones."""
    DepositAccount.objects.select_for_update(no_key=True).get(pk=account_id)
    today = business_date()
    waits = Filing.objects.filter(account_id=account_id).exclude(status=ACKNOWLEDGED).exists()
    filing = Filing.objects.create(
        account_id=account_id,
        kind=kind,
        changed=changed,
        event_date=today,
        due_date=working_day_after(today, value_of(DAYS[kind].name, kind=int)),
    )
    if not waits:
        enqueue(FILE, filing.pk)


@within_transaction
def owe_change(*, account_id: uuid.UUID, changed: str) -> None:
    """Owe the filing of a changed bound card, phone or identity; of a Class I account the counter files itself."""
    account = DepositAccount.objects.only("account_class", "status").get(pk=account_id)
    if account.account_class != CLASS_ONE and account.status == ACTIVE:
        owe_filing(account_id=account_id, kind=CHANGE, changed=changed)


@within_transaction
def filing_acknowledged(*, filing_id: uuid.UUID, receipt: str) -> None:
    """Record the central bank's receipt, and send what waits behind it."""
    filing = _locked(filing_id)
    if filing.status == PENDING:
        _acknowledge(filing, receipt, "system")


@opens_transaction
def enter_receipt(*, filing_id: uuid.UUID, receipt: str, actor: str) -> None:
    """Enter the central bank's receipt for a filing that it has sent back but has on file: staff have filed it there.

    Raises:
        NotFound: there is none.
        StateConflict: it was not sent back.
    """
    filing = _locked(filing_id)
    if filing.status != REFUSED:
        raise StateConflict("只有被退回的备案可以登记回执")
    _acknowledge(filing, receipt, actor)
    record(
        "filing.receipt_entered", actor=actor, subject=filing_id.hex, detail={"code": filing.code, "receipt": receipt}
    )


def _acknowledge(filing: Filing, receipt: str, actor: str) -> None:
    transition(FILING, filing.pk, "acknowledge", actor=actor, receipt=receipt[:64], acknowledged_at=now())
    following = Filing.objects.filter(account_id=filing.account_id).exclude(status=ACKNOWLEDGED).order_by("pk").first()
    if following is not None and following.status == PENDING:
        enqueue(FILE, following.pk)


@within_transaction
def filing_refused(*, filing_id: uuid.UUID, code: str) -> None:
    """Record that the central bank sent a filing back, and why; staff put it right and send it again."""
    if _locked(filing_id).status != PENDING:
        return
    transition(FILING, filing_id, "refuse", actor="system", reason=code, code=code[:40])
    log.error("filing.refused", filing=filing_id.hex, code=code)


@opens_transaction
def resend_filing(*, filing_id: uuid.UUID, actor: str) -> None:
    """Send a filing again that was sent back, under a request id of its own.

    Raises:
        NotFound: there is none.
        StateConflict: it was not sent back.
    """
    filing = _locked(filing_id)
    transition(FILING, filing_id, "resend", actor=actor, code="", resends=filing.resends + 1)
    enqueue(FILE, filing_id)
    record("filing.resent", actor=actor, subject=filing_id.hex, detail={"code": filing.code})


def _locked(filing_id: uuid.UUID) -> Filing:
    """Return a filing with its account locked: whoever adds a filing and whoever ends one take turns."""
    account_id = Filing.objects.filter(pk=filing_id).values_list("account_id", flat=True).first()
    if account_id is None:
        raise NotFound
    DepositAccount.objects.select_for_update(no_key=True).get(pk=account_id)
    return Filing.objects.get(pk=filing_id)


@within_transaction
def flag_overdue_filings(*, day: date) -> int:
    """Mark the filings that are owed past their last day, once each, and alarm while there are any; return how many."""
    owed = Filing.objects.exclude(status=ACKNOWLEDGED).filter(due_date__lt=day)
    owed.filter(overdue_date=None).update(overdue_date=day)
    count = owed.count()
    if count:
        log.error("filing.overdue", day=str(day), count=count)
    return count
