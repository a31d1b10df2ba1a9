"""Drawn cards and faces: the same bytes for the same person, and known again.

That a real OCR engine reads every field of both sides is seen by `tests/verification/providers/test_local_reader.py`.
"""

from __future__ import annotations

import io
from datetime import date

import pytest
from PIL import Image

from sandbox.people import World
from sandbox.people import world as people_world
from sandbox.people.drawing.card import address_lines
from sandbox.people.drawing.paper import CARD_SIZE
from sandbox.people.drawing.portrait import PORTRAIT_SIZE


@pytest.fixture
def world() -> World:
    return World(today=lambda: date(2026, 11, 22))


class TestPictures:
    """World.card_front, card_back, portrait, recognise."""

    def test_they_are_jpegs_of_the_size_of_a_card_and_a_photo(self, world: World) -> None:
        (person,) = world.make(1)
        sizes = []
        for picture in (world.card_front(person), world.card_back(person), world.portrait(person)):
            with Image.open(io.BytesIO(picture)) as image:
                assert image.format == "JPEG"
                sizes.append(image.size)
        assert sizes == [CARD_SIZE, CARD_SIZE, PORTRAIT_SIZE]

    def test_the_same_person_is_always_drawn_alike(self) -> None:
        one, other = World(today=lambda: date(2026, 11, 22)), World(today=lambda: date(2026, 11, 22))
        ours, theirs = one.make(1)[0], other.make(1)[0]
        assert one.card_front(ours) == other.card_front(theirs)
        assert one.card_back(ours) == other.card_back(theirs)
        assert one.portrait(ours) == other.portrait(theirs)

    def test_no_two_people_look_the_same(self, world: World) -> None:
        people = world.make(20)
        assert len({world.portrait(person) for person in people}) == 20

    def test_a_picture_is_recognised_to_the_byte(self, world: World) -> None:
        person, other = world.make(2)
        assert world.recognise(world.card_front(person)) == (person, "front")
        assert world.recognise(world.card_back(other)) == (other, "back")
        assert world.recognise(world.portrait(person)) == (person, "portrait")
        assert world.recognise(world.card_front(person) + b"x") is None

    def test_more_pictures_than_are_kept_are_still_recognised(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(people_world, "_DRAWN_IMAGES_KEPT", 2)
        people = world.make(3)
        pictures = [world.portrait(person) for person in people]
        for person, picture in zip(people, pictures, strict=True):
            assert world.recognise(picture) == (person, "portrait")
            assert world.portrait(person) == picture

    def test_a_strangers_photo_is_of_somebody_else(self, world: World) -> None:
        (person,) = world.make(1, profile="other_id_photo")
        photo = world.id_photo(person)
        assert photo is not None
        assert photo != world.portrait(person)
        recognised = world.recognise(photo)
        assert recognised is not None
        assert recognised[0].person != person.person
        assert recognised[1] == "portrait"

    def test_there_may_be_no_photo_on_record(self, world: World) -> None:
        (person,) = world.make(1, profile="no_id_photo")
        assert world.id_photo(person) is None


class TestAddressLines:
    """How an address is broken."""

    @pytest.mark.parametrize(
        ("address", "lines"),
        [
            ("江苏省昆山市人民路1号", ["江苏省昆山市人民路1号"]),
            ("江苏省昆山市人民路123号", ["江苏省昆山市人民路", "123号"]),
            ("江苏省连云港市海州区文化路178号", ["江苏省连云港市海州区文", "化路178号"]),
        ],
    )
    def test_after_eleven_characters_but_never_inside_a_number(self, address: str, lines: list[str]) -> None:
        assert address_lines(address) == lines

    def test_every_address_fits_into_four_lines(self, world: World) -> None:
        for person in world.make(500):
            lines = address_lines(person.address)
            assert "".join(lines) == person.address
            assert len(lines) <= 4
            assert all(len(line) <= 11 for line in lines)
