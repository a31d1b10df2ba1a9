"""Guards of the evidence log, in SQL: a migration runs `INSTALL` in each bank's schema, `REMOVE` undoes.

Leaves, nodes and heads are append-only. One change of a leaf is let through: from no index to an index,
everything else unchanged; and a leaf is inserted without one, so that only the sequencer places it. The
functions name no schema: `SET search_path FROM CURRENT` pins them to the schema they are made in, whatever
the caller's path is. TRUNCATE is not guarded: only the owner of the tables has it, the bank's role is never
granted it.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE FUNCTION core_evidence_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: the evidence log is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER core_evidence_leaf_no_delete
    BEFORE DELETE ON core_evidence_leaf
    FOR EACH ROW EXECUTE FUNCTION core_evidence_refuse();

CREATE TRIGGER core_evidence_leaf_only_sequenced
    BEFORE UPDATE ON core_evidence_leaf
    FOR EACH ROW
    WHEN (OLD.index IS NOT NULL OR NEW.index IS NULL
          OR (NEW.id, NEW.kind, NEW.subject, NEW.content_sha256, NEW.salt, NEW.leaf_hash, NEW.created_at)
             IS DISTINCT FROM
             (OLD.id, OLD.kind, OLD.subject, OLD.content_sha256, OLD.salt, OLD.leaf_hash, OLD.created_at))
    EXECUTE FUNCTION core_evidence_refuse();

CREATE TRIGGER core_evidence_leaf_born_pending
    BEFORE INSERT ON core_evidence_leaf
    FOR EACH ROW WHEN (NEW.index IS NOT NULL)
    EXECUTE FUNCTION core_evidence_refuse();

CREATE TRIGGER core_evidence_node_append_only
    BEFORE UPDATE OR DELETE ON core_evidence_node
    FOR EACH ROW EXECUTE FUNCTION core_evidence_refuse();

CREATE TRIGGER core_evidence_head_append_only
    BEFORE UPDATE OR DELETE ON core_evidence_head
    FOR EACH ROW EXECUTE FUNCTION core_evidence_refuse();
"""

REMOVE: Final = """
DROP TRIGGER core_evidence_head_append_only ON core_evidence_head;
DROP TRIGGER core_evidence_node_append_only ON core_evidence_node;
DROP TRIGGER core_evidence_leaf_born_pending ON core_evidence_leaf;
DROP TRIGGER core_evidence_leaf_only_sequenced ON core_evidence_leaf;
DROP TRIGGER core_evidence_leaf_no_delete ON core_evidence_leaf;
DROP FUNCTION core_evidence_refuse();
"""
