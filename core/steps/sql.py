"""Insert owed steps, in SQL: the one statement behind `enqueue`, which a hot write of another room may call as well.

Where an unfinished step of the kind exists for the subject nothing is inserted: the work is owed already. The rows come
as JSON by column (`core.db.rows`). `SET search_path FROM CURRENT` pins the function to the bank it is made in.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION core_enqueue(steps jsonb) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    INSERT INTO core_step SELECT * FROM jsonb_populate_recordset(NULL::core_step, steps)
    ON CONFLICT (kind, subject) WHERE state IN ('live', 'parked') DO NOTHING;
END
$body$;
"""

REMOVE: Final = "DROP FUNCTION core_enqueue(jsonb);"
