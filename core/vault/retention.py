"""Let go of objects whose time is over: references by their class and age, then what nobody needs any more."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import connection

from core.operations import opens_transaction

LET_GO: Final = """
DELETE FROM core_vault_reference WHERE id IN (
    SELECT id FROM core_vault_reference WHERE retention = %s AND created_at < %s
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING object_id
"""
HOLD_STILL: Final = "SELECT id FROM core_vault_object WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
REMOVE: Final = """
DELETE FROM core_vault_object o WHERE o.id = ANY(%s)
AND NOT EXISTS (SELECT 1 FROM core_vault_reference r WHERE r.object_id = o.id)
"""


@opens_transaction
def let_go(*, retention: str, before: datetime, limit: int) -> int:
    """Remove up to `limit` references of a retention class made before a moment, and the objects that only they named.

    The objects' files are then orphans, which `sweep_orphans` removes: a crash at any line leaves no row without its
    bytes. Return how many references went.
    """
    with connection.cursor() as cursor:
        cursor.execute(LET_GO, [retention, before, limit])
        objects = list({object_id for (object_id,) in cursor.fetchall()})
        gone = int(cursor.rowcount)
        cursor.execute(HOLD_STILL, [objects])  # who is just entering a further reference has ended, or begins after us
        cursor.execute(REMOVE, [objects])
    return gone
