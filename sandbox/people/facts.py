"""Say what the outside answers about a person, and let a test change one answer in the middle of a story."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from sandbox.people.credit import Record, bureau_record, government_record
from sandbox.people.person import read_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.people.person import Carrier, Person

CarrierResult = Literal["match", "mismatch", "not_found"]
IdCheckResult = Literal["match", "name_mismatch", "not_found"]
IdPhoto = Literal["own", "other", "none"]
BoundCard = Literal["match", "mismatch"]
AccountClass = Literal["I", "II", "III", "credit"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What each outside office answers when everything it was sent agrees with the person.

    `carrier` differs from the phone's segment when the number was ported. `id_photo` says whose photo the
    national check returns.
    """

    carrier: Carrier
    carrier_result: CarrierResult
    id_check: IdCheckResult
    id_photo: IdPhoto
    bound_card: BoundCard
    account_class: AccountClass
    bureau: Record
    government: Record


_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "carrier": ("mobile", "unicom", "telecom", "broadnet"),
    "carrier_result": ("match", "mismatch", "not_found"),
    "id_check": ("match", "name_mismatch", "not_found"),
    "id_photo": ("own", "other", "none"),
    "bound_card": ("match", "mismatch"),
    "account_class": ("I", "II", "III", "credit"),
}


def facts_of(person: Person, overrides: Mapping[str, Any]) -> Facts:
    """Give the facts that follow from the person's profile, with the overrides laid over them.

    An override of `bureau` or `government` replaces the fields it names and leaves the others.
    """
    words = read_profile(person.profile).words
    missing, mismatch = "id_missing" in words, "id_mismatch" in words
    photo: IdPhoto = "other" if "other_id_photo" in words else "none" if "no_id_photo" in words else "own"
    facts = Facts(
        carrier=person.carrier,
        carrier_result="mismatch" if "carrier_mismatch" in words else "match",
        id_check="not_found" if missing else "name_mismatch" if mismatch else "match",
        id_photo=photo,
        bound_card="match",
        account_class="I",
        bureau=bureau_record(person),
        government=government_record(person),
    )
    changes = dict(overrides)
    for merged in ("bureau", "government"):
        if merged in changes:
            changes[merged] = cast("Record", getattr(facts, merged)) | changes[merged]
    return replace(facts, **changes)


def check_overrides(person: Person, overrides: Mapping[str, Any]) -> None:
    """Refuse overrides that no office could answer; None (take the override back) is always allowed.

    Raises:
        ValueError: the fact is unknown, or the value is not one of its own.
    """
    known = {field.name for field in fields(Facts)}
    records = {"bureau": bureau_record(person), "government": government_record(person)}
    for fact, value in overrides.items():
        if fact not in known:
            message = f"unknown fact {fact!r}; known are {', '.join(sorted(known))}"
            raise ValueError(message)
        if value is None:
            continue
        if fact in _CHOICES and value not in _CHOICES[fact]:
            message = f"{fact} is one of {', '.join(_CHOICES[fact])}, not {value!r}"
            raise ValueError(message)
        if fact in records and not (isinstance(value, dict) and value.keys() <= records[fact].keys()):
            message = f"{fact} is an object with some of {', '.join(records[fact])}"
            raise ValueError(message)
