"""From the application to the line: the tables of two machines."""

from __future__ import annotations

from typing import Any, Final

from core.states import Machine
from lending.models.application import Application
from lending.models.credit_line import CreditLine

APPLICATION: Final = Machine(
    name="application",
    model=Application,
    initial="checking",
    table={
        ("checking", "check"): "face",
        ("checking", "reject"): "rejected",
        ("face", "submit"): "deciding",
        ("deciding", "offer"): "offered",
        ("deciding", "reject"): "rejected",
        ("deciding", "refer"): "review",
        ("review", "offer"): "offered",
        ("review", "reject"): "rejected",
        ("offered", "accept"): "accepted",
        ("offered", "expire"): "expired",
    },
)

LINE: Final = Machine(
    name="credit_line",
    model=CreditLine,
    initial="active",
    table={
        ("active", "freeze"): "frozen",
        ("frozen", "unfreeze"): "active",
        ("active", "expire"): "expired",
        ("frozen", "expire"): "expired",
        ("active", "close"): "closed",
        ("frozen", "close"): "closed",
    },
)
MACHINES: Final[tuple[Machine[Any], ...]] = (APPLICATION, LINE)
