"""Stories of customers' own money: S15, top-ups and transfers over every accident of the wire, a bank that is suspended."""

from __future__ import annotations

import uuid
from datetime import timedelta
from io import StringIO
from typing import Any, Final

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import F

from accounts.models import DepositAccount, GlDay, Hold, JournalEntry, Payment, TopUp, Transfer
from accounts.operations import Leg, close_books, pay_into
from accounts.queries import deposits_equal_ledger, holds_equal_accounts, quotas_equal_charges, trial_balance
from core.clock import business_date, now
from core.gateway import forget_breakers
from core.ids import new_id
from core.steps.models import Step
from core.steps.registry import Then
from core.tenancy import PROVINCE, at, in_bank
from scripts.phone import Phone
from tenants import directory
from tenants.operations import move_bank
from tests.flows.conftest import PhoneMaker, set_parameter
from tests.running_sandbox import Sandbox
from verification.models import Check, PhoneCode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("holder")]
BANK = "125"
ON_A_CARD = "50000.00"


def _sound() -> bool:
    with in_bank(BANK):
        balanced = sum(trial_balance().values()) == 0 and deposits_equal_ledger()
        return balanced and holds_equal_accounts() and quotas_equal_charges()


def _opened(someone: Phone) -> tuple[str, str]:
    """Open an account; return it and its bound card."""
    account = someone.open_account()
    assert account["status"] == "active", account
    return account["id"], account["bound_cards"][0]["id"]


@pytest.fixture(scope="module")
def holder(first_chapter: Phone) -> tuple[str, str]:
    """Open the customer's account, once for the module; return it and its bound card."""
    return _opened(first_chapter)


@pytest.fixture
def account(holder: tuple[str, str]) -> str:
    """Give the account of the customer."""
    return holder[0]


@pytest.fixture
def card(holder: tuple[str, str], someone: Phone, sandbox: Sandbox) -> str:
    """Give the card that is bound to it, with as much on it at its bank as at the beginning, whatever it has paid."""
    purse = {"card_number": someone.person["card_number"], "balance": ON_A_CARD}
    sandbox.json("POST", "/sandbox/purses", json=purse)
    return holder[1]


def _lend(account: str, amount_fen: int) -> None:
    """Let the bank pay a loan out, as the room above does it."""
    with in_bank(BANK), transaction.atomic():
        pay_into(
            account_id=uuid.UUID(account), amount_fen=amount_fen,
            legs=[Leg(gl_code="1301", amount_fen=amount_fen)], business_ref=f"disbursement:{new_id().hex}",
            kind="disbursement", memo="贷款发放", then=Then("test.never", "x"),
        )  # fmt: skip


def _balance(someone: Phone, account: str) -> tuple[str, str]:
    shown = someone.get(f"accounts/{account}")
    return shown["balance"], shown["available"]


def _on_card(sandbox: Sandbox, someone: Phone) -> str:
    found = sandbox.json("GET", "/sandbox/purses", params={"card_number": someone.person["card_number"]})
    return str(found["balance"])


def _due_now() -> None:
    with in_bank(BANK):
        Step.objects.filter(state="live").update(run_at=now() - timedelta(seconds=1), lease_until=None)


def _somebody(sandbox: Sandbox) -> dict[str, str]:
    person = sandbox.person()
    return {"number": person["card_number"], "name": person["name"]}


def _a_minute_later() -> None:
    """Let the pause between two text messages be over."""
    with in_bank(BANK):
        PhoneCode.objects.update(created_at=F("created_at") - timedelta(minutes=2))


def _pay(someone: Phone, account: str, to: dict[str, str], amount: str) -> dict[str, Any]:
    """Transfer, and wait for the end."""
    _a_minute_later()
    return someone.transfer(account, to, amount)


def _send(someone: Phone, account: str, to: dict[str, str], amount: str, expect: int) -> Any:
    """Ask for a transfer without waiting for its end."""
    _a_minute_later()
    body: dict[str, Any] = {"from_account": account, "to": to, "amount": amount}
    if "card_id" not in to:
        body["phone_code"] = someone.phone_code("transfer", amount=amount)
    return someone.post("transfers", body, expect=expect)


