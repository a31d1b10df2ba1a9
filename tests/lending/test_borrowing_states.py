"""The machines of applications and lines: every pair of state and event, legal or refused without a trace."""

from __future__ import annotations

import itertools
from collections.abc import Callable
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
from tests.lending.applicants import Outside, again, make_customer, start

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


class TestApplication:
    @pytest.mark.parametrize(("state", "event"), _pairs(APPLICATION))
    def test_moves_by_its_table_only(self, outside: Outside, state: str, event: str) -> None:
        application = start(make_customer())
        Application.objects.filter(pk=application.pk).update(
            status=state,
            offer_expires_date=business_date(),
            credit_query_consent_id=new_id(),
            data_query_consent_id=new_id(),
        )
        _try(APPLICATION, again(application), state, event)


class TestLine:
    @pytest.mark.parametrize(("state", "event"), _pairs(LINE))
    def test_moves_by_its_table_only(self, decided: Callable[..., Application], state: str, event: str) -> None:
        application = decided()
        accept_offer(application_id=application.pk, customer_id=application.customer_id)
        CreditLine.objects.update(status=state)
        _try(LINE, CreditLine.objects.get(), state, event)
