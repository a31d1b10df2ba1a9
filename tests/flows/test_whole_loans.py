"""Whole stories of borrowing: from the scan to the first repayment (S01, S02), through a core that goes silent (S12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import DepositAccount, Filing, JournalEntry
from accounts.queries import deposits_equal_ledger, trial_balance
from core.clock import now
from core.evidence.models import EvidenceLeaf
from core.steps.models import Step
from core.tenancy import in_bank
from lending.charts.funnel import FUNNEL_CHART, STEPS, read_funnel
from lending.models import Contract, CreditLine, Loan
from lending.queries import loan_book_agrees
from tenants.operations import make_entry
from tests.flows.conftest import PhoneMaker, set_parameter
from tests.flows.drawing import PRODUCT, offered_line, signed_drawdown
from tests.running_sandbox import Sandbox
from verification.models import Check, FaceCheck

pytestmark = pytest.mark.django_db


def _due_now(bank: str = "125") -> None:
    with in_bank(bank):
        Step.objects.filter(state="live").update(run_at=now() - timedelta(seconds=1), lease_until=None)


def _movements(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return what the core of bank A has booked since the sandbox was started."""
    movements: list[dict[str, Any]] = sandbox.json("GET", "/sandbox/core", params={"bank": "125"})["movements"]
    return movements


def _books_agree(bank: str = "125") -> bool:
    with in_bank(bank):
        return sum(trial_balance().values()) == 0 and deposits_equal_ledger() and loan_book_agrees()


