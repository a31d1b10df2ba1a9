"""The hot write of this room, in SQL: book an entry, and what goes with it, in one statement.

An entry with its postings, the balances of the deposit accounts that these name, and, where the caller pays, the payment
that the entry books and the claims that come to rest on the account with it; placing a claim twice is once. What cannot
be done is refused by a named guard, this one's own or a constraint's or trigger's, so that a caller may send more after it
in the same message.

The rows come as JSON by column (`core.db.rows`), so no column is listed here. A posting on a deposit account gets its id
after the balance has moved, so that an account's ids are in the order of its balances. The function writes this room's
tables only, and names no schema: `SET search_path FROM CURRENT` pins it to the bank it is made in.
"""

from __future__ import annotations

from typing import Final

MOVES_NO_MONEY: Final = "accounts_account_moves_money"

INSTALL: Final = """
CREATE FUNCTION accounts_book(new jsonb) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE
    line accounts_posting;
BEGIN
    INSERT INTO accounts_journal_entry
        SELECT * FROM jsonb_populate_record(NULL::accounts_journal_entry, new -> 'entry');
    FOR line IN SELECT * FROM jsonb_populate_recordset(NULL::accounts_posting, new -> 'lines') LOOP
        IF line.account_id IS NOT NULL THEN
            UPDATE accounts_deposit_account SET balance_fen = balance_fen - line.amount_fen
            WHERE id = line.account_id AND keeper = 'own' AND status = 'active'
            RETURNING balance_fen INTO line.balance_after_fen;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'no money moves on account %', line.account_id
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_account_moves_money';
            END IF;
            line.id := uuidv7();
        END IF;
        INSERT INTO accounts_posting VALUES (line.*);
    END LOOP;
    INSERT INTO accounts_payment SELECT * FROM jsonb_populate_recordset(NULL::accounts_payment, new -> 'payments');
    INSERT INTO accounts_claim SELECT * FROM jsonb_populate_recordset(NULL::accounts_claim, new -> 'claims')
    ON CONFLICT (account_id, claimant) WHERE released_at IS NULL DO NOTHING;
END
$body$;
"""

REMOVE: Final = "DROP FUNCTION accounts_book(jsonb);"
