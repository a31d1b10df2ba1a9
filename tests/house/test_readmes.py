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


@pytest.mark.parametrize("room", [*ROOMS, "sandbox"])
def test_every_room_has_a_door_of_one_page(room: str) -> None:
    text = _door(room)
    assert text.startswith("# ")
    assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("room", ROOMS)
def test_the_states_on_a_door_are_those_of_the_tables(room: str) -> None:
    drawn = {block for block in MERMAID.findall(_door(room)) if block.startswith(STATES)}
    machines = {machine.drawing(): machine.name for machine in machines_of(room)}
    assert [name for drawing, name in machines.items() if drawing not in drawn] == [], "paste Machine.drawing()"
    assert drawn - set(machines) == set(), "no table has this drawing"


@pytest.mark.parametrize("room", ROOMS)
def test_every_state_is_a_word_that_its_column_knows(room: str) -> None:
    for machine in machines_of(room):
        choices = getattr(machine.model._meta.get_field(machine.column), "choices", None) or []
        assert set(machine.states) <= {word for word, _ in choices}, machine.name
