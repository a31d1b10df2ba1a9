"""Guards of products and decisions, in SQL: what was published or decided never changes.

The functions name no schema: `SET search_path FROM CURRENT` pins them to the bank they are made in.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION lending_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what was published or decided never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER lending_product_version_published_stays
    BEFORE UPDATE OR DELETE ON lending_product_version
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL)
    EXECUTE FUNCTION lending_refuse();

CREATE TRIGGER lending_decision_append_only
    BEFORE UPDATE OR DELETE ON lending_decision
    FOR EACH ROW EXECUTE FUNCTION lending_refuse();

CREATE TRIGGER lending_decision_model_append_only
    BEFORE UPDATE OR DELETE ON lending_decision_model
    FOR EACH ROW EXECUTE FUNCTION lending_refuse();

CREATE FUNCTION lending_application_keeps_its_version() RETURNS trigger
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    IF (NEW.product_version_id, NEW.customer_id) IS DISTINCT FROM (OLD.product_version_id, OLD.customer_id) THEN
        RAISE EXCEPTION 'an application keeps its customer and its product version'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'lending_application_keeps_its_version';
    END IF;
    RETURN NEW;
END
$body$;

CREATE TRIGGER lending_application_keeps_its_version
    BEFORE UPDATE ON lending_application
    FOR EACH ROW EXECUTE FUNCTION lending_application_keeps_its_version();
"""

REMOVE: Final = """
DROP TRIGGER lending_application_keeps_its_version ON lending_application;
DROP FUNCTION lending_application_keeps_its_version();
DROP TRIGGER lending_decision_model_append_only ON lending_decision_model;
DROP TRIGGER lending_decision_append_only ON lending_decision;
DROP TRIGGER lending_product_version_published_stays ON lending_product_version;
DROP FUNCTION lending_refuse();
"""
