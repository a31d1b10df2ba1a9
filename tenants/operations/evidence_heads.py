"""Take a bank's signed evidence head into the province's keeping: once it is there, the bank cannot rewrite its log."""

from __future__ import annotations

from typing import Final

import structlog
from django.db import connection, transaction

from core import evidence
from core.clock import now
from core.evidence import SignedHead
from core.ids import new_id
from core.operations import forbid_transaction
from core.tenancy import PUSH, at, current_bank
from tenants.models import EvidenceHeadCopy

log = structlog.get_logger(__name__)

INSERT: Final = """
INSERT INTO public.tenants_evidence_head
    (id, bank, number, head_date, previous_size, tree_size, root, signed_at, signature, pushed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (bank, tree_size) DO NOTHING
"""


class HeadRefused(Exception):
    """The province has a head of this bank that the new one does not extend: somebody has rewritten the log."""


def push_evidence_head(head: SignedHead) -> bool:
    """Keep the current bank's head beside its former ones; return whether it was new. Pushing twice is once.

    The head must extend the last one that the province has, by the log's own consistency proof; one that does not is
    refused and alarmed, and nothing is written. Runs in a transaction of its own that writes the public schema only.

    Raises:
        HeadRefused: see there.
        TransactionForbidden: a transaction is open: it would write two schemas.
    """
    forbid_transaction("pushing an evidence head")
    bank = current_bank().code
    last = EvidenceHeadCopy.objects.filter(bank=bank).order_by("-tree_size").first()
    if last is not None and not _extends(last, head):
        log.error("evidence.head_refused", bank=bank, kept_size=last.tree_size, size=head.tree_size)
        msg = f"bank {bank}: a head of {head.tree_size} leaves does not extend the one of {last.tree_size} in keeping"
        raise HeadRefused(msg)
    with at(PUSH), transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                new_id(), bank, head.number, head.head_date, head.previous_size, head.tree_size, head.root,
                head.signed_at, head.signature, now(),
            ],
        )  # fmt: skip
        return bool(cursor.rowcount == 1)


def _extends(last: EvidenceHeadCopy, head: SignedHead) -> bool:
    if head.tree_size < last.tree_size:
        return False
    return evidence.verify_consistency(
        size_a=last.tree_size,
        root_a=bytes(last.root),
        size_b=head.tree_size,
        root_b=head.root,
        path=evidence.consistency(last.tree_size, head.tree_size),
    )
