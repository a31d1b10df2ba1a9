"""The payment network behind the gateway: cards have money, an order moves it once, and can be asked for."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.people import World
from tests.sandbox.gateway_caller import BANK, OTHER_BANK, Caller, account_order, collection, identity, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.people import Person


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller(World(today=lambda: date(2026, 11, 22)))
    yield caller
    caller.state.close()


@pytest.fixture
def person(caller: Caller) -> Person:
    return caller.world.make(1)[0]


def on_card(caller: Caller, person: Person) -> str:
    answer = caller.doors.request("GET", "/sandbox/purses", params={"card_number": person.card_number}).json()
    return str(answer["balance"])


def put_on_card(caller: Caller, person: Person, balance: str) -> None:
    order = {"card_number": person.card_number, "balance": balance}
    assert caller.doors.request("POST", "/sandbox/purses", json=order).status_code == 200


def slow(caller: Caller, *, slow: bool) -> None:
    assert caller.doors.request("POST", "/sandbox/payments", json={"slow": slow}).json() == {"slow": slow}


def orders(caller: Caller, bank: str = BANK) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.doors.request("GET", "/sandbox/payments", params={"bank": bank}).json()[
        "orders"
    ]
    return found


def refused(caller: Caller, operation: str, body: dict[str, str], **how: Any) -> str:
    answer = caller.send(operation, body, **how)
    assert answer.status_code == 409, answer.text
    return str(answer.json()["code"])


class TestCollections:
    """POST /payments/collections."""

    def test_money_leaves_the_card_to_the_fen(self, caller: Caller, person: Person) -> None:
        assert on_card(caller, person) == "50000.00"
        answer = caller.ask("payments.collect", collection(person, "0.01"))
        assert (answer["status"], answer["replayed"]) == ("done", False)
        assert on_card(caller, person) == "49999.99"

    def test_the_same_id_takes_it_once(self, caller: Caller, person: Person) -> None:
        request_id = uuid.uuid4().hex
        first = caller.ask("payments.collect", collection(person), request_id=request_id)
        again = caller.ask("payments.collect", collection(person), request_id=request_id)
        assert again == first | {"replayed": True}
        assert on_card(caller, person) == "49990.00"
        other = caller.send("payments.collect", collection(person, "11.00"), request_id=request_id)
        assert (other.status_code, other.json()["code"]) == (409, "request_id_reused")

    def test_more_than_there_is_is_refused_for_good(self, caller: Caller, person: Person) -> None:
        put_on_card(caller, person, "9.99")
        request_id = uuid.uuid4().hex
        assert refused(caller, "payments.collect", collection(person), request_id=request_id) == "insufficient_funds"
        put_on_card(caller, person, "100.00")
        assert refused(caller, "payments.collect", collection(person), request_id=request_id) == "insufficient_funds"
        asked = caller.ask("payments.query", asked_id=request_id)
        assert asked == {"status": "refused", "code": "insufficient_funds"}
        assert on_card(caller, person) == "100.00"
        assert orders(caller) == []

    @pytest.mark.parametrize("element", ["name", "id_number", "phone"])
    def test_somebody_else_is_refused(self, caller: Caller, person: Person, element: str) -> None:
        other = collection(caller.world.make(1)[0])
        assert refused(caller, "payments.collect", {**collection(person), element: other[element]}) == "card_refused"

    def test_a_blocked_card_is_refused(self, caller: Caller, person: Person) -> None:
        caller.world.override(person.person, bound_card="mismatch")
        assert refused(caller, "payments.collect", collection(person)) == "card_refused"

    def test_there_is_a_most(self, caller: Caller, person: Person) -> None:
        put_on_card(caller, person, "600000.00")
        assert caller.ask("payments.collect", collection(person, "500000.00"))["status"] == "done"
        assert refused(caller, "payments.collect", collection(person, "500000.01")) == "limit_exceeded"

    def test_a_class_one_card_is_its_account_in_the_core(self, caller: Caller) -> None:
        (holder,) = caller.world.make(1, profile=f"class1_at:{BANK}")
        before = float(caller.ask("core.class_one", identity(holder))["balance"])
        caller.ask("payments.collect", collection(holder, "100.00"), bank=OTHER_BANK)
        assert float(caller.ask("core.class_one", identity(holder))["balance"]) == before - 100


class TestTransfers:
    """POST /payments/transfers."""

    def test_money_arrives_on_the_card(self, caller: Caller, person: Person) -> None:
        answer = caller.ask("payments.send", transfer(person, "150000.00"))
        assert answer["status"] == "done"
        assert on_card(caller, person) == "200000.00"
        (order,) = orders(caller)
        assert (order["kind"], order["amount"], order["reference"]) == (
            "transfer", "150000.00", answer["reference"],
        )  # fmt: skip
        assert orders(caller, OTHER_BANK) == []

    def test_money_arrives_on_an_account_of_another_banks_core(self, caller: Caller, person: Person) -> None:
        number = caller.ask("core.open_account", account_order(person), bank=OTHER_BANK)["account_number"]
        caller.ask("payments.send", {**transfer(person), "payee_number": number})
        assert caller.core(OTHER_BANK)["accounts"][0]["balance"] == "10.00"

    def test_a_number_that_nobody_has_and_a_wrong_name_are_told_apart(self, caller: Caller, person: Person) -> None:
        nobody = {**transfer(person), "payee_number": "6223240000000000010"}
        assert refused(caller, "payments.send", nobody) == "payee_not_found"
        assert refused(caller, "payments.send", {**transfer(person), "payee_name": "样例"}) == "payee_name_mismatch"


class TestRequests:
    """GET /payments/requests/{request_id}."""

    def test_one_that_never_arrived_is_unknown(self, caller: Caller) -> None:
        assert caller.ask("payments.query", asked_id="0" * 32) == {"status": "unknown"}

    def test_one_of_another_bank_or_of_the_core_is_unknown(self, caller: Caller, person: Person) -> None:
        request_id = uuid.uuid4().hex
        caller.ask("payments.send", transfer(person), request_id=request_id)
        assert caller.ask("payments.query", asked_id=request_id, bank=OTHER_BANK) == {"status": "unknown"}
        caller.ask("core.open_account", account_order(person), request_id="a" * 32)
        assert caller.ask("payments.query", asked_id="a" * 32) == {"status": "unknown"}

    def test_one_that_is_done_tells_its_reference(self, caller: Caller, person: Person) -> None:
        request_id = uuid.uuid4().hex
        first = caller.ask("payments.send", transfer(person), request_id=request_id)
        asked = caller.ask("payments.query", asked_id=request_id)
        assert asked == {name: first[name] for name in ("status", "reference", "settled_at")}

    def test_a_slow_one_is_processing_and_moves_when_the_network_is_quick_again(
        self, caller: Caller, person: Person
    ) -> None:
        slow(caller, slow=True)
        request_id = uuid.uuid4().hex
        taken = caller.ask("payments.collect", collection(person), request_id=request_id)
        assert taken == {"status": "processing", "replayed": False}
        assert caller.ask("payments.query", asked_id=request_id) == {"status": "processing"}
        assert on_card(caller, person) == "50000.00"
        slow(caller, slow=False)
        for _ in range(2):
            assert caller.ask("payments.query", asked_id=request_id)["status"] == "done"
        assert on_card(caller, person) == "49990.00"
        again = caller.ask("payments.collect", collection(person), request_id=request_id)
        assert (again["status"], again["replayed"]) == ("done", True)
        assert on_card(caller, person) == "49990.00"

    def test_a_slow_one_may_end_refused(self, caller: Caller, person: Person) -> None:
        slow(caller, slow=True)
        request_id = uuid.uuid4().hex
        caller.ask("payments.collect", collection(person), request_id=request_id)
        put_on_card(caller, person, "1.00")
        slow(caller, slow=False)
        for _ in range(2):
            asked = caller.ask("payments.query", asked_id=request_id)
            assert asked == {"status": "refused", "code": "insufficient_funds"}
        assert on_card(caller, person) == "1.00"

    def test_orders_outlive_the_process(self, tmp_path: Path) -> None:
        world = World(today=lambda: date(2026, 11, 22))
        first = Caller(world, tmp_path)
        (person,) = world.make(1)
        request_id = uuid.uuid4().hex
        first.ask("payments.collect", collection(person), request_id=request_id)
        first.state.close()
        second = Caller(world, tmp_path)
        assert second.ask("payments.query", asked_id=request_id)["status"] == "done"
        assert on_card(second, person) == "49990.00"
        second.state.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/payments", {}),
        ("/sandbox/payments", {"slow": "yes"}),
        ("/sandbox/purses", {"card_number": "1", "balance": "1.00"}),
        ("/sandbox/purses", {"card_number": "6223240000000000010", "balance": "-1.00"}),
    ],
)
def test_a_control_call_that_makes_no_sense_is_refused(caller: Caller, path: str, body: dict[str, Any]) -> None:
    answer = caller.doors.request("POST", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
