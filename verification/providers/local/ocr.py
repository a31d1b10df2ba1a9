"""ID cards read in this house: for banks that do not let pictures out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from core.clock import now
from verification.providers.id_card import IdCardBack, IdCardFront, Unreadable, UnreadableReason
from verification.providers.local import fields
from verification.providers.local.engine import FINE, QUICK, engine
from verification.providers.local.picture import Pixels, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from verification.providers.local.layout import TextBox

Card = TypeVar("Card", IdCardFront, IdCardBack)


class LocalIdCardReader:
    """`IdCardReader` by the engine in `engine.py`. Keeps one core busy for about a second per picture.

    Nothing leaves this process; `request_id` is there for readers that are vendors.
    """

    name = "local"

    def read_front(self, image: bytes, *, request_id: str) -> IdCardFront | Unreadable:  # noqa: ARG002
        """Read the side with the portrait; see `IdCardReader`."""
        picture = decode(image)
        if isinstance(picture, Unreadable):
            return picture
        today = now().date()
        return _read(picture, lambda boxes: _front(picture, boxes, today))

    def read_back(self, image: bytes, *, request_id: str) -> IdCardBack | Unreadable:  # noqa: ARG002
        """Read the side with the emblem; see `IdCardReader`."""
        picture = decode(image)
        return picture if isinstance(picture, Unreadable) else _read(picture, fields.read_back)


def _front(picture: Pixels, boxes: Sequence[TextBox], today: date) -> IdCardFront | Unreadable:
    """Read the front; its name, the field that nothing else proves, is put to the vote of several readings."""
    card = fields.read_front(boxes, today=today)
    if isinstance(card, Unreadable):
        return card
    cuts = fields.name_cuts(boxes)
    return fields.settle_name(card, [line for cut in cuts for line in engine().read_lines(picture, [cut])])


def _read(picture: Pixels, read: Callable[[Sequence[TextBox]], Card | Unreadable]) -> Card | Unreadable:
    """Read a picture quickly; where that gives no card, rows are read again, then the picture in detail."""
    boxes = engine().read(picture, detail=QUICK, satisfied=fields.is_some_card)
    found = read(boxes)
    if _is_unclear(found):
        found = read(_with_strips(picture, boxes))
    if isinstance(found, Unreadable) and found.reason is not UnreadableReason.WRONG_SIDE:
        boxes = engine().read(picture, detail=FINE, satisfied=fields.is_some_card)
        again = read(boxes)
        again = read(_with_strips(picture, boxes)) if _is_unclear(again) else again
        nothing = isinstance(again, Unreadable) and again.reason is UnreadableReason.NOT_A_CARD
        return found if nothing else again
    return found


def _is_unclear(found: IdCardFront | IdCardBack | Unreadable) -> bool:
    return isinstance(found, Unreadable) and found.reason is UnreadableReason.UNCLEAR


def _with_strips(picture: Pixels, boxes: Sequence[TextBox]) -> list[TextBox]:
    """Return the boxes with the unsure rows of the front read again, each as one line."""
    strips = fields.unsure_rows(boxes)
    replaced = frozenset().union(*(strip.boxes for strip in strips))
    lines = engine().read_lines(picture, [strip.corners for strip in strips])
    return [*(box for box in boxes if box not in replaced), *lines]
