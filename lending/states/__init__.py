"""The state machines of the lending room; the words are those of the contract."""

from __future__ import annotations

from lending.states import applications, loans
from lending.states.applications import APPLICATION, LINE
from lending.states.loans import DRAWDOWN, LOAN, REPAYMENT

MACHINES = (*applications.MACHINES, *loans.MACHINES)
__all__ = ["APPLICATION", "DRAWDOWN", "LINE", "LOAN", "MACHINES", "REPAYMENT"]
