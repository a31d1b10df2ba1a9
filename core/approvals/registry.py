"""Which acts take two people, who may take part, and what happens when the second agrees.

Rooms register their kinds at start-up, as they do their steps, so that this mechanism knows no banking noun.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Handler = Callable[["Approved"], None]
Preview = Callable[[str, Mapping[str, Any]], Sequence[tuple[str, int]]]
Check = Callable[[str, Mapping[str, Any]], None]
Tell = Callable[[str, Mapping[str, Any]], Sequence[tuple[str, str]]]
Before = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An approved proposal as its handler sees it; `actor` names both people."""

    subject: str
    values: Mapping[str, Any]
    reason: str
    proposed_by: str
    decided_by: str

    @property
    def actor(self) -> str:
        """Name both people, as histories keep them."""
        return f"{self.proposed_by}+{self.decided_by}"


def took_part(login: str, *, people: str) -> bool:
    """Tell whether somebody is the one, or one of the two, whom `people` names (`Approved.actor`).

    A login may hold a plus sign itself, so the names are not taken apart; in doubt somebody did take part.
    """
    return login == people or people.startswith(f"{login}+") or people.endswith(f"+{login}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of act: its name, its title for staff, the right that proposing takes and the one that deciding takes.

    `apply` runs within the transaction that records the approval; a problem that it raises leaves the proposal waiting.
    `preview` tells, by subject and values, what it would do if it were approved now, in fen by title; it writes nothing.
    `page` names the admin page of the subject (`app_model`), which the second person should look at.
    `check` refuses, by subject and values, to propose what could not be approved now. `tell` says in Chinese what subject
    and values mean, as (title, text). `before` runs in a transaction of its own before an approval: what must be on record
    whether the act happens or is refused. Of a `confidential` kind nobody reads who may neither propose nor decide.
    """

    name: str
    title: str
    proposer: str
    decider: str
    apply: Handler
    preview: Preview | None = None
    page: str = ""
    check: Check | None = None
    tell: Tell | None = None
    before: Before | None = None
    confidential: bool = False


KINDS: Final[dict[str, Kind]] = {}


def register_approval(  # noqa: PLR0913 -- keyword-only: the declaration of a kind
    name: str,
    *,
    title: str,
    proposer: str,
    decider: str,
    preview: Preview | None = None,
    page: str = "",
    check: Check | None = None,
    tell: Tell | None = None,
    before: Before | None = None,
    confidential: bool = False,
) -> Callable[[Handler], Handler]:
    """Register what happens when a proposal of this kind is approved.

    Raises:
        ValueError: the name is taken.
    """
    if name in KINDS:
        msg = f"approval kind {name!r} is registered twice"
        raise ValueError(msg)

    def register(handler: Handler) -> Handler:
        KINDS[name] = Kind(
            name=name, title=title, proposer=proposer, decider=decider, apply=handler, preview=preview, page=page,
            check=check, tell=tell, before=before, confidential=confidential,
        )  # fmt: skip
        return handler

    return register
