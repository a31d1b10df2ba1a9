"""Find who on the lists somebody may be, and say what follows (AML-07).

| what agrees | score | meaning |
|---|---|---|
| the ID number | 100 | hit |
| the name as written, and the birth date | 95 | probable |
| the name by sound, and the birth date | 85 | probable |
| the name as written; no birth date to compare | 70 | possible |
| the name by sound; no birth date to compare | 60 | possible |
| the name by sound, while the entry's own Chinese name is another | 40 | unlikely |
| the name, while the birth dates differ | 30 | another person |
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from core.crypto import normalise_id_number
from core.db.asks import Ask, Rows, alone, answered
from core.db.rows import Shape
from verification.models import WatchlistName, WatchlistVersion
from verification.models.check import CLEAR, HIT, REVIEW
from verification.screening.names import han_of, is_by_sound, keys_to_ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MatchedBy = Literal["id_number", "name_birth", "name"]
ID_NUMBER_SCORE: Final = 100
WRITTEN_AND_BIRTH: Final = 95
SOUND_AND_BIRTH: Final = 85
WRITTEN_ONLY: Final = 70
SOUND_ONLY: Final = 60
SOUND_AGAINST_HAN: Final = 40
OTHER_BIRTH: Final = 30
NAME: Final = Shape(WatchlistName)
LISTED: Final = f"""
SELECT {NAME.columns("n")} FROM public.verification_watchlist_name n
WHERE (n.keys && %s::varchar[] OR n.id_hashes && %s::varchar[]) AND n.version_id = ANY(%s) AND (n.person OR NOT %s)
"""  # noqa: S608 -- put together from constants; values are parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom to look for. PII: every field; values stay out of `repr`."""

    name: str = field(repr=False)
    id_number: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One listed entry that somebody may be."""

    list_code: str
    list_version: int
    entry: str
    name: str
    score: int
    matched_by: MatchedBy


def hash_id_number(id_number: str, *, salt: bytes) -> str:
    """Hash an ID number under a list version's salt, as the lists keep it: 64 hex digits."""
    return hmac.new(salt, normalise_id_number(id_number).encode(), hashlib.sha256).hexdigest()


def find_candidates(
    person: Person, versions: Sequence[WatchlistVersion], *, persons_only: bool = True
) -> list[Candidate]:
    """Return the listed entries that a person may be, the likeliest first, each once."""
    return alone(asking_candidates(person, versions, persons_only=persons_only))


def asking_candidates(
    person: Person, versions: Sequence[WatchlistVersion], *, persons_only: bool = True
) -> Ask[list[Candidate]]:
    """Ask for the listed entries that a person may be together with other things."""
    if not versions:
        return answered([])
    keys, asked_in_han = keys_to_ask(person.name), bool(han_of(person.name))
    hashes = {
        version.pk: hash_id_number(person.id_number, salt=bytes(version.salt))
        for version in versions
        if person.id_number
    }
    known = {version.pk: version for version in versions}

    def read(rows: Rows) -> list[Candidate]:
        best: dict[tuple[str, str], Candidate] = {}
        for row in map(NAME.read, rows.found):
            row.version = known[row.version_id]
            candidate = _judge(person, row, keys, hashes.get(row.version_id), asked_in_han=asked_in_han)
            place = (candidate.list_code, candidate.entry)
            if place not in best or best[place].score < candidate.score:
                best[place] = candidate
        return sorted(best.values(), key=lambda found: (-found.score, found.list_code, found.entry))

    return Ask(LISTED, [keys, list(hashes.values()), list(known), persons_only], read)


def _judge(
    person: Person, row: WatchlistName, keys: list[str], id_hash: str | None, *, asked_in_han: bool
) -> Candidate:
    matched_by: MatchedBy = "name"
    if id_hash is not None and id_hash in row.id_hashes:
        score, matched_by = ID_NUMBER_SCORE, "id_number"
    else:
        by_sound = all(is_by_sound(key, asked_in_han=asked_in_han) for key in set(keys) & set(row.keys))
        born = _births_agree(person.birth_date, row.births)
        if born:
            score, matched_by = (SOUND_AND_BIRTH if by_sound else WRITTEN_AND_BIRTH), "name_birth"
        elif born is False:
            score = OTHER_BIRTH
        elif by_sound and asked_in_han and _has_other_han(row, han_of(person.name)):
            score = SOUND_AGAINST_HAN
        else:
            score = SOUND_ONLY if by_sound else WRITTEN_ONLY
    return Candidate(
        list_code=row.version.list_code,
        list_version=row.version.number,
        entry=row.entry,
        name=row.name,
        score=score,
        matched_by=matched_by,
    )


def _births_agree(birth_date: date | None, births: Iterable[Sequence[str]]) -> bool | None:
    """Tell whether a birth date lies in one of the listed ranges; None where either side knows none."""
    ranges = [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in births]
    if birth_date is None or not ranges:
        return None
    return any(first <= birth_date <= last for first, last in ranges)


def _has_other_han(row: WatchlistName, han: str) -> bool:
    """Tell whether the entry has Chinese names of its own, and none is this one."""
    siblings = WatchlistName.objects.filter(version_id=row.version_id, entry=row.entry).values_list("keys", flat=True)
    own = {key for keys in siblings for key in keys if key.startswith("h:")}
    return bool(own) and f"h:{han}" not in own


def outcome_of(candidates: Iterable[Candidate], *, review_score: int) -> Literal["clear", "review", "hit"]:
    """Return what candidates mean: an ID number that agrees is a hit, a score from `review_score` on is for staff."""
    best = max((candidate.score for candidate in candidates), default=0)
    if best >= ID_NUMBER_SCORE:
        return HIT
    return REVIEW if best >= review_score else CLEAR
