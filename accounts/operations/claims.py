"""Claims: what rests on an account, so that it cannot be closed nor lose its last card."""

from __future__ import annotations

import uuid

from django.db import IntegrityError

from accounts.models import Claim
from accounts.operations.ledger import AccountNotActive
from core.clock import now
from core.db.constraints import violated
from core.operations import within_transaction


@within_transaction
def place_claim(*, account_id: uuid.UUID, claimant: str) -> None:
    """Let something rest on an account; placing it twice is once.

    Raises:
        AccountNotActive: the account is closed, or is being closed (ACC-14).
    """
    try:
        Claim.objects.get_or_create(account_id=account_id, claimant=claimant, released_at=None)
    except IntegrityError as error:
        if violated(error) != "accounts_account_stands":
            raise
        raise AccountNotActive from error


@within_transaction
def release_claim(*, account_id: uuid.UUID, claimant: str) -> None:
    """Take what rested on an account away; what is not there stays so."""
    Claim.objects.filter(account_id=account_id, claimant=claimant, released_at=None).update(released_at=now())