class TestS15:
    def test_a_loan_lands_and_leaves_to_the_bound_card_but_not_to_others_beyond_the_quota(
        self, someone: Phone, account: str, card: str, sandbox: Sandbox
    ) -> None:
        merchant = _somebody(sandbox)
        _lend(account, 150_000_00)
        assert _balance(someone, account) == ("150000.00", "150000.00")

        refused = _send(someone, account, merchant, "10000.01", 422)
        assert (refused["code"], refused["left"]) == ("quota_exceeded", "10000.00")
        assert _balance(someone, account) == ("150000.00", "150000.00")

        assert someone.transfer(account, {"card_id": card}, "150000.00")["status"] == "posted"
        assert _balance(someone, account) == ("0.00", "0.00")
        assert _on_card(sandbox, someone) == "200000.00"

        assert someone.top_up(account, card, "40000.00")["status"] == "posted"
        assert _pay(someone, account, merchant, "10000.00")["status"] == "posted"
        assert _send(someone, account, merchant, "0.01", 422)["left"] == "0.00"
        assert _on_card(sandbox, someone) == "160000.00"
        assert _sound()

    def test_a_loan_is_repaid_with_the_days_quota_used_up(
        self, someone: Phone, account: str, card: str, sandbox: Sandbox
    ) -> None:
        line = someone.accept(someone.apply("XF01")["id"])
        draft = someone.draft_drawdown(
            line["id"], account, "10000.00", term=12, method="equal_instalment", purpose="consumption"
        )  # fmt: skip
        someone.read_disclosure(draft)
        someone.sign(draft["id"])
        drawn = someone.disburse(draft["id"])
        assert drawn["status"] == "disbursed", drawn
        assert someone.top_up(account, card, "12000.00")["status"] == "posted"
        assert _pay(someone, account, _somebody(sandbox), "10000.00")["status"] == "posted"
        assert _send(someone, account, _somebody(sandbox), "0.01", 422)["code"] == "quota_exceeded"
        repaid = someone.repay(drawn["loan"], account, kind="early_full")
        assert repaid["status"] == "posted", repaid
        assert _balance(someone, account) == ("2000.00", "2000.00")
        assert _sound()


FAULTS: Final[list[dict[str, Any]]] = [
    {"drop_after": True}, {"drop_before": True}, {"garbage": True}, {"duplicate": True}, {"status": 503},
]  # fmt: skip


