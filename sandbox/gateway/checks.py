"""Answer for the carriers, the national ID check and the banks that issued cards."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from sandbox.gateway.calling import Answer, Call, id_of, refusal
from sandbox.people.numbers import issuer_of

if TYPE_CHECKING:
    from sandbox.people.person import Person


def verify_carrier(call: Call) -> Answer:
    """Compare name, ID number and phone in the network of the carrier that was asked."""
    body = call.body
    person = call.world.by_phone(body["phone"])
    facts = call.world.facts(person) if person else None
    if person is None or facts is None or facts.carrier != body["route"]:
        result = "not_found"
    elif (person.name, person.id_number) != (body["name"], body["id_number"]):
        result = "mismatch"
    else:
        result = facts.carrier_result
    return Answer({"result": result, "carrier": body["route"]}, id_of(person))


def look_up_carrier(call: Call) -> Answer:
    """Tell which carrier serves a number today."""
    person = call.world.by_phone(call.body["phone"])
    if person is None:
        return refusal(404, "unknown_number", "nobody serves this number")
    return Answer({"carrier": call.world.facts(person).carrier}, person.person)


def check_id(call: Call) -> Answer:
    """Compare a name with a number in the national system; the photo comes with a match only."""
    person = call.world.by_id_number(call.body["id_number"])
    if person is None:
        return Answer({"result": "not_found", "photo": None})
    facts = call.world.facts(person)
    result = facts.id_check
    if result == "match" and person.name != call.body["name"]:
        result = "name_mismatch"
    photo = call.world.id_photo(person) if result == "match" else None
    encoded = base64.b64encode(photo).decode() if photo else None
    return Answer({"result": result, "photo": encoded}, person.person)


def verify_bound_card(call: Call) -> Answer:
    """Compare the five elements at the bank that issued the card."""
    body = call.body
    issuer_bank, issuer_name = issuer_of(body["card_number"])
    holder = _card_holder(call, body["card_number"])
    if holder is None:
        mismatched: list[str] = ["card_number"]
        account_class = None
    else:
        person, account_class = holder
        held = {"name": person.name, "id_number": person.id_number, "phone": person.phone}
        mismatched = [element for element, value in held.items() if value != body[element]]
        if not mismatched and call.world.facts(person).bound_card == "mismatch":
            mismatched = ["phone"]
    answer = {
        "result": "mismatch" if mismatched else "match",
        "mismatched": mismatched,
        "issuer_bank": issuer_bank,
        "issuer_name": issuer_name,
        "account_class": account_class,
    }
    return Answer(answer, id_of(holder[0]) if holder else None)


def _card_holder(call: Call, card_number: str) -> tuple[Person, str] | None:
    """Find whose card it is and the class of the account behind it; a card may be an account opened here."""
    person = call.world.by_card(card_number)
    if person is not None:
        return person, call.world.facts(person).account_class
    account = call.core.find_account_anywhere(card_number)
    holder = call.world.by_id_number(account.id_number) if account else None
    return (holder, account.account_class) if account and holder else None
