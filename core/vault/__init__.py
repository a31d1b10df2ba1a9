"""Keep sensitive objects sealed, once per content and bank, and read them with a trace."""

from __future__ import annotations

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
from core.vault.retention import let_go

__all__ = [
    "Owner",
    "StagedObject",
    "StoredObject",
    "VaultDamaged",
    "attach",
    "grant",
    "let_go",
    "open_grant",
    "put",
    "read",
    "refer",
    "stage",
    "sweep_orphans",
]
