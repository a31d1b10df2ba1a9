"""Guards of contracts, loans and repayments, in SQL: what was signed or paid never changes.

The function names no schema: `SET search_path FROM CURRENT` pins it to the bank it is made in.
"""

from __future__ import annotations

from typing import Final

_APPEND_ONLY: Final = ("lending_contract", "lending_loan_event", "lending_repayment_share")

INSTALL: Final = """
CREATE FUNCTION lending_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what was signed or paid never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER lending_instalment_keeps_its_terms
    BEFORE UPDATE ON lending_instalment
    FOR EACH ROW
    WHEN ((NEW.loan_id, NEW.number, NEW.due_date, NEW.principal_fen, NEW.interest_fen, NEW.balance_fen)
          IS DISTINCT FROM
          (OLD.loan_id, OLD.number, OLD.due_date, OLD.principal_fen, OLD.interest_fen, OLD.balance_fen))
    EXECUTE FUNCTION lending_refuse_rewriting();
""" + "".join(
    f"""
CREATE TRIGGER {table}_append_only
    BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_rewriting();
"""
    for table in _APPEND_ONLY
)

# Agreements of lines came later than the function that guards them.
GUARD_AGREEMENTS: Final = """
CREATE TRIGGER lending_line_agreement_append_only
    BEFORE UPDATE OR DELETE ON lending_line_agreement
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_rewriting();
"""
UNGUARD_AGREEMENTS: Final = "DROP TRIGGER lending_line_agreement_append_only ON lending_line_agreement;"

REMOVE: Final = (
    "".join(f"DROP TRIGGER {table}_append_only ON {table};\n" for table in _APPEND_ONLY)
    + "DROP TRIGGER lending_instalment_keeps_its_terms ON lending_instalment;\n"
    + "DROP FUNCTION lending_refuse_rewriting();"
)
