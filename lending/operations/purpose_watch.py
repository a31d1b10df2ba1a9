"""Watch what borrowed money is used for: scan, judge by two persons, draw the conclusions of a misuse (LN-12)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from accounts import queries as accounts
from core.audit.log import record
from core.clock import business_date, now
from core.db.asks import execute
from core.db.constraints import violated
from core.errors import NotFound, Problem, StateConflict
from core.ids import new_id
from core.operations import opens_transaction, within_transaction
from core.states import transition
from lending import books, servicing_parameters
from lending.models import Loan, PurposeFinding, WatchTerm
from lending.models.loan import ACTIVE
from lending.operations.lines import stop_line
from lending.operations.loan_changes import MISUSE, mark_misused
from lending.operations.loan_locks import lock_loan
from lending.purpose_words import MCC, PLATFORM, Term, match, plain_text
from lending.queries.purpose_watch import terms_in_force
from lending.states import FINDING

OUR_OWN: Final = (books.REPAYMENT,)
SHORTEST_WORD: Final = 2
MCC_DIGITS: Final = 4
SCANNED: Final = """
INSERT INTO lending_purpose_scan (scanned_date, outflows, found, scanned_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


class WatchTermRefused(Problem):
    """A word or code cannot be watched as it stands."""

    code = "watch_term_refused"
    status = 422
    title = "监测词不符合要求"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One outflow as it is judged: the line's id, whose account, when, how much, and what its statement says."""

    posting_id: uuid.UUID
    account_id: uuid.UUID
    booking_date: date
    amount_fen: int
    told: str = field(repr=False)
    mcc: str = ""


@opens_transaction
def scan_purposes(*, day: date) -> int:
    """Look at what left the accounts of watched loans on a booking date that is over; return how many findings are new.

    Twice is once: an outflow is found once for a loan. An outflow counts for the latest loan that was paid into its account
    before it, within `purpose.watch_days` of the disbursement.

    Raises:
        StateConflict: the day is not over.
    """
    if day >= business_date():
        raise StateConflict("营业日尚未结束")
    looked_at, found = _judge(
        Seen(
            posting_id=flow.posting_id, account_id=flow.account_id, booking_date=flow.booking_date,
            amount_fen=flow.amount_fen, told=flow.told,
        )
        for flow in accounts.outflows_on(day, but_kinds=OUR_OWN)
    )  # fmt: skip
    execute(SCANNED, [day, looked_at, found, now()])
    return found


def _judge(flows: Iterable[Seen]) -> tuple[int, int]:
    """Keep what meets a term and may be borrowed money; return how many were looked at and how many findings are new.

    The terms come first and the loans after: of a day's outflows few meet a term. On most days nothing left at all.
    """
    terms: Sequence[Term] = ()
    looked_at, findings = 0, []
    for flow in flows:
        terms = terms or terms_in_force()
        looked_at += 1
        if match(terms, text=flow.told, mcc=flow.mcc) is None:
            continue
        loan = _loan_behind(flow)
        met = None if loan is None else match(terms, text=flow.told, mcc=flow.mcc, kind=loan.line.kind)
        if loan is not None and met is not None:
            findings.append(
                PurposeFinding(
                    id=new_id(), loan=loan, posting_id=flow.posting_id, booking_date=flow.booking_date,
                    amount_fen=flow.amount_fen, counterparty=flow.told, sort=met.sort, term=met.text,
                )
            )  # fmt: skip
    if not findings:
        return looked_at, 0
    before = PurposeFinding.objects.count()
    PurposeFinding.objects.bulk_create(findings, ignore_conflicts=True)
    return looked_at, PurposeFinding.objects.count() - before


def _loan_behind(flow: Seen) -> Loan | None:
    """Return the latest loan that was paid into the account before an outflow, if that lies within the watch."""
    first = flow.booking_date - timedelta(days=servicing_parameters.purpose_watch_days())
    rows = Loan.objects.filter(account_id=flow.account_id, start_date__gte=first, start_date__lte=flow.booking_date)
    return rows.select_related("line").order_by("-start_date", "-pk").first()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreOutflow:
    """One outflow of a core-kept account as the core system's statement has it. PII: every field but day and amount."""

    account_number: str = field(repr=False)
    booking_date: date
    amount_fen: int
    told: str = field(repr=False)
    mcc: str = ""


@opens_transaction
def take_core_outflows(*, outflows: Sequence[CoreOutflow], actor: str) -> int:
    """Judge outflows of accounts that the core system keeps, from its statement; return how many findings are new.

    Nothing is kept of a line that meets no term, or of an account that no watched loan was paid into. A line is known again
    by its content, so the same file twice is once.
    """
    _, found = _judge(seen for flow in outflows if (seen := _seen(flow)) is not None)
    record("purpose.core_outflows_taken", actor=actor, subject="", detail={"lines": len(outflows), "found": found})
    return found


def _seen(flow: CoreOutflow) -> Seen | None:
    account = accounts.account_with_number(flow.account_number)
    if account is None:
        return None
    line = "\x00".join((account.id.hex, flow.booking_date.isoformat(), str(flow.amount_fen), flow.told, flow.mcc))
    return Seen(
        posting_id=uuid.UUID(bytes=hashlib.sha256(line.encode()).digest()[:16]),
        account_id=account.id,
        booking_date=flow.booking_date,
        amount_fen=flow.amount_fen,
        told=f"{flow.told} MCC {flow.mcc}" if flow.mcc else flow.told,
        mcc=flow.mcc,
    )


@opens_transaction
def close_finding(*, finding_id: uuid.UUID, opinion: str, actor: str) -> None:
    """End a finding that is no misuse, with the reason.

    Raises:
        NotFound, StateConflict: there is no such finding, or it has ended.
    """
    transition(
        FINDING, finding_id, "close", actor=actor, reason=opinion, decided_by=actor, opinion=opinion, decided_at=now()
    )
    record("purpose.finding_closed", actor=actor, subject=finding_id.hex, detail={"opinion": opinion})


@within_transaction
def confirm_misuse(*, finding_id: uuid.UUID, opinion: str, proposed_by: str, decided_by: str) -> None:
    """Draw the conclusions of a misuse that two persons have found: the line is frozen, the misuse rate runs.

    A loan is marked once, from the first outflow that is confirmed; one that is settled or written off is not marked.

    Raises:
        NotFound, StateConflict: there is no such finding, or it has ended.
    """
    finding = PurposeFinding.objects.filter(pk=finding_id).first()
    if finding is None:
        raise NotFound
    actor = f"{proposed_by}+{decided_by}"
    loan = lock_loan(loan_id=finding.loan_id)
    if loan.status == ACTIVE and loan.misused_from_date is None:
        mark_misused(loan_id=loan.pk, from_date=finding.booking_date, actor=actor, reason=opinion)
    stop_line(line_id=loan.line_id, actor=actor, reason=MISUSE)
    transition(
        FINDING, finding_id, "confirm", actor=actor, reason=opinion, proposed_by=proposed_by, decided_by=decided_by,
        opinion=opinion, decided_at=now(),
    )  # fmt: skip
    record("purpose.misuse_confirmed", actor=actor, subject=finding_id.hex, detail={"opinion": opinion})


@opens_transaction
def add_watch_term(*, sort: str, text: str, applies_to: str, note: str, actor: str) -> WatchTerm:
    """Let this bank watch for one more word or merchant category code, from the next scan on.

    Raises:
        WatchTermRefused: it is too short, no code, or watched already.
    """
    text = text.strip()
    is_sound = len(text) == MCC_DIGITS and text.isdigit() if sort == MCC else len(plain_text(text)) >= SHORTEST_WORD
    if not is_sound:
        raise WatchTermRefused("类别码为四位数字，文字至少两个字")
    if Term(sort=sort, text=text, applies_to=applies_to) in PLATFORM:
        raise WatchTermRefused("该监测词已在使用")
    try:
        with transaction.atomic():
            row = WatchTerm.objects.create(sort=sort, text=text, applies_to=applies_to, note=note, created_by=actor)
    except IntegrityError as error:
        if violated(error) != "lending_watch_term_once":
            raise
        raise WatchTermRefused("该监测词已在使用") from error
    record("watch_term.added", actor=actor, subject=row.pk.hex, detail={"text": text, "applies_to": applies_to})
    return row


@opens_transaction
def remove_watch_term(*, watch_term_id: uuid.UUID, actor: str) -> None:
    """Stop watching for one of this bank's own terms; findings stay.

    Raises:
        NotFound: there is no such term in force.
    """
    row = WatchTerm.objects.select_for_update(no_key=True).filter(pk=watch_term_id, removed_at=None).first()
    if row is None:
        raise NotFound
    row.removed_by, row.removed_at = actor, now()
    row.save(update_fields=["removed_by", "removed_at"])
    record("watch_term.removed", actor=actor, subject=watch_term_id.hex, detail={"text": row.text})
