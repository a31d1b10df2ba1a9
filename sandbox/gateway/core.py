"""Answer for a bank's core system: accounts, credits, debits, the day's statement, filings, and what became of a request."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.gateway.calling import Answer, Call, id_of
from sandbox.gateway.money import to_fen, to_yuan
from sandbox.people.person import read_profile

if TYPE_CHECKING:
    from sandbox.gateway.core_bank import Account, CoreBank, Kind
    from sandbox.people.person import Person
    from sandbox.people.world import World

_PAGE = 200
_LEAST_SAVINGS_YUAN = 2_000
_MOST_SAVINGS_YUAN = 60_000


def class_one(call: Call) -> Answer:
    """Tell whether a person holds a Class I account at this bank."""
    person = call.world.by_id_number(call.body["id_number"])
    account = None
    if person is not None and person.name == call.body["name"]:
        account = class_one_account(call.core, call.bank, person)
    answer = {
        "account_number": account.account_number if account else None,
        "balance": to_yuan(account.balance_fen) if account else None,
    }
    return Answer(answer, id_of(person))


def open_account(call: Call) -> Answer:
    """Open an account of Class II or III."""
    return Answer({"account_number": call.core.open_account(call.bank, call.body)}, holder(call))


def close_account(call: Call) -> Answer:
    """Close an empty account."""
    person = holder(call)
    return Answer({"closed_at": call.core.close_account(call.bank, call.body["account_number"])}, person)


def statement(call: Call) -> Answer:
    """List what was booked by a bank's requests under one day, page by page."""
    limit = call.body.get("limit", _PAGE)
    cursor = call.body.get("cursor", "0")
    after = int(cursor) if cursor.isdecimal() else 0
    rows = call.core.statement(call.bank, call.body["date"], after=after, limit=limit + 1)
    following = str(rows[limit - 1]["number"]) if len(rows) > limit else None
    lines = [
        {
            "request_id": row["request_id"],
            "kind": row["kind"],
            "account_number": row["account_number"],
            "amount": to_yuan(row["amount_fen"]),
            "reference": row["reference"],
            "booked_at": row["booked_at"],
        }
        for row in rows[:limit]
    ]
    return Answer({"date": call.body["date"], "lines": lines, "next": following})


def credit(call: Call) -> Answer:
    """Pay an amount into an account."""
    return _move(call, "credit")


def debit(call: Call) -> Answer:
    """Take an amount out of an account."""
    return _move(call, "debit")


def file(call: Call) -> Answer:
    """Take a filing for the central bank."""
    receipt = call.core.file(call.bank, call.request_id, call.body)
    return Answer({"receipt": receipt}, holder(call))


def query(call: Call) -> Answer:
    """Tell what became of a request of this bank."""
    stored = call.core.find_request(call.bank, call.asked_id)
    if stored is None:
        return Answer({"status": "unknown", "kind": None})
    settled: dict[str, Any] = {"result": stored.body}
    if stored.status >= 400:  # noqa: PLR2004 -- HTTP: refused
        settled = {"code": stored.body["code"]}
    status = "rejected" if "code" in settled else "done"
    return Answer({"status": status, "kind": stored.kind, **settled}, stored.person)


def holder(call: Call) -> str | None:
    """Say whom a call is about: by the ID number in it, else by the account."""
    id_number = call.body.get("id_number")
    if id_number is None:
        account = call.core.find_account(call.bank, call.body.get("account_number", ""))
        id_number = account.id_number if account else ""
    return id_of(call.world.by_id_number(id_number))


def class_one_account(core: CoreBank, bank: str, person: Person) -> Account | None:
    """Give the Class I account that `class1_at:CODE` says the person has held here all along, if any."""
    if read_profile(person.profile).class1_at != bank:
        return None
    savings_yuan = Random(f"savings/{person.id_number}").randint(_LEAST_SAVINGS_YUAN, _MOST_SAVINGS_YUAN)
    customer = {"name": person.name, "id_number": person.id_number, "phone": person.phone}
    return core.ensure_class_one(bank, person.card_number, customer, to_fen(f"{savings_yuan}.00"))


def bring_class_one(core: CoreBank, world: World, bank: str, account_number: str) -> None:
    """Make sure that a person's Class I account is there before it is booked on."""
    person = world.by_card(account_number)
    if person is not None:
        class_one_account(core, bank, person)


def _move(call: Call, kind: Kind) -> Answer:
    bring_class_one(call.core, call.world, call.bank, call.body["account_number"])
    booked = call.core.move(
        call.bank,
        request_id=call.request_id,
        kind=kind,
        account_number=call.body["account_number"],
        amount_fen=to_fen(call.body["amount"]),
        memo=call.body["memo"],
        order_date=call.body.get("order_date"),
    )
    return Answer(dict(booked), holder(call))
