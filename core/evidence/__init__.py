"""Prove years later that something was on record and that the record was not rewritten (RFC 9162)."""

from __future__ import annotations

from core.evidence.heads import HeadOvertaken, LogRewritten, SignedHead, head_message, latest_head, sign_head
from core.evidence.leaves import LeafData, append, leaf_content, new_leaf
from core.evidence.log import InclusionProof, consistency, prove, root_at, sequence, tree_size
from core.evidence.tree import verify_consistency, verify_inclusion

__all__ = [
    "HeadOvertaken",
    "InclusionProof",
    "LeafData",
    "LogRewritten",
    "SignedHead",
    "append",
    "consistency",
    "head_message",
    "latest_head",
    "leaf_content",
    "new_leaf",
    "prove",
    "root_at",
    "sequence",
    "sign_head",
    "tree_size",
    "verify_consistency",
    "verify_inclusion",
]
