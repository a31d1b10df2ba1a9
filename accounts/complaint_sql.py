"""Guards of complaints, in SQL: what was said, and when a complaint came, never changes.

The function names no schema: `SET search_path FROM CURRENT` pins it to its bank.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION accounts_complaint_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what was said of a complaint never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER accounts_complaint_entry_append_only
    BEFORE UPDATE OR DELETE ON accounts_complaint_entry
    FOR EACH ROW EXECUTE FUNCTION accounts_complaint_refuse();

CREATE TRIGGER accounts_complaint_stays
    BEFORE UPDATE ON accounts_complaint
    FOR EACH ROW
    WHEN (OLD.status = 'closed'
          OR (NEW.customer_id, NEW.category, NEW.channel, NEW.subject_kind, NEW.subject_id, NEW.received_date)
             IS DISTINCT FROM
             (OLD.customer_id, OLD.category, OLD.channel, OLD.subject_kind, OLD.subject_id, OLD.received_date)
          OR NEW.extensions < OLD.extensions)
    EXECUTE FUNCTION accounts_complaint_refuse();

CREATE TRIGGER accounts_complaint_kept
    BEFORE DELETE ON accounts_complaint
    FOR EACH ROW EXECUTE FUNCTION accounts_complaint_refuse();
"""

REMOVE: Final = """
DROP TRIGGER accounts_complaint_kept ON accounts_complaint;
DROP TRIGGER accounts_complaint_stays ON accounts_complaint;
DROP TRIGGER accounts_complaint_entry_append_only ON accounts_complaint_entry;
DROP FUNCTION accounts_complaint_refuse();
"""
