"""The machines of an account's life: every pair of state and event, legal or refused without a trace."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction

from accounts.models import (
    AccountClosing,
    Complaint,
    Filing,
    JournalEntry,
    Receipt,
    ReceiptUse,
    Refund,
    Reverification,
)
from accounts.operations.receipts import OutsideMoney, record_receipt
from accounts.states import CLOSING, COMPLAINT, FILING, REFUND, REVERIFICATION
from core.clock import business_date, now
from core.errors import StateConflict
from core.ids import new_id
from core.states import Machine, transition
from core.states.models import StateChange
from tests.accounts.holders import make_account, make_customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
MACHINES = (CLOSING, REVERIFICATION, FILING, REFUND, COMPLAINT)
PAIRS = [(machine, state, event) for machine in MACHINES for state in machine.states for event in machine.events]


def _entry() -> JournalEntry:
    money = OutsideMoney(channel="transfer_in", reference=new_id().hex, amount_fen=1)
    return Receipt.objects.get(pk=record_receipt(money=money, actor="maker")).entry


def _refund_of() -> dict[str, Any]:
    money = OutsideMoney(channel="transfer_in", reference=new_id().hex, amount_fen=1)
    receipt = Receipt.objects.get(pk=record_receipt(money=money, actor="maker"))
    use = ReceiptUse.objects.create(
        receipt=receipt, use="refund", amount_fen=1, entry=_entry(), maker="maker", checker="checker"
    )
    return {"use": use, "amount_fen": 1, "payee_name": "付款人", "reason": "多付", "approved_by": "checker"}


def _fields(machine: Machine[Any], state: str) -> dict[str, Any]:
    """Return what a row must hold to be in a state."""
    ended, today = {"ended_at": now()}, business_date()
    answered = {"answered_date": today, "first_answered_date": today}
    own: dict[type, dict[str, dict[str, Any]]] = {
        AccountClosing: {"closing": {}, "closed": ended, "refused": {**ended, "reason_code": "refused"}},
        Reverification: {
            "reading": {"reading_id": new_id()}, "verified": ended,
            "rejected": {**ended, "reason_code": "id_mismatch"},
        },
        Filing: {
            "pending": {}, "acknowledged": {"receipt": "BA1", "acknowledged_at": now()},
            "refused": {"code": "filing_incomplete"},
        },
        Refund: {
            "owed": {}, "sending": {},
            "paid": {"paid_by": "third", "paid_at": now(), "outside_reference": "P1"},
        },
        Complaint: {
            "received": {}, "extended": {}, "answered": answered, "closed": {**answered, "closed_date": today},
        },
    }  # fmt: skip
    return own[machine.model][state]


def _make(machine: Machine[Any], state: str) -> uuid.UUID:
    fields = dict(_fields(machine, state))
    if machine.model in {AccountClosing, Reverification}:
        fields |= {"account": make_account(), "face_check_id": new_id()}
    elif machine.model is Filing:
        fields |= {
            "account": make_account(),
            "kind": "open",
            "event_date": business_date(),
            "due_date": business_date(),
        }
    elif machine.model is Complaint:
        dates = dict.fromkeys(("received_date", "term_from_date", "due_date"), business_date())
        fields |= {"customer_id": make_customer(), "category": "other", **dates}
    else:
        fields |= _refund_of() | ({"entry": _entry()} if state == "paid" else {})
    row_id: uuid.UUID = machine.model._default_manager.create(status=state, **fields).pk
    return row_id


def _to_hold(machine: Machine[Any], target: str) -> dict[str, Any]:
    """Return the fields that go with a move, so that the row's own constraints hold."""
    cleared: dict[type, dict[str, Any]] = {Filing: {"code": "", "receipt": "", "acknowledged_at": None}}
    fields = cleared.get(machine.model, {}) | _fields(machine, target)
    if machine.model is Refund and target == "paid":
        fields["entry"] = _entry()
    return fields


@pytest.mark.parametrize(("machine", "state", "event"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_moves_by_its_table_only(machine: Machine[Any], state: str, event: str) -> None:
    row_id = _make(machine, state)
    target = machine.table.get((state, event))
    before = StateChange.objects.count()
    if target is None:
        with pytest.raises(StateConflict), transaction.atomic():
            transition(machine, row_id, event, actor="test")
        assert machine.model._default_manager.get(pk=row_id).status == state
        assert StateChange.objects.count() == before
        return
    held = _to_hold(machine, target)
    with transaction.atomic():
        moved = transition(machine, row_id, event, actor="test", **held)
    assert moved.status == target
    change = StateChange.objects.latest("id")
    assert (change.machine, change.subject_id, change.from_state, change.to_state) == (
        machine.name, row_id, state, target,
    )  # fmt: skip
