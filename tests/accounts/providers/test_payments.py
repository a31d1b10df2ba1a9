"""The payment network through the published contract: one effect whatever the wire does, nothing guessed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.providers.bank_gateway.provider import GatewayPaymentNetwork
from accounts.providers.payments import CardHolder, OrderStatus, Payee, PaymentRefusal
from core.gateway import (
    GatewayError,
    Invalid,
    Rejected,
    RetryAfter,
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
SETTLED = {"status": "done", "reference": "CO1", "settled_at": "2026-11-22T10:15:00+08:00"}
HOLDER = CardHolder(
    card_number="6217990000000000013", name="林样例", id_number="320583199001010010", phone="13900000000"
)
PAYEE = Payee(account_number="6217990000000000013", name="林样例")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


def network(base_url: str) -> GatewayPaymentNetwork:
    return GatewayPaymentNetwork(
        bank_gateway(bank="125", base_url=base_url, key="sandbox-gateway-key", read_seconds=0.5)
    )


def collect(url: str, request_id: str = "", amount_fen: int = 1_000_01, holder: CardHolder = HOLDER) -> Any:
    return network(url).collect(
        holder=holder, amount_fen=amount_fen, memo="转入", request_id=request_id or new_id().hex
    )


def send(url: str, request_id: str = "", amount_fen: int = 1_000_01, payee: Payee = PAYEE) -> Any:
    return network(url).send(
        payee=payee, payer_number="6223241172000000014", amount_fen=amount_fen, memo="转账",
        request_id=request_id or new_id().hex,
    )  # fmt: skip


class TestOrders:
    def test_a_collection_names_the_holder_and_the_amount_in_yuan(self, door: Door) -> None:
        door.then(reply(SETTLED | {"replayed": False}))
        order = collect(door.url)
        assert (order.status, order.reference) == (OrderStatus.DONE, "CO1")
        assert order.settled_at.isoformat() == "2026-11-22T10:15:00+08:00"
        assert door.seen[0].path == "/gateway/v1/payments/collections"
        assert door.seen[0].json() == {
            "card_number": HOLDER.card_number, "name": HOLDER.name, "id_number": HOLDER.id_number,
            "phone": HOLDER.phone, "amount": "1000.01", "memo": "转入",
        }  # fmt: skip

    def test_a_transfer_names_both_sides(self, door: Door) -> None:
        door.then(reply({"status": "processing", "replayed": False}))
        assert send(door.url).status is OrderStatus.PROCESSING
        assert door.seen[0].path == "/gateway/v1/payments/transfers"
        assert door.seen[0].json() == {
            "payer_number": "6223241172000000014", "payee_number": PAYEE.account_number, "payee_name": PAYEE.name,
            "amount": "1000.01", "memo": "转账",
        }  # fmt: skip

    @pytest.mark.parametrize("amount_fen", [0, -1])
    @pytest.mark.parametrize("order", [collect, send])
    def test_nothing_and_less_is_not_sent(self, door: Door, order: Any, amount_fen: int) -> None:
        with pytest.raises(ValueError, match="positive"):
            order(door.url, amount_fen=amount_fen)
        assert door.seen == []

    @pytest.mark.parametrize("order", [collect, send])
    def test_one_of_unknown_fate_is_sent_once(self, door: Door, order: Any) -> None:
        door.otherwise = Drop()
        with pytest.raises(UnknownOutcome):
            order(door.url)
        assert len(door.seen) == 1

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            *((409, code.value, Rejected) for code in PaymentRefusal if code is not PaymentRefusal.OTHER),
            (409, "request_id_reused", Invalid),
            (400, "invalid_request", Invalid),
            (401, "bad_signature", Invalid),
            (503, "unavailable", RetryAfter),
            (409, "brand_new", UnknownVendorCode),
            (500, "oops", UnknownOutcome),
        ],
    )
    def test_every_code(self, door: Door, status: int, code: str, kind: type[GatewayError]) -> None:
        door.then(reply({"code": code, "message": "m"}, status=status))
        with pytest.raises(GatewayError) as raised:
            collect(door.url)
        assert type(raised.value) is kind

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ({"status": "lost"}, UnknownVendorCode),
            ({"status": "refused"}, UnknownVendorCode),  # a refusal is an error here, not a status
            ({"status": "done"}, UnknownOutcome),
            ({"status": "done", "reference": "R"}, UnknownOutcome),
            ({"status": "done", "reference": "R", "settled_at": "yesterday"}, UnknownOutcome),
            ({}, UnknownOutcome),
        ],
    )
    def test_nothing_is_guessed(self, door: Door, answer: dict[str, object], kind: type[GatewayError]) -> None:
        door.then(reply(answer))
        with pytest.raises(kind):
            send(door.url)


class TestFate:
    def fate(self, door: Door, **answer: object) -> Any:
        door.then(reply(answer))
        return network(door.url).fate_of(asked_id="a" * 32, request_id=new_id().hex)

    def test_asks_by_the_id_under_an_id_of_its_own(self, door: Door) -> None:
        assert self.fate(door, status="unknown").status is OrderStatus.UNKNOWN
        assert (door.seen[0].method, door.seen[0].path) == ("GET", f"/gateway/v1/payments/requests/{'a' * 32}")
        assert door.seen[0].headers["x-request-id"] != "a" * 32

    def test_what_is_done_and_what_is_on_its_way(self, door: Door) -> None:
        assert self.fate(door, **SETTLED).reference == "CO1"
        assert self.fate(door, status="processing").status is OrderStatus.PROCESSING

    @pytest.mark.parametrize("refusal", [one for one in PaymentRefusal if one is not PaymentRefusal.OTHER])
    def test_what_is_refused(self, door: Door, refusal: PaymentRefusal) -> None:
        fate = self.fate(door, status="refused", code=refusal.value)
        assert (fate.status, fate.refusal) == (OrderStatus.REFUSED, refusal)

    def test_a_refusal_for_an_unknown_reason_is_final_and_loud(self, door: Door) -> None:
        counters.reset()
        fate = self.fate(door, status="refused", code="brand_new")
        assert (fate.status, fate.refusal) == (OrderStatus.REFUSED, PaymentRefusal.OTHER)
        assert counters.value("gateway.unknown_vendor_codes", vendor="payments") == 1

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ({"status": "perhaps"}, UnknownVendorCode),
            ({"status": "done"}, UnknownOutcome),
            ({"status": "refused"}, UnknownOutcome),
        ],
    )
    def test_nothing_is_guessed(self, door: Door, answer: dict[str, object], kind: type[GatewayError]) -> None:
        with pytest.raises(kind):
            self.fate(door, **answer)


class TestOnTheSandbox:
    @pytest.mark.parametrize("fault", ["drop_after", "garbage"])
    def test_an_order_whose_answer_is_lost_is_found_by_its_id_and_paid_once(self, sandbox: Sandbox, fault: str) -> None:
        person, request_id = sandbox.person(), new_id().hex
        holder = CardHolder(**{name: person[name] for name in ("card_number", "name", "id_number", "phone")})
        sandbox.fault("payments", **{fault: True, "count": 1})
        with pytest.raises(UnknownOutcome):
            collect(sandbox.url, request_id, holder=holder)
        found = network(sandbox.url).fate_of(asked_id=request_id, request_id=new_id().hex)
        assert collect(sandbox.url, request_id, holder=holder) == found
        assert self.on_card(sandbox, person) == "48999.99"

    def test_one_that_never_arrived_may_go_again_under_its_id(self, sandbox: Sandbox) -> None:
        person, request_id = sandbox.person(), new_id().hex
        payee = Payee(account_number=person["card_number"], name=person["name"])
        sandbox.fault("payments", operation="transfers", drop_before=True, count=1)
        with pytest.raises(UnknownOutcome):
            send(sandbox.url, request_id, payee=payee)
        found = network(sandbox.url).fate_of(asked_id=request_id, request_id=new_id().hex)
        assert found.status is OrderStatus.UNKNOWN
        assert send(sandbox.url, request_id, payee=payee).status is OrderStatus.DONE
        assert self.on_card(sandbox, person) == "51000.01"

    def test_one_that_is_processed_twice_moves_once(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        payee = Payee(account_number=person["card_number"], name=person["name"])
        sandbox.fault("payments", duplicate=True, count=1)
        assert send(sandbox.url, payee=payee).status is OrderStatus.DONE
        assert self.on_card(sandbox, person) == "51000.01"

    def test_more_than_the_card_has_is_refused(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        sandbox.json("POST", "/sandbox/purses", json={"card_number": person["card_number"], "balance": "1.00"})
        holder = CardHolder(**{name: person[name] for name in ("card_number", "name", "id_number", "phone")})
        with pytest.raises(Rejected) as raised:
            collect(sandbox.url, holder=holder)
        assert raised.value.code == "insufficient_funds"

    @staticmethod
    def on_card(sandbox: Sandbox, person: dict[str, Any]) -> str:
        answer = sandbox.json("GET", "/sandbox/purses", params={"card_number": person["card_number"]})
        return str(answer["balance"])
