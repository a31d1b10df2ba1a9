"""Answer for the credit bureau and the government's data."""

from __future__ import annotations

from sandbox.gateway.calling import Answer, Call, id_of
from sandbox.gateway.core_bank import now
from sandbox.people.credit import empty_bureau_record


def report(call: Call) -> Answer:
    """Report what the bureau knows; a name that is not this number's is somebody it has no record of."""
    person = call.world.by_id_number(call.body["id_number"])
    known = person is not None and person.name == call.body["name"]
    record = call.world.facts(person).bureau if person and known else empty_bureau_record()
    return Answer({"report_id": f"BR{call.request_id}", "queried_at": now(), **record}, id_of(person))


def government_data(call: Call) -> Answer:
    """Give the items that were asked for; null where the office has no record under this name and number."""
    person = call.world.by_id_number(call.body["id_number"])
    known = person is not None and person.name == call.body["name"]
    items = call.world.facts(person).government if person and known else {}
    return Answer({"items": {item: items.get(item) for item in call.body["items"]}}, id_of(person))
