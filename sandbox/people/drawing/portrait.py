"""Draw a face from simple shapes; no two people look quite alike, and one person always looks the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw

from sandbox.people.drawing.paper import as_jpeg

if TYPE_CHECKING:
    from sandbox.people.drawing.paper import Colour
    from sandbox.people.person import Person

PORTRAIT_SIZE: Final = (358, 441)
"""Pixels, the size of the picture on a real card at 350 dots per inch."""

_SKINS: Final[tuple[Colour, ...]] = ((247, 219, 193), (240, 206, 176), (231, 194, 160), (222, 182, 147))
_HAIRS: Final[tuple[Colour, ...]] = ((28, 24, 24), (44, 36, 32), (60, 46, 38))
_GREY_HAIR: Final[Colour] = (138, 136, 134)
_COATS: Final[tuple[Colour, ...]] = (
    (42, 52, 78),
    (70, 76, 84),
    (96, 50, 54),
    (46, 78, 66),
    (30, 30, 34),
    (116, 98, 74),
)
_SHIRTS: Final[tuple[Colour, ...]] = ((240, 240, 240), (214, 226, 240), (240, 226, 220))
_GREY_FROM_YEAR_AGE: Final = 52
_SCALE: Final = 2
_WIDTH, _HEIGHT = PORTRAIT_SIZE[0] * _SCALE, PORTRAIT_SIZE[1] * _SCALE
_MIDDLE: Final = _WIDTH // 2


@dataclass(frozen=True, slots=True)
class _Face:
    """What one face looks like, in pixels of the double-size drawing."""

    skin: Colour
    hair: Colour
    coat: Colour
    shirt: Colour
    half_width: int
    top: int
    chin: int
    eye_gap: int
    eye_size: int
    brow_tilt: int
    nose: int
    mouth: int
    smile: int
    fringe: int
    parting: int
    glasses: bool
    mole: int
    long_hair: bool
    beard: bool

    @property
    def shade(self) -> Colour:
        """Give the darker tone of the skin, for nose, lids and ears."""
        red, green, blue = self.skin
        return red - 42, green - 48, blue - 50


def _face_of(person: Person) -> _Face:
    rng = Random(f"face/{person.person}/{person.id_number}")
    old = (person.valid_from - person.birth_date) // (date(2001, 1, 1) - date(2000, 1, 1)) >= _GREY_FROM_YEAR_AGE
    man = person.sex == "男"
    return _Face(
        skin=rng.choice(_SKINS),
        hair=_GREY_HAIR if old else rng.choice(_HAIRS),
        coat=rng.choice(_COATS),
        shirt=rng.choice(_SHIRTS),
        half_width=rng.randint(146, 176) - (0 if man else 8),
        top=rng.randint(150, 175),
        chin=rng.randint(600, 640),
        eye_gap=rng.randint(62, 80),
        eye_size=rng.randint(22, 32),
        brow_tilt=rng.randint(-8, 8),
        nose=rng.randint(16, 28),
        mouth=rng.randint(42, 62),
        smile=rng.randint(6, 26),
        fringe=rng.randint(20, 84),
        parting=rng.randint(-90, 90),
        glasses=rng.random() < 0.3,  # noqa: PLR2004 -- three people in ten
        mole=rng.choice((0, 0, 0, -1, 1)),
        long_hair=not man and rng.random() < 0.7,  # noqa: PLR2004 -- seven women in ten
        beard=man and rng.random() < 0.15,  # noqa: PLR2004 -- one man in seven
    )


def paint_portrait(person: Person) -> Image.Image:
    """Paint head and shoulders on a transparent ground, so that a card can lay them on its own paper."""
    face = _face_of(person)
    canvas = Image.new("RGBA", (_WIDTH, _HEIGHT), (0, 0, 0, 0))
    pen = ImageDraw.Draw(canvas)
    _paint_hair_behind(pen, face)
    _paint_body(pen, face)
    _paint_head(pen, face)
    _paint_features(pen, face)
    return canvas.resize(PORTRAIT_SIZE, Image.Resampling.BOX)


def draw_portrait(person: Person) -> bytes:
    """Draw the face on the pale ground of an identity photo, as JPEG."""
    photo = Image.new("RGB", PORTRAIT_SIZE, (246, 248, 250))
    painted = paint_portrait(person)
    photo.paste(painted, (0, 0), painted)
    return as_jpeg(photo)


def _paint_hair_behind(pen: ImageDraw.ImageDraw, face: _Face) -> None:
    reach = face.half_width + 34
    bottom = face.chin + 90 if face.long_hair else face.chin - 170
    pen.rounded_rectangle((_MIDDLE - reach, face.top - 40, _MIDDLE + reach, bottom), 140, fill=face.hair)


def _paint_body(pen: ImageDraw.ImageDraw, face: _Face) -> None:
    pen.rounded_rectangle((_MIDDLE - 78, face.chin - 90, _MIDDLE + 78, face.chin + 130), 40, fill=face.shade)
    pen.ellipse((_MIDDLE - 330, face.chin + 56, _MIDDLE + 330, _HEIGHT + 320), fill=face.coat)
    collar = face.chin + 52
    pen.polygon([(_MIDDLE - 92, collar), (_MIDDLE + 92, collar), (_MIDDLE, collar + 146)], fill=face.shirt)
    pen.polygon([(_MIDDLE - 52, collar), (_MIDDLE + 52, collar), (_MIDDLE, collar + 64)], fill=face.shade)


def _paint_head(pen: ImageDraw.ImageDraw, face: _Face) -> None:
    left, right = _MIDDLE - face.half_width, _MIDDLE + face.half_width
    ear = (face.top + face.chin) // 2
    for side in (left, right):
        pen.ellipse((side - 24, ear - 46, side + 24, ear + 46), fill=face.shade)
    pen.ellipse((left, face.top, right, face.chin), fill=face.skin)
    pen.rounded_rectangle((left, face.top + 90, right, face.chin - 90), face.half_width - 10, fill=face.skin)
    cap = face.top + 130 + face.fringe // 3
    pen.pieslice((left - 22, face.top - 44, right + 22, face.top + 330), 180, 360, fill=face.hair)
    pen.pieslice((left - 6, cap - 60 - face.fringe, right + 6, cap + 150 + face.fringe), 180, 360, fill=face.skin)
    pen.polygon(
        [
            (left - 18, face.top + 120),
            (left + 40, face.top),
            (right - 40, face.top),
            (right + 18, face.top + 120),
            (_MIDDLE + face.parting, face.top + 60 + face.fringe),
        ],
        fill=face.hair,
    )


def _paint_features(pen: ImageDraw.ImageDraw, face: _Face) -> None:
    height = face.chin - face.top
    eyes, nose, mouth = (
        face.top + height * 46 // 100,
        face.top + height * 66 // 100,
        face.top + height * 79 // 100,
    )
    for side in (-1, 1):
        x = _MIDDLE + side * face.eye_gap
        size = face.eye_size
        pen.ellipse((x - size - 8, eyes - size // 2, x + size + 8, eyes + size // 2), fill=(252, 252, 252))
        pen.ellipse((x - size // 2, eyes - size // 2, x + size // 2, eyes + size // 2), fill=(40, 30, 26))
        pen.ellipse((x - 2, eyes - size // 3, x + 5, eyes - size // 3 + 7), fill=(255, 255, 255))
        pen.arc(
            (x - size - 10, eyes - size // 2 - 6, x + size + 10, eyes + size),
            200,
            340,
            fill=(50, 38, 34),
            width=6,
        )
        brow = eyes - size - 22
        pen.line(
            (x - 40, brow + side * face.brow_tilt, x + 40, brow - side * face.brow_tilt),
            fill=face.hair,
            width=12,
        )
        if face.glasses:
            pen.rounded_rectangle((x - 54, eyes - 42, x + 54, eyes + 42), 26, outline=(46, 46, 50), width=7)
    if face.glasses:
        pen.line((_MIDDLE - face.eye_gap + 54, eyes, _MIDDLE + face.eye_gap - 54, eyes), fill=(46, 46, 50), width=7)
    pen.line((_MIDDLE, eyes + 20, _MIDDLE - 6, nose), fill=face.shade, width=6)
    pen.arc((_MIDDLE - face.nose, nose - 20, _MIDDLE + face.nose, nose + 16), 10, 170, fill=face.shade, width=7)
    pen.chord(
        (_MIDDLE - face.mouth, mouth - face.smile, _MIDDLE + face.mouth, mouth + face.smile),
        0,
        180,
        fill=(196, 106, 100),
    )
    if face.beard:
        pen.arc((_MIDDLE - 70, mouth - 20, _MIDDLE + 70, mouth + 66), 20, 160, fill=face.hair, width=12)
    if face.mole:
        spot = _MIDDLE + face.mole * 84
        pen.ellipse((spot - 6, mouth - 40, spot + 6, mouth - 28), fill=(92, 60, 50))
