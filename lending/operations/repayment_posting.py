"""Enter a booked repayment in its loan: shares, plan, line, state; and work a loan out anew when its past changed.

A loan is the fold of what happened to it (`lending.loans.replay`). A repayment that is the latest fact is applied to the
loan as it stands; one that comes late, or goes, has the whole loan folded again, and every repayment that pays other
debts than before gets rows with the differences and one entry in the books (ALLOC-03).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

from accounts import operations as accounts
from core.clock import business_date, now
from core.ids import new_id
from core.operations import within_transaction
from core.states import transition
from core.steps.queue import enqueue
from lending import books
from lending.loan_records import facts_of, forget_rows, opening_record, policy_of, record_of
from lending.loans.allocation import Share
from lending.loans.repaying import AHEAD, Repaid, RepaymentKind, repay
from lending.loans.replanning import Keep
from lending.loans.replay import replay
from lending.loans.standing import LoanRecord, Owed, is_over
from lending.models import Instalment, Loan, LoanEvent, Repayment, RepaymentShare
from lending.models.loan import SETTLED
from lending.models.loan_event import FACTS, RECOVERED, REPAID
from lending.models.repayment import POSTED
from lending.operations.judging import judge_anew
from lending.operations.lines import redraw_line, repay_line
from lending.operations.loan_store import store_loan
from lending.operations.settling import SYSTEM, follow_settlement, record_event, reopen
from lending.repayment_amounts import AMOUNTS, difference, paid_by, shares_json
from lending.reporting import PUSH_FIGURES
from lending.states import REPAYMENT

Key = tuple[uuid.UUID, uuid.UUID | None]


@within_transaction
def post_repayment(*, repayment: Repayment, loan: Loan) -> Repayment:
    """Enter a repayment whose money is booked; `loan` is locked, with instalments and shares read."""
    posted = transition(
        REPAYMENT, repayment.pk, "post", actor=SYSTEM, balance_after_fen=loan.outstanding_fen, posted_at=now(),
        sequence=next_sequence(loan=loan),
    )  # fmt: skip
    if _is_latest(loan, repayment):
        done = repay(
            record_of(loan), policy_of(loan), kind=RepaymentKind(repayment.kind),
            total_fen=repayment.total_fen, on_date=repayment.value_date, keep=Keep(repayment.keeps),
        )  # fmt: skip
        rows = _store(loan, done.loan)
        _add_shares(
            {_key(repayment.pk, share, rows): share.paid for share in done.shares}, {}, {repayment.pk: repayment}
        )
        _reallocate(posted, done)
        _follow_principal(loan, done.total.principal_fen)
    else:
        rebuild_loan(loan=loan)
        posted.refresh_from_db()
    record_event(kind=REPAID if loan.written_off_date is None else RECOVERED, loan=loan, repayment=posted)
    follow_settlement(loan=loan)
    if repayment.value_date < business_date():
        judge_anew(loan=loan)
    enqueue(PUSH_FIGURES, f"repaid:{repayment.pk.hex}")
    return posted


@within_transaction
def next_sequence(*, loan: Loan) -> int:
    """Return the place of the next fact in a locked loan's fold: facts of one day count in the order of entry."""
    loan.last_sequence += 1
    loan.save(update_fields=["last_sequence"])
    return loan.last_sequence


def _is_latest(loan: Loan, repayment: Repayment) -> bool:
    others = Repayment.objects.filter(loan=loan, status=POSTED, value_date__gt=repayment.value_date)
    events = LoanEvent.objects.filter(loan=loan, kind__in=FACTS, business_date__gt=repayment.value_date)
    return not others.exclude(pk=repayment.pk).exists() and not events.exists()


@within_transaction
def rebuild_loan(*, loan: Loan) -> None:
    """Fold a loan anew from its facts, and put right what its repayments pay: rows, books, line."""
    policy = policy_of(loan)
    replayed = replay(opening_record(loan), lambda _: policy, facts_of(loan))
    rows = _store(loan, replayed.loan)
    repayments = {row.pk: row for row in Repayment.objects.filter(loan=loan).exclude(posted_at=None)}
    wanted = {
        _key(key, share, rows): share.paid
        for key, done in replayed.repaid.items()
        if isinstance(key, uuid.UUID)
        for share in done.shares
    }
    former = _shares_of(loan)
    _add_shares(wanted, former, repayments)
    for key, done in replayed.repaid.items():
        if isinstance(key, uuid.UUID):
            _reallocate(repayments[key], done)
    paid_fen = sum(done.total.principal_fen for done in replayed.repaid.values())
    _follow_principal(loan, paid_fen - sum(owed.principal_fen for owed in former.values()))


