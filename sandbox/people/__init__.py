"""People who do not exist: their names, their cards, and what the outside knows of them."""

from sandbox.people.facts import Facts
from sandbox.people.person import Person
from sandbox.people.world import ImageSide, World

__all__ = ["Facts", "ImageSide", "Person", "World"]
