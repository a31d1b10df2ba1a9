"""Guards of a bank's own models, in SQL: what was published, or decided in the shadow, never changes.

Uses `lending_refuse` (`lending.sql`), which is pinned to the bank that it is made in.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE TRIGGER lending_bank_model_version_published_stays
    BEFORE UPDATE OR DELETE ON lending_bank_model_version
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL)
    EXECUTE FUNCTION lending_refuse();

CREATE TRIGGER lending_shadow_decision_append_only
    BEFORE UPDATE OR DELETE ON lending_shadow_decision
    FOR EACH ROW EXECUTE FUNCTION lending_refuse();

CREATE TRIGGER lending_back_test_change_append_only
    BEFORE UPDATE OR DELETE ON lending_back_test_change
    FOR EACH ROW EXECUTE FUNCTION lending_refuse();
"""

REMOVE: Final = """
DROP TRIGGER lending_back_test_change_append_only ON lending_back_test_change;
DROP TRIGGER lending_shadow_decision_append_only ON lending_shadow_decision;
DROP TRIGGER lending_bank_model_version_published_stays ON lending_bank_model_version;
"""
