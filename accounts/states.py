"""The state machines of the accounts room; the words are those of the contract."""

from __future__ import annotations

from typing import Final

from accounts.models import (
    AccountClosing,
    Card,
    DepositAccount,
    Filing,
    Refund,
    Registration,
    Reverification,
)
from core.states import Machine

REGISTRATION: Final = Machine(
    name="registration",
    model=Registration,
    initial="reading",
    table={
        ("reading", "read"): "confirm",
        ("reading", "unreadable"): "retake",
        ("reading", "refuse"): "rejected",
        ("confirm", "confirm"): "phone",
        ("phone", "give_phone"): "checking",
        ("checking", "known_elsewhere"): "relink",
        ("checking", "match"): "registered",
        ("checking", "refuse"): "rejected",
        ("relink", "move"): "registered",
        ("relink", "refuse"): "rejected",
    },
)

ACCOUNT: Final = Machine(
    name="deposit_account",
    model=DepositAccount,
    initial="checking",
    table={
        ("checking", "checked"): "face",
        ("checking", "refuse"): "rejected",
        ("face", "submit"): "opening",
        ("face", "refuse"): "rejected",
        ("opening", "open"): "active",
        ("opening", "refuse"): "rejected",
        ("active", "close"): "closed",
    },
)

CARD: Final = Machine(
    name="card",
    model=Card,
    initial="checking",
    table={
        ("checking", "match"): "active",
        ("checking", "further_card"): "step_up",
        ("checking", "refuse"): "rejected",
        ("step_up", "refuse"): "rejected",
        ("active", "unbind"): "unbound",
    },
)

CLOSING: Final = Machine(
    name="account_closing",
    model=AccountClosing,
    initial="closing",
    table={
        ("closing", "close"): "closed",
        ("closing", "refuse"): "refused",
    },
)

REVERIFICATION: Final = Machine(
    name="reverification",
    model=Reverification,
    initial="reading",
    table={
        ("reading", "verify"): "verified",
        ("reading", "refuse"): "rejected",
    },
)

FILING: Final = Machine(
    name="filing",
    model=Filing,
    initial="pending",
    table={
        ("pending", "acknowledge"): "acknowledged",
        ("pending", "refuse"): "refused",
        ("refused", "resend"): "pending",
    },
)

REFUND: Final = Machine(
    name="refund",
    model=Refund,
    initial="owed",
    table={
        ("owed", "send"): "sending",
        ("owed", "pay"): "paid",
        ("sending", "pay"): "paid",
        ("sending", "return"): "owed",
    },
)

MACHINES: Final = (REGISTRATION, ACCOUNT, CARD, CLOSING, REVERIFICATION, FILING, REFUND)
