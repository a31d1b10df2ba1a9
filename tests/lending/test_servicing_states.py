"""The machines of servicing: every pair of state and event, legal or refused without a trace."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import transaction

from core.clock import business_date, now
from core.errors import StateConflict
from core.ids import new_id
from core.states import Machine, transition
from core.states.models import StateChange
from lending.models import BureauObjection, BureauRecord, CreditNotice, EntrustedPayment, PurposeFinding
from lending.states import ENTRUSTED, FINDING, NOTICE, OBJECTION
from tests.lending.borrowers import lend, make_borrower, signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def _pairs(machine: Machine[Any]) -> list[tuple[str, str]]:
    return list(itertools.product(machine.states, machine.events))


def _try(machine: Machine[Any], row: Any, state: str, event: str, **more: Any) -> None:
    wanted = machine.table.get((state, event))
    before = StateChange.objects.count()
    if wanted is None:
        with pytest.raises(StateConflict), transaction.atomic():
            transition(machine, row.pk, event, actor="test")
        assert type(row).objects.get(pk=row.pk).status == state
        assert StateChange.objects.count() == before
        return
    with transaction.atomic():
        assert transition(machine, row.pk, event, actor="test", **more).status == wanted
    change = StateChange.objects.latest("id")
    assert (change.subject_id, change.from_state, change.to_state) == (row.pk, state, wanted)


@pytest.mark.parametrize(("state", "event"), _pairs(ENTRUSTED))
def test_an_entrusted_payment_moves_by_its_table_only(state: str, event: str) -> None:
    row = EntrustedPayment.objects.create(
        drawdown=signed(make_borrower(), 1_000_00), payee_name="某商行", payee_number="6217000012345678", status=state,
        paid_at=now() if state == "paid" else None,
    )  # fmt: skip
    _try(ENTRUSTED, row, state, event, paid_at=now())


@pytest.mark.parametrize(("state", "event"), _pairs(FINDING))
def test_a_finding_moves_by_its_table_only(state: str, event: str) -> None:
    row = PurposeFinding.objects.create(
        loan=lend(make_borrower(), 1_000_00), posting_id=new_id(), booking_date=business_date(), amount_fen=1,
        counterparty="某证券", sort="word", term="证券", status=state, proposed_by="one", decided_by="two", opinion="x",
    )  # fmt: skip
    _try(FINDING, row, state, event)


@pytest.mark.parametrize(("state", "event"), _pairs(NOTICE))
def test_a_notice_moves_by_its_table_only(state: str, event: str) -> None:
    given = {"sent_date": business_date(), "sent_at": now()} if state == "sent" else {}
    row = CreditNotice.objects.create(
        loan=lend(make_borrower(), 1_000_00), overdue_since_date=business_date(), created_date=business_date(),
        status=state, **given,
    )  # fmt: skip
    more = {"sent_date": business_date(), "sent_at": now()} if event == "send" else {}
    _try(NOTICE, row, state, event, **more)


@pytest.mark.parametrize(("state", "event"), _pairs(OBJECTION))
def test_an_objection_moves_by_its_table_only(state: str, event: str) -> None:
    record = BureauRecord.objects.create(
        loan=lend(make_borrower(), 1_000_00), kind="open", business_date=business_date(), content={}, negative=False,
        released_date=business_date(),
    )  # fmt: skip
    row = BureauObjection.objects.create(
        record=record, said="x", raised_date=business_date(), answer_by_date=business_date(), raised_by="one",
        status=state, decided_by="two", answer="x",
    )  # fmt: skip
    _try(OBJECTION, row, state, event)
