"""What staff do to the books by two people (`core.approvals`): the second one's agreement is the act."""

from __future__ import annotations

import uuid
from typing import Final

from accounts.operations import corrections
from core.approvals.registry import Approved, register_approval

GIVE_BACK_DEBIT: Final = "entry.give_back_debit"
PROPOSER: Final = "accounts.propose_correction"
DECIDER: Final = "accounts.decide_correction"


@register_approval(GIVE_BACK_DEBIT, title="错扣退回", proposer=PROPOSER, decider=DECIDER)
def give_back_debit(approved: Approved) -> None:
    """Give back what an entry took wrongly; the subject is the entry."""
    corrections.give_back_debit(
        entry_id=uuid.UUID(approved.subject), reason=approved.reason, actor=approved.actor
    )  # fmt: skip
