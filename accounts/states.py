"""The state machines of the accounts room; the words are those of the contract."""

from __future__ import annotations

from typing import Final

from accounts.models import (
    AccountClosing,
    Card,
    Complaint,
    DepositAccount,
    Filing,
    Hold,
    Refund,
    Registration,
    Restriction,
    Reverification,
    TopUp,
    Transfer,
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
        ("checking", "refer"): "review",
        ("checking", "refuse"): "rejected",
        ("review", "release"): "checking",
        ("review", "refuse"): "rejected",
        ("face", "submit"): "opening",
        ("face", "refuse"): "rejected",
        ("opening", "open"): "active",
        ("opening", "refuse"): "rejected",
        ("active", "close"): "closed",
    },
)

ACCOUNT_ON_THE_WIRE: Final = {state: "checking" if state == "review" else state for state in ACCOUNT.states}
"""Internal state → the word that the customer sees: an opening that waits for staff is still being checked."""

CARD: Final = Machine(
    name="card",
    model=Card,
    initial="checking",
    table={
        ("checking", "match"): "active",
        ("checking", "further_card"): "step_up",
        ("checking", "refuse"): "rejected",
        ("step_up", "submit"): "active",
        ("step_up", "refuse"): "rejected",
        ("active", "unbind"): "unbound",
    },
)

HOLD: Final = Machine(
    name="hold",
    model=Hold,
    initial="pending",
    table={("pending", "post"): "posted", ("pending", "void"): "voided", ("pending", "expire"): "expired"},
)

RESTRICTION: Final = Machine(
    name="restriction",
    model=Restriction,
    initial="in_force",
    table={("in_force", "lift"): "lifted", ("in_force", "expire"): "expired"},
)

TOP_UP: Final = Machine(
    name="top_up",
    model=TopUp,
    initial="collecting",
    table={
        ("collecting", "credit"): "crediting",
        ("collecting", "post"): "posted",
        ("collecting", "refuse"): "failed",
        ("collecting", "strand"): "stranded",
        ("crediting", "post"): "posted",
        ("crediting", "strand"): "stranded",
    },
)

TRANSFER: Final = Machine(
    name="transfer",
    model=Transfer,
    initial="checking",
    table={
        ("checking", "refuse"): "failed",
        ("checking", "post"): "posted",
        ("checking", "hold"): "sending",
        ("checking", "debit"): "debiting",
        ("debiting", "send"): "sending",
        ("debiting", "post"): "posted",
        ("debiting", "refuse"): "failed",
        ("debiting", "give_back"): "refunding",
        ("debiting", "strand"): "stranded",
        ("sending", "post"): "posted",
        ("sending", "refuse"): "failed",
        ("sending", "give_back"): "refunding",
        ("sending", "strand"): "stranded",
        ("refunding", "refuse"): "failed",
        ("refunding", "strand"): "stranded",
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
        ("refused", "acknowledge"): "acknowledged",
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

COMPLAINT: Final = Machine(
    name="complaint",
    model=Complaint,
    initial="received",
    table={
        ("received", "extend"): "extended",
        ("received", "answer"): "answered",
        ("extended", "extend"): "extended",
        ("extended", "answer"): "answered",
        ("answered", "ask_again"): "received",
        ("answered", "score"): "closed",
        ("answered", "close"): "closed",
    },
)

MACHINES: Final = (
    REGISTRATION,
    ACCOUNT,
    CARD,
    HOLD,
    RESTRICTION,
    TOP_UP,
    TRANSFER,
    CLOSING,
    REVERIFICATION,
    FILING,
    REFUND,
    COMPLAINT,
)
