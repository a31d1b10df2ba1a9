"""Guards of early warning, in SQL: what was observed never changes, and a warning that is closed stays as it was closed.

The functions name no schema: `SET search_path FROM CURRENT` pins them to the bank they are made in.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION lending_refuse_warning() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what was observed or closed never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER lending_observed_fact_append_only
    BEFORE UPDATE OR DELETE ON lending_observed_fact
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_warning();

CREATE TRIGGER lending_early_warning_closed_stays
    BEFORE UPDATE ON lending_early_warning
    FOR EACH ROW
    WHEN (OLD.status = 'closed' OR (NEW.rule, NEW.customer_id, NEW.evidence, NEW.measured, NEW.threshold, NEW.raised_date)
          IS DISTINCT FROM
          (OLD.rule, OLD.customer_id, OLD.evidence, OLD.measured, OLD.threshold, OLD.raised_date))
    EXECUTE FUNCTION lending_refuse_warning();

CREATE TRIGGER lending_early_warning_kept
    BEFORE DELETE ON lending_early_warning
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_warning();
"""

REMOVE: Final = """
DROP TRIGGER lending_early_warning_kept ON lending_early_warning;
DROP TRIGGER lending_early_warning_closed_stays ON lending_early_warning;
DROP TRIGGER lending_observed_fact_append_only ON lending_observed_fact;
DROP FUNCTION lending_refuse_warning();
"""
