"""The protected acts: what a face check, a one-time code or an authorisation may be asked for.

The rooms above register theirs at start-up, so that this room never imports them. A business object is an
opaque id here; its act says whether it is this customer's and in a state that calls for the check, and names
it in Chinese.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.errors import NotFound, StateConflict

Guard = Callable[[str, uuid.UUID], None]
IdentityOf = Callable[[str, uuid.UUID], uuid.UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementContext:
    """What an authorisation's text says of the business it is given for; `business` names it in Chinese."""

    business: str


Describe = Callable[[str, uuid.UUID], AgreementContext]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One protected act; its functions take the business object's id (32 hex digits) and the customer's id.

    `check` raises NotFound where the object is not this customer's and StateConflict where it does not call
    for a check now. `describe` names the business for agreement texts; without it no authorisation is given
    for such an object. `identity_of` says whose face it must be where that is not the customer's own record
    (relink). `is_new_business` says that a check which the province has switched off stops the act (PU-07a).
    """

    action: str
    check: Guard
    describe: Describe | None = None
    identity_of: IdentityOf | None = None
    is_new_business: bool = False


_ACTS: Final[dict[str, Act]] = {}


def register_act(act: Act) -> None:
    """Let a room offer an act; called at start-up.

    Raises:
        ValueError: another act has this name.
    """
    if _ACTS.setdefault(act.action, act) is not act:
        msg = f"act {act.action!r} is registered twice"
        raise ValueError(msg)


def is_new_business(action: str) -> bool:
    """Tell whether an act, by its name, begins new business; what no room has registered does not."""
    act = _ACTS.get(action)
    return act is not None and act.is_new_business


def check_act(*, action: str, business_id: str, customer_id: uuid.UUID) -> Act:
    """Return the act where the business object calls for it now.

    Raises:
        NotFound: no room offers the act, or the object is not this customer's.
        StateConflict: the object does not call for it now.
    """
    act = _ACTS.get(action)
    if act is None:
        raise NotFound
    act.check(business_id, customer_id)
    return act


def describe_business(*, business_id: str, customer_id: uuid.UUID) -> AgreementContext:
    """Return how agreement texts name a business object, whichever room it belongs to.

    Raises:
        NotFound: no act knows it as this customer's.
    """
    for act in _ACTS.values():
        if act.describe is None:
            continue
        try:
            return act.describe(business_id, customer_id)
        except (NotFound, StateConflict):
            continue
    raise NotFound
