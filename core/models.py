"""The tables of the mechanisms, each beside the mechanism that owns it."""

from __future__ import annotations

from core.approvals.models import Proposal
from core.audit.models import AuditEntry
from core.clock.models import BusinessDay
from core.crypto.models import BankKey
from core.evidence.models import EvidenceHead, EvidenceLeaf, EvidenceNode
from core.idempotency.models import IdempotencyRecord
from core.states.models import StateChange
from core.steps.models import Step
from core.vault.models import VaultAccess, VaultObject, VaultReference

__all__ = [
    "AuditEntry",
    "BankKey",
    "BusinessDay",
    "EvidenceHead",
    "EvidenceLeaf",
    "EvidenceNode",
    "IdempotencyRecord",
    "Proposal",
    "StateChange",
    "Step",
    "VaultAccess",
    "VaultObject",
    "VaultReference",
]
