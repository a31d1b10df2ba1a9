"""The bank gateway, every answer held against the published contract."""

from __future__ import annotations

import base64
import itertools
import json
import time
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from sandbox.gateway import contract
from sandbox.gateway.doors import HANDLERS
from sandbox.people import World
from tests.sandbox.gateway_caller import BANK, OTHER_BANK, Caller, account_order, identity, samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.people import Person

UNDOCUMENTED_ELSEWHERE = {"sms.send", "tsa.stamp"}  # doors of their own, tested beside them


@pytest.fixture
def world() -> World:
    return World(today=lambda: date(2026, 11, 22))


@pytest.fixture
def caller(world: World) -> Iterator[Caller]:
    caller = Caller(world)
    yield caller
    caller.state.close()


@pytest.fixture
def person(world: World) -> Person:
    return world.make(1)[0]


class TestContract:
    """docs/gateway-openapi.yaml."""

    def test_every_operation_has_a_handler_and_every_handler_an_operation(self) -> None:
        assert set(contract.operations()) - UNDOCUMENTED_ELSEWHERE == set(HANDLERS)

    def test_every_schema_is_one(self) -> None:
        for schema in contract.document()["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)

    def test_every_reference_leads_somewhere(self) -> None:
        text = json.dumps(contract.document())
        targets = {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}
        assert len(targets) > 20
        for target in targets:
            found: Any = contract.document()
            for step in target.split("/"):
                found = found[step]
            assert found

    def test_every_example_fits_its_schema(self) -> None:
        checked = 0
        for operation_id, operation in contract.operations().items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body:
                assert contract.request_problem(operation_id, body["example"]) is None, operation_id
                checked += 1
            for status, response in operation["responses"].items():
                described = response.get("content", {}).get("application/json")
                if described:
                    assert contract.response_problem(operation_id, int(status), described["example"]) is None
                    checked += 1
        assert checked > 30

    def test_every_signed_operation_takes_the_four_headers(self) -> None:
        for operation_id, operation in contract.operations().items():
            references = [parameter.get("$ref", "") for parameter in operation.get("parameters", [])]
            names = [reference.rpartition("/")[2] for reference in references if reference]
            expected = [] if operation_id == "tsa.stamp" else ["Bank", "RequestId", "Timestamp", "Signature"]
            assert names == expected, operation_id


class TestEnvelope:
    """Signature, headers and body of every call."""

    @pytest.mark.parametrize("operation_id", sorted(HANDLERS))
    def test_an_unsigned_call_is_401_everywhere(self, caller: Caller, person: Person, operation_id: str) -> None:
        body = samples(person).get(operation_id)
        answer = caller.send(operation_id, body, asked_id="0" * 32, headers={"X-Signature": "0" * 64})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
        assert not any(caller.core().values())

    @pytest.mark.parametrize("age_seconds", [301, -302])
    def test_an_old_or_future_timestamp_is_401(
        self, caller: Caller, person: Person, monkeypatch: pytest.MonkeyPatch, age_seconds: int
    ) -> None:
        real = time.time()
        moments = itertools.chain([real - age_seconds], itertools.repeat(real))
        monkeypatch.setattr(time, "time", lambda: next(moments))
        answer = caller.send("id_check", identity(person))
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")

    @pytest.mark.parametrize("bank", ["", "1", "12a", "1170"])
    def test_a_malformed_bank_is_400(self, caller: Caller, person: Person, bank: str) -> None:
        answer = caller.send("id_check", identity(person), bank=bank)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")

    @pytest.mark.parametrize("request_id", ["x", "A" * 32, "0" * 31])
    def test_a_malformed_request_id_is_400(self, caller: Caller, person: Person, request_id: str) -> None:
        answer = caller.send("id_check", identity(person), request_id=request_id)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")

    @pytest.mark.parametrize("operation_id", sorted(set(HANDLERS) - {"core.query", "payments.query"}))
    def test_a_body_that_is_not_as_described_is_400_everywhere(
        self, caller: Caller, person: Person, operation_id: str
    ) -> None:
        good = samples(person)[operation_id]
        bad: list[Any] = [b"", b"nonsense", b"\xff", b"[]", b"null", {**good, "surplus": 1}]
        bad += [{key: value for key, value in good.items() if key != left_out} for left_out in good]
        bad += [{**good, key: 7} for key in good]
        for body in bad:
            answer = caller.send(operation_id, body)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert not any(caller.core().values())

    def test_a_refusal_does_not_repeat_what_was_sent(self, caller: Caller, person: Person) -> None:
        answer = caller.send("id_check", {**identity(person), "id_number": "3205831990"})
        assert "3205831990" not in answer.text

    @pytest.mark.parametrize("amount", ["0.00", "-1.00", "1", "1.0", "1.000", "01.00", "1e3", "١.00"])
    def test_an_amount_is_yuan_with_two_decimals(self, caller: Caller, person: Person, amount: str) -> None:
        answer = caller.send("core.credit", {**samples(person)["core.credit"], "amount": amount})
        assert answer.status_code == 400


class TestCarriers:
    """POST /carriers/verify and /carriers/lookup."""

    def test_a_person_matches_at_their_own_carrier(self, caller: Caller, person: Person) -> None:
        answer = caller.ask("carriers.verify", samples(person)["carriers.verify"])
        assert answer == {"result": "match", "carrier": person.carrier}

    @pytest.mark.parametrize("field", ["name", "id_number"])
    def test_somebody_else_is_a_mismatch(self, caller: Caller, world: World, person: Person, field: str) -> None:
        (other,) = world.make(1)
        body = {**samples(person)["carriers.verify"], field: identity(other)[field]}
        assert caller.ask("carriers.verify", body)["result"] == "mismatch"

    def test_another_carrier_does_not_know_the_number(self, caller: Caller, person: Person) -> None:
        other = "unicom" if person.carrier != "unicom" else "mobile"
        body = {**samples(person)["carriers.verify"], "route": other}
        assert caller.ask("carriers.verify", body) == {"result": "not_found", "carrier": other}

    def test_a_number_that_nobody_has_is_not_found(self, caller: Caller, person: Person) -> None:
        body = {**samples(person)["carriers.verify"], "phone": "13900000000"}
        assert caller.ask("carriers.verify", body)["result"] == "not_found"
        answer = caller.send("carriers.lookup", {"phone": "13900000000"})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_number")

    def test_a_profile_or_an_override_makes_a_mismatch(self, caller: Caller, world: World, person: Person) -> None:
        (marked,) = world.make(1, profile="carrier_mismatch")
        assert caller.ask("carriers.verify", samples(marked)["carriers.verify"])["result"] == "mismatch"
        world.override(person.person, carrier_result="mismatch")
        assert caller.ask("carriers.verify", samples(person)["carriers.verify"])["result"] == "mismatch"

    def test_a_ported_number_is_found_at_its_new_carrier(self, caller: Caller, world: World, person: Person) -> None:
        assert caller.ask("carriers.lookup", {"phone": person.phone}) == {"carrier": person.carrier}
        world.override(person.person, carrier="broadnet")
        assert caller.ask("carriers.lookup", {"phone": person.phone}) == {"carrier": "broadnet"}
        body = {**samples(person)["carriers.verify"], "route": "broadnet"}
        assert caller.ask("carriers.verify", body)["result"] == "match"


class TestIdCheck:
    """POST /id-check."""

    def test_a_match_brings_the_photo(self, caller: Caller, world: World, person: Person) -> None:
        answer = caller.ask("id_check", identity(person))
        assert answer["result"] == "match"
        assert base64.b64decode(answer["photo"]) == world.portrait(person)

    @pytest.mark.parametrize(
        ("profile", "result"),
        [("id_mismatch", "name_mismatch"), ("id_missing", "not_found"), ("no_id_photo", "match")],
    )
    def test_everything_else_has_no_photo(self, caller: Caller, world: World, profile: str, result: str) -> None:
        (marked,) = world.make(1, profile=profile)
        assert caller.ask("id_check", identity(marked)) == {"result": result, "photo": None}

    def test_another_name_is_a_name_mismatch(self, caller: Caller, person: Person) -> None:
        answer = caller.ask("id_check", {**identity(person), "name": "样例"})
        assert answer == {"result": "name_mismatch", "photo": None}

    def test_a_number_that_nobody_has_is_not_found(self, caller: Caller) -> None:
        answer = caller.ask("id_check", {"name": "样例", "id_number": "320583199001010010"})
        assert answer == {"result": "not_found", "photo": None}

    def test_the_photo_may_be_a_strangers(self, caller: Caller, world: World) -> None:
        (marked,) = world.make(1, profile="other_id_photo")
        photo = base64.b64decode(caller.ask("id_check", identity(marked))["photo"])
        assert photo != world.portrait(marked)


class TestBoundCard:
    """POST /bound-card/verify."""

    def test_five_elements_match(self, caller: Caller, world: World) -> None:
        (holder,) = world.make(1, profile="class1_at:125")
        assert caller.ask("bound_card.verify", samples(holder)["bound_card.verify"]) == {
            "result": "match",
            "mismatched": [],
            "issuer_bank": "125",
            "issuer_name": "连云港东方样例农商银行",
            "account_class": "I",
        }

    @pytest.mark.parametrize("field", ["name", "id_number", "phone"])
    def test_each_element_counts(self, caller: Caller, world: World, person: Person, field: str) -> None:
        (other,) = world.make(1)
        body = {**samples(person)["bound_card.verify"], field: samples(other)["bound_card.verify"][field]}
        answer = caller.ask("bound_card.verify", body)
        assert (answer["result"], answer["mismatched"], answer["issuer_bank"]) == ("mismatch", [field], "")

    def test_a_card_that_nobody_has_is_unknown(self, caller: Caller, person: Person) -> None:
        body = {**samples(person)["bound_card.verify"], "card_number": "6223240000000000010"}
        answer = caller.ask("bound_card.verify", body)
        assert (answer["mismatched"], answer["account_class"]) == (["card_number"], None)

    @pytest.mark.parametrize("account_class", ["I", "II", "III", "credit"])
    def test_the_class_is_told(self, caller: Caller, world: World, person: Person, account_class: str) -> None:
        world.override(person.person, account_class=account_class)
        answer = caller.ask("bound_card.verify", samples(person)["bound_card.verify"])
        assert (answer["result"], answer["account_class"]) == ("match", account_class)

    def test_an_account_opened_here_shows_its_own_class(self, caller: Caller, person: Person) -> None:
        number = caller.ask("core.open_account", account_order(person))["account_number"]
        body = {**samples(person)["bound_card.verify"], "card_number": number}
        answer = caller.ask("bound_card.verify", body, bank=OTHER_BANK)
        assert (answer["result"], answer["account_class"], answer["issuer_bank"]) == ("match", "II", BANK)

    def test_an_override_makes_a_mismatch(self, caller: Caller, world: World, person: Person) -> None:
        world.override(person.person, bound_card="mismatch")
        answer = caller.ask("bound_card.verify", samples(person)["bound_card.verify"])
        assert answer["result"] == "mismatch"


class TestCredit:
    """POST /bureau/report and /government/data."""

    def test_the_report_is_the_persons_record(self, caller: Caller, world: World, person: Person) -> None:
        request_id = uuid.uuid4().hex
        answer = caller.ask("bureau.report", samples(person)["bureau.report"], request_id=request_id)
        assert answer.pop("report_id") == f"BR{request_id}"
        assert answer.pop("queried_at")
        assert answer == world.facts(person).bureau

    @pytest.mark.parametrize("changed", [{"name": "样例"}, {"id_number": "320583199001010010"}])
    def test_a_stranger_has_no_record(self, caller: Caller, person: Person, changed: dict[str, str]) -> None:
        answer = caller.ask("bureau.report", {**samples(person)["bureau.report"], **changed})
        assert (answer["found"], answer["score"]) == (False, None)
        body = {**samples(person)["government.data"], **changed}
        assert caller.ask("government.data", body) == {"items": {"social_security": None, "student": None}}

    @pytest.mark.parametrize("profile", ["good", "thin", "overdue", "poor_credit", "student", "works_at:320281"])
    def test_every_profile_answers_by_the_contract(self, caller: Caller, world: World, profile: str) -> None:
        items = ["social_security", "housing_fund", "tax", "household", "student"]
        for marked in world.make(20, profile=profile):
            caller.ask("bureau.report", samples(marked)["bureau.report"])
            answer = caller.ask("government.data", {**identity(marked), "items": items})
            assert answer["items"] == world.facts(marked).government

    def test_only_what_was_asked_for_is_given(self, caller: Caller, person: Person) -> None:
        answer = caller.ask("government.data", {**identity(person), "items": ["household"]})
        assert answer == {"items": {"household": {"region_code": person.id_number[:6]}}}
