"""How cases of the review queue come and end, in SQL: whatever moves a thing into a review or out of it, opens or ends one.

The functions name no schema: `SET search_path FROM CURRENT` pins them to the bank they are made in. What is under review
when this is installed gets its case at once.
"""

from __future__ import annotations

from typing import Final

# Which things are under review, as (kind, id, customer, product, amount, secrecy, since); `{which}` picks among them.
_APPLICATION: Final = """
SELECT 'application', a.id, a.customer_id, p.code || ' ' || v.name, d.limit_fen, FALSE, {at}
FROM lending_application a
JOIN lending_product_version v ON v.id = a.product_version_id
JOIN lending_product p ON p.id = v.product_id
LEFT JOIN lending_decision d ON d.application_id = a.id AND d.stage = 'full'
WHERE a.status = 'review' AND {which}"""
_DRAWDOWN: Final = """
SELECT 'drawdown', a.id, a.customer_id, p.code, a.amount_fen, FALSE, {at}
FROM lending_drawdown a JOIN lending_credit_line g ON g.id = a.line_id JOIN lending_product p ON p.id = g.product_id
WHERE a.status = 'review' AND {which}"""
_OPENING: Final = """
SELECT 'opening', a.id, a.customer_id, a.account_class || ' 类账户', NULL::bigint, FALSE, {at}
FROM accounts_deposit_account a WHERE a.status = 'review' AND {which}"""
_WARNING: Final = """
SELECT 'warning', a.id, a.customer_id, '', NULL::bigint, a.rule = 'list_hit', {at}
FROM lending_early_warning a WHERE a.status = 'open' AND a.action = 'queue' AND {which}"""
_CASES: Final = """
INSERT INTO lending_review_case (id, kind, subject_id, customer_id, product, amount_fen, is_secret, opened_at, taken_by,
                                 outcome, reason_codes, note, decided_by, closed_status)
SELECT uuidv7(), found.*, '', '', '[]', '', '', '' FROM ({found}) AS found ON CONFLICT DO NOTHING;
"""


def _open(found: str, *, at: str = "now()", which: str = "a.id = NEW.id") -> str:
    return _CASES.format(found=found.format(at=at, which=which))


_END: Final = """
    UPDATE lending_review_case SET closed_at = now(), closed_status = NEW.status
    WHERE kind = TG_ARGV[0] AND subject_id = NEW.id AND closed_at IS NULL;
"""
_MOVES: Final = "OLD.status IS DISTINCT FROM NEW.status AND 'review' IN (OLD.status, NEW.status)"

INSTALL: Final = f"""
CREATE FUNCTION lending_review_application() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN {_END} {_open(_APPLICATION)} RETURN NULL; END $body$;
CREATE FUNCTION lending_review_drawdown() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN {_END} {_open(_DRAWDOWN)} RETURN NULL; END $body$;
CREATE FUNCTION lending_review_opening() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN {_END} {_open(_OPENING)} RETURN NULL; END $body$;
CREATE FUNCTION lending_review_warning() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN {_END} {_open(_WARNING)} RETURN NULL; END $body$;
CREATE FUNCTION lending_refuse_review() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: what was reviewed or checked never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER lending_application_under_review AFTER UPDATE OF status ON lending_application
    FOR EACH ROW WHEN ({_MOVES}) EXECUTE FUNCTION lending_review_application('application');
CREATE TRIGGER lending_drawdown_under_review AFTER UPDATE OF status ON lending_drawdown
    FOR EACH ROW WHEN ({_MOVES}) EXECUTE FUNCTION lending_review_drawdown('drawdown');
CREATE TRIGGER lending_opening_under_review AFTER UPDATE OF status ON accounts_deposit_account
    FOR EACH ROW WHEN ({_MOVES}) EXECUTE FUNCTION lending_review_opening('opening');
CREATE TRIGGER lending_warning_queues AFTER INSERT ON lending_early_warning
    FOR EACH ROW WHEN (NEW.action = 'queue') EXECUTE FUNCTION lending_review_warning('warning');
CREATE TRIGGER lending_warning_closes AFTER UPDATE OF status ON lending_early_warning
    FOR EACH ROW WHEN (OLD.status = 'open' AND NEW.status = 'closed') EXECUTE FUNCTION lending_review_warning('warning');
CREATE TRIGGER lending_review_case_closed_stays BEFORE UPDATE ON lending_review_case
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION lending_refuse_review();
CREATE TRIGGER lending_review_case_kept BEFORE DELETE ON lending_review_case
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_review();
CREATE TRIGGER lending_review_task_finished_stays BEFORE UPDATE ON lending_review_task
    FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL) EXECUTE FUNCTION lending_refuse_review();
CREATE TRIGGER lending_review_task_kept BEFORE DELETE ON lending_review_task
    FOR EACH ROW EXECUTE FUNCTION lending_refuse_review();

{_open(_APPLICATION, at="coalesce(a.decided_at, a.created_at)", which="TRUE")}
{_open(_DRAWDOWN, at="a.created_at", which="TRUE")}
{_open(_OPENING, at="a.created_at", which="TRUE")}
{_open(_WARNING, at="a.created_at", which="TRUE")}
"""

REMOVE: Final = """
DROP TRIGGER lending_warning_closes ON lending_early_warning;
DROP TRIGGER lending_warning_queues ON lending_early_warning;
DROP TRIGGER lending_opening_under_review ON accounts_deposit_account;
DROP TRIGGER lending_drawdown_under_review ON lending_drawdown;
DROP TRIGGER lending_application_under_review ON lending_application;
DROP TRIGGER lending_review_case_closed_stays ON lending_review_case;
DROP TRIGGER lending_review_case_kept ON lending_review_case;
DROP TRIGGER lending_review_task_finished_stays ON lending_review_task;
DROP TRIGGER lending_review_task_kept ON lending_review_task;
DROP FUNCTION lending_review_application(), lending_review_drawdown(), lending_review_opening(), lending_review_warning(),
    lending_refuse_review();
"""
