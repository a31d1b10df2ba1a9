"""Guards of the ledger, in SQL: entries balance when the transaction commits; nothing booked ever changes.

GL-01: debit = credit per voucher. The check is deferred, so an entry may be written line by line, and it also
refuses an entry without lines. The functions name no schema: `SET search_path FROM CURRENT` pins them to their bank.
"""

from __future__ import annotations

from typing import Final

INSTALL: Final = """
CREATE SEQUENCE accounts_number_seq START 1 MAXVALUE 99999999999;

CREATE FUNCTION accounts_entry_balances() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE
    entry uuid; total bigint; lines integer;
BEGIN
    IF TG_TABLE_NAME = 'accounts_posting' THEN entry := NEW.entry_id; ELSE entry := NEW.id; END IF;
    SELECT coalesce(sum(p.amount_fen), 0), count(*) INTO total, lines FROM accounts_posting p WHERE p.entry_id = entry;
    IF total <> 0 OR lines < 2 THEN
        RAISE EXCEPTION 'entry % does not balance: % lines, difference % fen', entry, lines, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_entry_balances';
    END IF;
    RETURN NULL;
END
$body$;

CREATE CONSTRAINT TRIGGER accounts_entry_balances
    AFTER INSERT ON accounts_journal_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION accounts_entry_balances();

CREATE CONSTRAINT TRIGGER accounts_posting_balances
    AFTER INSERT ON accounts_posting DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION accounts_entry_balances();

CREATE FUNCTION accounts_ledger_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION '% is refused on %: the ledger is append-only, book a reversal', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER accounts_entry_append_only
    BEFORE UPDATE OR DELETE ON accounts_journal_entry
    FOR EACH ROW EXECUTE FUNCTION accounts_ledger_refuse();

CREATE TRIGGER accounts_posting_append_only
    BEFORE UPDATE OR DELETE ON accounts_posting
    FOR EACH ROW EXECUTE FUNCTION accounts_ledger_refuse();
"""

REMOVE: Final = """
DROP TRIGGER accounts_posting_append_only ON accounts_posting;
DROP TRIGGER accounts_entry_append_only ON accounts_journal_entry;
DROP FUNCTION accounts_ledger_refuse();
DROP TRIGGER accounts_posting_balances ON accounts_posting;
DROP TRIGGER accounts_entry_balances ON accounts_journal_entry;
DROP FUNCTION accounts_entry_balances();
DROP SEQUENCE accounts_number_seq;
"""

INSTALL_BOOKS: Final = """
CREATE FUNCTION accounts_debit_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    RAISE EXCEPTION 'an order keeps this money on its account (%)', TG_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END
$body$;

CREATE TRIGGER accounts_debits_stopped
    BEFORE UPDATE OF balance_fen ON accounts_deposit_account
    FOR EACH ROW WHEN (NEW.debits_stopped AND NEW.balance_fen < OLD.balance_fen
                       AND OLD.balance_fen - NEW.balance_fen > OLD.held_fen - NEW.held_fen)
    EXECUTE FUNCTION accounts_debit_refuse();

CREATE TRIGGER accounts_frozen_stays
    BEFORE UPDATE OF balance_fen ON accounts_deposit_account
    FOR EACH ROW WHEN (NEW.frozen_fen > 0 AND NEW.balance_fen < OLD.balance_fen
                       AND OLD.balance_fen - NEW.balance_fen > OLD.held_fen - NEW.held_fen
                       AND NEW.balance_fen < NEW.held_fen + NEW.frozen_fen)
    EXECUTE FUNCTION accounts_debit_refuse();

CREATE FUNCTION accounts_books_key() RETURNS bigint LANGUAGE sql STABLE SET search_path FROM CURRENT AS $body$
    SELECT hashtextextended(current_schema() || '.accounts.books', 0)
$body$;

CREATE FUNCTION accounts_day_is_open() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(accounts_books_key());
    IF EXISTS (SELECT 1 FROM accounts_gl_day d WHERE d.booking_date >= NEW.booking_date) THEN
        RAISE EXCEPTION 'the books of % are closed', NEW.booking_date
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END
$body$;

CREATE TRIGGER accounts_day_is_open
    BEFORE INSERT ON accounts_journal_entry
    FOR EACH ROW EXECUTE FUNCTION accounts_day_is_open();

CREATE TRIGGER accounts_gl_day_append_only
    BEFORE UPDATE OR DELETE ON accounts_gl_day
    FOR EACH ROW EXECUTE FUNCTION accounts_ledger_refuse();
"""
"""A debit never touches what an order keeps (ACC-15), but for what a hold that came first releases with it.

An entry cannot be booked on a closed day: it takes the books' lock shared and then looks, while closing takes it alone,
so that each of them sees the other or waits for it.
"""

