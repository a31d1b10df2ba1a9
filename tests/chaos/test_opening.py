"""Opening an account that the bank's core keeps, a queryable call: one account at the core, whenever the worker dies."""

from __future__ import annotations

import pytest

from accounts.models import Card, DepositAccount, Filing
from accounts.operations.opening import OPEN
from core.states.models import StateChange
from core.steps.models import Step
from core.tenancy import in_bank
from scripts.phone import Phone
from tests.chaos.killing import POINTS, kill_at, let_leases_run_out, settled
from tests.chaos.processes import Processes, eventually
from tests.over_rest import BANK, Customer, set_parameter
from tests.running_sandbox import Sandbox

pytestmark = pytest.mark.chaos


@pytest.fixture
def opening(customer: Customer) -> tuple[Phone, str]:
    """Give a customer who has just submitted the opening of an account that the core is to keep."""
    set_parameter(BANK, "account.keeper", "core")
    someone = customer()
    someone.log_in()
    someone.consent("privacy", "face")
    someone.register()
    code = someone.phone_code("open_account")
    card = {"number": someone.person["card_number"], "phone": someone.person["phone"]}
    account = someone.post("accounts", {"class": "II", "bound_card": card, "phone_code": code}, expect=202)["id"]
    assert someone.until_settled(f"accounts/{account}")["status"] == "face"
    body = {
        "face_token": someone.face_token("open_account", account),
        "purpose": "loan_repayment",
        "intention": {"method": "read_aloud", "evidence": "本人自愿开立账户"},
    }
    assert someone.post(f"accounts/{account}/submit", body, expect=202)["status"] == "opening"
    return someone, account


def _is_open_once(someone: Phone, account: str) -> None:
    with in_bank(BANK):
        row = DepositAccount.objects.get(pk=account)
        assert (row.keeper, row.status) == ("core", "active")
        assert DepositAccount.objects.filter(customer_id=someone.customer["id"]).count() == 1
        assert Card.objects.filter(account_id=row.pk, status="active").count() == 1
        assert Filing.objects.filter(account_id=row.pk, kind="open").count() == 1
        assert StateChange.objects.filter(subject_id=account, event="open").count() == 1
        assert Step.objects.get(kind=OPEN, subject=account).state == "done"


class TestOpeningInTheCore:
    @pytest.mark.parametrize("point", POINTS)
    def test_ends_once_when_the_worker_is_killed(
        self, opening: tuple[Phone, str], workers: Processes, doors: Sandbox, point: str
    ) -> None:
        someone, account = opening
        before = kill_at(point, OPEN, workers, BANK)
        calls = doors.calls(vendor="core", operation="accounts", person=someone.person["person"])
        assert len(calls) == before.calls

        workers.worker()

        assert settled(someone, f"accounts/{account}")["status"] == "active"
        _is_open_once(someone, account)
        calls = doors.calls(vendor="core", operation="accounts", person=someone.person["person"])
        assert len(calls) == 1  # after its answer was lost it was asked for, not sent again

    def test_ends_once_when_the_worker_is_killed_while_the_core_works_slowly(
        self, opening: tuple[Phone, str], workers: Processes, doors: Sandbox
    ) -> None:
        someone, account = opening
        with in_bank(BANK):
            request_id = Step.objects.get(kind=OPEN, subject=account).id.hex
        doors.fault("core", operation="accounts", delay_ms=1000, count=1)
        killed = workers.worker()
        eventually("the core is at work", lambda: bool(doors.calls(request_id=request_id)))
        workers.kill(killed)
        workers.broker.flushdb()
        let_leases_run_out(BANK)

        workers.worker()

        assert settled(someone, f"accounts/{account}")["status"] == "active"
        _is_open_once(someone, account)
        eventually(
            "the slow call has ended too",
            lambda: all(call["outcome"] != "processing" for call in doors.calls(request_id=request_id)),
        )
        opened = [call for call in doors.calls(request_id=request_id) if call["operation"] == "accounts"]
        assert len(opened) in {1, 2}  # two where the core did not know the first yet when it was asked
        assert [call["replayed"] for call in opened].count(False) == 1  # sent twice under one id: one effect
