"""The state machines of the lending room; the words are those of the contract."""

from __future__ import annotations

from lending.states import applications, loans, servicing
from lending.states.applications import APPLICATION, LINE
from lending.states.loans import DRAWDOWN, LOAN, REPAYMENT
from lending.states.servicing import ENTRUSTED, FINDING, NOTICE, OBJECTION, WARNING

MACHINES = (*applications.MACHINES, *loans.MACHINES, *servicing.MACHINES)
__all__ = [
    "APPLICATION",
    "DRAWDOWN",
    "ENTRUSTED",
    "FINDING",
    "LINE",
    "LOAN",
    "MACHINES",
    "NOTICE",
    "OBJECTION",
    "REPAYMENT",
    "WARNING",
]
