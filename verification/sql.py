"""Guards of this room, in SQL: what was agreed to never changes.

Agreement texts are append-only. One change of a consent is let through: its withdrawal, once. The
functions name no schema: `SET search_path FROM CURRENT` pins them to the bank they are made in.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION verification_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what was agreed to never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER verification_agreement_text_append_only
    BEFORE UPDATE OR DELETE ON verification_agreement_text
    FOR EACH ROW EXECUTE FUNCTION verification_refuse();

CREATE TRIGGER verification_consent_no_delete
    BEFORE DELETE ON verification_consent
    FOR EACH ROW EXECUTE FUNCTION verification_refuse();

CREATE TRIGGER verification_consent_only_withdrawn
    BEFORE UPDATE ON verification_consent
    FOR EACH ROW
    WHEN (OLD.withdrawn_at IS NOT NULL OR NEW.withdrawn_at IS NULL
          OR (NEW.id, NEW.subject_id, NEW.purpose, NEW.agreement_id, NEW.business_id, NEW.sha256, NEW.read_seconds,
              NEW.granted_at, NEW.evidence_leaf)
             IS DISTINCT FROM
             (OLD.id, OLD.subject_id, OLD.purpose, OLD.agreement_id, OLD.business_id, OLD.sha256, OLD.read_seconds,
              OLD.granted_at, OLD.evidence_leaf))
    EXECUTE FUNCTION verification_refuse();
"""

REMOVE: Final = """
DROP TRIGGER verification_consent_only_withdrawn ON verification_consent;
DROP TRIGGER verification_consent_no_delete ON verification_consent;
DROP TRIGGER verification_agreement_text_append_only ON verification_agreement_text;
DROP FUNCTION verification_refuse();
"""
