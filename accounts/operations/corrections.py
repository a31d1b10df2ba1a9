"""Put wrong entries right by entries that reverse them: proposed by one person, booked by another."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from django.db import IntegrityError, transaction

from accounts.ledger.chart import CUSTOMER_DEPOSITS
from accounts.models import Correction, JournalEntry, Payment, Posting
from accounts.operations.ledger import Line, post_entry
from accounts.operations.receipts import SamePerson
from accounts.states import CORRECTION
from core.audit.log import record
from core.clock import now
from core.db.constraints import violated
from core.errors import NotFound, Problem
from core.operations import opens_transaction, within_transaction
from core.states import transition

KIND: Final = "reversal"
ACTS: Final[Mapping[str, str]] = {"approve": "correction.approved", "reject": "correction.rejected"}
ONCE: Final = "accounts_correction_once"
# Kinds of payments that this room concludes by itself: reversing their entry is the whole correction. Whatever another
# room has drawn conclusions from (a loan that is paid, an instalment that is repaid) is reversed by that room alone.
OWN_KINDS: Final[frozenset[str]] = frozenset()


class CorrectionRefused(Problem):
    """The entry is none that can be put right here: no debit of a customer, reversed already, or another room's."""

    code = "correction_refused"
    status = 422
    title = "该分录不能在此更正"


@within_transaction
def reverse_entry(*, entry_id: uuid.UUID, memo: str) -> uuid.UUID:
    """Book the entry that reverses another, line by line, and name the one it reverses; return its id.

    Raises:
        NotFound: there is no such entry.
        CorrectionRefused: it is reversed already.
        InsufficientFunds, AccountNotActive: what it gave to a customer is no longer there.
    """
    entry = JournalEntry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise NotFound
    if JournalEntry.objects.filter(reverses=entry).exists():
        raise CorrectionRefused("该分录已经冲正")
    lines = [
        Line(gl_code=posting.gl_code, amount_fen=-posting.amount_fen, account_id=posting.account_id)
        for posting in entry.postings.order_by("pk")
    ]
    return post_entry(
        business_ref=f"{KIND}:{entry.pk.hex}", kind=KIND, lines=lines, memo=memo[:100], reverses_id=entry.pk,
        value_date=entry.value_date,
    )  # fmt: skip


@opens_transaction
def propose_correction(*, business_ref: str, reason: str, actor: str) -> uuid.UUID:
    """Propose to give back what an entry took wrongly from a customer's account; return the proposal's id.

    Raises:
        NotFound: no entry has the reference.
        CorrectionRefused: it took nothing from a customer, is reversed or proposed already, or is another room's.
    """
    entry = JournalEntry.objects.filter(business_ref=business_ref).first()
    if entry is None:
        raise NotFound("没有该业务参考号的分录")
    _refuse_uncorrectable(entry)
    try:
        with transaction.atomic():
            row = Correction.objects.create(entry=entry, reason=reason, proposed_by=actor)
    except IntegrityError as error:
        if violated(error) != ONCE:
            raise
        raise CorrectionRefused("该分录已有更正在办理或已冲正") from error
    record("correction.proposed", actor=actor, subject=row.pk.hex, detail={"entry": entry.business_ref})
    return row.pk


def _refuse_uncorrectable(entry: JournalEntry) -> None:
    debited = Posting.objects.filter(entry=entry, gl_code=CUSTOMER_DEPOSITS, amount_fen__gt=0)
    if not debited.exists():
        raise CorrectionRefused("该分录没有从客户账户扣款")
    if entry.reverses_id is not None or JournalEntry.objects.filter(reverses=entry).exists():
        raise CorrectionRefused("该分录是冲正分录，或已经冲正")
    if Payment.objects.filter(entry=entry).exclude(kind__in=OWN_KINDS).exists():
        raise CorrectionRefused("该扣款属于其他业务（如还款），请在原业务中冲正")


@opens_transaction
def approve_correction(*, correction_id: uuid.UUID, note: str, actor: str) -> None:
    """Book a proposed correction.

    Raises:
        NotFound: there is none.
        StateConflict: it is decided already.
        SamePerson: who approves is who proposed.
        CorrectionRefused, InsufficientFunds, AccountNotActive: see `reverse_entry`.
    """
    row = _undecided(correction_id, "approve", actor)
    correcting_id = reverse_entry(entry_id=row.entry_id, memo=row.reason)
    _decide(row, "approve", note, actor, correcting_id=correcting_id)


@opens_transaction
def reject_correction(*, correction_id: uuid.UUID, note: str, actor: str) -> None:
    """Turn a proposed correction down.

    Raises:
        NotFound, StateConflict, SamePerson: see `approve_correction`.
    """
    _decide(_undecided(correction_id, "reject", actor), "reject", note, actor)


def _undecided(correction_id: uuid.UUID, event: str, actor: str) -> Correction:
    row = Correction.objects.select_for_update().filter(pk=correction_id).first()
    if row is None:
        raise NotFound
    CORRECTION.target(row.status, event)
    if row.proposed_by == actor:
        raise SamePerson
    return row


def _decide(row: Correction, event: str, note: str, actor: str, **fields: uuid.UUID) -> None:
    transition(
        CORRECTION, row.pk, event, actor=actor, reason=note, decided_by=actor, decision_note=note, decided_at=now(),
        **fields,
    )  # fmt: skip
    record(ACTS[event], actor=actor, subject=row.pk.hex, detail={"note": note})
