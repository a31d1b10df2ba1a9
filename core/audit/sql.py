"""Guards of the audit log and of the history of states, in SQL: append-only."""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION core_audit_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what happened is not rewritten', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER core_audit_append_only
    BEFORE UPDATE OR DELETE ON core_audit
    FOR EACH ROW EXECUTE FUNCTION core_audit_refuse();

CREATE TRIGGER core_state_change_append_only
    BEFORE UPDATE OR DELETE ON core_state_change
    FOR EACH ROW EXECUTE FUNCTION core_audit_refuse();
"""

REMOVE: Final = """
DROP TRIGGER core_state_change_append_only ON core_state_change;
DROP TRIGGER core_audit_append_only ON core_audit;
DROP FUNCTION core_audit_refuse();
"""
