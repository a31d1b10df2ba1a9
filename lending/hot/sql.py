"""The hot write of this room, in SQL: how a drawdown whose money is booked becomes a loan.

`lending_lock_drawdown` locks a drawdown (and its line, if asked) and returns them with what hangs on them.
`lending_open_loan` makes the loan: the drawdown's last state, the line's amounts, the loan with its instalments and its
first event, the history of the drawdown, and the steps that are owed from then on.

`lending_open_loan` takes the state that its caller has found and locked, and refuses any other; which states it moves
from is compared with `lending.states` by a test. New rows come as JSON by column (`core.db.rows`), so no column is
listed here; what all instalments share comes once. It writes this room's tables, and of the mechanism the history of
states and, by its own function, steps. None names a schema: `SET search_path FROM CURRENT` pins them to the bank they
are made in.
"""

from __future__ import annotations

from typing import Final

NOT_IN_STATE: Final = "lending_drawdown_in_expected_state"
NOT_SO_MUCH_HELD: Final = "lending_credit_line_holds_so_much"

LOCK: Final = """
CREATE FUNCTION lending_lock_drawdown(wanted uuid, and_line boolean) RETURNS TABLE (
    drawdown lending_drawdown, line lending_credit_line, product lending_product, contract lending_contract,
    shown lending_disclosure, entrusted lending_entrusted_payment, proofs uuid[]
) LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    SELECT * INTO drawdown FROM lending_drawdown d WHERE d.id = wanted FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    drawdown.agreed := NULL;  -- sealed, large, and for signing only
    IF and_line THEN
        SELECT * INTO line FROM lending_credit_line l WHERE l.id = drawdown.line_id FOR NO KEY UPDATE;
    ELSE
        SELECT * INTO line FROM lending_credit_line l WHERE l.id = drawdown.line_id;
    END IF;
    SELECT * INTO product FROM lending_product p WHERE p.id = line.product_id;
    SELECT * INTO contract FROM lending_contract c WHERE c.drawdown_id = wanted;
    SELECT * INTO shown FROM lending_disclosure s WHERE s.drawdown_id = wanted ORDER BY s.id DESC LIMIT 1;
    SELECT * INTO entrusted FROM lending_entrusted_payment e WHERE e.drawdown_id = wanted;
    SELECT array_agg(f.upload_id) INTO proofs FROM lending_drawdown_proof f WHERE f.drawdown_id = wanted;
    RETURN NEXT;
END
$body$;
"""

DRAW: Final = """
CREATE FUNCTION lending_draw_held(line uuid, fen bigint) RETURNS boolean
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
BEGIN
    UPDATE lending_credit_line SET held_fen = held_fen - fen, drawn_fen = drawn_fen + fen
    WHERE id = line AND held_fen >= fen;
    RETURN FOUND;
END
$body$;
"""

OPEN: Final = """
CREATE FUNCTION lending_open_loan(
    expected text, drawdown uuid, payment uuid, face_check uuid, paid_at timestamptz, new jsonb
) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
DECLARE
    line uuid;
    fen bigint;
BEGIN
    IF expected NOT IN ('signed', 'disbursing') THEN
        RAISE EXCEPTION 'a drawdown that is % is not paid', expected
            USING ERRCODE = 'check_violation', CONSTRAINT = '{not_in_state}';
    END IF;
    UPDATE lending_drawdown d
    SET status = 'disbursed', disbursed_at = paid_at, payment_id = payment, disburse_face_check_id = face_check
    WHERE d.id = drawdown AND d.status = expected
    RETURNING d.line_id, d.amount_fen INTO line, fen;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'drawdown % is not % any more', drawdown, expected
            USING ERRCODE = 'check_violation', CONSTRAINT = '{not_in_state}';
    END IF;
    IF NOT lending_draw_held(line, fen) THEN
        RAISE EXCEPTION 'line % has not so much held', line
            USING ERRCODE = 'check_violation', CONSTRAINT = '{not_so_much_held}';
    END IF;
    INSERT INTO lending_loan SELECT * FROM jsonb_populate_record(NULL::lending_loan, new -> 'loan');
    INSERT INTO lending_instalment
        SELECT * FROM jsonb_populate_recordset(
            jsonb_populate_record(NULL::lending_instalment, new -> 'each_instalment'), new -> 'instalments'
        );
    INSERT INTO lending_loan_event SELECT * FROM jsonb_populate_record(NULL::lending_loan_event, new -> 'event');
    INSERT INTO core_state_change SELECT * FROM jsonb_populate_recordset(NULL::core_state_change, new -> 'history');
    PERFORM core_enqueue(new -> 'steps');
END
$body$;
"""


def install() -> str:
    """Return the statements that make them all."""
    return LOCK + DRAW + OPEN.format(not_in_state=NOT_IN_STATE, not_so_much_held=NOT_SO_MUCH_HELD)


REMOVE: Final = """
DROP FUNCTION lending_open_loan(text, uuid, uuid, uuid, timestamptz, jsonb);
DROP FUNCTION lending_draw_held(uuid, bigint);
DROP FUNCTION lending_lock_drawdown(uuid, boolean);
"""
