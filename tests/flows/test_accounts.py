"""Stories of opening accounts: S04's second half, S05, S06."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from accounts.models import DepositAccount, Filing
from core.tenancy import in_bank
from scripts.phone import Phone
from tests.flows.conftest import PhoneMaker, set_parameter
from tests.running_sandbox import Sandbox
from verification.models import Check

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_chapter")]


def _vendors(sandbox: Sandbox) -> list[str]:
    return [call["vendor"] for call in sandbox.calls()]


def _override(sandbox: Sandbox, someone: Phone, **facts: Any) -> None:
    sandbox.json("POST", f"/sandbox/people/{someone.person['person']}/override", json=facts)


class TestOpening:
    @pytest.mark.parametrize("keeper", ["own", "core"])
    def test_a_class_two_account_is_opened_after_all_checks_in_their_order(
        self, someone: Phone, sandbox: Sandbox, keeper: str
    ) -> None:
        set_parameter("125", "account.keeper", keeper)
        account = someone.open_account()
        assert (account["status"], account["class"], account["balance"]) == ("active", "II", "0.00")
        assert [card["status"] for card in account["bound_cards"]] == ["active"]
        asked = [vendor for vendor in _vendors(sandbox) if vendor != "sms"]
        checks = ["carriers", "carriers", "bound_card", "id_check", "tencent_faceid"]
        assert list(dict.fromkeys(asked[:-1])) == list(
            dict.fromkeys([*checks, *(["core"] if keeper == "core" else [])])
        )
        assert asked[-1] == "filings"
        with in_bank("125"):
            assert Filing.objects.get().status == "acknowledged"
            screenings = Check.objects.filter(kind="watchlist", purpose="open_account")
            assert screenings.count() == 2
            assert set(screenings.values_list("outcome", flat=True)) == {"clear"}

    def test_a_carrier_that_changed_its_mind_stops_it_and_nobody_else_is_asked(
        self, registered: PhoneMaker, sandbox: Sandbox
    ) -> None:
        someone = registered()  # whom the vendors know otherwise from now on
        _override(sandbox, someone, carrier_result="mismatch")
        sandbox.json("DELETE", "/sandbox/calls")
        account = someone.open_account()
        assert (account["status"], account["reason_code"]) == ("rejected", "carrier_mismatch")
        assert set(_vendors(sandbox)) == {"sms", "carriers"}

    @pytest.mark.parametrize(("profile", "code"), [("id_mismatch", "id_mismatch"), ("id_missing", "id_not_found")])
    def test_each_answer_of_the_national_check_has_its_own_code(
        self, registered: PhoneMaker, sandbox: Sandbox, profile: str, code: str
    ) -> None:
        someone = registered(profile=profile)
        account = someone.open_account()
        assert (account["status"], account["reason_code"], account["retryable"]) == ("rejected", code, False)
        assert "tencent_faceid" not in _vendors(sandbox)

    def test_a_national_check_that_is_down_may_be_tried_again(self, someone: Phone, sandbox: Sandbox) -> None:
        from django.utils import timezone

        from core.steps.models import Step

        sandbox.fault("id_check", status=503)
        code = someone.phone_code("open_account")
        card = {"number": someone.person["card_number"], "phone": someone.person["phone"]}
        started = someone.post("accounts", {"class": "II", "bound_card": card, "phone_code": code}, expect=202)
        someone.wait(0)
        assert someone.get(f"accounts/{started['id']}")["status"] == "checking"
        with in_bank("125"):
            long_ago = timezone.now() - timedelta(hours=1)
            Check.objects.filter(kind="id_check").update(asked_at=long_ago)
            Step.objects.filter(state="live").update(run_at=long_ago, lease_until=None)
        someone.wait(0)
        ended = someone.get(f"accounts/{started['id']}")
        assert (ended["status"], ended["reason_code"], ended["retryable"]) == ("rejected", "vendor_unavailable", True)

    def test_a_card_that_is_not_the_customers_own_is_refused(self, someone: Phone, sandbox: Sandbox) -> None:
        other = sandbox.person(region="320700", age=40)
        someone.person = {**someone.person, "card_number": other["card_number"]}
        account = someone.open_account()
        assert (account["status"], account["reason_code"]) == ("rejected", "bound_card_mismatch")
        assert "id_check" not in _vendors(sandbox)

    def test_a_person_on_a_watchlist_is_refused_without_a_hint(
        self, registered: PhoneMaker, sandbox: Sandbox, tmp_path: Any
    ) -> None:
        from django.core.management import call_command

        from core.tenancy import PROVINCE, at

        someone = registered(profile="listed")
        rows = tmp_path / "list.csv"
        rows.write_bytes(sandbox.http.get("/sandbox/watchlist.csv").content)
        with at(PROVINCE):
            call_command("import_watchlist", str(rows), "--list", "sample", stdout=StringIO())
        sandbox.json("DELETE", "/sandbox/calls")
        account = someone.open_account()
        assert (account["status"], account["reason_code"]) == ("rejected", "refused")
        assert not {"core", "filings"} & set(_vendors(sandbox))
        with in_bank("125"):
            assert Check.objects.filter(kind="watchlist", outcome="hit").exists()
            assert not DepositAccount.objects.filter(status="active").exists()
