"""From boxes of text at any angle to upright rows: pure geometry, no engine, no picture.

The engine reads lines that lie at any angle by itself, so the picture is never turned and read again: the
boxes' coordinates are turned by the angle that most of the text has, and by half a turn more where the
card's own labels stand on their heads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]
_WIDE = 1.5  # a box of less is no witness of the direction of text
_SAME_DIRECTION = math.radians(15)
_SAME_ROW = 0.5  # of a row's height


@dataclass(frozen=True, slots=True)
class TextBox:
    """One line of text: four corners in pixels, in order round the box, and how sure the engine is."""

    corners: Corners
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of text on the upright card, in pixels of the turned picture."""

    left: float
    top: float
    right: float
    bottom: float
    box: TextBox

    @property
    def text(self) -> str:
        """Return the text of the line."""
        return self.box.text

    @property
    def score(self) -> float:
        """Return how sure the engine is of it."""
        return self.box.score

    @property
    def height(self) -> float:
        """Return the height of the line."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Return the vertical middle of the line."""
        return (self.top + self.bottom) / 2


def dominant_angle(quads: Sequence[Corners]) -> float:
    """Return the direction of most of the text, in radians from -π/2 to π/2; boxes vote by their length.

    The direction is that of the lines, not yet of reading: text on its head has the same.
    """
    votes: list[tuple[float, float]] = []
    for quad in quads:
        along = _vector(quad[0], quad[1], quad[3], quad[2])
        across = _vector(quad[1], quad[2], quad[0], quad[3])
        long, short = (along, across) if math.hypot(*along) >= math.hypot(*across) else (across, along)
        if math.hypot(*long) >= max(1.0, _WIDE * math.hypot(*short)):
            votes.append((math.atan2(long[1], long[0]), math.hypot(*long)))
    if not votes:
        return 0.0
    # The longest line starts the count, so that a few boxes at odd angles cannot bend the mean.
    start = max(votes, key=lambda vote: vote[1])[0]
    near = [vote for vote in votes if abs(_turn(vote[0] - start)) <= _SAME_DIRECTION]
    weight = sum(length for _, length in near)
    mean = start + sum(_turn(angle - start) * length for angle, length in near) / weight
    return _turn(mean)


def _vector(a: Point, b: Point, c: Point, d: Point) -> Point:
    """Return the mean of the sides a→b and c→d."""
    return (b[0] - a[0] + d[0] - c[0]) / 2, (b[1] - a[1] + d[1] - c[1]) / 2


def _turn(angle: float) -> float:
    """Return the angle of an undirected line, from -π/2 to π/2."""
    return (angle + math.pi / 2) % math.pi - math.pi / 2


def turned(boxes: Sequence[TextBox], angle: float) -> list[Cell]:
    """Return the boxes as cells after turning the picture back by `angle`, from top to bottom."""
    cos, sin = math.cos(angle), math.sin(angle)
    cells = []
    for box in boxes:
        xs = [x * cos + y * sin for x, y in box.corners]
        middle = sum(y * cos - x * sin for x, y in box.corners) / 4
        # A line that is not quite level stands over more rows than its letters are high.
        half = min(math.dist(box.corners[0], box.corners[1]), math.dist(box.corners[1], box.corners[2])) / 2
        cells.append(Cell(min(xs), middle - half, max(xs), middle + half, box))
    return sorted(cells, key=lambda cell: cell.middle)


def grown(quad: Corners, along: float, across: float) -> Corners:
    """Return a line's corners moved outwards by shares of its height, along the line and across it."""
    a, b, c, d = quad
    height = math.dist(a, d)
    ux, uy = _unit(a, b, along * height)
    vx, vy = _unit(a, d, across * height)
    return (
        (a[0] - ux - vx, a[1] - uy - vy),
        (b[0] + ux - vx, b[1] + uy - vy),
        (c[0] + ux + vx, c[1] + uy + vy),
        (d[0] - ux + vx, d[1] - uy + vy),
    )


def _unit(start: Point, end: Point, length: float) -> Point:
    """Return the vector of this length from `start` towards `end`; from a point to itself there is none."""
    distance = math.dist(start, end)
    if distance == 0:
        return 0.0, 0.0
    return (end[0] - start[0]) * length / distance, (end[1] - start[1]) * length / distance


@dataclass(frozen=True, slots=True)
class Upright:
    """The cells of a card as a person holds it, and the angle by which the picture was turned for that."""

    cells: list[Cell]
    angle: float

    def in_picture(self, left: float, top: float, right: float, bottom: float) -> Corners:
        """Return where a rectangle of the upright card lies in the picture, clockwise from its top left."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)

        def back(x: float, y: float) -> Point:
            return x * cos - y * sin, x * sin + y * cos

        return back(left, top), back(right, top), back(right, bottom), back(left, bottom)


def upright(boxes: Sequence[TextBox], order: Callable[[Sequence[Cell]], int]) -> Upright:
    """Return the card the right way up.

    `order` counts how many of the card's labels stand in their right order less how many stand in the wrong
    one; the way up with the greater count wins.
    """
    angle = dominant_angle([box.corners for box in boxes])
    both = (Upright(turned(boxes, angle), angle), Upright(turned(boxes, angle + math.pi), angle + math.pi))
    return max(both, key=lambda way: order(way.cells))


def rows_of(cells: Sequence[Cell]) -> list[list[Cell]]:
    """Return the cells grouped into rows from top to bottom, each from left to right."""
    if not cells:
        return []
    reach = _SAME_ROW * median(cell.height for cell in cells)
    rows: list[list[Cell]] = []
    for cell in sorted(cells, key=lambda cell: cell.middle):
        if rows and cell.middle - sum(c.middle for c in rows[-1]) / len(rows[-1]) <= reach:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return [sorted(row, key=lambda cell: cell.left) for row in rows]
