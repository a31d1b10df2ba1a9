"""Count a try where a refusal cannot undo it: on a connection of its own, committed before anything is compared.

A request that is refused rolls back what it wrote. If the count of wrong codes went with it, a thief could
guess for ever. The row is written by nobody else, so this connection waits for no lock that its caller holds.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    import uuid

COUNT = """
INSERT INTO verification_phone_code_tries (code_id, tries) VALUES (%s, 1)
ON CONFLICT (code_id) DO UPDATE SET tries = verification_phone_code_tries.tries + 1
RETURNING tries
"""


def count_try(code_id: uuid.UUID) -> int:
    """Count one more try of a code, at once and for good, and return how many that makes."""
    here = connections[DEFAULT_DB_ALIAS]
    settings = copy.deepcopy(here.settings_dict)
    settings.get("OPTIONS", {}).pop("pool", None)  # a pool whose users each wait for a second connection would jam
    aside = type(here)(settings, alias="aside")
    aside.set_tenant(here.tenant)  # type: ignore[attr-defined]
    try:
        with aside.cursor() as cursor:
            cursor.execute(COUNT, [code_id])
            return int(cursor.fetchone()[0])
    finally:
        aside.close()
