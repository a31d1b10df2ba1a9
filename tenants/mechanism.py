"""What a bank's identification mechanism is made of, as its self-proof to the regulator tells it (A1-3, A3-3).

Rooms above register the means that they ask for; the values are those in force at the moment of asking.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from core.clock import business_date
from core.tenancy import current_bank
from tenants.catalogue import presently
from tenants.models import Bank

CONTROLS: Final = (
    "account.", "attempt.", "device.", "discipline.", "face.", "id_card.", "phone_code.", "voice.", "watchlist.",
)  # fmt: skip
"""How the names of the parameters begin that control the risk of taking one person for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """One way of telling who somebody is: who answers, by which algorithm or interface, and from which value on it passes."""

    title: str
    switch: str  # the name under which the province can switch it off; empty where it cannot
    vendor: str
    algorithm: str
    threshold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The bank's external evaluation report; rates are per cent, None where it states none."""

    number: str
    by: str
    expires_date: date | None
    false_accept_percent: Decimal | None
    false_reject_percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A dossier as its bank has it on record: the file and its SHA-256."""

    file: bytes
    sha256: bytes


_means: Final[list[Callable[[], Means]]] = []
_issuers: Final[list[Callable[[uuid.UUID, str], Dossier]]] = []


def register_issuer(issue: Callable[[uuid.UUID, str], Dossier]) -> None:
    """Say who makes the dossier of the current bank, by the id of the request and an actor; called at start-up."""
    _issuers[:] = [issue]


def issue(request_id: uuid.UUID, actor: str) -> Dossier:
    """Have the current bank make its dossier; for one request there is one, however often it is asked."""
    return _issuers[0](request_id, actor)


def register_means(tell: Callable[[], Means]) -> None:
    """Let a room's way of identifying people stand in the dossier; called at start-up."""
    _means.append(tell)


def means_in_force() -> list[Means]:
    """Return the means of the current bank with the vendors and values in force."""
    return [tell() for tell in _means]


def controls_in_force() -> Sequence[tuple[str, str, str]]:
    """Return the parameters that control risk as (meaning, value with its unit, source), in force at the current bank today."""
    return [
        (each.spec.meaning, each.value_text, each.spec.source)
        for each in presently(business_date(), at_bank=True)
        if each.spec.name.startswith(CONTROLS)
    ]


def evaluation() -> Evaluation:
    """Return the current bank's evaluation report as the province has entered it."""
    row = Bank.objects.get(code=current_bank().code)
    return Evaluation(
        number=row.evaluation_number, by=row.evaluation_by, expires_date=row.evaluation_expires_date,
        false_accept_percent=row.false_accept_percent, false_reject_percent=row.false_reject_percent,
    )  # fmt: skip
