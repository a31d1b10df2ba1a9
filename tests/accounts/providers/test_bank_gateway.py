"""Bound card, core system and filings through the published contract: one effect whatever the wire does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from accounts.providers.bank_gateway.provider import (
    GatewayAccountFilings,
    GatewayBoundCardCheck,
    GatewayCoreSystem,
)
from accounts.providers.bound_card import BoundCardResult, CardAccountClass, CardElement
from accounts.providers.core_system import CoreRefusal, FilingKind, FilingOrder, RequestStatus
from core.gateway import (
    GatewayError,
    Invalid,
    Rejected,
    RetryAfter,
    SignedEndpoint,
    UnknownOutcome,
    UnknownVendorCode,
    counters,
    forget_breakers,
)
from core.ids import new_id
from tenants.providers.gateway_client import bank_gateway
from tests.loopback import Door, Drop, door, reply
from tests.running_sandbox import Sandbox

__all__ = ["door"]

ACCOUNT = "6223241172000000014"
BOOKED = {"reference": "CR1", "booked_at": "2026-11-22T10:15:00+08:00", "replayed": False}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


def endpoint(base_url: str) -> SignedEndpoint:
    return bank_gateway(bank="125", base_url=base_url, key="sandbox-gateway-key", read_seconds=0.5)


def core(base_url: str) -> GatewayCoreSystem:
    return GatewayCoreSystem(endpoint(base_url))


def opened(account: str, kind: FilingKind = FilingKind.OPEN, changed: str = "") -> FilingOrder:
    return FilingOrder(
        kind=kind, account_number=account, account_class="II", opened_on=date(2026, 11, 22),
        event_on=date(2026, 11, 23), changed=changed,
    )  # fmt: skip


class TestBoundCard:
    def verify(self, door: Door, **changes: object) -> Any:
        answer = {
            "result": "match",
            "mismatched": [],
            "issuer_bank": "117",
            "issuer_name": "昆山样例农商银行",
            "account_class": "I",
        }
        door.then(reply(answer | changes))
        return GatewayBoundCardCheck(endpoint(door.url)).verify(
            name="林样例",
            id_number="320583199001010010",
            phone="13900000000",
            card_number="6223240000000000010",
            request_id=new_id().hex,
        )

    def test_a_match(self, door: Door) -> None:
        answer = self.verify(door)
        assert (answer.result, answer.mismatched, answer.account_class) == (
            BoundCardResult.MATCH,
            frozenset(),
            CardAccountClass.CLASS_I,
        )
        assert (answer.issuer_bank, answer.issuer_name) == ("117", "昆山样例农商银行")

    @pytest.mark.parametrize("element", CardElement)
    def test_every_element_that_may_disagree(self, door: Door, element: CardElement) -> None:
        answer = self.verify(door, result="mismatch", mismatched=[element.value])
        assert answer.mismatched == {element}

    @pytest.mark.parametrize("account_class", CardAccountClass)
    def test_every_class(self, door: Door, account_class: CardAccountClass) -> None:
        assert self.verify(door, account_class=account_class.value).account_class is account_class

    def test_an_unknown_card_has_neither_class_nor_issuer(self, door: Door) -> None:
        answer = self.verify(
            door,
            result="mismatch",
            mismatched=["card_number"],
            account_class=None,
            issuer_bank="",
            issuer_name="",
        )
        assert (answer.account_class, answer.issuer_bank, answer.issuer_name) == (None, "", "")

    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"result": "perhaps"}, UnknownVendorCode),
            ({"account_class": "IV"}, UnknownVendorCode),
            ({"result": "mismatch", "mismatched": ["shoe_size"]}, UnknownVendorCode),
            ({"mismatched": ["name"]}, UnknownOutcome),
            ({"result": "mismatch"}, UnknownOutcome),
            ({"issuer_bank": None}, UnknownOutcome),
        ],
    )
    def test_nothing_is_guessed(self, door: Door, changes: dict[str, object], kind: type[GatewayError]) -> None:
        with pytest.raises(kind):
            self.verify(door, **changes)


class TestMovements:
    def test_amounts_travel_in_yuan(self, door: Door) -> None:
        door.then(reply(BOOKED))
        booked = core(door.url).credit(
            account_number=ACCOUNT, amount_fen=1_000_001, memo="贷款发放", request_id=new_id().hex
        )
        assert (booked.reference, booked.booked_at.isoformat()) == ("CR1", "2026-11-22T10:15:00+08:00")
        assert door.seen[0].path == "/gateway/v1/core/credits"
        assert door.seen[0].json() == {"account_number": ACCOUNT, "amount": "10000.01", "memo": "贷款发放"}

    @pytest.mark.parametrize(
        ("told", "balance_fen"),
        [
            ({"balance": "15230.00"}, 1_523_000), ({"balance": "0.00"}, 0), ({}, None), ({"balance": None}, None),
            ({"balance": "-1.00"}, None), ({"balance": "x"}, None), ({"balance": 5}, None), ({"balance": []}, None),
            ({"balance": "99999999999999.00"}, None),
        ],
    )  # fmt: skip
    def test_the_balance_after_it_is_read_where_it_is_told(
        self, door: Door, told: dict[str, object], balance_fen: int | None
    ) -> None:
        """Whatever stands there: the money has moved, and no order may stay of unknown fate for it."""
        door.then(reply({**BOOKED, **told}))
        booked = core(door.url).debit(account_number=ACCOUNT, amount_fen=1, memo="m", request_id=new_id().hex)
        assert (booked.reference, booked.balance_fen) == ("CR1", balance_fen)

    @pytest.mark.parametrize("amount_fen", [0, -1])
    def test_nothing_and_less_is_not_sent(self, door: Door, amount_fen: int) -> None:
        with pytest.raises(ValueError, match="positive"):
            core(door.url).debit(account_number=ACCOUNT, amount_fen=amount_fen, memo="m", request_id=new_id().hex)
        assert door.seen == []

    def test_an_order_of_unknown_fate_is_sent_once(self, door: Door) -> None:
        door.otherwise = Drop()
        with pytest.raises(UnknownOutcome):
            core(door.url).credit(account_number=ACCOUNT, amount_fen=1, memo="m", request_id=new_id().hex)
        assert len(door.seen) == 1

    def test_an_order_without_an_id_is_not_sent(self, door: Door) -> None:
        with pytest.raises(ValueError, match="request id"):
            core(door.url).credit(account_number=ACCOUNT, amount_fen=1, memo="m", request_id="")
        assert door.seen == []

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (409, "insufficient_funds", Rejected),
            (404, "account_not_found", Rejected),
            (409, "account_limit_reached", Rejected),
            (409, "balance_not_zero", Rejected),
            (409, "request_id_reused", Invalid),
            (400, "invalid_request", Invalid),
            (503, "unavailable", RetryAfter),
            (409, "brand_new", UnknownVendorCode),
            (500, "oops", UnknownOutcome),
        ],
    )
    def test_every_code(self, door: Door, status: int, code: str, kind: type[GatewayError]) -> None:
        door.then(reply({"code": code, "message": "m"}, status=status))
        with pytest.raises(GatewayError) as raised:
            core(door.url).debit(account_number=ACCOUNT, amount_fen=1, memo="m", request_id=new_id().hex)
        assert type(raised.value) is kind
        assert raised.value.code == code


class TestOrdersOfADay:
    def test_an_order_names_its_business_day(self, door: Door) -> None:
        door.then(reply(BOOKED))
        core(door.url).credit(
            account_number=ACCOUNT, amount_fen=1, memo="m", request_id=new_id().hex, order_date=date(2026, 11, 23)
        )
        assert door.seen[0].json()["order_date"] == "2026-11-23"

    def test_a_statement_is_read_page_by_page_with_signed_amounts(self, door: Door) -> None:
        line = {
            "request_id": "a" * 32, "kind": "debit", "account_number": ACCOUNT, "amount": "5.00", "reference": "DR1",
            "booked_at": "2026-11-22T10:15:00+08:00",
        }  # fmt: skip
        door.then(reply({"date": "2026-11-22", "lines": [line], "next": "7"}))
        door.then(reply({"date": "2026-11-22", "lines": [{**line, "kind": "credit"}], "next": None}))
        asked: dict[str, Any] = {"order_date": date(2026, 11, 22), "request_id": new_id().hex}
        first = core(door.url).statement(cursor=None, **asked)
        second = core(door.url).statement(cursor=first.following, **asked)
        assert [found.amount_fen for found in (*first.lines, *second.lines)] == [-500, 500]
        assert (first.lines[0].request_id.hex, first.lines[0].reference) == ("a" * 32, "DR1")
        assert (first.following, second.following) == ("7", None)
        assert [seen.json() for seen in door.seen] == [
            {"date": "2026-11-22"}, {"date": "2026-11-22", "cursor": "7"},
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "kind"),
        [
            ({"request_id": "no id"}, UnknownOutcome),
            ({"kind": "fee"}, UnknownVendorCode),
            ({"amount": "5.001"}, UnknownOutcome),
            ({"reference": ""}, UnknownOutcome),
        ],
    )
    def test_nothing_on_it_is_guessed(self, door: Door, changes: dict[str, object], kind: type[GatewayError]) -> None:
        line = {"request_id": "a" * 32, "kind": "debit", "amount": "5.00", "reference": "DR1", **changes}
        door.then(reply({"date": "2026-11-22", "lines": [line], "next": None}))
        with pytest.raises(kind):
            core(door.url).statement(order_date=date(2026, 11, 22), cursor=None, request_id=new_id().hex)


class TestFilings:
    def test_a_change_says_what_changed_and_when(self, door: Door) -> None:
        door.then(reply({"receipt": "BA1", "replayed": False}))
        order = opened(ACCOUNT, FilingKind.CHANGE, "bound_card")
        assert GatewayAccountFilings(endpoint(door.url)).file(order, request_id=new_id().hex) == "BA1"
        assert door.seen[0].json() == {
            "kind": "change", "account_number": ACCOUNT, "class": "II", "opened_on": "2026-11-22",
            "event_on": "2026-11-23", "changed": "bound_card",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (409, "filing_duplicate", Rejected),
            (409, "filing_unknown_account", Rejected),
            (422, "filing_incomplete", Rejected),
            (409, "request_id_reused", Invalid),
            (409, "insufficient_funds", UnknownVendorCode),
            (503, "unavailable", RetryAfter),
        ],
    )
    def test_every_code(self, door: Door, status: int, code: str, kind: type[GatewayError]) -> None:
        door.then(reply({"code": code, "message": "m"}, status=status))
        with pytest.raises(GatewayError) as raised:
            GatewayAccountFilings(endpoint(door.url)).file(opened(ACCOUNT), request_id=new_id().hex)
        assert type(raised.value) is kind


class TestFateOf:
    def fate(self, door: Door, **answer: object) -> Any:
        door.then(reply(answer))
        return core(door.url).fate_of(asked_id="a" * 32, request_id=new_id().hex)

    def test_asks_by_the_id_and_goes_under_an_id_of_its_own(self, door: Door) -> None:
        self.fate(door, status="unknown", kind=None)
        assert (door.seen[0].method, door.seen[0].path) == ("GET", f"/gateway/v1/core/requests/{'a' * 32}")
        assert re.fullmatch("[0-9a-f]{32}", door.seen[0].headers["x-request-id"])
        assert door.seen[0].headers["x-request-id"] != "a" * 32

    @pytest.mark.parametrize(
        ("kind", "result", "member"),
        [
            ("account", {"account_number": ACCOUNT}, "account_number"),
            ("credit", BOOKED, "booking"),
            ("debit", BOOKED, "booking"),
            ("filing", {"receipt": "BA1"}, "receipt"),
            ("closing", {"closed_at": "2026-11-22T10:15:00+08:00"}, "closed_at"),
        ],
    )
    def test_what_is_done(self, door: Door, kind: str, result: dict[str, object], member: str) -> None:
        fate = self.fate(door, status="done", kind=kind, result=result)
        assert fate.status is RequestStatus.DONE
        there = [
            name for name in ("account_number", "closed_at", "booking", "receipt", "refusal") if getattr(fate, name)
        ]
        assert there == [member]

    @pytest.mark.parametrize("refusal", [refusal for refusal in CoreRefusal if refusal is not CoreRefusal.OTHER])
    def test_what_is_rejected(self, door: Door, refusal: CoreRefusal) -> None:
        fate = self.fate(door, status="rejected", kind="debit", code=refusal.value)
        assert (fate.status, fate.refusal) == (RequestStatus.REJECTED, refusal)

    def test_a_rejection_for_an_unknown_reason_is_final_and_loud(self, door: Door) -> None:
        counters.reset()
        fate = self.fate(door, status="rejected", kind="debit", code="brand_new")
        assert (fate.status, fate.refusal) == (RequestStatus.REJECTED, CoreRefusal.OTHER)
        assert counters.value("gateway.unknown_vendor_codes", vendor="core") == 1

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ({"status": "lost", "kind": None}, UnknownVendorCode),
            ({"status": "done", "kind": "loan", "result": {}}, UnknownVendorCode),
            ({"status": "done", "kind": "credit", "result": {}}, UnknownOutcome),
            ({"status": "done", "kind": "credit"}, UnknownOutcome),
            ({"status": "rejected", "kind": "debit"}, UnknownOutcome),
        ],
    )
    def test_nothing_is_guessed(self, door: Door, answer: dict[str, object], kind: type[GatewayError]) -> None:
        with pytest.raises(kind):
            self.fate(door, **answer)


class TestOnTheSandbox:
    @pytest.fixture
    def open_account(self, sandbox: Sandbox) -> Callable[[], str]:
        def open_one() -> str:
            person = sandbox.person()
            holder = {name: person[name] for name in ("name", "id_number", "phone")}
            return core(sandbox.url).open_account(
                account_class="II", **holder, bound_card=person["card_number"], request_id=new_id().hex
            )

        return open_one

    @pytest.mark.parametrize("fault", ["drop_after", "garbage"])
    def test_a_credit_whose_answer_is_lost_is_found_by_its_id_and_booked_once(
        self, sandbox: Sandbox, open_account: Callable[[], str], fault: str
    ) -> None:
        account, order_id = open_account(), new_id().hex
        order: dict[str, Any] = {
            "account_number": account,
            "amount_fen": 500_000,
            "memo": "贷款发放",
            "request_id": order_id,
        }
        sandbox.fault("core", **{fault: True, "count": 1})
        with pytest.raises(UnknownOutcome):
            core(sandbox.url).credit(**order)
        fate = core(sandbox.url).fate_of(asked_id=order_id, request_id=new_id().hex)
        assert core(sandbox.url).credit(**order) == fate.booking
        assert self.movements(sandbox, account) == ["5000.00"]

    def test_one_that_never_arrived_is_unknown_and_may_go_again_under_its_id(
        self, sandbox: Sandbox, open_account: Callable[[], str]
    ) -> None:
        account, order_id = open_account(), new_id().hex
        order: dict[str, Any] = {"account_number": account, "amount_fen": 1, "memo": "m", "request_id": order_id}
        sandbox.fault("core", drop_before=True, count=1)
        with pytest.raises(UnknownOutcome):
            core(sandbox.url).credit(**order)
        fate = core(sandbox.url).fate_of(asked_id=order_id, request_id=new_id().hex)
        assert fate.status is RequestStatus.UNKNOWN
        core(sandbox.url).credit(**order)
        assert self.movements(sandbox, account) == ["0.01"]

    def test_a_debit_of_more_than_there_is_stays_refused(
        self, sandbox: Sandbox, open_account: Callable[[], str]
    ) -> None:
        order_id = new_id().hex
        with pytest.raises(Rejected) as raised:
            core(sandbox.url).debit(account_number=open_account(), amount_fen=1, memo="还款", request_id=order_id)
        assert raised.value.code == CoreRefusal.INSUFFICIENT_FUNDS.value
        fate = core(sandbox.url).fate_of(asked_id=order_id, request_id=new_id().hex)
        assert fate.refusal is CoreRefusal.INSUFFICIENT_FUNDS

    def test_a_class_one_account_is_known_at_its_bank_only(self, sandbox: Sandbox) -> None:
        person = sandbox.person(profile="class1_at:125")
        asked = {"name": person["name"], "id_number": person["id_number"]}
        account = core(sandbox.url).class_one_account(**asked, request_id=new_id().hex)
        assert account is not None
        assert account.account_number == person["card_number"]
        assert account.balance_fen > 0
        elsewhere = bank_gateway(bank="116", base_url=sandbox.url, key="sandbox-gateway-key")
        other = GatewayCoreSystem(elsewhere).class_one_account(**asked, request_id=new_id().hex)
        assert other is None

    def test_a_filing_has_one_receipt(self, sandbox: Sandbox, open_account: Callable[[], str]) -> None:
        account, filing_id = open_account(), new_id().hex
        filings = GatewayAccountFilings(endpoint(sandbox.url))
        receipts = {filings.file(opened(account), request_id=filing_id) for _ in range(2)}
        assert len(receipts) == 1
        fate = core(sandbox.url).fate_of(asked_id=filing_id, request_id=new_id().hex)
        assert {fate.receipt} == receipts

    def test_a_bound_card_is_checked_at_its_issuer(self, sandbox: Sandbox) -> None:
        person, other = sandbox.people(2)
        check = GatewayBoundCardCheck(endpoint(sandbox.url))
        elements = {name: person[name] for name in ("name", "id_number", "phone", "card_number")}
        right = check.verify(**elements, request_id=new_id().hex)
        assert (right.result, right.account_class) == (BoundCardResult.MATCH, CardAccountClass.CLASS_I)
        wrong = check.verify(**(elements | {"phone": other["phone"]}), request_id=new_id().hex)
        assert (wrong.result, wrong.mismatched) == (BoundCardResult.MISMATCH, frozenset({CardElement.PHONE}))

    def test_an_account_is_closed_once(self, sandbox: Sandbox, open_account: Callable[[], str]) -> None:
        account, order_id = open_account(), new_id().hex
        sandbox.fault("core", drop_after=True, count=1)
        with pytest.raises(UnknownOutcome):
            core(sandbox.url).close_account(account_number=account, request_id=order_id)
        fate = core(sandbox.url).fate_of(asked_id=order_id, request_id=new_id().hex)
        assert fate.closed_at == core(sandbox.url).close_account(account_number=account, request_id=order_id)
        with pytest.raises(Rejected) as raised:
            core(sandbox.url).close_account(account_number=account, request_id=new_id().hex)
        assert raised.value.code == CoreRefusal.ACCOUNT_NOT_FOUND.value

    def movements(self, sandbox: Sandbox, account: str) -> list[str]:
        inside = sandbox.json("GET", "/sandbox/core", params={"bank": "125"})
        return [row["amount"] for row in inside["movements"] if row["account_number"] == account]
