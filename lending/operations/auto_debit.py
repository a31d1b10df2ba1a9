"""Collect what is due by itself: in rounds of the day, under the customer's auto-debit authorisation (PEN-02).

Rounds go by wall time and the list by the business date, so a round collects only while the two are the same day: a
simulation that walks through months debits nobody. Nothing is taken that is not owed, nor more than the account has; a
part is taken only of what is overdue (ALLOC-02).
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Final

from accounts import queries as accounts
from core.clock import business_date, now
from core.operations import opens_transaction, within_transaction
from core.steps.queue import enqueue
from lending.cutoff import round_times
from lending.loans.repaying import RepaymentKind
from lending.models import AutoDebit, Loan, Repayment
from lending.models.closing import COLLECTED, COLLECTING, QUEUED, SHORT, SKIPPED
from lending.models.loan import SETTLED
from lending.models.repayment import AUTO_DEBIT, FAILED, POSTED, POSTING
from lending.operations.loan_locks import lock_loan
from lending.operations.repayment import collect
from lending.queries.loans import loan_standing
from lending.queries.repaying import plan_repayment
from verification import operations as verification

COLLECT_ROUND: Final = "lending.collect_round"
CONSENT: Final = "auto_debit"
ACTIVE_ACCOUNT: Final = "active"
OWN: Final = "own"
WAITING: Final = (QUEUED, SHORT)


@within_transaction
def owe_rounds(*, day: date) -> None:
    """Owe the rounds of a business day that is, or is about to be, the calendar's; of those gone by, the latest alone."""
    moment = now()
    if not moment.date() <= day <= moment.date() + timedelta(days=1):
        return
    times = round_times(day=day)
    last_past = max((number for number, at in enumerate(times, start=1) if at <= moment), default=0)
    for number, at in enumerate(times, start=1):
        if number >= last_past:
            enqueue(COLLECT_ROUND, f"{day.isoformat()}:{number}", run_at=at)


@opens_transaction
def conclude_debits(*, day: date) -> None:
    """Draw the conclusions of debits that the core system has answered since: collected, or short and to be tried again."""
    waiting = AutoDebit.objects.filter(debit_date__range=(day - timedelta(days=1), day), status=COLLECTING)
    waiting.filter(repayment__status=FAILED).update(status=SHORT)
    waiting.filter(repayment__status=POSTED).update(status=COLLECTED)


@opens_transaction
def debit_loan(*, debit_id: uuid.UUID, round_number: int) -> str:
    """Collect what is due on one loan from the list of the present business day; return the entry's new status.

    One that this round has tried, or another day's, stays as it is; one with a repayment on its way waits for the next
    round.

    Raises:
        AccountNotActive, InsufficientFunds: the account has changed meanwhile; nothing is taken and nothing is noted.
    """
    loan = lock_loan(loan_id=AutoDebit.objects.values_list("loan_id", flat=True).get(pk=debit_id))
    debit = AutoDebit.objects.select_for_update(no_key=True).get(pk=debit_id)
    if debit.status not in WAITING or debit.rounds >= round_number or debit.debit_date != business_date():
        return debit.status
    debit.rounds = round_number
    if not Repayment.objects.filter(loan=loan, status=POSTING).exists():
        debit.status, debit.repayment = _collect(loan)
    debit.save(update_fields=["rounds", "status", "repayment"])
    return debit.status


def _collect(loan: Loan) -> tuple[str, Repayment | None]:
    owed_fen = 0 if loan.status == SETTLED else loan_standing(loan).standing.due_in_all.total_fen
    if owed_fen == 0 or not _is_authorised(loan):
        return SKIPPED, None
    account = accounts.account_view(loan.account_id)
    if account.status != ACTIVE_ACCOUNT:
        return SHORT, None
    amount_fen = min(owed_fen, account.available_fen) if account.keeper == OWN else owed_fen
    if amount_fen <= 0 or (amount_fen < owed_fen and not loan_standing(loan).standing.overdue_days):
        return SHORT, None
    kind = RepaymentKind.DUE.value
    plan = plan_repayment(loan, kind=kind, amount_fen=amount_fen)
    repayment = collect(
        loan=loan, plan=plan, kind=kind, keep=None, account_id=loan.account_id, source=AUTO_DEBIT
    )  # fmt: skip
    if repayment.status == POSTING:
        return COLLECTING, repayment
    return (COLLECTED if amount_fen == owed_fen else SHORT), repayment


def _is_authorised(loan: Loan) -> bool:
    try:
        verification.require_consents(
            subject_id=loan.customer_id, purposes=[CONSENT], business_id=loan.line.application_id.hex
        )
    except verification.ConsentMissing:
        return False
    return True


@opens_transaction
def note_short(*, debit_id: uuid.UUID, round_number: int) -> None:
    """Note that a round could not collect, so that the next one tries again."""
    AutoDebit.objects.filter(pk=debit_id, status__in=WAITING).update(status=SHORT, rounds=round_number)
