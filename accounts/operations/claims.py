"""Claims: what rests on an account, so that it cannot be closed nor lose its last card."""

from __future__ import annotations

import uuid

from accounts.models import Claim
from core.clock import now
from core.operations import within_transaction


@within_transaction
def place_claim(*, account_id: uuid.UUID, claimant: str) -> None:
    """Let something rest on an account; placing it twice is once."""
    Claim.objects.get_or_create(account_id=account_id, claimant=claimant, released_at=None)


@within_transaction
def release_claim(*, account_id: uuid.UUID, claimant: str) -> None:
    """Take what rested on an account away; what is not there stays so."""
    Claim.objects.filter(account_id=account_id, claimant=claimant, released_at=None).update(released_at=now())
