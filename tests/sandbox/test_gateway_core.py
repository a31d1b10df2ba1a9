"""The core systems behind the gateway: money moves once, whatever is sent again."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

import pytest
from stdnum import luhn

from sandbox.gateway.core_bank import MAX_OF_A_CLASS
from sandbox.gateway.money import to_fen, to_yuan
from sandbox.people import World
from tests.sandbox.gateway_caller import BANK, OTHER_BANK, Caller, account_order, identity, samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.people import Person

QUERYABLE = ("core.open_account", "core.credit", "core.debit", "filings.file")


@pytest.fixture
def world() -> World:
    return World(today=lambda: date(2026, 11, 22))


@pytest.fixture
def caller(world: World) -> Iterator[Caller]:
    caller = Caller(world)
    yield caller
    caller.state.close()


@pytest.fixture
def holder(world: World) -> Person:
    """Give somebody with a Class I account at BANK."""
    return world.make(1, profile=f"class1_at:{BANK}")[0]


def movement(account_number: str, amount: str) -> dict[str, str]:
    return {"account_number": account_number, "amount": amount, "memo": "贷款发放"}


class TestClassOne:
    """POST /core/class-one."""

    def test_the_account_is_the_card_and_holds_savings(self, caller: Caller, holder: Person) -> None:
        answer = caller.ask("core.class_one", identity(holder))
        assert answer["account_number"] == holder.card_number
        assert 2_000 <= float(answer["balance"]) <= 60_000
        assert caller.ask("core.class_one", identity(holder)) == answer

    def test_another_bank_of_the_union_knows_nothing_of_it(self, caller: Caller, holder: Person) -> None:
        answer = caller.ask("core.class_one", identity(holder), bank=OTHER_BANK)
        assert answer == {"account_number": None, "balance": None}

    def test_nobody_else_holds_one(self, caller: Caller, world: World, holder: Person) -> None:
        (plain,) = world.make(1)
        for body in (identity(plain), {**identity(holder), "name": "样例"}):
            assert caller.ask("core.class_one", body)["account_number"] is None


class TestOpen:
    """POST /core/accounts."""

    def test_an_account_is_open_and_empty(self, caller: Caller, holder: Person) -> None:
        number = caller.ask("core.open_account", account_order(holder))["account_number"]
        assert luhn.is_valid(number)
        (account,) = caller.core()["accounts"]
        assert (account["account_number"], account["class"], account["balance"]) == (number, "II", "0.00")
        assert {key: account[key] for key in identity(holder)} == identity(holder)
        assert caller.core(OTHER_BANK)["accounts"] == []

    def test_the_sixth_is_refused_for_good(self, caller: Caller, holder: Person) -> None:
        numbers = {caller.ask("core.open_account", account_order(holder))["account_number"] for _ in range(5)}
        assert len(numbers) == MAX_OF_A_CLASS == 5
        request_id = uuid.uuid4().hex
        for replayed in (False, True):
            answer = caller.send("core.open_account", account_order(holder), request_id=request_id)
            assert answer.status_code == 409
            assert (answer.json()["code"], answer.json()["replayed"]) == ("account_limit_reached", replayed)
        assert len(caller.core()["accounts"]) == 5
        caller.ask("core.open_account", account_order(holder), bank=OTHER_BANK)


class TestMove:
    """POST /core/credits and /core/debits."""

    def test_balances_follow_to_the_fen(self, caller: Caller, holder: Person) -> None:
        number = caller.ask("core.open_account", account_order(holder))["account_number"]
        caller.ask("core.credit", movement(number, "10000.00"))
        caller.ask("core.debit", movement(number, "0.01"))
        caller.ask("core.debit", movement(number, "9999.99"))
        core = caller.core()
        assert [row["balance_after"] for row in core["movements"]] == ["10000.00", "9999.99", "0.00"]
        assert [row["kind"] for row in core["movements"]] == ["credit", "debit", "debit"]
        assert core["accounts"][0]["balance"] == "0.00"

    def test_a_class_one_account_can_be_booked_on_unasked(self, caller: Caller, holder: Person) -> None:
        caller.ask("core.credit", movement(holder.card_number, "1.00"))
        balance = caller.ask("core.class_one", identity(holder))["balance"]
        assert balance == caller.core()["movements"][0]["balance_after"]

    def test_more_than_there_is_is_refused_for_good(self, caller: Caller, holder: Person) -> None:
        number = caller.ask("core.open_account", account_order(holder))["account_number"]
        request_id = uuid.uuid4().hex
        first = caller.send("core.debit", movement(number, "0.01"), request_id=request_id)
        assert (first.status_code, first.json()["code"]) == (409, "insufficient_funds")
        caller.ask("core.credit", movement(number, "5.00"))
        again = caller.send("core.debit", movement(number, "0.01"), request_id=request_id)
        assert (again.status_code, again.json()) == (409, first.json() | {"replayed": True})
        assert caller.core()["accounts"][0]["balance"] == "5.00"
        asked = caller.ask("core.query", asked_id=request_id)
        assert asked == {"status": "rejected", "kind": "debit", "code": "insufficient_funds"}

    @pytest.mark.parametrize("operation_id", ["core.credit", "core.debit"])
    def test_an_account_of_another_bank_is_not_found(self, caller: Caller, holder: Person, operation_id: str) -> None:
        for number in (
            holder.card_number,
            caller.ask("core.open_account", account_order(holder))["account_number"],
        ):
            answer = caller.send(operation_id, movement(number, "1.00"), bank=OTHER_BANK)
            assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")
        assert caller.core()["movements"] == caller.core(OTHER_BANK)["movements"] == []

    @pytest.mark.parametrize(("yuan", "fen"), [("0.01", 1), ("1.00", 100), ("1000.00", 100_000), ("10.05", 1005)])
    def test_yuan_and_fen(self, yuan: str, fen: int) -> None:
        assert (to_fen(yuan), to_yuan(fen)) == (fen, yuan)


class TestOnce:
    """The request id of queryable calls."""

    @pytest.mark.parametrize("operation_id", QUERYABLE)
    def test_the_same_call_answers_the_same_and_has_no_second_effect(
        self, caller: Caller, holder: Person, operation_id: str
    ) -> None:
        body, request_id = samples(holder)[operation_id], uuid.uuid4().hex
        first = caller.ask(operation_id, body, request_id=request_id)
        before = caller.core()
        for _ in range(3):
            assert caller.ask(operation_id, body, request_id=request_id) == first | {"replayed": True}
        assert first["replayed"] is False
        assert caller.core() == before

    @pytest.mark.parametrize("operation_id", QUERYABLE)
    def test_an_id_belongs_to_one_request(self, caller: Caller, holder: Person, operation_id: str) -> None:
        request_id = uuid.uuid4().hex
        caller.ask("core.credit", movement(holder.card_number, "3.00"), request_id=request_id)
        before = caller.core()
        answer = caller.send(operation_id, samples(holder)[operation_id], request_id=request_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "request_id_reused")
        assert caller.core() == before

    def test_every_bank_has_its_own_ids(self, caller: Caller, holder: Person) -> None:
        request_id = uuid.uuid4().hex
        body = account_order(holder)
        ours = caller.ask("core.open_account", body, request_id=request_id)
        theirs = caller.ask("core.open_account", body, request_id=request_id, bank=OTHER_BANK)
        assert theirs["replayed"] is False
        assert ours["account_number"] != theirs["account_number"]

    def test_a_malformed_call_does_not_use_up_its_id(self, caller: Caller, holder: Person) -> None:
        request_id = uuid.uuid4().hex
        assert caller.send("core.credit", {}, request_id=request_id).status_code == 400
        assert caller.ask("core.query", asked_id=request_id)["status"] == "unknown"
        caller.ask("core.credit", movement(holder.card_number, "3.00"), request_id=request_id)


class TestQuery:
    """GET /core/requests/{request_id}."""

    @pytest.mark.parametrize(
        ("operation_id", "kind"), list(zip(QUERYABLE, ("account", "credit", "debit", "filing"), strict=True))
    )
    def test_what_was_done_is_told_as_it_was_answered(
        self, caller: Caller, holder: Person, operation_id: str, kind: str
    ) -> None:
        request_id = uuid.uuid4().hex
        answer = caller.ask(operation_id, samples(holder)[operation_id], request_id=request_id)
        del answer["replayed"]
        asked = caller.ask("core.query", asked_id=request_id)
        assert asked == {"status": "done", "kind": kind, "result": answer}

    def test_what_never_came_or_came_from_another_bank_is_unknown(self, caller: Caller, holder: Person) -> None:
        request_id = uuid.uuid4().hex
        caller.ask("core.credit", movement(holder.card_number, "3.00"), request_id=request_id)
        unknown = {"status": "unknown", "kind": None}
        assert caller.ask("core.query", asked_id=uuid.uuid4().hex) == unknown
        assert caller.ask("core.query", asked_id=request_id, bank=OTHER_BANK) == unknown

    def test_a_malformed_id_is_400(self, caller: Caller) -> None:
        assert caller.send("core.query", asked_id="nonsense").status_code == 400


class TestFilings:
    """POST /filings."""

    def test_a_filing_is_kept_with_its_receipt(self, caller: Caller, holder: Person) -> None:
        body = samples(holder)["filings.file"]
        receipt = caller.ask("filings.file", body)["receipt"]
        (filing,) = caller.core()["filings"]
        assert filing["receipt"] == receipt
        assert {key: filing[key] for key in body} == body

    def test_no_two_filings_share_a_receipt(self, caller: Caller, holder: Person) -> None:
        opened = samples(holder)["filings.file"]
        bodies = [opened, {**opened, "kind": "change", "changed": "phone"}, {**opened, "kind": "close"}]
        assert len({caller.ask("filings.file", body)["receipt"] for body in bodies}) == 3

    @pytest.mark.parametrize("kind", ["open", "close"])
    def test_what_is_on_file_is_not_filed_again_under_another_id(
        self, caller: Caller, holder: Person, kind: str
    ) -> None:
        opened = samples(holder)["filings.file"]
        caller.ask("filings.file", opened)
        if kind == "close":
            caller.ask("filings.file", {**opened, "kind": "close"})
        answer = caller.send("filings.file", {**opened, "kind": kind})
        assert (answer.status_code, answer.json()["code"]) == (409, "filing_duplicate")
        assert len(caller.core()["filings"]) == (1 if kind == "open" else 2)

    @pytest.mark.parametrize("kind", ["change", "close"])
    def test_an_account_that_was_never_opened_on_file_is_unknown(
        self, caller: Caller, holder: Person, kind: str
    ) -> None:
        answer = caller.send("filings.file", {**samples(holder)["filings.file"], "kind": kind})
        assert (answer.status_code, answer.json()["code"]) == (409, "filing_unknown_account")


class TestDeposit:
    """POST /sandbox/core/deposits."""

    def test_money_comes_in_as_a_salary_would(self, caller: Caller, holder: Person) -> None:
        number = caller.ask("core.open_account", account_order(holder))["account_number"]
        order = {"bank": BANK, "account_number": number, "amount": "88.00"}
        assert caller.doors.request("POST", "/sandbox/core/deposits", json=order).status_code == 200
        assert caller.core()["accounts"][0]["balance"] == "88.00"
        assert caller.core()["movements"][0]["request_id"] is None

    @pytest.mark.parametrize("changed", [{"amount": "1"}, {"bank": "x"}, {"account_number": 7}])
    def test_nonsense_is_400(self, caller: Caller, holder: Person, changed: dict[str, object]) -> None:
        order = {"bank": BANK, "account_number": holder.card_number, "amount": "88.00", **changed}
        assert caller.doors.request("POST", "/sandbox/core/deposits", json=order).status_code == 400

    def test_an_unknown_account_is_404(self, caller: Caller, holder: Person) -> None:
        order = {"bank": OTHER_BANK, "account_number": holder.card_number, "amount": "88.00"}
        assert caller.doors.request("POST", "/sandbox/core/deposits", json=order).status_code == 404

    def test_looking_needs_a_bank(self, caller: Caller) -> None:
        assert caller.doors.request("GET", "/sandbox/core").status_code == 400


class TestRestart:
    """A gateway with a data directory."""

    def test_accounts_and_answers_outlive_the_process(self, world: World, holder: Person, tmp_path: Path) -> None:
        before = Caller(world, tmp_path)
        request_id = uuid.uuid4().hex
        first = before.ask("core.credit", movement(holder.card_number, "3.00"), request_id=request_id)
        core = before.core()
        before.state.close()
        after = Caller(world, tmp_path)
        again = after.ask("core.credit", movement(holder.card_number, "3.00"), request_id=request_id)
        assert again == first | {"replayed": True}
        assert after.core() == core
        after.state.close()
