"""What this room keeps for a time only: sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection

from accounts.parameters import SESSION_KEPT_DAYS
from core.clock import now
from core.steps.housekeeping import register_chore
from tenants.parameters import value_of

REMOVE: Final = """
DELETE FROM accounts_session WHERE expires_at < %s
AND id IN (SELECT id FROM accounts_session ORDER BY id LIMIT %s)
"""


@register_chore("sessions")
def remove_sessions(limit: int) -> int:
    """Remove the oldest sessions that ended long ago; their keys are in the order of time, so it needs no index."""
    kept = timedelta(days=value_of(SESSION_KEPT_DAYS.name, kind=int))
    with connection.cursor() as cursor:
        cursor.execute(REMOVE, [now() - kept, limit])
        return int(cursor.rowcount)
