"""Guards of the vault's tables, in SQL: a migration runs `INSTALL` in each bank's schema, `REMOVE` undoes.

An object's row never changes (the bytes behind it are named by their hash), but it may be deleted when its
retention ends. The trace of who read what is append-only: it outlives the object. The functions name no
schema: `SET search_path FROM CURRENT` pins them to the schema they are made in, whatever the caller's path
is. TRUNCATE is not guarded: only the owner of the tables has it, the bank's role is never granted it.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION core_vault_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER core_vault_object_immutable
    BEFORE UPDATE ON core_vault_object
    FOR EACH ROW EXECUTE FUNCTION core_vault_refuse('an object never changes');

CREATE TRIGGER core_vault_access_append_only
    BEFORE UPDATE OR DELETE ON core_vault_access
    FOR EACH ROW EXECUTE FUNCTION core_vault_refuse('the trace of reading is append-only');
"""

REMOVE: Final = """
DROP TRIGGER core_vault_access_append_only ON core_vault_access;
DROP TRIGGER core_vault_object_immutable ON core_vault_object;
DROP FUNCTION core_vault_refuse();
"""
