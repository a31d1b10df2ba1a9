"""Say what a handler is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.gateway.core_bank import CoreBank
    from sandbox.gateway.purses import Purses
    from sandbox.people.person import Person
    from sandbox.people.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """One verified call: who calls under which id, the body as the contract has it, the world to look in.

    `asked_id` is the request id in the path, for the call that asks about another one.
    """

    bank: str
    request_id: str
    body: dict[str, Any]
    asked_id: str
    world: World
    core: CoreBank
    purses: Purses


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer, and the person that it was about, for the call log."""

    body: dict[str, Any]
    person: str | None = None
    status: int = 200
    replayed: bool = False


Handler = Callable[[Call], Answer]


def refusal(status: int, code: str, message: str) -> Answer:
    """Give an error in the contract's shape."""
    return Answer({"code": code, "message": message}, status=status)


def id_of(person: Person | None) -> str | None:
    """Give a person's id for the call log."""
    return person.person if person else None