def _store(loan: Loan, record: LoanRecord) -> dict[int, Instalment]:
    """Write the record; a settled loan that owes something after all is opened first."""
    settled = is_over(record, on_date=business_date())
    if loan.status == SETTLED and not settled:
        reopen(loan=loan)
    rows = store_loan(loan=loan, record=record, on_date=business_date(), settled=settled)
    forget_rows(loan)
    return rows


def _key(repayment_id: uuid.UUID, share: Share, rows: Mapping[int, Instalment]) -> Key:
    return repayment_id, None if share.number == AHEAD else rows[share.number].pk


def _shares_of(loan: Loan) -> dict[Key, Owed]:
    """Return what each repayment pays on each row now, by the rows in the books; all within one statement."""
    shares: dict[Key, Owed] = {}
    for row in RepaymentShare.objects.filter(repayment__loan=loan):
        key = (row.repayment_id, row.instalment_id)
        shares[key] = shares.get(key, Owed()) + Owed(**{name: getattr(row, name) for name in AMOUNTS})
    return shares


def _add_shares(
    wanted: Mapping[Key, Owed], former: Mapping[Key, Owed], repayments: Mapping[uuid.UUID, Repayment]
) -> None:
    """Insert the rows that lead from what was paid to what is paid."""
    used = Counter(dict.fromkeys(repayments, 0))
    latest = RepaymentShare.objects.filter(repayment__in=list(repayments)).values_list("repayment_id", "correction")
    for pk, correction in latest if former else ():
        used[pk] = max(used[pk], correction + 1)
    rows = []
    for key in dict.fromkeys([*former, *wanted]):
        change = difference(wanted.get(key, Owed()), former.get(key, Owed()))
        if any(change.values()):
            repayment = repayments[key[0]]
            rows.append(
                RepaymentShare(
                    id=new_id(), repayment=repayment, instalment_id=key[1], value_date=repayment.value_date,
                    correction=used[key[0]], **change,
                )
            )  # fmt: skip
    RepaymentShare.objects.bulk_create(rows)


def _allocate(repayment: Repayment, done: Repaid) -> None:
    """Note what a repayment pays now, and what principal it leaves."""
    for name, fen in asdict(done.total).items():
        setattr(repayment, name, fen)
    repayment.excess_fen = done.excess_fen
    repayment.shares = shares_json(done.shares)
    repayment.balance_after_fen = done.loan.outstanding_principal_fen
    repayment.save(update_fields=[*AMOUNTS, "excess_fen", "shares", "balance_after_fen"])


def _reallocate(repayment: Repayment, done: Repaid) -> None:
    """Book what a repayment pays otherwise than it is booked; the money itself does not move."""
    gone = repayment.loan.written_off_date is not None
    new = books.credits_of(done.total, excess_fen=done.excess_fen, is_written_off=gone)
    old = books.credits_of(paid_by(repayment), excess_fen=repayment.excess_fen, is_written_off=gone)
    lines = [
        accounts.Line(gl_code=code, amount_fen=old[code] - fen) for code, fen in new.items() if fen != old[code]
    ]  # fmt: skip
    if lines:
        accounts.post_entry(
            business_ref=f"{books.REALLOCATION}:{new_id().hex}", kind=books.REALLOCATION, lines=lines,
            memo="还款重新分配", value_date=repayment.value_date,
        )  # fmt: skip
    _allocate(repayment, done)


def _follow_principal(loan: Loan, paid_fen: int) -> None:
    """Give principal that is paid back to the line, or take it from there again (negative).

    Of a loan that was written off the memo follows: it is what is still owed of such loans.
    """
    if paid_fen == 0:
        return
    if paid_fen > 0:
        repay_line(line_id=loan.line_id, amount_fen=paid_fen)
    else:
        redraw_line(line_id=loan.line_id, amount_fen=-paid_fen)
    if loan.written_off_date is not None:
        accounts.post_entry(
            business_ref=f"{books.RECOVERY}:{new_id().hex}", kind=books.RECOVERY,
            memo="核销后收回" if paid_fen > 0 else "核销后收回撤销",
            lines=[
                accounts.Line(gl_code=books.MEMO_WRITTEN_OFF_CONTRA, amount_fen=paid_fen),
                accounts.Line(gl_code=books.MEMO_WRITTEN_OFF, amount_fen=-paid_fen),
            ],
        )  # fmt: skip
