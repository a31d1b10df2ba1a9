"""Keep the synthetic people: make them, find them, draw their cards, know their pictures again."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import asdict, replace
from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from sandbox.people.drawing import draw_back, draw_front, draw_portrait
from sandbox.people.facts import Facts, check_overrides, facts_of
from sandbox.people.making import Recipe, derive
from sandbox.people.numbers import outside_card
from sandbox.people.person import Person, Sex, read_profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ImageSide = Literal["front", "back", "portrait"]
_DRAWN_IMAGES_KEPT: Final = 256
_STRANGER: Final = "-other"
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_DRAW: Final[dict[ImageSide, Callable[[Person], bytes]]] = {
    "front": draw_front,
    "back": draw_back,
    "portrait": draw_portrait,
}


class World:
    """The synthetic people of one sandbox.

    With a data directory, recipes, overrides, further cards and the hashes of drawn pictures are kept as JSON lines, so the
    same people, and the pictures that the product holds of them, are known again after a restart. Everything
    else is derived. Safe for threads: what changes the world or draws takes turns, looking up never waits.
    """

    def __init__(
        self, data_dir: Path | None = None, *, first_seed: int = 1, today: Callable[[], date] | None = None
    ) -> None:
        self.data_dir = data_dir
        self._today = today or (lambda: datetime.now(_SHANGHAI).date())
        self._next_seed = first_seed
        self._lock = threading.RLock()
        self._people: dict[str, Person] = {}
        self._by_id_number: dict[str, Person] = {}
        self._by_phone: dict[str, Person] = {}
        self._by_card: dict[str, Person] = {}
        self._overrides: dict[str, dict[str, Any]] = {}
        self._images: dict[str, tuple[str, ImageSide]] = {}
        self._drawn: OrderedDict[tuple[str, ImageSide], bytes] = OrderedDict()
        self._book = data_dir / "world.jsonl" if data_dir else None
        self._replay()

    def make(
        self,
        n: int,
        *,
        region: str | None = None,
        age: int | None = None,
        sex: Sex | None = None,
        profile: str = "good",
    ) -> list[Person]:
        """Make `n` people nobody has seen before; no two share an ID number, a phone or a card.

        Raises:
            ValueError: the profile, region, age or sex makes no sense; nobody is made.
        """
        if sex is not None and sex not in get_args(Sex):
            message = f"sex is 男 or 女, not {sex!r}"
            raise ValueError(message)
        with self._lock:
            made_on, made, lines = self._today(), [], []
            for _ in range(n):
                recipe = Recipe(self._next_seed, 0, profile, region, age, sex, made_on)
                recipe, person = self._unique(recipe)
                self._add(person)
                made.append(person)
                lines.append({"recipe": asdict(recipe) | {"made_on": made_on.isoformat()}})
            self._write(lines)
            return made

    def everybody(self) -> list[Person]:
        """Give everybody in the order in which they were made."""
        with self._lock:
            return list(self._people.values())

    def get(self, person_id: str) -> Person | None:
        """Find a person by the id that `make` gave."""
        return self._people.get(person_id)

    def by_id_number(self, id_number: str) -> Person | None:
        """Find a person by ID number."""
        return self._by_id_number.get(id_number)

    def by_phone(self, phone: str) -> Person | None:
        """Find a person by mobile number."""
        return self._by_phone.get(phone)

    def by_card(self, card_number: str) -> Person | None:
        """Find a person by bank card."""
        return self._by_card.get(card_number)

    def facts(self, person: Person) -> Facts:
        """Tell what the outside answers about a person, overrides included."""
        return facts_of(person, self._overrides.get(person.person, {}))

    def override(self, person_id: str, /, **facts: Any) -> Facts:
        """Change what the outside answers about a person from now on; None takes one override back.

        Raises:
            KeyError: there is no such person.
            ValueError: the fact is unknown or the value is not one of its own; nothing changed.
        """
        with self._lock:
            person = self._people[person_id]
            check_overrides(person, facts)
            self._lay_over(person_id, facts)
            self._write([{"override": person_id, "facts": facts}])
            return self.facts(person)

    def add_card(self, person_id: str) -> str:
        """Give a person one more Class I card at an outside bank, and return its number.

        Raises:
            KeyError: there is no such person.
        """
        with self._lock:
            person = self._people[person_id]
            held = sum(holder is person for holder in self._by_card.values())
            rng = Random(f"{person.seed}/card/{held}")
            while (number := outside_card(rng)) in self._by_card:
                continue
            self._by_card[number] = person
            self._write([{"card": number, "person": person_id}])
            return number

    def watchlist_rows(self) -> list[dict[str, str]]:
        """Give the sample watchlist: everybody whose profile says `listed`."""
        return [
            {
                "entry": f"SAMPLE-{person.person}",
                "name": person.name,
                "id_number": person.id_number,
                "birth_date": person.birth_date.isoformat(),
                "sex": person.sex,
            }
            for person in self.everybody()
            if "listed" in read_profile(person.profile).words
        ]

    def card_front(self, person: Person) -> bytes:
        """Draw the side of the ID card with the portrait, as JPEG."""
        return self._image(person, "front")

    def card_back(self, person: Person) -> bytes:
        """Draw the side of the ID card with the emblem, as JPEG."""
        return self._image(person, "back")

    def portrait(self, person: Person) -> bytes:
        """Draw the person's face, as JPEG."""
        return self._image(person, "portrait")

    def id_photo(self, person: Person) -> bytes | None:
        """Give the photo that the national check has on record: the person's, a stranger's, or none."""
        shown = self.facts(person).id_photo
        if shown == "none":
            return None
        return self.portrait(person if shown == "own" else _stranger(person))

    def recognise(self, image: bytes) -> tuple[Person, ImageSide] | None:
        """Say whose picture this is, and which; None for a picture that was not drawn here, to the byte."""
        known = self._images.get(hashlib.sha256(image).hexdigest())
        if known is None:
            return None
        person_id, side = known
        if person_id in self._people:
            return self._people[person_id], side
        return _stranger(self._people[person_id.removesuffix(_STRANGER)]), side

    def _image(self, person: Person, side: ImageSide) -> bytes:
        key = (person.person, side)
        with self._lock:
            if key in self._drawn:
                self._drawn.move_to_end(key)
                return self._drawn[key]
            image = _DRAW[side](person)
            sha256 = hashlib.sha256(image).hexdigest()
            if sha256 not in self._images:
                self._images[sha256] = key
                self._write([{"image": sha256, "person": person.person, "side": side}])
            self._drawn[key] = image
            while len(self._drawn) > _DRAWN_IMAGES_KEPT:
                self._drawn.popitem(last=False)
            return image

    def _unique(self, recipe: Recipe) -> tuple[Recipe, Person]:
        """Salt the recipe until nobody shares the person's numbers."""
        while True:
            person = derive(recipe)
            taken = (
                person.id_number in self._by_id_number
                or person.phone in self._by_phone
                or person.card_number in self._by_card
            )
            if not taken:
                return recipe, person
            recipe = replace(recipe, salt=recipe.salt + 1)

    def _add(self, person: Person) -> None:
        self._people[person.person] = person
        self._by_id_number[person.id_number] = person
        self._by_phone[person.phone] = person
        self._by_card[person.card_number] = person
        self._next_seed = max(self._next_seed, person.seed + 1)

    def _lay_over(self, person_id: str, facts: dict[str, Any]) -> None:
        laid = self._overrides.get(person_id, {}) | facts
        self._overrides[person_id] = {fact: value for fact, value in laid.items() if value is not None}

    def _write(self, lines: list[dict[str, Any]]) -> None:
        if self._book is None or not lines:
            return
        with self._book.open("a", encoding="utf-8") as book:
            book.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    def _replay(self) -> None:
        """Bring everybody back; a last line torn by a killed process is cut off."""
        if self._book is None:
            return
        self._book.parent.mkdir(parents=True, exist_ok=True)
        if not self._book.exists():
            return
        raw = self._book.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if whole != raw:
            self._book.write_bytes(whole)
        for text in whole.decode().splitlines():
            line = json.loads(text)
            if "recipe" in line:
                made_on = date.fromisoformat(line["recipe"]["made_on"])
                self._add(derive(Recipe(**(line["recipe"] | {"made_on": made_on}))))
            elif "override" in line:
                self._lay_over(line["override"], line["facts"])
            elif "card" in line:
                self._by_card[line["card"]] = self._people[line["person"]]
            else:
                self._images[line["image"]] = (line["person"], line["side"])


def _stranger(person: Person) -> Person:
    """Give somebody with another face whose photo stands under this person's number by mistake."""
    return replace(person, person=person.person + _STRANGER)