class TestTopUps:
    def test_arrive_once_whatever_the_wire_does(
        self, someone: Phone, account: str, card: str, sandbox: Sandbox
    ) -> None:
        for number, fault in enumerate(FAULTS, start=1):
            sandbox.fault("payments", operation="collections", count=1, **fault)
            _a_minute_later()
            code = someone.phone_code("top_up", amount="100.00")
            body = {"card": card, "amount": "100.00", "phone_code": code}
            started = someone.post(f"accounts/{account}/top-ups", body, expect=202)
            for _ in range(3):
                someone.wait(0)
                _due_now()
                forget_breakers()
            assert someone.get(f"accounts/{account}/top-ups/{started['id']}")["status"] == "posted", fault
            assert _balance(someone, account) == (f"{number}00.00", f"{number}00.00"), fault
            assert _on_card(sandbox, someone) == f"{50_000 - 100 * number}.00", fault
        with in_bank(BANK):
            assert JournalEntry.objects.count() == Payment.objects.count() == TopUp.objects.count() == len(FAULTS)
        assert _sound()

    def test_wait_for_a_slow_network_and_never_ask_twice(
        self, someone: Phone, account: str, card: str, sandbox: Sandbox
    ) -> None:
        sandbox.json("POST", "/sandbox/payments", json={"slow": True})
        code = someone.phone_code("top_up", amount="100.00")
        body = {"card": card, "amount": "100.00", "phone_code": code}
        started = someone.post(f"accounts/{account}/top-ups", body, expect=202)
        path = f"accounts/{account}/top-ups/{started['id']}"
        for _ in range(2):
            someone.wait(0)
            _due_now()
            assert someone.get(path)["status"] == "posting"
        sandbox.json("POST", "/sandbox/payments", json={"slow": False})
        someone.wait(0)
        assert someone.get(path)["status"] == "posted"
        assert len(sandbox.calls(vendor="payments", operation="collections")) == 1

    def test_that_the_card_cannot_pay_end_with_the_reason(
        self, someone: Phone, account: str, card: str, sandbox: Sandbox
    ) -> None:
        purse = {"card_number": someone.person["card_number"], "balance": "99.99"}
        sandbox.json("POST", "/sandbox/purses", json=purse)
        ended = someone.top_up(account, card, "100.00")
        assert (ended["status"], ended["reason_code"]) == ("failed", "insufficient_funds")
        assert _balance(someone, account) == ("0.00", "0.00")
        assert _on_card(sandbox, someone) == "99.99"

    def test_go_through_the_core_where_it_keeps_the_account(self, registered: PhoneMaker, sandbox: Sandbox) -> None:
        set_parameter(BANK, "account.keeper", "core")
        someone = registered()
        account, card = _opened(someone)
        assert someone.top_up(account, card, "100.00")["status"] == "posted"
        back = someone.transfer(account, {"card_id": card}, "30.00")
        assert back["status"] == "posted"
        number = _core_number(account)
        (kept,) = [row for row in _core(sandbox)["accounts"] if row["account_number"] == number]
        assert kept["balance"] == "70.00"
        assert _balance(someone, account) == ("70.00", "70.00")
        assert _on_card(sandbox, someone) == "49930.00"
        with in_bank(BANK):
            assert trial_balance() == {"1011": -70_00, "1012": 70_00}

    def test_of_a_refused_transfer_from_the_core_come_back(self, registered: PhoneMaker, sandbox: Sandbox) -> None:
        set_parameter(BANK, "account.keeper", "core")
        someone = registered()
        account, card = _opened(someone)
        someone.top_up(account, card, "100.00")
        ended = someone.transfer(account, {"number": "6217990000000000013", "name": "王样例"}, "40.00")
        assert (ended["status"], ended["reason_code"]) == ("failed", "payee_not_found")
        (kept,) = [row for row in _core(sandbox)["accounts"] if row["account_number"] == _core_number(account)]
        assert kept["balance"] == "100.00"
        assert _sound()


