"""ID cards read from real pixels by the engine in this house."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw, ImageFilter

from verification.numbers import Sex
from verification.providers.id_card import IdCardBack, IdCardFront, Unreadable, UnreadableReason
from verification.providers.local.ocr import LocalIdCardReader
from verification.providers.local.picture import LEAST_SIDE, MOST_BYTES, WORKING_SIDE, decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running_sandbox import Sandbox

READER = LocalIdCardReader()
UPSIDE_DOWN = 3  # EXIF: the camera stood on its head
ORIENTATION = 0x0112
QUICKLY: dict[str, dict[str, int]] = {
    "PNG": {"compress_level": 1},
    "WEBP": {"method": 0},
}  # how well it packs is no matter


def encoded(picture: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def on_a_desk(card: Image.Image) -> Image.Image:
    desk = Image.new("RGB", (1600, 1200), (120, 96, 74))
    small = card.resize((760, round(760 * card.height / card.width)))
    turned = small.convert("RGBA").rotate(-6, expand=True, resample=Image.Resampling.BICUBIC)
    desk.paste(turned, (330, 300), turned)
    return desk


CONDITIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as drawn": lambda card: card,
    "a quarter turn": lambda card: card.rotate(90, expand=True),
    "on its head, blurred": lambda card: card.rotate(180).filter(ImageFilter.GaussianBlur(1.5)),
    "on a desk, dim": lambda card: on_a_desk(card).point(lambda value: int(value * 0.4)),
}


@pytest.mark.slow
class TestReadingPixels:
    @pytest.mark.parametrize("condition", CONDITIONS)
    def test_both_sides_are_read_in_full(self, sandbox: Sandbox, condition: str) -> None:
        person = sandbox.person()
        facts = sandbox.json("GET", f"/sandbox/people/{person['person']}")
        spoil = CONDITIONS[condition]
        front = READER.read_front(encoded(spoil(opened(sandbox.picture(person, "id_card_front")))), request_id="")
        back = READER.read_back(encoded(spoil(opened(sandbox.picture(person, "id_card_back")))), request_id="")
        assert isinstance(front, IdCardFront)
        assert isinstance(back, IdCardBack)
        assert (front.name, front.id_number, front.address) == (
            person["name"],
            person["id_number"],
            facts["address"],
        )
        assert (front.ethnicity, front.sex) == (
            facts["ethnicity"],
            Sex.MALE if facts["sex"] == "男" else Sex.FEMALE,
        )
        assert (front.birth_date.isoformat(), front.disagreements) == (facts["birth_date"], frozenset())
        until = back.valid_until.isoformat() if back.valid_until else None
        assert (back.authority, back.valid_from.isoformat(), until) == (
            facts["authority"],
            facts["valid_from"],
            facts["valid_until"],
        )

    def test_the_wrong_side_is_told(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        wrong = READER.read_front(sandbox.picture(person, "id_card_back"), request_id="")
        assert wrong == Unreadable(reason=UnreadableReason.WRONG_SIDE)

    def test_a_card_with_a_wrong_check_digit_is_told(self, sandbox: Sandbox) -> None:
        person = sandbox.person(profile="wrong_check_digit")
        card = READER.read_front(sandbox.picture(person, "id_card_front"), request_id="")
        assert card == Unreadable(reason=UnreadableReason.ID_NUMBER_INVALID)

    def test_a_hopeless_blur_is_no_card_or_unclear_but_never_a_wrong_card(self, sandbox: Sandbox) -> None:
        card = opened(sandbox.picture(sandbox.person(), "id_card_front")).filter(ImageFilter.GaussianBlur(9))
        read = READER.read_front(encoded(card), request_id="")
        assert read in (
            Unreadable(reason=UnreadableReason.UNCLEAR),
            Unreadable(reason=UnreadableReason.NOT_A_CARD),
        )

    def test_another_picture_is_no_card(self, sandbox: Sandbox) -> None:
        face = READER.read_front(sandbox.picture(sandbox.person(), "face"), request_id="")
        assert face == Unreadable(reason=UnreadableReason.NOT_A_CARD)


class TestDecode:
    @pytest.mark.parametrize(
        "content", [b"", b"<html>", b"\xff\xd8\xff", encoded(Image.new("RGB", (400, 400)))[:200], b"GIF89a"]
    )
    def test_what_is_no_picture(self, content: bytes) -> None:
        assert decode(content) == Unreadable(reason=UnreadableReason.NOT_AN_IMAGE)

    def test_a_kind_that_phones_do_not_make(self) -> None:
        gif = encoded(Image.new("RGB", (400, 400)), "GIF")
        assert decode(gif) == Unreadable(reason=UnreadableReason.NOT_AN_IMAGE)

    def test_a_file_too_large_is_not_opened(self) -> None:
        assert decode(b"\xff" * (MOST_BYTES + 1)) == Unreadable(reason=UnreadableReason.TOO_LARGE)

    @pytest.mark.parametrize("size", [(8000, 7000), (14000, 14000)])
    def test_a_small_file_of_many_pixels_is_not_unpacked(self, size: tuple[int, int]) -> None:
        bomb = encoded(Image.new("1", size), "PNG")
        assert len(bomb) < MOST_BYTES
        assert decode(bomb) == Unreadable(reason=UnreadableReason.TOO_LARGE)

    def test_a_stamp_is_too_small_to_be_read(self) -> None:
        stamp = encoded(Image.new("RGB", (600, LEAST_SIDE - 1)))
        assert decode(stamp) == Unreadable(reason=UnreadableReason.UNCLEAR)

    @pytest.mark.parametrize(
        ("mode", "kind"),
        [("RGB", "JPEG"), ("L", "JPEG"), ("RGB", "PNG"), ("L", "PNG"), ("RGB", "WEBP")],  # WEBP knows no grey
    )
    def test_pictures_of_phones_come_out_at_working_size(self, mode: str, kind: str) -> None:
        pixels = decode(encoded(Image.new(mode, (4000, 3000), 128), kind, **QUICKLY.get(kind, {})))
        assert not isinstance(pixels, Unreadable)
        assert pixels.shape == (WORKING_SIDE * 3 // 4, WORKING_SIDE, 3)

    def test_colours_come_as_blue_green_red_and_upright_by_the_cameras_own_word(self) -> None:
        picture = Image.new("RGB", (400, 200), (255, 0, 0))
        ImageDraw.Draw(picture).rectangle((0, 0, 399, 99), fill=(0, 0, 255))
        exif = Image.Exif()
        exif[ORIENTATION] = UPSIDE_DOWN
        pixels = decode(encoded(picture, "PNG", exif=exif))
        assert not isinstance(pixels, Unreadable)
        assert pixels[10, 10].tolist() == [0, 0, 255]
        assert pixels[190, 10].tolist() == [255, 0, 0]
