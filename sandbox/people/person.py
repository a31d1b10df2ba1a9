"""Say who a synthetic person is, and which traits the word `profile` of api.md can ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from datetime import date

Sex = Literal["男", "女"]
Carrier = Literal["mobile", "unicom", "telecom", "broadnet"]

PLAIN_TRAITS: Final = frozenset(
    {
        "good",  # nothing remarkable: gets an offer, grade A to D by the hash of the ID number
        "thin",  # the bureau has no record
        "overdue",  # owes instalments today
        "poor_credit",  # long and repeated arrears, many lenders, heavy debt
        "student",  # enrolled, no work
        "carrier_mismatch",  # the carrier knows the phone under another name
        "id_mismatch",  # the national check knows the number under another name
        "id_missing",  # the national check does not know the number
        "no_id_photo",  # the national check agrees but has no photo
        "other_id_photo",  # the national check agrees and returns somebody else's photo
        "listed",  # the number stands on the sample watchlist
        "expired",  # the ID card has expired
        "wrong_check_digit",  # the number on the card fails its checksum
    },
)

_PARAMETERS: Final = {"class1_at": re.compile(r"\d{3}"), "works_at": re.compile(r"\d{6}")}


@dataclass(frozen=True, slots=True)
class Person:
    """One synthetic person; every field follows from the seed and what was asked for.

    `sex` and `ethnicity` are in the card's own words. `valid_until` is None for a card without an end (长期).
    `card_number` is a Class I card at an outside bank, or at a bank of the union with `class1_at:CODE`.
    """

    person: str
    name: str
    id_number: str
    phone: str
    card_number: str
    sex: Sex
    ethnicity: str
    birth_date: date
    address: str
    authority: str
    valid_from: date
    valid_until: date | None
    profile: str
    carrier: Carrier
    seed: int


@dataclass(frozen=True, slots=True)
class Traits:
    """What a profile asks for: plain words, the bank of a Class I card, the county where the person works."""

    words: frozenset[str]
    class1_at: str | None
    works_at: str | None


def read_profile(profile: str) -> Traits:
    """Read a profile: words joined by commas, such as `thin` or `student,class1_at:125`.

    Raises:
        ValueError: nobody knows the word, or its parameter has the wrong shape.
    """
    words: set[str] = set()
    parameters: dict[str, str] = {}
    for part in profile.split(","):
        word, _, parameter = part.strip().partition(":")
        if word in _PARAMETERS and _PARAMETERS[word].fullmatch(parameter):
            parameters[word] = parameter
        elif word in PLAIN_TRAITS and not parameter:
            words.add(word)
        else:
            known = ", ".join(sorted(PLAIN_TRAITS))
            raise ValueError(f"unknown profile {part!r}; known: {known}, class1_at:CODE, works_at:REGION")
    return Traits(frozenset(words), parameters.get("class1_at"), parameters.get("works_at"))
