"""Draw ID cards and faces of synthetic people: the same person always gives the same bytes."""

from sandbox.people.drawing.card import draw_back, draw_front
from sandbox.people.drawing.portrait import draw_portrait

__all__ = ["draw_back", "draw_front", "draw_portrait"]
