"""What this bank tells the province: its figures (D7, D19), and the signed heads of its evidence log.

Each is pushed by a step of its own transaction, because a transaction writes one schema. Both may be done twice.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

from core import evidence
from core.clock import business_date
from core.evidence import SignedHead
from core.tenancy import current_bank
from lending.queries.figures import figures_now
from lending.signers import current_signer
from tenants import operations as tenants
from tenants.readiness import facts_now

SEQUENCE: Final = "evidence.sequence"
AT_ONCE: Final = 1000
PUSH_FIGURES: Final = "province.push_figures"
TRY_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


class AnotherPush(Exception):
    """Somebody else is pushing this bank's figures at this moment; try again shortly."""


def push_figures() -> dict[str, int]:
    """Push the figures as they are now, under the business date; return them.

    Reading and writing are one turn under a lock of the session, because they cannot be one transaction (it would write
    two schemas): so the last to push has seen the last change. Every change owes a push of its own.

    Raises:
        AnotherPush: see there.
        TransactionForbidden: a transaction is open.
    """
    key = f"lending.push_figures:{current_bank().schema}"
    if not _ask(TRY_LOCK, key):
        raise AnotherPush
    try:
        figures = figures_now()
        tenants.record_figures(
            on=business_date(),
            figures={
                tenants.GRANTED: figures.granted_fen,
                tenants.DRAWN: figures.drawn_fen,
                tenants.BORROWERS: figures.borrowing_customers,
                **facts_now(),
            },
        )
    finally:
        _ask(UNLOCK, key)
    return {"granted": figures.granted_fen, "drawn": figures.drawn_fen, "borrowers": figures.borrowing_customers}


def _ask(statement: str, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return bool(cursor.fetchone()[0])


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
