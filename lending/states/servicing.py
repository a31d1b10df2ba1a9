"""While a loan is serviced: the tables of entrusted payments, findings, notices and objections."""

from __future__ import annotations

from typing import Any, Final

from core.states import Machine
from lending.models.bureau import BureauObjection, CreditNotice
from lending.models.entrusted import EntrustedPayment
from lending.models.purpose_watch import PurposeFinding
from lending.models.warning import EarlyWarning

ENTRUSTED: Final = Machine(
    name="entrusted_payment",
    model=EntrustedPayment,
    initial="waiting",
    table={
        ("waiting", "pass"): "passing",
        ("passing", "pay"): "paid",
        ("passing", "fail"): "failed",
        ("failed", "pass"): "passing",
    },
)

FINDING: Final = Machine(
    name="purpose_finding",
    model=PurposeFinding,
    initial="found",
    table={
        ("found", "confirm"): "misused",
        ("found", "close"): "closed",
    },
)

NOTICE: Final = Machine(
    name="credit_notice",
    model=CreditNotice,
    initial="waiting",
    table={
        ("waiting", "send"): "sent",
        ("waiting", "fail"): "failed",
        ("waiting", "cancel"): "cancelled",
        ("failed", "send"): "sent",
        ("failed", "cancel"): "cancelled",
    },
)

OBJECTION: Final = Machine(
    name="bureau_objection",
    model=BureauObjection,
    initial="raised",
    table={("raised", "correct"): "corrected", ("raised", "reject"): "rejected"},
)

WARNING: Final = Machine(
    name="early_warning",
    model=EarlyWarning,
    initial="open",
    table={("open", "close"): "closed"},
)
MACHINES: Final[tuple[Machine[Any], ...]] = (ENTRUSTED, FINDING, NOTICE, OBJECTION, WARNING)
