"""Top-ups and transfers: one payment in the network, one entry in the books, whenever the worker dies."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from django.db import transaction

from accounts.models import DepositAccount, Hold, JournalEntry
from accounts.operations import Leg, pay_into
from accounts.operations.top_ups import COLLECT
from accounts.operations.transfers import SEND
from accounts.queries import deposits_equal_ledger, holds_equal_accounts
from core.ids import new_id
from core.steps.models import Step
from core.steps.registry import Then
from core.tenancy import in_bank
from scripts.phone import Phone
from tests.chaos.killing import POINTS, kill_at, settled
from tests.chaos.processes import Processes
from tests.over_rest import BANK, Customer, set_parameter
from tests.running_sandbox import Sandbox

pytestmark = pytest.mark.chaos
AMOUNT, AMOUNT_FEN = "100.00", 100_00


@dataclass(slots=True)
class Saver:
    """A customer with money on an account that is kept here, and a bound card."""

    phone: Phone
    account: str
    card: str

    def balance(self) -> tuple[int, int]:
        """Return what is on the account and what of it is held, in fen."""
        with in_bank(BANK):
            row = DepositAccount.objects.get(pk=self.account)
            return row.balance_fen, row.held_fen

    def on_card(self, doors: Sandbox) -> float:
        """Return what is on the card, in yuan."""
        found = doors.json("GET", "/sandbox/purses", params={"card_number": self.phone.person["card_number"]})
        return float(found["balance"])


@pytest.fixture(scope="module")
def saver(customer: Customer) -> Saver:
    """Bring a customer to an account with money on it."""
    set_parameter(BANK, "account.keeper", "own")
    someone = customer()
    someone.log_in()
    someone.consent("privacy", "face")
    someone.register()
    account = someone.open_account()
    assert account["status"] == "active", account
    with in_bank(BANK), transaction.atomic():
        pay_into(
            account_id=uuid.UUID(account["id"]), amount_fen=1_000_00, legs=[Leg(gl_code="1301", amount_fen=1_000_00)],
            business_ref=f"disbursement:{new_id().hex}", kind="disbursement", memo="", then=Then("test.never", "x"),
        )  # fmt: skip
    return Saver(someone, account["id"], account["bound_cards"][0]["id"])


def _sent_once(doors: Sandbox, kind: str, subject: str, operation: str) -> bool:
    """Tell whether the network was given this order once; where the answer was lost it was asked for."""
    with in_bank(BANK):
        request_id = Step.objects.get(kind=kind, subject=subject).id.hex
    return len(doors.calls(vendor="payments", operation=operation, request_id=request_id)) == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_top_up_is_drawn_once_and_booked_once(saver: Saver, workers: Processes, doors: Sandbox, point: str) -> None:
    balance, on_card = saver.balance(), saver.on_card(doors)
    with in_bank(BANK):  # the pause between two text messages is another test's matter
        from verification.models import PhoneCode

        PhoneCode.objects.filter(action="top_up").update(action="relink")
    code = saver.phone.phone_code("top_up", amount=AMOUNT)
    body = {"card": saver.card, "amount": AMOUNT, "phone_code": code}
    made = saver.phone.post(f"accounts/{saver.account}/top-ups", body, expect=202)["id"]

    kill_at(point, COLLECT, workers, BANK)
    assert saver.balance() == balance
    workers.worker()

    assert settled(saver.phone, f"accounts/{saver.account}/top-ups/{made}")["status"] == "posted"
    assert saver.balance() == (balance[0] + AMOUNT_FEN, balance[1])
    assert saver.on_card(doors) == on_card - 100
    assert _sent_once(doors, COLLECT, made, "collections")
    with in_bank(BANK):
        assert JournalEntry.objects.filter(business_ref=f"top_up:{made}").count() == 1
        assert deposits_equal_ledger()


@pytest.mark.parametrize("point", POINTS)
def test_a_transfer_is_sent_once_and_its_hold_leaves_once(
    saver: Saver, workers: Processes, doors: Sandbox, point: str
) -> None:
    balance, on_card = saver.balance(), saver.on_card(doors)
    body = {"from_account": saver.account, "to": {"card_id": saver.card}, "amount": AMOUNT}
    made = saver.phone.post("transfers", body, expect=202)["id"]

    kill_at(point, SEND, workers, BANK)
    assert saver.balance() == (balance[0], balance[1] + AMOUNT_FEN)  # money of unknown fate keeps its hold
    workers.worker()

    assert settled(saver.phone, f"transfers/{made}")["status"] == "posted"
    assert saver.balance() == (balance[0] - AMOUNT_FEN, balance[1])
    assert saver.on_card(doors) == on_card + 100
    assert _sent_once(doors, SEND, made, "transfers")
    with in_bank(BANK):
        assert JournalEntry.objects.filter(business_ref=f"transfer:{made}").count() == 1
        assert Hold.objects.get(business_ref=f"transfer:{made}").status == "posted"
        assert holds_equal_accounts()
