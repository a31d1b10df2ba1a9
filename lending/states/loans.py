"""From the draft to the settled loan: the tables of three machines."""

from __future__ import annotations

from typing import Any, Final

from core.states import Machine
from lending.models.drawdown import Drawdown
from lending.models.loan import Loan
from lending.models.repayment import Repayment

DRAWDOWN: Final = Machine(
    name="drawdown",
    model=Drawdown,
    initial="draft",
    table={
        ("draft", "sign"): "signing",
        ("draft", "lapse"): "expired",
        ("signing", "seal"): "signed",
        ("signing", "fail"): "failed",
        ("signing", "cancel"): "failed",
        ("signed", "disburse"): "disbursing",
        ("signed", "lapse"): "expired",
        ("signed", "cancel"): "failed",
        ("disbursing", "pay"): "disbursed",
        ("disbursing", "refer"): "review",
        ("disbursing", "fail"): "failed",
        ("review", "grant"): "disbursing",
        ("review", "fail"): "failed",
        ("review", "lapse"): "expired",
        ("review", "cancel"): "failed",
    },
)
DRAWDOWN_ON_THE_WIRE: Final = {state: "disbursing" if state == "review" else state for state in DRAWDOWN.states}
"""Internal state → the word that the customer sees: one that waits for staff is still being paid out (ACC-09)."""

LOAN: Final = Machine(
    name="loan",
    model=Loan,
    initial="active",
    table={
        ("active", "settle"): "settled",
        ("settled", "reopen"): "active",
        ("settled", "reopen_written_off"): "written_off",
        ("active", "write_off"): "written_off",
        ("written_off", "settle"): "settled",
    },
)

REPAYMENT: Final = Machine(
    name="repayment",
    model=Repayment,
    initial="posting",
    table={("posting", "post"): "posted", ("posting", "fail"): "failed", ("posted", "reverse"): "reversed"},
)
LOAN_ON_THE_WIRE: Final = {"active": "active", "settled": "settled", "written_off": "active"}
"""Internal state → the word that the customer sees: a debt that the bank has written off is owed as before."""
MACHINES: Final[tuple[Machine[Any], ...]] = (DRAWDOWN, LOAN, REPAYMENT)
