"""The core systems behind the gateway: accounts are closed, days are listed, and a test may falsify the books."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.people import World
from tests.sandbox.gateway_caller import BANK, OTHER_BANK, Caller, account_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.people import Person

DAY, NEXT_DAY = "2026-11-22", "2026-11-23"


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller(World(today=lambda: date(2026, 11, 22)))
    yield caller
    caller.state.close()


@pytest.fixture
def holder(caller: Caller) -> Person:
    return caller.world.make(1, profile=f"class1_at:{BANK}")[0]


@pytest.fixture
def number(caller: Caller, holder: Person) -> str:
    """Open a Class II account."""
    return str(caller.ask("core.open_account", account_order(holder))["account_number"])


def order(number: str, amount: str, day: str | None = DAY) -> dict[str, str]:
    return {"account_number": number, "amount": amount, "memo": "x", **({"order_date": day} if day else {})}


def lines(caller: Caller, day: str = DAY, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.ask("core.statement", {"date": day, **more})["lines"]
    return found


class TestClose:
    """POST /core/accounts/close."""

    def test_an_empty_account_is_closed_and_takes_nothing_any_more(self, caller: Caller, number: str) -> None:
        request_id = uuid.uuid4().hex
        first = caller.ask("core.close_account", {"account_number": number}, request_id=request_id)
        again = caller.ask("core.close_account", {"account_number": number}, request_id=request_id)
        assert again == first | {"replayed": True}
        assert caller.core()["accounts"][0]["closed_at"] == first["closed_at"]
        asked = caller.ask("core.query", asked_id=request_id)
        assert asked == {"status": "done", "kind": "closing", "result": {"closed_at": first["closed_at"]}}
        for operation in ("core.credit", "core.debit"):
            answer = caller.send(operation, order(number, "1.00"))
            assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")

    def test_one_with_money_is_not(self, caller: Caller, number: str) -> None:
        caller.ask("core.credit", order(number, "0.01"))
        answer = caller.send("core.close_account", {"account_number": number})
        assert (answer.status_code, answer.json()["code"]) == (409, "balance_not_zero")
        assert caller.core()["accounts"][0]["closed_at"] is None

    def test_nor_one_of_another_bank_nor_a_class_one_account(self, caller: Caller, holder: Person, number: str) -> None:
        caller.ask("core.credit", order(holder.card_number, "1.00"))
        for body, bank in (({"account_number": number}, OTHER_BANK), ({"account_number": holder.card_number}, BANK)):
            answer = caller.send("core.close_account", body, bank=bank)
            assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")

    def test_a_closed_account_makes_room_for_another(self, caller: Caller, holder: Person, number: str) -> None:
        for _ in range(4):
            caller.ask("core.open_account", account_order(holder))
        assert caller.send("core.open_account", account_order(holder)).status_code == 409
        caller.ask("core.close_account", {"account_number": number})
        caller.ask("core.open_account", account_order(holder))

    def test_class_three_is_counted_by_itself(self, caller: Caller, holder: Person, number: str) -> None:
        third = caller.ask("core.open_account", {**account_order(holder), "class": "III"})["account_number"]
        assert [row["class"] for row in caller.core()["accounts"]] == ["II", "III"]
        assert third != number


class TestStatement:
    """POST /core/statement."""

    def test_lists_the_orders_of_a_day_by_their_request_ids(self, caller: Caller, number: str) -> None:
        first, second = uuid.uuid4().hex, uuid.uuid4().hex
        booked = caller.ask("core.credit", order(number, "5.00"), request_id=first)
        caller.ask("core.debit", order(number, "1.25"), request_id=second)
        caller.ask("core.credit", order(number, "9.00", NEXT_DAY))
        found = lines(caller)
        assert [(row["request_id"], row["kind"], row["amount"]) for row in found] == [
            (first, "credit", "5.00"), (second, "debit", "1.25"),
        ]  # fmt: skip
        assert (found[0]["reference"], found[0]["booked_at"]) == (booked["reference"], booked["booked_at"])
        assert [row["amount"] for row in lines(caller, NEXT_DAY)] == ["9.00"]
        assert caller.ask("core.statement", {"date": DAY}, bank=OTHER_BANK)["lines"] == []

    def test_an_order_without_a_day_is_of_the_day_on_which_it_is_booked(self, caller: Caller, number: str) -> None:
        booked = caller.ask("core.credit", order(number, "5.00", None))
        assert [row["amount"] for row in lines(caller, booked["booked_at"][:10])] == ["5.00"]

    def test_what_was_refused_or_came_in_otherwise_is_not_there(self, caller: Caller, number: str) -> None:
        assert caller.send("core.debit", order(number, "1.00")).status_code == 409
        salary = {"bank": BANK, "account_number": number, "amount": "88.00"}
        caller.doors.request("POST", "/sandbox/core/deposits", json=salary)
        assert lines(caller) == []

    def test_pages_follow_each_other_and_end(self, caller: Caller, number: str) -> None:
        for fen in range(1, 8):
            caller.ask("core.credit", order(number, f"0.0{fen}"))
        amounts: list[str] = []
        body: dict[str, Any] = {"date": DAY, "limit": 3}
        page: dict[str, Any] = {}
        for size in (3, 3, 1):
            page = caller.ask("core.statement", body)
            assert len(page["lines"]) == size
            amounts += [row["amount"] for row in page["lines"]]
            body = {**body, "cursor": page["next"]}
        assert page["next"] is None
        assert amounts == [f"0.0{fen}" for fen in range(1, 8)]

    def test_a_full_last_page_has_no_next(self, caller: Caller, number: str) -> None:
        for _ in range(2):
            caller.ask("core.credit", order(number, "1.00"))
        assert caller.ask("core.statement", {"date": DAY, "limit": 2})["next"] is None


class TestTamper:
    """POST /sandbox/core/tamper."""

    def tamper(self, caller: Caller, **what: Any) -> int:
        return caller.doors.request("POST", "/sandbox/core/tamper", json={"bank": BANK, **what}).status_code

    def test_another_amount_is_on_the_statement_and_on_the_account(self, caller: Caller, number: str) -> None:
        request_id = uuid.uuid4().hex
        caller.ask("core.credit", order(number, "5.00"), request_id=request_id)
        assert self.tamper(caller, request_id=request_id, amount="4.00") == 200
        assert [row["amount"] for row in lines(caller)] == ["4.00"]
        assert caller.core()["accounts"][0]["balance"] == "4.00"

    def test_a_lost_movement_never_was(self, caller: Caller, number: str) -> None:
        request_id = uuid.uuid4().hex
        caller.ask("core.credit", order(number, "5.00"), request_id=request_id)
        assert self.tamper(caller, request_id=request_id) == 200
        assert lines(caller) == []
        assert caller.ask("core.query", asked_id=request_id)["status"] == "unknown"
        assert caller.core()["accounts"][0]["balance"] == "0.00"

    def test_money_that_has_gone_on_cannot_be_lost(self, caller: Caller, number: str) -> None:
        request_id = uuid.uuid4().hex
        caller.ask("core.credit", order(number, "5.00"), request_id=request_id)
        caller.ask("core.debit", order(number, "5.00"))
        assert self.tamper(caller, request_id=request_id) == 409
        assert len(lines(caller)) == 2

    @pytest.mark.parametrize("what", [{"request_id": "x"}, {"request_id": "0" * 32, "amount": "1"}, {}])
    def test_nonsense_is_400(self, caller: Caller, what: dict[str, str]) -> None:
        assert self.tamper(caller, **what) == 400

    def test_an_unknown_request_is_404(self, caller: Caller) -> None:
        assert self.tamper(caller, request_id="0" * 32) == 404