class TestHappyPath:
    def test_a_customer_without_a_card_goes_from_the_scan_to_the_first_repayment(
        self, phone: PhoneMaker, sandbox: Sandbox
    ) -> None:
        set_parameter("125", "id_card.provider", "tencent")
        with in_bank("125"):
            make_entry(branch="城东支行", staff="12500001", product=PRODUCT, campaign="", actor="test")
            from tenants.models import Entry

            scene = Entry.objects.get().scene
        someone = phone()
        arrival = someone.post("/api/v1/entries/resolve", {"scene": scene}, expect=200)
        assert (arrival["bank"], arrival["staff"]) == ("125", "12500001")
        someone.log_in(arrival["entry_token"])
        someone.consent("privacy", "face")
        someone.register()
        line = offered_line(someone)
        account = someone.open_account()
        signed = signed_drawdown(someone, line, account)
        drawn = someone.disburse(signed["id"])
        assert drawn["status"] == "disbursed"
        loan_id = drawn["loan"]["id"] if isinstance(drawn["loan"], dict) else drawn["loan"]
        first = drawn["instalments"][0]
        call_command("advance_day", "--bank", "125", "--to", first["due_date"])
        repaid = someone.repay(loan_id, account["id"])
        assert repaid["status"] == "posted"
        assert repaid["allocation"]["principal"] == first["principal"]
        assert repaid["allocation"]["interest"] == first["interest"]
        schedule = someone.get(f"loans/{loan_id}/schedule")["instalments"]
        assert [row["status"] for row in schedule[:2]] == ["paid", "pending"]
        (after,) = someone.get("credit-lines")["items"]
        gap = Decimal(line["limit"]) - Decimal(after["available"])
        assert gap == Decimal("10000.00") - Decimal(first["principal"])
        self._matrix(sandbox)
        self._one_of_each()
        self._funnel()

    def _matrix(self, sandbox: Sandbox) -> None:
        """Compare the external columns of the step × check matrix with the sandbox's call log."""
        calls = [call["vendor"] for call in sandbox.calls()]
        assert calls.count("tencent_ocr") == 2  # registration: both sides
        assert calls.count("id_check") == 2  # apply and open
        assert calls.count("bureau") == calls.count("government") == 1
        assert calls.count("bound_card") == 1
        assert calls.count("filings") == 1
        assert calls.count("tsa") == 1
        assert calls.count("core") == 0  # the account is kept here
        assert calls.count("carriers") == 4  # look-up and check, at registration and again at opening
        order = [vendor for vendor in dict.fromkeys(calls) if vendor != "sms"]
        assert order == [
            "wechat", "tencent_ocr", "carriers", "id_check", "tencent_faceid", "bureau", "government", "bound_card",
            "filings", "tsa",
        ]  # fmt: skip

    def _one_of_each(self) -> None:
        """Compare the internal columns with the bank's own rows: once each, and the books agree."""
        with in_bank("125"):
            purposes = sorted(Check.objects.filter(kind="watchlist").values_list("purpose", flat=True))
            assert purposes == ["apply", "disburse", "open_account", "open_account"]
            faces = FaceCheck.objects.filter(status="passed")
            assert sorted(faces.values_list("action", flat=True)) == ["apply", "drawdown", "open_account", "sign"]
            assert DepositAccount.objects.filter(account_class="II", status="active").count() == 1
            assert Filing.objects.get().kind == "open"
            assert Contract.objects.count() == Loan.objects.count() == 1
            assert JournalEntry.objects.exclude(kind__startswith="day_end_").count() == 2
            kinds = set(EvidenceLeaf.objects.values_list("kind", flat=True))
            assert {"consent", "decision", "contract"} <= {kind.split(".")[1] for kind in kinds}, kinds
        assert _books_agree()

    def _funnel(self) -> None:
        """Find the one person at the end of the funnel, with whoever made the code (D5)."""
        with in_bank("125"):
            today = FUNNEL_CHART.usual(now().date())
            numbers = read_funnel(replace(today, chosen={**today.chosen, "staff": "12500001"}))
            assert list(numbers.series[0].values) == [1] * len(STEPS)
            assert read_funnel(replace(today, chosen={**today.chosen, "staff": "12500002"})).is_empty

    def test_a_customer_with_an_own_card_opens_nothing_and_borrows_to_it(
        self, registered: PhoneMaker, sandbox: Sandbox
    ) -> None:
        someone = registered(profile="class1_at:125")
        line = offered_line(someone)
        code = someone.phone_code("bind_card")
        body = {"number": someone.person["card_number"], "phone": someone.person["phone"], "phone_code": code}
        someone.until_settled(f"cards/{someone.post('cards', body, expect=202)['id']}")
        (account,) = someone.get("accounts")["items"]
        assert account["class"] == "I"
        drawn = someone.disburse(signed_drawdown(someone, line, account)["id"])
        assert drawn["status"] == "disbursed"
        calls = [(call["vendor"], call["operation"]) for call in sandbox.calls()]
        assert "filings" not in {vendor for vendor, _ in calls}
        with in_bank("125"):
            assert not DepositAccount.objects.filter(account_class="II").exists()
            purposes = sorted(Check.objects.filter(kind="watchlist").values_list("purpose", flat=True))
            assert purposes == ["apply", "disburse"]
        assert _books_agree()


class TestCoreSystem:
    def test_a_core_that_goes_silent_after_booking_is_asked_and_books_once(
        self, registered: PhoneMaker, sandbox: Sandbox
    ) -> None:
        set_parameter("125", "account.keeper", "core")
        someone = registered()
        line, account = offered_line(someone), someone.open_account()
        signed = signed_drawdown(someone, line, account)
        before = len(_movements(sandbox))
        sandbox.fault("core", drop_after=True, count=1)
        token = someone.face_token("drawdown", signed["id"])
        someone.post(f"drawdowns/{signed['id']}/disburse", {"face_token": token}, expect=202)
        someone.wait(0)
        assert someone.get(f"drawdowns/{signed['id']}")["status"] == "disbursing"
        (held,) = someone.get("credit-lines")["items"]
        assert Decimal(held["available"]) == Decimal(line["limit"]) - 10_000
        _due_now()
        drawn = someone.until_settled(f"drawdowns/{signed['id']}")
        assert drawn["status"] == "disbursed"
        assert [movement["amount"] for movement in _movements(sandbox)[before:]] == ["10000.00"]
        with in_bank("125"):
            assert CreditLine.objects.get().held_fen == 0
        assert _books_agree()
