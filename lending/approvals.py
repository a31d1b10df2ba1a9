"""What staff change of a loan, each by two people (`core.approvals`): the second one's agreement is the act."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Final

from core.approvals.registry import Approved, register_approval
from lending.operations import loan_changes, reversal

REVERSE_REPAYMENT: Final = "loan.reverse_repayment"
EXTEND: Final = "loan.extend"
MARK_MISUSED: Final = "loan.mark_misused"
WRITE_OFF: Final = "loan.write_off"
PROPOSER: Final = "lending.propose_loan_change"
DECIDER: Final = "lending.decide_loan_change"


@register_approval(REVERSE_REPAYMENT, title="还款冲正", proposer=PROPOSER, decider=DECIDER)
def reverse_repayment(approved: Approved) -> None:
    """Take a repayment back; the subject is the repayment."""
    reversal.reverse_repayment(
        repayment_id=uuid.UUID(approved.subject), actor=approved.actor, reason=approved.reason
    )  # fmt: skip


@register_approval(EXTEND, title="贷款展期", proposer=PROPOSER, decider=DECIDER)
def extend(approved: Approved) -> None:
    """Extend a loan by `months`."""
    loan_changes.extend_loan(
        loan_id=uuid.UUID(approved.subject), months=int(approved.values["months"]), actor=approved.actor,
        reason=approved.reason,
    )  # fmt: skip


@register_approval(MARK_MISUSED, title="挪用认定", proposer=PROPOSER, decider=DECIDER)
def mark_misused(approved: Approved) -> None:
    """Charge the misuse rate from `from_date` on."""
    loan_changes.mark_misused(
        loan_id=uuid.UUID(approved.subject), from_date=date.fromisoformat(approved.values["from_date"]),
        actor=approved.actor, reason=approved.reason,
    )  # fmt: skip


@register_approval(WRITE_OFF, title="贷款核销", proposer=PROPOSER, decider=DECIDER)
def write_off(approved: Approved) -> None:
    """Write a loan off."""
    loan_changes.write_off_loan(loan_id=uuid.UUID(approved.subject), actor=approved.actor, reason=approved.reason)
