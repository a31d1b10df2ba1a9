"""Somebody who calls the gateway as the product does, and good bodies for every call."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from sandbox import gateway
from sandbox.gateway import GatewayState, contract
from sandbox.people.voice import speak
from sandbox.signature import sign
from tests.sandbox.in_process import Doors

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from sandbox.people import Person, World

BANK, OTHER_BANK = "117", "125"


class Caller:
    """Call the gateway as the product does; every answer must be one that the contract documents."""

    def __init__(self, world: World, data_dir: Path | None = None) -> None:
        self.world = world
        self.state = GatewayState(data_dir)
        self.doors = Doors(gateway.routes(), world=world, gateway=self.state)

    def send(
        self,
        operation_id: str,
        body: dict[str, Any] | bytes | None = None,
        *,
        bank: str = BANK,
        request_id: str = "",
        asked_id: str = "",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Make a signed call."""
        operation = contract.operations()[operation_id]
        path = operation["path"].replace("{request_id}", asked_id)
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        told = {"timestamp": str(int(time.time())), "request_id": request_id or uuid.uuid4().hex}
        signature = sign(method=operation["method"], path=path, body=content, **told)
        signed = {
            "X-Bank": bank,
            "X-Request-Id": told["request_id"],
            "X-Timestamp": told["timestamp"],
            "X-Signature": signature,
        }
        answer = self.doors.request(operation["method"], path, content=content, headers=signed | (headers or {}))
        assert contract.response_problem(operation_id, answer.status_code, answer.json()) is None
        return answer

    def ask(self, operation_id: str, body: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        """Make a signed call that must succeed."""
        answer = self.send(operation_id, body, **how)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def core(self, bank: str = BANK) -> dict[str, list[dict[str, Any]]]:
        """Look into a bank's core system."""
        found: dict[str, list[dict[str, Any]]] = self.doors.request(
            "GET", "/sandbox/core", params={"bank": bank}
        ).json()
        return found


def identity(person: Person) -> dict[str, str]:
    return {"name": person.name, "id_number": person.id_number}


def account_order(person: Person) -> dict[str, str]:
    return {"class": "II", **identity(person), "phone": person.phone, "bound_card": person.card_number}


def voice(person: Person, text: str, *, live: bool = True) -> dict[str, str]:
    return {"form": "wav", "content": base64.b64encode(speak(person, text, live=live)).decode()}


def collection(person: Person, amount: str = "10.00") -> dict[str, str]:
    holder = {**identity(person), "phone": person.phone, "card_number": person.card_number}
    return {**holder, "amount": amount, "memo": "x"}


def transfer(person: Person, amount: str = "10.00") -> dict[str, str]:
    payee = {"payee_number": person.card_number, "payee_name": person.name}
    return {"payer_number": "6223241172000000014", **payee, "amount": amount, "memo": "x"}


def samples(person: Person) -> dict[str, dict[str, Any]]:
    """Give one good body for every operation."""
    movement = {"account_number": person.card_number, "amount": "10.00", "memo": "x"}
    return {
        "carriers.verify": {"route": person.carrier, **identity(person), "phone": person.phone},
        "carriers.lookup": {"phone": person.phone},
        "id_check": identity(person),
        "bound_card.verify": {**identity(person), "phone": person.phone, "card_number": person.card_number},
        "voice.verify": {"text": "三七零九", "recording": voice(person, "三七零九"), "reference": None},
        "bureau.report": {**identity(person), "authorisation_id": uuid.uuid4().hex, "reason": "02"},
        "government.data": {**identity(person), "items": ["social_security", "student"]},
        "core.class_one": identity(person),
        "core.open_account": account_order(person),
        "core.credit": movement,
        "core.debit": movement,
        "core.close_account": {"account_number": person.card_number},
        "core.statement": {"date": "2026-11-22"},
        "filings.file": {
            "kind": "open",
            "account_number": person.card_number,
            "class": "II",
            "opened_on": "2026-11-22",
            "event_on": "2026-11-22",
        },
        "payments.collect": collection(person),
        "payments.send": transfer(person),
    }
