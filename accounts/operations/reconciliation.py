"""Compare a day's orders with the core system's statement, and keep what does not agree until somebody explains it.

Both sides name an order by its request id and count it to the business day that we sent along, so neither midnight nor
a slow answer makes a difference.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import structlog

from accounts.models import CoreReconciliation, Payment, ReconciliationBreak
from accounts.models.ledger import ARRIVED, IN, PENDING, POSTED
from accounts.models.reconciliation import AMOUNT_DIFFERS, MISSING_HERE, MISSING_THERE
from accounts.providers.core_system import StatementLine
from core.audit.log import record
from core.clock import now
from core.errors import NotFound, StateConflict
from core.operations import opens_transaction, within_transaction
from core.steps.queue import enqueue

RECONCILE: Final = "accounts.reconcile_core"
AGREES_NOW: Final = "再次对账相符"
SYSTEM: Final = "system"
FARTHEST_DAYS: Final = 400
RECENT_DAYS: Final = 3  # so long a day is open again for what comes late (D20)
REFERENCE_LENGTH: Final = 64
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One order on which the two sides differ; amounts signed, money into the account positive."""

    kind: str
    request_id: uuid.UUID
    payment: Payment | None
    their_fen: int | None
    core_reference: str = ""


@within_transaction
def owe_reconciliations(*, before: date) -> int:
    """Owe the comparison of every past day that was not compared yet or did not come out even; return how many days.

    The last days are compared anew even so: an order that was written as its day ended, and one that the core has refused and
    then booked after all, are found by nothing else.
    """
    first = Payment.objects.filter(request_id__isnull=False).order_by("order_date").values_list("order_date", flat=True)
    start = first.first()
    if start is None:
        return 0  # nothing was ever ordered from a core system
    start = max(start, before - timedelta(days=FARTHEST_DAYS))
    uneven = ReconciliationBreak.objects.filter(closed_at=None).values("reconciliation__order_date")
    even = set(
        CoreReconciliation.objects.filter(in_flight=0)
        .exclude(order_date__in=uneven)
        .values_list("order_date", flat=True)
    )
    days = [start + timedelta(days=passed) for passed in range((before - start).days)]
    recent = before - timedelta(days=RECENT_DAYS)
    owed = [day for day in days if day not in even or day >= recent]
    for day in owed:
        enqueue(RECONCILE, day.isoformat())
    return len(owed)


@opens_transaction
def reconcile_again(*, order_date: date, actor: str) -> None:
    """Owe the comparison of a day once more, because staff ask for it."""
    enqueue(RECONCILE, order_date.isoformat())
    record("reconciliation.asked", actor=actor, subject=order_date.isoformat())


@within_transaction
def compare_with_statement(*, order_date: date, lines: Sequence[StatementLine]) -> None:
    """Compare our orders of a day with the core's lines; breaks are added, and open ones that are gone are closed."""
    row, _ = CoreReconciliation.objects.select_for_update().get_or_create(order_date=order_date)
    ours = {
        payment.request_id: payment
        for payment in Payment.objects.filter(order_date=order_date, request_id__isnull=False)
        if payment.request_id is not None
    }
    theirs = _added_up(lines)
    found = [*_missing_or_different(ours, theirs), *_missing_there(ours, theirs)]
    _keep(row, found)
    row.ours = sum(payment.status in {ARRIVED, POSTED} for payment in ours.values())
    row.theirs = len(theirs)
    row.in_flight = sum(payment.status == PENDING for payment in ours.values())
    row.compared_at = now()
    row.save()
    still_open = ReconciliationBreak.objects.filter(reconciliation=row, closed_at=None).count()
    if still_open:
        log.error("core.reconciliation_breaks", day=order_date.isoformat(), count=still_open)


def _added_up(lines: Sequence[StatementLine]) -> dict[uuid.UUID, StatementLine]:
    """Return what the core has booked under each order: more than one movement is one of their sum, and differs from ours.

    A movement that two pages list is one.
    """
    added: dict[uuid.UUID, StatementLine] = {}
    for line in {(line.request_id, line.reference): line for line in lines}.values():
        former = added.get(line.request_id)
        if former is not None:
            references = f"{former.reference} {line.reference}"
            line = replace(line, amount_fen=former.amount_fen + line.amount_fen, reference=references)  # noqa: PLW2901
        added[line.request_id] = line
    return added


def _missing_or_different(ours: dict[uuid.UUID, Payment], theirs: dict[uuid.UUID, StatementLine]) -> Iterator[Found]:
    """Yield what the core has booked and we have not, or not so."""
    for request_id, line in theirs.items():
        payment = ours.get(request_id) or Payment.objects.filter(request_id=request_id).first()
        if payment is None or payment.status not in {ARRIVED, POSTED}:
            kind = MISSING_HERE
        elif _signed(payment) != line.amount_fen:
            kind = AMOUNT_DIFFERS
        else:
            continue
        yield Found(
            kind=kind, request_id=request_id, payment=payment, their_fen=line.amount_fen, core_reference=line.reference
        )


def _missing_there(ours: dict[uuid.UUID, Payment], theirs: dict[uuid.UUID, StatementLine]) -> Iterator[Found]:
    """Yield what we have booked and the core has not; an order without an answer is on its way, no break."""
    for request_id, payment in ours.items():
        if payment.status in {ARRIVED, POSTED} and request_id not in theirs:
            yield Found(kind=MISSING_THERE, request_id=request_id, payment=payment, their_fen=None)


def _signed(payment: Payment) -> int:
    return payment.amount_fen if payment.direction == IN else -payment.amount_fen


def _keep(row: CoreReconciliation, found: Sequence[Found]) -> None:
    """Add breaks and close those that are gone; one that staff have explained stays closed while it says the same."""
    for one in found:
        told = {
            "payment": one.payment,
            "our_fen": None if one.payment is None else _signed(one.payment),
            "their_fen": one.their_fen,
            "core_reference": one.core_reference[:REFERENCE_LENGTH],
        }
        known, is_new = ReconciliationBreak.objects.get_or_create(
            reconciliation=row, request_id=one.request_id, kind=one.kind, defaults=told
        )
        said = (known.our_fen, known.their_fen)
        if not is_new and (known.closed_by == SYSTEM or said != (told["our_fen"], told["their_fen"])):
            anew = {**told, "closed_at": None, "closed_by": "", "reason": ""}
            ReconciliationBreak.objects.filter(pk=known.pk).update(**anew)
    present = {(one.request_id, one.kind) for one in found}
    for old in ReconciliationBreak.objects.filter(reconciliation=row, closed_at=None):
        if (old.request_id, old.kind) not in present:
            _close(old, reason=AGREES_NOW, actor=SYSTEM)


@opens_transaction
def close_break(*, break_id: uuid.UUID, reason: str, actor: str) -> None:
    """Close a break that staff have looked into, with the reason.

    Raises:
        NotFound: there is none.
        StateConflict: it is closed already.
    """
    row = ReconciliationBreak.objects.select_for_update().filter(pk=break_id).first()
    if row is None:
        raise NotFound
    if row.closed_at is not None:
        raise StateConflict("该差异已经核销")
    _close(row, reason=reason, actor=actor)
    record("reconciliation.break_closed", actor=actor, subject=break_id.hex, detail={"reason": reason})


def _close(row: ReconciliationBreak, *, reason: str, actor: str) -> None:
    row.closed_at, row.closed_by, row.reason = now(), actor, reason
    row.save(update_fields=["closed_at", "closed_by", "reason"])
