"""What this room keeps for a time only: one-time codes, and pictures and recordings of attempts that failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection

from core import vault
from core.clock import now
from core.steps.housekeeping import register_chore
from verification import parameters
from verification.operations.factors import FAILED_FACE, FAILED_VOICE

REMOVE_CODES: Final = """
WITH gone AS (
    DELETE FROM verification_phone_code WHERE created_at < %s
    AND id IN (SELECT id FROM verification_phone_code ORDER BY id LIMIT %s) RETURNING id
), tries AS (DELETE FROM verification_phone_code_tries WHERE code_id IN (SELECT id FROM gone))
SELECT count(*) FROM gone
"""


@register_chore("phone_codes")
def remove_phone_codes(limit: int) -> int:
    """Remove the oldest codes with the count of their tries; their keys are in the order of time."""
    kept = timedelta(days=parameters.number(parameters.CODE_KEPT_DAYS))
    with connection.cursor() as cursor:
        cursor.execute(REMOVE_CODES, [now() - kept, limit])
        return int(cursor.fetchone()[0])


@register_chore("failed_attempts")
def remove_failed_attempts(limit: int) -> int:
    """Let go of pictures and recordings that no passed check stands on (DATA-07); the checks' outcomes stay."""
    before = now() - timedelta(days=parameters.number(parameters.FAILED_DAYS))
    return sum(vault.let_go(retention=each, before=before, limit=limit) for each in (FAILED_FACE, FAILED_VOICE))