REMOVE_BOOKS: Final = """
DROP TRIGGER accounts_gl_day_append_only ON accounts_gl_day;
DROP TRIGGER accounts_day_is_open ON accounts_journal_entry;
DROP FUNCTION accounts_day_is_open();
DROP FUNCTION accounts_books_key();
DROP TRIGGER accounts_frozen_stays ON accounts_deposit_account;
DROP TRIGGER accounts_debits_stopped ON accounts_deposit_account;
DROP FUNCTION accounts_debit_refuse();
"""

# ACC-14: no money and no claim begins on an account that is closed or about to be. The row is locked as a foreign key
# locks it, so a closing (which locks the account for itself) and a payment or claim that begin at once take turns, and
# whoever comes second sees what the first has done.
INSTALL_LIFE: Final = """
CREATE FUNCTION accounts_account_stands() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE
    standing text;
BEGIN
    SELECT a.status INTO standing FROM accounts_deposit_account a WHERE a.id = NEW.account_id FOR KEY SHARE;
    IF standing IS DISTINCT FROM 'active' OR EXISTS (
        SELECT 1 FROM accounts_account_closing c WHERE c.account_id = NEW.account_id AND c.status = 'closing'
    ) THEN
        RAISE EXCEPTION 'account % is not open for %', NEW.account_id, TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_account_stands';
    END IF;
    RETURN NEW;
END
$body$;

CREATE TRIGGER accounts_payment_on_standing_account
    BEFORE INSERT ON accounts_payment
    FOR EACH ROW EXECUTE FUNCTION accounts_account_stands();

CREATE TRIGGER accounts_claim_on_standing_account
    BEFORE INSERT ON accounts_claim
    FOR EACH ROW EXECUTE FUNCTION accounts_account_stands();
"""

REMOVE_LIFE: Final = """
DROP TRIGGER accounts_claim_on_standing_account ON accounts_claim;
DROP TRIGGER accounts_payment_on_standing_account ON accounts_payment;
DROP FUNCTION accounts_account_stands();
"""

INSTALL_WRITTEN_ONCE: Final = """
CREATE FUNCTION accounts_entry_is_own() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE
    own bigint := pg_current_xact_id()::text::bigint;
    ahead bigint;
BEGIN
    SELECT e.xmin::text::bigint - own % 4294967296 INTO ahead FROM accounts_journal_entry e WHERE e.id = NEW.entry_id;
    ahead := CASE WHEN ahead < -2147483648 THEN ahead + 4294967296
                  WHEN ahead > 2147483648 THEN ahead - 4294967296 ELSE ahead END;
    IF ahead < 0 OR (ahead > 0 AND pg_xact_status((own + ahead)::text::xid8) <> 'in progress') THEN
        RAISE EXCEPTION 'entry % is booked already: a line is written with its entry or never', NEW.entry_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END
$body$;

CREATE TRIGGER accounts_posting_with_its_entry
    BEFORE INSERT ON accounts_posting
    FOR EACH ROW EXECUTE FUNCTION accounts_entry_is_own();
"""
"""A line is written in the transaction of its entry, or never: lines that balance each other change a booked entry, and a
closed day, as much as an `UPDATE` would.

A transaction sees rows of its own and of those that are committed, so an entry whose writer is in progress is its own. The
writer is this transaction (`ahead` 0) or, after a savepoint, one of its later numbers; 32 bits of a number are on the row.
"""

REMOVE_WRITTEN_ONCE: Final = """
DROP TRIGGER accounts_posting_with_its_entry ON accounts_posting;
DROP FUNCTION accounts_entry_is_own();
"""
