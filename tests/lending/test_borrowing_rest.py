"""Products, applications and credit lines over REST, with the vendors' sandbox behind."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from core.clock import business_date, move_business_date
from core.steps.models import Step
from core.tenancy import in_bank
from lending.models import Application, CreditLine
from tests.at_once import at_once, told
from tests.lending.applicants import (
    INCOME,
    Outside,
    again,
    change_product,
    consent_to,
    due_now,
    face_token,
    make_customer,
    make_token,
)
from tests.lending.product_acts import close
from tests.running_sandbox import Sandbox

RunSteps = Callable[..., int]
APPLY = {"product": "XF01", "purpose": "consumption", "facts": INCOME}


@dataclass
class Caller:
    """Somebody with a token at a bank; without one, anybody."""

    bank: str = "125"
    token: str = ""

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = "", **headers: str) -> Any:
        """Call the contract; every POST has an idempotency key of its own unless the test says otherwise."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST" and key is not None:
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        return Client().generic(
            method,
            f"/b/{self.bank}/api/v1/{path}",
            data=b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )

    def get(self, path: str) -> Any:
        """GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """POST."""
        return self.call("POST", path, {} if body is None else body, **more)


def _caller(customer_id: uuid.UUID, bank: str = "125") -> Caller:
    return Caller(bank=bank, token=make_token(customer_id))


def _problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def from_sandbox(vendors: Sandbox) -> Callable[..., tuple[uuid.UUID, Caller, dict[str, Any]]]:
    """Register somebody of the sandbox at the current bank: `from_sandbox(profile="thin")`."""

    def make(bank: str = "125", **traits: Any) -> tuple[uuid.UUID, Caller, dict[str, Any]]:
        region = {"125": "320706", "116": "320582"}[bank]
        person = vendors.person(**{"region": region, "age": 35, **traits})
        customer_id = make_customer(name=person["name"], id_number=person["id_number"], birth_date=date(1990, 1, 1))
        return customer_id, _caller(customer_id, bank), person

    return make


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestProducts:
    def test_are_listed_to_anybody(self) -> None:
        answer = Caller().get("products")
        assert answer.status_code == 200
        assert {item["code"] for item in answer.json()["items"]} == {"XF01", "XF03"}
        assert answer.json()["next"] is None

    def test_are_shown_as_the_contract_says(self) -> None:
        shown = Caller().get("products/XF01").json()
        assert set(shown) >= {
            "code", "name", "version", "lender", "min_amount", "max_amount", "terms", "methods", "annual_rate",
            "purposes", "required_consents", "facts_schema",
        }  # fmt: skip
        assert shown["lender"] == "连云港东方样例农村商业银行股份有限公司"
        assert (shown["min_amount"], shown["max_amount"]) == ("500.00", "200000.00")
        assert shown["annual_rate"] == {"from": "4.0000", "to": "7.2000"}
        assert shown["facts_schema"]["required"] == ["income"]
        assert set(shown["facts_schema"]["properties"]) == {"employer", "residence", "income"}

    def test_unknown_ones_are_not_found(self) -> None:
        assert _problem(Caller().get("products/XF99")) == (404, "not_found")
        assert _problem(Caller().post("products/XF99/quote", {})) == (404, "not_found")

    def test_a_quote_needs_neither_token_nor_key(self) -> None:
        body = {"amount": "100000.00", "term": 12, "method": "equal_instalment", "annual_rate": "6.0000",
                "start": "2024-01-15"}  # fmt: skip
        answer = Caller().post("products/XF01/quote", body, key=None)
        assert answer.status_code == 200
        quote = answer.json()
        assert quote["instalments"][0] == {
            "number": 1, "due_date": "2024-02-15", "principal": "8106.64", "interest": "500.00", "total": "8606.64",
            "balance": "91893.36",
        }  # fmt: skip
        assert (quote["total_interest"], quote["all_in_annual_rate"], quote["all_in_basis"]) == (
            "3279.73", "6.0000", "irr",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"amount": "499.99"}, 422, "amount_out_of_range"),
            ({"amount": "200000.01"}, 422, "amount_out_of_range"),
            ({"term": 5}, 422, "terms_not_offered"),
            ({"method": "bullet"}, 422, "terms_not_offered"),
            ({"method": "weekly"}, 400, "invalid_request"),
            ({"term": 0}, 400, "invalid_request"),
            ({"amount": 1000}, 400, "invalid_request"),
            ({"start": "2024-02-30"}, 400, "invalid_request"),
            ({"start": "1900-01-01"}, 400, "invalid_request"),
        ],
    )
    def test_a_quote_that_cannot_be_made_says_why(self, change: dict[str, Any], status: int, code: str) -> None:
        body = {"amount": "10000.00", "term": 12, "method": "equal_instalment", **change}
        assert _problem(Caller().post("products/XF01/quote", body)) == (status, code)

    def test_a_closed_product_is_not_listed_and_takes_no_application(self, outside: Outside) -> None:
        caller = _caller(make_customer())
        close()
        assert [item["code"] for item in Caller().get("products").json()["items"]] == ["XF03"]
        assert _problem(caller.post("applications", APPLY)) == (422, "product_closed")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestTheWayToALine:
    def test_goes_by_the_contract(
        self, from_sandbox: Callable[..., Any], run_steps: RunSteps, sandbox: Sandbox
    ) -> None:
        _, caller, _ = from_sandbox()
        answer = caller.post("applications", APPLY)
        application = answer.json()
        assert answer.status_code == 202
        assert answer.headers["Location"] == f"/b/125/api/v1/applications/{application['id']}"
        assert (application["status"], application["decision"]) == ("checking", None)
        assert application["required_consents"][:2] == ["credit_query", "data_query"]
        shown = caller.get(f"applications/{application['id']}")
        assert shown.headers["Retry-After"] == "1"
        run_steps()
        shown = caller.get(f"applications/{application['id']}")
        assert (shown.json()["status"], "Retry-After" in shown.headers) == ("face", False)
        row = Application.objects.get()
        consent_to(row)
        answer = caller.post(f"applications/{application['id']}/submit", {"face_token": face_token(row)})
        assert (answer.status_code, answer.json()["status"]) == (202, "deciding")
        run_steps()
        decision = caller.get(f"applications/{application['id']}").json()["decision"]
        assert decision["term_months"] == 12
        assert decision["reason_codes"] == []
        assert decision["grade"] in "ABCD"
        assert decision["valid_until"] == (business_date() + timedelta(days=30)).isoformat()
        assert decision["model_version"].startswith("standard-full-")
        answer = caller.post(f"applications/{application['id']}/accept")
        assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
        (line,) = caller.get("credit-lines").json()["items"]
        assert (line["product"], line["limit"], line["available"], line["annual_rate"], line["status"]) == (
            "XF01", decision["limit"], decision["limit"], decision["annual_rate"], "active",
        )  # fmt: skip
        assert [item["id"] for item in caller.get("applications").json()["items"]] == [application["id"]]
        calls = [(call["vendor"], call["outcome"]) for call in sandbox.calls()]
        assert [vendor for vendor, _ in calls] == ["id_check", "bureau", "government"]

    def test_ends_at_once_for_somebody_from_elsewhere_and_asks_nobody(
        self, from_sandbox: Callable[..., Any], run_steps: RunSteps, sandbox: Sandbox
    ) -> None:
        _, caller, _ = from_sandbox(region="510104")
        answer = caller.post("applications", APPLY)
        run_steps()
        application = answer.json()
        assert (answer.status_code, application["status"], application["reason_code"]) == (
            202, "rejected", "region_not_served",
        )  # fmt: skip
        decision = application["decision"]
        assert decision["reason_codes"] == ["region_not_served"]
        assert decision["reason_texts"][0].startswith("暂未能确认")
        assert decision["model_version"].startswith("standard-early-")
        assert (decision["limit"], decision["grade"]) == (None, None)
        assert sandbox.calls() == []

    @pytest.mark.parametrize(("profile", "code"), [("id_mismatch", "id_mismatch"), ("id_missing", "id_not_found")])
    def test_ends_where_the_national_check_does_not_agree(
        self, from_sandbox: Callable[..., Any], run_steps: RunSteps, sandbox: Sandbox, profile: str, code: str
    ) -> None:
        _, caller, _ = from_sandbox(profile=profile)
        application = caller.post("applications", APPLY).json()
        run_steps()
        shown = caller.get(f"applications/{application['id']}").json()
        assert (shown["status"], shown["reason_code"], shown["retryable"]) == ("rejected", code, False)
        assert shown["decision"]["model_version"] is None
        assert sandbox.calls(vendor="bureau") == []

    @pytest.mark.parametrize(
        ("profile", "status"),
        [("overdue", "rejected"), ("poor_credit", "rejected"), ("student", "rejected"), ("thin", "offered")],
    )
    def test_ends_as_the_bureau_and_the_offices_know_the_person(
        self, from_sandbox: Callable[..., Any], run_steps: RunSteps, profile: str, status: str
    ) -> None:
        _, caller, _ = from_sandbox(profile=profile)
        application = caller.post("applications", APPLY).json()
        run_steps()
        row = Application.objects.get()
        consent_to(row)
        caller.post(f"applications/{application['id']}/submit", {"face_token": face_token(row)})
        run_steps()
        shown = caller.get(f"applications/{application['id']}").json()
        assert shown["status"] == status
        assert bool(shown["decision"]["reason_codes"]) == (status == "rejected")
        assert (shown["decision"]["limit"] is None) == (status == "rejected")

    def test_waits_while_the_bureau_is_down_and_can_be_tried_again_after(
        self, from_sandbox: Callable[..., Any], run_steps: RunSteps, vendors: Sandbox
    ) -> None:
        vendors.fault("bureau", status=503)
        _, caller, _ = from_sandbox()
        application = caller.post("applications", APPLY).json()
        run_steps()
        row = Application.objects.get()
        consent_to(row)
        caller.post(f"applications/{application['id']}/submit", {"face_token": face_token(row)})
        run_steps()
        assert caller.get(f"applications/{application['id']}").json()["status"] == "deciding"
        Step.objects.filter(kind="application.ask_bureau").update(created_at=row.created_at - timedelta(hours=1))
        due_now()
        run_steps()
        shown = caller.get(f"applications/{application['id']}").json()
        assert (shown["status"], shown["reason_code"], shown["retryable"]) == ("rejected", "vendor_unavailable", True)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "status", "code"),
        [
            ({"product": "XF99"}, 404, "not_found"),
            ({"product": "../XF01"}, 400, "invalid_request"),
            ({"purpose": "house_purchase"}, 422, "purpose_forbidden"),
            ({"purpose": "炒股"}, 422, "purpose_forbidden"),
            ({"purpose": "fun"}, 400, "invalid_request"),
            ({"facts": []}, 400, "invalid_request"),
            ({"facts": {}}, 400, "invalid_request"),
            ({"facts": {**INCOME, "sex": "male"}}, 400, "invalid_request"),
            (
                {"facts": {**INCOME, "employer": {"name": "\ud800\ud800", "region_code": "320706"}}},
                400,
                "invalid_request",
            ),
        ],
    )
    def test_of_an_application(self, outside: Outside, change: dict[str, Any], status: int, code: str) -> None:
        answer = _caller(make_customer()).post("applications", {**APPLY, **change})
        assert _problem(answer) == (status, code)
        assert Application.objects.count() == 0

    def test_name_the_words_that_are_known(self, outside: Outside) -> None:
        problem = _caller(make_customer()).post("applications", {**APPLY, "purpose": "fun"}).json()
        assert "consumption" in problem["errors"]["purpose"][0]

    def test_of_a_submission(self, outside: Outside, run_steps: RunSteps) -> None:
        caller = _caller(make_customer())
        application = caller.post("applications", APPLY).json()
        path = f"applications/{application['id']}/submit"
        assert _problem(caller.post(path, {"face_token": "x" * 30})) == (409, "state_conflict")
        run_steps()
        row = Application.objects.get()
        assert _problem(caller.post(path, {"face_token": face_token(row)})) == (422, "consent_missing")
        consent_to(row)
        assert _problem(caller.post(path, {"face_token": "x" * 30})) == (409, "face_token_mismatch")
        assert _problem(caller.post(path, {})) == (400, "invalid_request")
        assert again(row).status == "face"
        assert outside.named("bureau") == []

    def test_of_an_acceptance(self, decided: Callable[..., Application], outside: Outside) -> None:
        application = decided()
        caller = _caller(application.customer_id)
        path = f"applications/{application.pk.hex}/accept"
        with transaction.atomic():
            move_business_date(to_date=business_date() + timedelta(days=31))
        assert caller.get(f"applications/{application.pk.hex}").json()["status"] == "expired"
        assert _problem(caller.post(path)) == (409, "offer_expired")
        assert CreditLine.objects.count() == 0

    def test_of_a_second_acceptance(self, decided: Callable[..., Application], outside: Outside) -> None:
        application = decided()
        caller = _caller(application.customer_id)
        path = f"applications/{application.pk.hex}/accept"
        assert caller.post(path).status_code == 200
        assert _problem(caller.post(path)) == (409, "state_conflict")

    def test_of_calls_without_token_or_key(self, outside: Outside) -> None:
        assert _problem(Caller().get("applications")) == (401, "unauthenticated")
        assert _problem(Caller().get("credit-lines")) == (401, "unauthenticated")
        caller = _caller(make_customer())
        assert _problem(caller.post("applications", APPLY, key=None)) == (400, "idempotency_key_required")

    def test_of_too_many_applications(self, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lending.parameters.applications_per_day", lambda: 1)
        caller = _caller(make_customer())
        assert caller.post("applications", APPLY).status_code == 202
        assert _problem(caller.post("applications", APPLY)) == (429, "too_many_requests")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestDenials:
    """What is another's is not found, and nothing changes."""

    def _try(self, caller: Caller, application: Application) -> set[tuple[int, str]]:
        path = f"applications/{application.pk.hex}"
        answers = [
            caller.get(path), caller.post(f"{path}/submit", {"face_token": "x" * 30}), caller.post(f"{path}/accept"),
        ]  # fmt: skip
        return {_problem(answer) for answer in answers}

    def test_another_customers_application(self, decided: Callable[..., Application]) -> None:
        application = decided()
        caller = _caller(make_customer())
        assert self._try(caller, application) == {(404, "not_found")}
        assert caller.get("applications").json()["items"] == []
        assert caller.get("credit-lines").json()["items"] == []
        assert again(application).status == "offered"

    def test_another_banks_application(self, decided: Callable[..., Application]) -> None:
        application = decided()
        with in_bank("116"):
            stranger = _caller(make_customer(region="320582"), "116")
        assert self._try(stranger, application) == {(404, "not_found")}
        with in_bank("125"):
            assert again(application).status == "offered"

    def test_a_token_at_another_bank(self, decided: Callable[..., Application]) -> None:
        application = decided()
        caller = Caller(bank="116", token=make_token(application.customer_id))
        assert self._try(caller, application) == {(401, "unauthenticated")}
        with in_bank("125"):
            assert again(application).status == "offered"


@pytest.mark.django_db(transaction=True)
class TestTheSameRequestTwentyTimes:
    def test_has_one_effect_and_twenty_equal_answers(self, decided: Callable[..., Application]) -> None:
        with in_bank("125"):
            application = decided()
            caller = _caller(application.customer_id)

        def accept() -> str:
            answer = caller.post(f"applications/{application.pk.hex}/accept", key="the-same")
            return f"{answer.status_code} {answer.content!r}"

        (told_to_all,) = set(told(at_once(None, [accept] * 20)))
        assert told_to_all.startswith("200 ")
        with in_bank("125"):
            assert CreditLine.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
def test_a_changed_product_shows_to_the_next_caller_at_this_bank_only() -> None:
    change_product("XF01", grade_a_spread_bp=170)
    assert Caller().get("products/XF01").json()["annual_rate"]["from"] == "4.7000"
    assert Caller(bank="116").get("products/XF01").json()["annual_rate"]["from"] == "4.0000"
