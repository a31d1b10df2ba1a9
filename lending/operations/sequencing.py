"""Give the leaves of this bank's evidence log their place, and commit the bank to its log day by day."""

from __future__ import annotations

from typing import Final

from core import evidence
from core.evidence import SignedHead
from lending.signers import current_signer
from tenants import operations as tenants

SEQUENCE: Final = "evidence.sequence"
AT_ONCE: Final = 1000


def sequence_leaves() -> int:
    """Place every pending leaf, this room's and the others', in batches; return how many were placed."""
    placed = last = evidence.sequence(AT_ONCE)
    while last == AT_ONCE:
        last = evidence.sequence(AT_ONCE)
        placed += last
    return placed


def commit_head() -> SignedHead | None:
    """Sign the log as it is on the business date and push the head to the province; an empty log has none.

    Raises:
        LogRewritten: the log does not extend its last head.
        HeadRefused: the province has a head that this one does not extend.
        HeadOvertaken: another head was signed meanwhile.
    """
    sequence_leaves()
    if evidence.tree_size() == 0:
        return None
    _, signer = current_signer()
    head = evidence.sign_head(signer.sign)
    tenants.push_evidence_head(head)
    return head