def _core(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = sandbox.json("GET", "/sandbox/core", params={"bank": BANK})
    return found


def _core_number(account: str) -> str:
    with in_bank(BANK):
        return DepositAccount.objects.get(pk=account).number or ""


class TestTransfers:
    def test_of_unknown_fate_keep_their_hold_and_are_asked_for(
        self, someone: Phone, account: str, card: str, sandbox: Sandbox
    ) -> None:
        _lend(account, 1_000_00)
        sandbox.fault("payments", drop_after=True)
        started = _send(someone, account, {"card_id": card}, "600.00", 202)
        for _ in range(3):
            someone.wait(0)
            _due_now()
            assert someone.get(f"transfers/{started['id']}")["status"] == "posting"
            assert _balance(someone, account) == ("1000.00", "400.00")
        assert _send(someone, account, {"card_id": card}, "400.01", 422)["code"] == "insufficient_funds"
        sandbox.faults()
        forget_breakers()
        _due_now()
        someone.wait(0)
        assert someone.get(f"transfers/{started['id']}")["status"] == "posted"
        assert _balance(someone, account) == ("400.00", "400.00")
        assert len(sandbox.calls(vendor="payments", operation="transfers")) == 1
        assert _on_card(sandbox, someone) == "50600.00"
        assert _sound()

    def test_that_are_refused_come_back_with_their_quota(self, someone: Phone, account: str, sandbox: Sandbox) -> None:
        _lend(account, 1_000_00)
        wrong = {"payee_not_found": {"number": "6217990000000000013"}, "payee_name_mismatch": {"name": "王样例"}}
        for code, changed in wrong.items():
            ended = _pay(someone, account, _somebody(sandbox) | changed, "600.00")
            assert (ended["status"], ended["reason_code"]) == ("failed", code)
            assert _balance(someone, account) == ("1000.00", "1000.00")
        with in_bank(BANK):
            assert set(Hold.objects.values_list("status", flat=True)) == {"voided"}
        assert _sound()

    def test_to_a_listed_payee_fail_without_a_hint_and_no_money_leaves(
        self, someone: Phone, account: str, sandbox: Sandbox, tmp_path: Any
    ) -> None:
        _lend(account, 1_000_00)
        person = sandbox.person(profile="listed")
        rows = tmp_path / "list.csv"
        rows.write_bytes(sandbox.http.get("/sandbox/watchlist.csv").content)
        with at(PROVINCE):
            call_command("import_watchlist", str(rows), "--list", "sample", stdout=StringIO())
        sandbox.json("DELETE", "/sandbox/calls")
        ended = someone.transfer(account, {"number": person["card_number"], "name": person["name"]}, "600.00")
        assert (ended["status"], ended["reason_code"]) == ("failed", "refused")
        assert sandbox.calls(vendor="payments") == []
        assert _balance(someone, account) == ("1000.00", "1000.00")
        with in_bank(BANK):
            assert Check.objects.filter(kind="watchlist", purpose="transfer", outcome="review").exists()

    def test_between_two_customers_of_the_bank_wait_for_a_face_to_face_check_of_the_payee(
        self, someone: Phone, account: str, registered: PhoneMaker
    ) -> None:
        payee = registered()
        theirs, _ = _opened(payee)
        for each in (account, theirs):
            _lend(each, 1_000_00)
        to = {"number": _core_number(theirs), "name": str(payee.person["name"])}
        assert _send(someone, account, to, "100.00", 422)["code"] == "payee_refused"
        with in_bank(BANK):
            DepositAccount.objects.filter(pk=theirs).update(face_to_face=True)
        assert _pay(someone, account, to, "100.00")["status"] == "posted"
        assert _balance(payee, theirs) == ("1100.00", "1100.00")
        assert _sound()


class TestASuspendedBank:
    def test_still_takes_top_ups_and_pays_out_to_bound_cards(self, someone: Phone, account: str, card: str) -> None:
        with at(PROVINCE):
            move_bank(code=BANK, event="suspend", reason="演练", actor="test")
        try:
            assert someone.post("applications", {"product": "XF01", "purpose": "consumption", "facts": {}}, expect=422)
            assert someone.top_up(account, card, "100.00")["status"] == "posted"
            assert someone.transfer(account, {"card_id": card}, "100.00")["status"] == "posted"
        finally:
            directory.forget()


class TestStatements:
    def test_add_up_after_a_day_is_closed(self, someone: Phone, account: str, card: str) -> None:
        someone.top_up(account, card, "100.00")
        with in_bank(BANK):
            first = business_date()
        second = first + timedelta(days=1)
        call_command("advance_day", "--bank", BANK, "--to", second.isoformat())
        with in_bank(BANK), transaction.atomic():
            close_books(day=first)
            assert GlDay.objects.get(booking_date=first, gl_code="2011").closing_fen == -100_00
        someone.transfer(account, {"card_id": card}, "30.00")
        found = someone.get(f"accounts/{account}/statement?from={first}&to={second}")
        assert [entry["amount"] for entry in found["entries"]] == ["100.00", "-30.00"]
        assert (found["opening_balance"], found["closing_balance"]) == ("0.00", "70.00")
        after = someone.get(f"accounts/{account}/statement?from={second}&to={second}")
        assert (after["opening_balance"], after["debited"], after["closing_balance"]) == ("100.00", "30.00", "70.00")
        with in_bank(BANK):
            assert trial_balance(on=first)["2011"] == -100_00
            assert Transfer.objects.count() == 1
