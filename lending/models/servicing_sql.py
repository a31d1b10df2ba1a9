"""Guards of what is written while a loan is serviced, in SQL: papers, contacts, reports never change once they are made.

The functions name no schema: `SET search_path FROM CURRENT` pins them to the bank they are made in.
"""

from __future__ import annotations

from typing import Final

_APPEND_ONLY: Final = (
    "lending_drawdown_proof",
    "lending_collection_assignment",
    "lending_collection_contact",
    "lending_collection_outcome",
    "lending_purpose_scan",
    "lending_bureau_day",
    "lending_bureau_export",
)

INSTALL: Final = """
CREATE FUNCTION lending_refuse_servicing() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what was issued, said or reported never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER lending_loan_paper_stays
    BEFORE UPDATE ON lending_loan_paper
    FOR EACH ROW
    WHEN (OLD.object_id IS NOT NULL
          OR (NEW.loan_id, NEW.repayment_id, NEW.kind, NEW.number, NEW.from_date, NEW.to_date, NEW.issued_date,
              NEW.asked_by, NEW.content_keyed_hash)
             IS DISTINCT FROM
             (OLD.loan_id, OLD.repayment_id, OLD.kind, OLD.number, OLD.from_date, OLD.to_date, OLD.issued_date,
              OLD.asked_by, OLD.content_keyed_hash))
    EXECUTE FUNCTION lending_refuse_servicing();

CREATE TRIGGER lending_loan_paper_kept
    BEFORE DELETE ON lending_loan_paper
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_servicing();

CREATE TRIGGER lending_bureau_record_stays
    BEFORE UPDATE ON lending_bureau_record
    FOR EACH ROW
    WHEN ((NEW.loan_id, NEW.kind, NEW.business_date, NEW.content, NEW.negative, NEW.corrects_id)
          IS DISTINCT FROM
          (OLD.loan_id, OLD.kind, OLD.business_date, OLD.content, OLD.negative, OLD.corrects_id)
          OR (OLD.released_date IS NOT NULL AND NEW.released_date IS DISTINCT FROM OLD.released_date)
          OR (OLD.export_id IS NOT NULL AND NEW.export_id IS DISTINCT FROM OLD.export_id))
    EXECUTE FUNCTION lending_refuse_servicing();

CREATE TRIGGER lending_bureau_record_kept
    BEFORE DELETE ON lending_bureau_record
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_servicing();
""" + "".join(
    f"""
CREATE TRIGGER {table}_append_only
    BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_servicing();
"""
    for table in _APPEND_ONLY
)

REMOVE: Final = (
    "".join(f"DROP TRIGGER {table}_append_only ON {table};\n" for table in _APPEND_ONLY)
    + "DROP TRIGGER lending_bureau_record_kept ON lending_bureau_record;\n"
    + "DROP TRIGGER lending_bureau_record_stays ON lending_bureau_record;\n"
    + "DROP TRIGGER lending_loan_paper_kept ON lending_loan_paper;\n"
    + "DROP TRIGGER lending_loan_paper_stays ON lending_loan_paper;\n"
    + "DROP FUNCTION lending_refuse_servicing();"
)
