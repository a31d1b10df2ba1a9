"""People who do not exist: what they are called, what their cards look like, what the outside knows of them."""

from sandbox.people.facts import Facts
from sandbox.people.person import Person
from sandbox.people.world import ImageSide, World

__all__ = ["Facts", "ImageSide", "Person", "World"]
