"""Registering: the carrier's answer, a pure call, survives the death of the worker at every moment."""

from __future__ import annotations

import pytest

from accounts.operations.registration import CARRIER_CHECKED
from core.evidence.models import EvidenceLeaf
from core.states.models import StateChange
from core.steps.models import Step
from core.tenancy import in_bank
from scripts.phone import Phone
from tests.chaos.killing import POINTS, kill_at, settled
from tests.chaos.processes import Processes
from tests.over_rest import BANK, Customer
from tests.running_sandbox import Sandbox
from verification.models import Check
from verification.operations.checks import CHECK_CARRIER

pytestmark = pytest.mark.chaos
MOST_PAID = 2


@pytest.fixture
def at_the_carrier(customer: Customer) -> tuple[Phone, str]:
    """Give a customer whose phone is proved and whose carrier has yet to be asked."""
    someone = customer()
    someone.log_in()
    someone.consent("privacy")
    registration = someone.start_registration()
    someone.until_settled(f"registrations/{registration}", ("confirm",))
    someone.confirm_registration(registration)
    someone.give_phone(registration)
    return someone, registration


class TestRegistering:
    @pytest.mark.parametrize("point", POINTS)
    def test_ends_once_when_the_worker_is_killed(
        self, at_the_carrier: tuple[Phone, str], workers: Processes, doors: Sandbox, point: str
    ) -> None:
        someone, registration = at_the_carrier
        before = kill_at(point, CHECK_CARRIER, workers, BANK)
        assert someone.get(f"registrations/{registration}")["status"] == "checking"

        workers.worker()
        ended = settled(someone, f"registrations/{registration}")

        assert ended["status"] == "registered"
        calls = doors.calls(vendor="carriers", person=someone.person["person"])
        verified = [call for call in calls if call["operation"] == "verify"]
        assert len(verified) == before.calls + 1 <= MOST_PAID
        with in_bank(BANK):
            check = Check.objects.get(kind="carrier", subject_id=someone.customer["id"])
            assert (check.outcome, check.paid_calls) == ("match", len(calls))
            assert EvidenceLeaf.objects.filter(pk__in=[check.evidence_leaf]).count() == 1
            step = Step.objects.get(kind=CHECK_CARRIER, subject=check.pk.hex)
            assert step.attempt == before.attempts + 1
            assert Step.objects.get(kind=CARRIER_CHECKED, subject=registration).state == "done"
            moves = StateChange.objects.filter(machine="registration", subject_id=registration, event="match")
            assert moves.count() == 1
