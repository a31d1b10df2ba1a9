"""Every room has a door, and the states drawn on it are those of its tables."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.house.reading import ROOMS, ROOT, machines_of

MERMAID: Final = re.compile(r"^```mermaid\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
STATES: Final = "stateDiagram-v2"
LONGEST: Final = 200


def _door(room: str) -> str:
    path = ROOT / room / "README.md"
    assert path.is_file(), f"{room}/README.md is missing"
    return path.read_text(encoding="utf-8")


def _pages(room: str) -> dict[str, str]:
    """Return the pages of a room's door: the first, and those that it leads on to."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / room).glob("*.md"))}


@pytest.mark.parametrize("room", [*ROOMS, "sandbox"])
def test_every_room_has_a_door_whose_pages_are_short_and_known_to_the_first(room: str) -> None:
    first = _door(room)
    for name, text in _pages(room).items():
        assert text.startswith("# "), name
        assert len(text.splitlines()) <= LONGEST, name
        assert name == "README.md" or f"]({name})" in first, name


@pytest.mark.parametrize("room", ROOMS)
def test_the_states_on_a_door_are_those_of_the_tables(room: str) -> None:
    blocks = [block for text in _pages(room).values() for block in MERMAID.findall(text)]
    drawn = {block for block in blocks if block.startswith(STATES)}
    machines = {machine.drawing(): machine.name for machine in machines_of(room)}
    assert [name for drawing, name in machines.items() if drawing not in drawn] == [], "paste Machine.drawing()"
    assert drawn - set(machines) == set(), "no table has this drawing"


@pytest.mark.parametrize("room", ROOMS)
def test_every_state_is_a_word_that_its_column_knows(room: str) -> None:
    for machine in machines_of(room):
        choices = getattr(machine.model._meta.get_field(machine.column), "choices", None) or []
        assert set(machine.states) <= {word for word, _ in choices}, machine.name
