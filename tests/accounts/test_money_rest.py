"""Top-ups, transfers and statements over REST: bad input changes nothing, and everybody sees their own only."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import DepositAccount, Hold, JournalEntry, QuotaUse, Session, TopUp, Transfer
from core.clock import now
from core.steps.models import Step
from tests.accounts.holders import TODAY, Holder, Network, give, make_holder, set_day

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
BASE = "/b/125/api/v1/"
PAYEE = {"number": "6217990000000000013", "name": "王样例"}


@pytest.fixture
def api() -> Client:
    return Client()


def headers(who: Holder) -> dict[str, str]:
    token = secrets.token_urlsafe(32)
    Session.objects.create(
        customer_id=who.customer_id, token_sha256=hashlib.sha256(token.encode()).digest(), device_id="d",
        expires_at=now() + timedelta(hours=1),
    )  # fmt: skip
    return {"Authorization": f"Bearer {token}"}


def post(api: Client, who: Holder, path: str, body: Any, key: str = "") -> Any:
    given = headers(who) | {"Idempotency-Key": key or uuid.uuid4().hex}
    return api.post(BASE + path, json.dumps(body), content_type="application/json", headers=given)


def get(api: Client, who: Holder, path: str) -> Any:
    return api.get(BASE + path, headers=headers(who))


def proof(who: Holder, action: str, amount_fen: int) -> dict[str, str]:
    made = who.code(action, amount_fen)
    return {"id": made.code_id.hex, "code": made.code}


def transfer(who: Holder, amount: str = "10.00", amount_fen: int = 10_00, **changes: Any) -> dict[str, Any]:
    return {
        "from_account": who.account_id.hex, "to": PAYEE, "amount": amount,
        "phone_code": proof(who, "transfer", amount_fen), **changes,
    }  # fmt: skip


def top_up(who: Holder, amount: str = "10.00", amount_fen: int = 10_00, **changes: Any) -> dict[str, Any]:
    return {"card": who.card_id.hex, "amount": amount, "phone_code": proof(who, "top_up", amount_fen), **changes}


def nothing_moved(*people: Holder) -> bool:
    made = (TopUp, Transfer, Hold, QuotaUse, Step)
    booked = JournalEntry.objects.exclude(business_ref__startswith="gift:")
    return (
        not any(model.objects.exists() for model in made)
        and not booked.exists()
        and all(who.account.held_fen == 0 for who in people)
    )


class TestRefusals:
    """Beside the table of bad input to all calls, `tests/lending/test_bad_input.py`."""

    def test_a_card_that_is_no_longer_bound_tops_nothing_up(self, api: Client) -> None:
        who = make_holder()
        card = who.card
        card.status = "unbound"
        card.save(update_fields=["status"])
        answer = post(api, who, f"accounts/{who.account_id.hex}/top-ups", top_up(who))
        assert answer.status_code in {404, 409}
        assert nothing_moved(who)

    def test_more_than_there_is_and_more_than_the_quota_are_told_apart(self, api: Client) -> None:
        who = make_holder(20_000_00)
        poor = make_holder(1)
        answer = post(api, who, "transfers", transfer(who, "10000.01", 10_000_01))
        assert (answer.status_code, answer.json()["code"], answer.json()["left"]) == (422, "quota_exceeded", "10000.00")
        answer = post(api, poor, "transfers", transfer(poor))
        assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
        assert nothing_moved(who, poor)


class TestAnswers:
    def test_a_transfer_leads_to_its_end(self, api: Client, network: Network, run_steps: Callable[..., int]) -> None:
        who = make_holder(100_00)
        answer = post(api, who, "transfers", transfer(who))
        assert answer.status_code == 202
        made = answer.json()
        assert answer.headers["Location"] == f"{BASE}transfers/{made['id']}"
        assert (made["status"], made["reason_code"], made["ended_at"]) == ("posting", None, None)
        assert made["to"] == {"kind": "account", "card_id": None, "number": "****0013", "name": "**例"}
        polled = get(api, who, f"transfers/{made['id']}")
        assert polled.headers["Retry-After"] == "1"
        account = get(api, who, f"accounts/{who.account_id.hex}").json()
        assert (account["balance"], account["available"]) == ("100.00", "90.00")
        run_steps()
        ended = get(api, who, f"transfers/{made['id']}")
        assert (ended.json()["status"], ended.headers.get("Retry-After")) == ("posted", None)
        assert get(api, who, "transfers").json()["items"] == [ended.json()]

    def test_a_top_up_leads_to_its_end(self, api: Client, network: Network, run_steps: Callable[..., int]) -> None:
        who = make_holder()
        path = f"accounts/{who.account_id.hex}/top-ups"
        answer = post(api, who, path, top_up(who))
        assert answer.status_code == 202
        made = answer.json()
        assert answer.headers["Location"] == f"{BASE}{path}/{made['id']}"
        assert (made["status"], made["card"], made["amount"]) == ("posting", who.card_id.hex, "10.00")
        run_steps()
        ended = get(api, who, f"{path}/{made['id']}").json()
        assert ended["status"] == "posted"
        assert get(api, who, path).json()["items"] == [ended]

    def test_stranded_money_reads_as_failed(self, api: Client, network: Network, run_steps: Callable[..., int]) -> None:
        who = make_holder()
        path = f"accounts/{who.account_id.hex}/top-ups"
        made = post(api, who, path, top_up(who)).json()
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
        run_steps()
        ended = get(api, who, f"{path}/{made['id']}").json()
        assert (ended["status"], ended["reason_code"]) == ("failed", "account_not_active")

    def test_another_customers_are_absent(self, api: Client, network: Network) -> None:
        who, other = make_holder(100_00), make_holder(100_00)
        sent = post(api, who, "transfers", transfer(who)).json()["id"]
        topped = post(api, who, f"accounts/{who.account_id.hex}/top-ups", top_up(who)).json()["id"]
        paths = [
            f"transfers/{sent}", f"accounts/{who.account_id.hex}/top-ups", f"accounts/{who.account_id.hex}/statement",
            f"accounts/{who.account_id.hex}/top-ups/{topped}", f"accounts/{other.account_id.hex}/top-ups/{topped}",
        ]  # fmt: skip
        for path in paths:
            assert get(api, other, path).status_code == 404, path
        assert get(api, other, "transfers").json()["items"] == []

    def test_one_key_is_one_transfer(self, api: Client, network: Network) -> None:
        who = make_holder(100_00)
        body, key = transfer(who), uuid.uuid4().hex
        answers = [post(api, who, "transfers", body, key) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
        assert (Transfer.objects.count(), who.account.held_fen) == (1, 10_00)


class TestCodes:
    @pytest.mark.parametrize("action", ["top_up", "transfer"])
    def test_are_asked_for_with_an_amount_and_perhaps_for_an_account_of_ones_own(
        self, api: Client, action: str
    ) -> None:
        who, other = make_holder(), make_holder()
        body = {"phone": who.phone, "action": action, "amount": "10.00"}
        assert post(api, who, "phone-codes", body | {"subject": who.account_id.hex}).status_code == 202
        assert post(api, who, "phone-codes", body | {"subject": other.account_id.hex}).status_code == 404
        without = {name: value for name, value in body.items() if name != "amount"}
        assert post(api, who, "phone-codes", without).json()["errors"].keys() == {"amount"}
        DepositAccount.objects.filter(pk=who.account_id).update(status="closed")
        assert post(api, who, "phone-codes", body | {"subject": who.account_id.hex}).status_code == 409


class TestStatement:
    def test_adds_up_and_is_told_by_business_days(self, api: Client) -> None:
        set_day(TODAY)
        who = make_holder(100_00)
        set_day(TODAY + timedelta(days=3))
        give(who.account_id, 50_00)
        path = (
            f"accounts/{who.account_id.hex}/statement?from={TODAY + timedelta(days=1)}&to={TODAY + timedelta(days=3)}"
        )
        found = get(api, who, path).json()
        assert (found["opening_balance"], found["credited"], found["debited"], found["closing_balance"]) == (
            "100.00", "50.00", "0.00", "150.00",
        )  # fmt: skip
        (entry,) = found["entries"]
        assert (entry["date"], entry["amount"], entry["balance_after"]) == ("2026-11-26", "50.00", "150.00")

    def test_without_dates_is_the_present_month(self, api: Client) -> None:
        set_day(TODAY)
        who = make_holder(100_00)
        found = get(api, who, f"accounts/{who.account_id.hex}/statement").json()
        assert (found["from"], found["to"], found["closing_balance"]) == ("2026-11-01", "2026-11-23", "100.00")

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("from=2026-11-02&to=2026-11-01", "from"),
            ("from=2024-01-01&to=2026-11-01", "from"),
            ("from=yesterday", "from"),
            ("to=2026-13-01", "to"),
            ("to=20261101", "to"),
            ("from=0001-01-01", "from"),
        ],
    )
    def test_a_period_that_is_none_is_refused(self, api: Client, query: str, field: str) -> None:
        set_day(TODAY)
        who = make_holder()
        answer = get(api, who, f"accounts/{who.account_id.hex}/statement?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert list(answer.json()["errors"]) == [field]

    def test_of_the_first_day_of_the_calendar_is_empty(self, api: Client) -> None:
        who = make_holder()
        path = f"accounts/{who.account_id.hex}/statement?from={date.min}&to={date.min}"
        assert get(api, who, path).json()["entries"] == []

    def test_of_an_account_in_the_core_is_there(self, api: Client) -> None:
        who = make_holder(keeper="core")
        answer = get(api, who, f"accounts/{who.account_id.hex}/statement")
        assert (answer.status_code, answer.json()["code"]) == (409, "state_conflict")
