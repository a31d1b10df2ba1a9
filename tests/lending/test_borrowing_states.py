"""The machines of applications and lines: every pair of state and event, legal or refused without a trace."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import transaction

from core.clock import business_date
from core.errors import StateConflict
from core.ids import new_id
from core.states import Machine, transition
from core.states.models import StateChange
from lending.models import Application, CreditLine
from lending.operations import accept_offer
from lending.states import APPLICATION, LINE
from tests.lending.applicants import again, make_customer, start
from tests.made_once import made_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def _pairs(machine: Machine[Any]) -> list[tuple[str, str]]:
    return list(itertools.product(machine.states, machine.events))


def _try(machine: Machine[Any], row: Any, state: str, event: str) -> None:
    wanted = machine.table.get((state, event))
    before = StateChange.objects.count()
    if wanted is None:
        with pytest.raises(StateConflict), transaction.atomic():
            transition(machine, row.pk, event, actor="test")
        assert type(row).objects.get(pk=row.pk).status == state
        assert StateChange.objects.count() == before
    else:
        with transaction.atomic():
            assert transition(machine, row.pk, event, actor="test").status == wanted
        change = StateChange.objects.latest("id")
        assert (change.subject_id, change.from_state, change.to_state) == (row.pk, state, wanted)


def _start() -> Application:
    return start(make_customer())


def _accept(offered: Application) -> CreditLine:
    accept_offer(application_id=offered.pk, customer_id=offered.customer_id)
    return CreditLine.objects.get()


started_once = made_once(_start, scope="class")
line_once = made_once(_accept, scope="class", after="offered_once")


class TestApplication:
    @pytest.mark.parametrize(("state", "event"), _pairs(APPLICATION))
    def test_moves_by_its_table_only(self, started_once: Application, state: str, event: str) -> None:
        Application.objects.filter(pk=started_once.pk).update(
            status=state,
            offer_expires_date=business_date(),
            credit_query_consent_id=new_id(),
            data_query_consent_id=new_id(),
        )
        _try(APPLICATION, again(started_once), state, event)


class TestLine:
    @pytest.mark.parametrize(("state", "event"), _pairs(LINE))
    def test_moves_by_its_table_only(self, line_once: CreditLine, state: str, event: str) -> None:
        CreditLine.objects.update(status=state)
        _try(LINE, CreditLine.objects.get(pk=line_once.pk), state, event)
