"""The OpenAPI document against the contract: every call, its answers, its codes, and nothing vague."""

from __future__ import annotations

import re
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

import config.urls_province  # noqa: F401 -- with the admin's addresses every problem is in the catalogue, whatever runs before
from core.errors import CATALOGUE
from tests.contract.calls import CALLS, Call

Document = dict[str, Any]
CODE = re.compile(r"`([a-z0-9_]+)`")
# Answers that any path may give before a call is known: they belong to the server, not to a call.
OF_THE_SERVER = {"method_not_allowed", "internal_error", "payload_too_large"}
# What only staff can be told, in their admin.
OF_STAFF = {
    "agency_not_listed",
    "agreement_text_refused",
    "campaign_cost_refused",
    "case_not_yours",
    "collection_refused",
    "correction_refused",
    "draft_changed",
    "extension_too_long",
    "go_live_refused",
    "launch_facts_refused",
    "limit_not_lower",
    "lpr_refused",
    "model_refused",
    "no_right_to_decide",
    "nothing_to_report",
    "outside_collection_hours",
    "outside_money_refused",
    "outside_party_held",
    "support_refused",
    "switch_refused",
    "parameter_refused",
    "product_refused",
    "proposal_waiting",
    "receipt_exceeded",
    "receipt_known",
    "regions_refused",
    "register_refused",
    "restriction_refused",
    "review_reason_missing",
    "same_hands",
    "second_factor_wrong",
    "staff_refused",
    "template_refused",
    "template_unfit",
    "third_party_contact",
    "too_many_contacts",
    "value_date_refused",
    "warning_reason_missing",
    "watch_term_refused",
}
# More than the contract promises: where a Location leads, lists, complaints, a code to share, and the papers of a loan.
BESIDE = {
    ("GET", "/b/{bank}/api/v1/cards"),
    ("GET", "/b/{bank}/api/v1/accounts/{}/statement"),
    ("GET", "/b/{bank}/api/v1/accounts/{}/top-ups"),
    ("GET", "/b/{bank}/api/v1/accounts/{}/top-ups/{}"),
    ("GET", "/b/{bank}/api/v1/transfers"),
    ("GET", "/b/{bank}/api/v1/transfers/{}"),
    ("GET", "/b/{bank}/api/v1/cards/{}"),
    ("GET", "/b/{bank}/api/v1/complaints"),
    ("POST", "/b/{bank}/api/v1/complaints"),
    ("POST", "/b/{bank}/api/v1/shares"),
    ("GET", "/b/{bank}/api/v1/complaints/{}"),
    ("POST", "/b/{bank}/api/v1/complaints/{}/entries"),
    ("POST", "/b/{bank}/api/v1/complaints/{}/score"),
    ("GET", "/b/{bank}/api/v1/loans/{}/repayments"),
    ("GET", "/b/{bank}/api/v1/loans/{}/repayments/{}"),
    ("GET", "/b/{bank}/api/v1/loans/{}/repayments/{}/receipt"),
    ("GET", "/b/{bank}/api/v1/loans/{}/settlement-certificate"),
    ("GET", "/b/{bank}/api/v1/loans/{}/statement"),
}


@pytest.fixture(scope="module")
def document() -> Document:
    generator: Any = SchemaGenerator
    made: Document = generator(urlconf="config.urls_contract").get_schema(request=None, public=True)
    return made


def _anonymous(path: str) -> str:
    return re.sub(r"\{(?!bank\})[a-z_]+\}", "{}", path)


def _operations(document: Document) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), _anonymous(path)): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "put", "patch", "delete"}
    }


def _codes(operation: dict[str, Any]) -> set[str]:
    refusals = [answer for status, answer in operation["responses"].items() if status >= "400"]
    return {code for answer in refusals for code in CODE.findall(answer.get("description", ""))}


class TestEveryCall:
    @pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
    def test_is_published_with_its_answer_and_its_codes(self, document: Document, call: Call) -> None:
        operation = _operations(document)[call.method, call.path]
        answer = operation["responses"][str(call.success)]
        assert answer.get("content") or call.success == 204
        expected = set(call.codes)
        if call.keyed:
            expected |= {"idempotency_key_required", "idempotency_key_reused"}
        if call.needs_token:
            expected |= {"unauthenticated"}
        if "{}" in call.path:
            expected |= {"not_found"}
        assert expected <= _codes(operation)
        headers = {one["name"]: one["required"] for one in operation.get("parameters", []) if one["in"] == "header"}
        assert headers.get("Idempotency-Key", False) is call.keyed

    @pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
    def test_says_whether_it_needs_a_token(self, document: Document, call: Call) -> None:
        assert bool(_operations(document)[call.method, call.path].get("security")) is call.needs_token

    def test_is_a_call_of_the_contract(self, document: Document) -> None:
        promised = {(call.method, call.path) for call in CALLS}
        assert set(_operations(document)) - promised <= BESIDE


class TestEveryAnswer:
    def test_is_named_by_its_status(self, document: Document) -> None:
        statuses = {status for operation in _operations(document).values() for status in operation["responses"]}
        assert all(status.isdigit() for status in statuses)

    def test_is_a_problem_document_where_it_is_a_refusal(self, document: Document) -> None:
        for operation in _operations(document).values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert set(answer["content"]) == {"application/problem+json"}
                    assert _codes(operation)


class TestEveryCode:
    def test_of_the_catalogue_is_documented_at_some_call(self, document: Document) -> None:
        documented = {code for operation in _operations(document).values() for code in _codes(operation)}
        assert set(CATALOGUE) - documented == (OF_THE_SERVER | OF_STAFF) - documented

    def test_that_is_documented_is_in_the_catalogue_with_that_status(self, document: Document) -> None:
        for operation in _operations(document).values():
            for status, answer in operation["responses"].items():
                for code in CODE.findall(answer.get("description", "")) if status >= "400" else []:
                    assert CATALOGUE[code].status == int(status)

    def test_tells_the_customer_what_to_do_next(self, document: Document) -> None:
        documented = {code for operation in _operations(document).values() for code in _codes(operation)}
        silent = {code for code in documented if not {"请", "须", "需"} & set(CATALOGUE[code].title)}
        assert silent == set(), "say what to do, not only what is wrong"
