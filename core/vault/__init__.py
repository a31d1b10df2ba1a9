"""Keep sensitive objects sealed, once per content and bank, and read them with a trace."""

from __future__ import annotations

from core.vault.expiry import expire
from core.vault.grants import grant, open_grant
from core.vault.objects import (
    Owner,
    StagedObject,
    StoredObject,
    VaultDamaged,
    attach,
    put,
    read,
    refer,
    stage,
    sweep_orphans,
)

__all__ = [
    "Owner",
    "StagedObject",
    "StoredObject",
    "VaultDamaged",
    "attach",
    "expire",
    "grant",
    "open_grant",
    "put",
    "read",
    "refer",
    "stage",
    "sweep_orphans",
]
