"""Claims: what rests on an account, so that it cannot be closed nor lose its last card."""

from __future__ import annotations

import uuid
from typing import Final

from accounts.models import Claim
from accounts.operations.ledger import REFUSALS
from core.clock import now
from core.db.asks import Ask, alone
from core.ids import new_id
from core.operations import within_transaction

PLACE: Final = """
INSERT INTO accounts_claim (id, account_id, claimant, placed_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (account_id, claimant) WHERE released_at IS NULL DO NOTHING
"""


@within_transaction
def place_claim(*, account_id: uuid.UUID, claimant: str) -> None:
    """Let something rest on an account; placing it twice is once.

    Raises:
        AccountNotActive: the account is closed, or is being closed (ACC-14).
    """
    alone(Ask(PLACE, [new_id(), account_id, claimant, now()], lambda _: None, REFUSALS))


@within_transaction
def release_claim(*, account_id: uuid.UUID, claimant: str) -> None:
    """Take what rested on an account away; what is not there stays so."""
    Claim.objects.filter(account_id=account_id, claimant=claimant, released_at=None).update(released_at=now())
