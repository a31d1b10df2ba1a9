"""Let fall due what falls due on the day that begins, and list what is to be collected on it (INT-06, PEN-02).

Only loans with an instalment of that day are written, one row each and one row of the instalment. Whoever changes a loan at
the same moment holds its lock: the loans are locked first, and what happens to them is worked out by the next statement,
which sees what the others have committed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from core.operations import within_transaction
from lending import parameters
from lending.closing.owed import UNPAID
from lending.closing.rows import execute, fetch_all
from lending.models.closing import QUEUED

FALLING: Final = f"{UNPAID} AND i.charged_to_date IS NULL"
LOCK: Final = f"""
SELECT l.id FROM lending_loan l
WHERE l.id IN (SELECT i.loan_id FROM lending_instalment i WHERE {FALLING})
FOR NO KEY UPDATE OF l
"""  # noqa: S608 -- put together from constants; values are parameters
PASS: Final = f"""
WITH falling AS (
    SELECT i.loan_id, max(i.due_date) AS last_date, sum(i.principal_fen - i.paid_principal_fen)::bigint AS principal_fen,
           sum(i.interest_fen - i.paid_interest_fen)::bigint AS interest_fen
    FROM lending_instalment i
    WHERE i.loan_id = ANY(%(loans)s) AND {FALLING}
    GROUP BY i.loan_id
), moved AS (
    UPDATE lending_loan l SET
        running_fen = l.running_fen - f.principal_fen,
        due_interest_fen = l.due_interest_fen + f.interest_fen,
        running_from_date = greatest(f.last_date, l.settled_to_date),
        prior_numerator = 0,
        prior_days = 0,
        carried_interest_fen = CASE WHEN l.settled_to_date >= f.last_date THEN l.carried_interest_fen ELSE 0 END,
        next_due_date = (SELECT min(n.due_date) FROM lending_instalment n
                         WHERE n.loan_id = l.id AND n.replaced_by_version IS NULL AND n.due_date > %(day)s::date)
    FROM falling f WHERE l.id = f.loan_id
    RETURNING f.principal_fen, f.interest_fen
), charged AS (
    UPDATE lending_instalment i SET
        charged_to_date = i.due_date,
        closed_date = CASE WHEN (i.principal_fen, i.interest_fen) = (i.paid_principal_fen, i.paid_interest_fen)
                           THEN i.due_date END
    WHERE i.loan_id = ANY(%(loans)s) AND {FALLING}
)
SELECT count(*), coalesce(sum(principal_fen), 0)::bigint, coalesce(sum(interest_fen), 0)::bigint FROM moved
"""  # noqa: S608 -- put together from constants; values are parameters
QUEUE: Final = f"""
INSERT INTO lending_auto_debit (id, loan_id, debit_date, status, rounds, repayment_id, created_at)
SELECT uuidv7(), due.loan_id, %(day)s::date, '{QUEUED}', 0, NULL, statement_timestamp()
FROM (
    SELECT i.loan_id FROM lending_instalment i JOIN lending_loan l ON l.id = i.loan_id WHERE {UNPAID}
    GROUP BY i.loan_id, l.annual_rate ORDER BY min(i.due_date), l.annual_rate DESC, i.loan_id
) due
ON CONFLICT (debit_date, loan_id) DO NOTHING
"""  # noqa: S608 -- put together from constants; values are parameters
FORGET: Final = "DELETE FROM lending_auto_debit WHERE debit_date < %(before)s"


@within_transaction
def pass_dues(*, day: date) -> dict[str, Any]:
    """Let fall due what falls due by a day; return how many loans and how much. What has fallen before stays as it is."""
    totals = {"loans": 0, "principal_fen": 0, "interest_fen": 0}
    while loans := [row[0] for row in fetch_all(LOCK, {"day": day})]:
        found = fetch_all(PASS, {"day": day, "loans": loans})[0]
        totals = {name: fen + more for (name, fen), more in zip(totals.items(), found, strict=True)}
    return totals


@within_transaction
def queue_debits(*, day: date) -> dict[str, Any]:
    """List the loans of which something is due or overdue on a day, each once; drop the lists of long ago.

    The list is worked off from its top: the loan that has been due longest comes first, then the dearest (ALLOC-02).
    """
    queued = execute(QUEUE, {"day": day})
    dropped = execute(FORGET, {"before": day - timedelta(days=parameters.auto_debit_kept_days(day))})
    return {"queued": queued, "dropped": dropped}
