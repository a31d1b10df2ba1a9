"""Overdue, the five categories, non-accrual and stages on the day that begins (PEN-02, RISK-01, RISK-02, RISK-04).

A loan is overdue since its oldest due date that is unpaid after the days of grace. Its category falls at once to what the
days call for. It rises only when nothing that has fallen due is unpaid and its observation is over, which begins when the
arrears are found cleared and ends with them anew. Above so many days overdue it no longer accrues, until its category
rises. What is restructured is special mention at best until its watch ends.

Only loans whose rows change are locked and written: first found, then locked, then worked out by the next statement, which
sees what others have committed meanwhile. Each change of category, stage or accrual is an event of the loan.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Final

from core.operations import within_transaction
from lending import parameters
from lending.closing.owed import UNPAID
from lending.closing.rows import fetch_all
from lending.loans.classification import ABOVE, BAD, SEVERITY, Category
from lending.models.loan import ACTIVE, SETTLED
from lending.models.loan_event import CLASSIFIED

WORDS: Final = "ARRAY[{}]".format(", ".join(f"'{category.value}'" for category in Category))
"""The categories from the best to the worst: a place in this array is how bad one is, beginning with 1."""
SPECIAL_MENTION: Final = SEVERITY[Category.SPECIAL_MENTION] + 1
WORST_GOOD: Final = min(SEVERITY[category] for category in BAD)
BY_DAYS: Final = "CASE {} ELSE 1 END".format(
    " ".join(f"WHEN a.days > {days} THEN {SEVERITY[category] + 1}" for days, category in ABOVE)
)

ASSESSED: Final = f"""
WITH late AS (
    SELECT i.loan_id, min(i.due_date) FILTER (WHERE i.due_date + l.grace_days < %(day)s::date) AS since_date
    FROM lending_instalment i JOIN lending_loan l ON l.id = i.loan_id
    WHERE {UNPAID} AND i.due_date < %(day)s::date
    GROUP BY i.loan_id
), seen AS (
    SELECT loan_id AS id FROM late WHERE since_date IS NOT NULL
    UNION
    SELECT l.id FROM lending_loan l
    WHERE l.status <> '{SETTLED}'
      AND (l.overdue_since_date IS NOT NULL OR l.category <> '{Category.NORMAL.value}' OR l.stage <> 1
           OR l.is_non_accrual OR l.observed_until_date IS NOT NULL OR l.restructured_until_date IS NOT NULL)
), found AS (
    SELECT l.id, l.status = '{ACTIVE}' AS is_active, l.outstanding_fen, l.category, l.stage, l.is_non_accrual,
           l.overdue_since_date, l.observed_until_date, t.since_date,
           coalesce(%(day)s::date - t.since_date, 0) AS days,
           array_position({WORDS}, l.category::text) AS kept,
           coalesce(l.restructured_until_date > %(day)s::date, FALSE) AS is_watched
    FROM seen JOIN lending_loan l ON l.id = seen.id LEFT JOIN late t ON t.loan_id = l.id
), judged AS MATERIALIZED (
    SELECT a.*, b.at_least, CASE WHEN a.since_date IS NULL AND greatest(a.kept, b.at_least) > 1
                                 THEN coalesce(a.observed_until_date, o.until_date) END AS until_date
    FROM found a
    CROSS JOIN LATERAL (
        SELECT greatest({BY_DAYS}, CASE WHEN a.is_watched THEN {SPECIAL_MENTION} ELSE 1 END) AS at_least
    ) b
    LEFT JOIN LATERAL (
        SELECT greatest((c.cured_date + make_interval(months => %(observation_months)s))::date, max(n.due_date)) AS until_date
        FROM (SELECT greatest(l.category_date, max(d.closed_date)) AS cured_date
              FROM lending_loan l LEFT JOIN lending_instalment d ON d.loan_id = l.id AND d.replaced_by_version IS NULL
                   AND d.principal_fen + d.interest_fen > 0 -- one of nothing closes by itself: it clears no arrears
              WHERE l.id = a.id AND a.is_active AND a.since_date IS NULL AND a.observed_until_date IS NULL
                AND greatest(a.kept, b.at_least) > 1
              GROUP BY l.id) c
        LEFT JOIN LATERAL (
            SELECT e.due_date FROM lending_instalment e
            WHERE e.loan_id = a.id AND e.replaced_by_version IS NULL AND e.due_date > c.cured_date
            ORDER BY e.due_date LIMIT %(observation_periods)s
        ) n ON TRUE
        GROUP BY c.cured_date
    ) o ON TRUE
), raised AS MATERIALIZED (
    SELECT j.*, coalesce(j.until_date <= %(day)s::date AND j.kept > j.at_least, FALSE) AND NOT EXISTS (
               SELECT 1 FROM lending_instalment i WHERE i.loan_id = j.id AND {UNPAID}) AS rises
    FROM judged j
), settled AS (
    SELECT r.*, CASE WHEN r.rises THEN r.at_least ELSE greatest(r.kept, r.at_least) END AS place,
           r.days > %(non_accrual_days)s OR (r.is_non_accrual AND NOT r.rises) AS ceases
    FROM raised r
), assessed AS (
    SELECT s.id, s.outstanding_fen, s.category AS from_category, s.stage AS from_stage,
           s.is_non_accrual AS from_non_accrual, s.days, s.since_date AS to_since_date,
           s.overdue_since_date AS from_since_date, s.observed_until_date AS from_until_date,
           CASE WHEN s.is_active THEN ({WORDS})[s.place] ELSE s.category END AS to_category,
           CASE WHEN NOT s.is_active THEN s.stage WHEN s.place > {WORST_GOOD} THEN 3
                WHEN s.is_watched OR s.days > %(stage_two_days)s THEN 2 ELSE 1 END AS to_stage,
           CASE WHEN s.is_active THEN s.ceases ELSE s.is_non_accrual END AS to_non_accrual,
           CASE WHEN NOT s.is_active THEN s.observed_until_date WHEN s.place > 1 THEN s.until_date END AS to_until_date
    FROM settled s
), changed AS (
    SELECT a.*, (a.to_category, a.to_stage, a.to_non_accrual) IS DISTINCT FROM
                (a.from_category, a.from_stage, a.from_non_accrual) AS is_event
    FROM assessed a
    WHERE (a.to_category, a.to_stage, a.to_non_accrual, a.to_since_date, a.to_until_date) IS DISTINCT FROM
          (a.from_category, a.from_stage, a.from_non_accrual, a.from_since_date, a.from_until_date)
)
"""  # noqa: S608 -- put together from constants; values are parameters
LOCK: Final = f"""{ASSESSED}
SELECT l.id FROM changed c JOIN lending_loan l ON l.id = c.id FOR NO KEY UPDATE OF l
"""  # noqa: S608 -- put together from constants; values are parameters
CHANGE: Final = f"""{ASSESSED}
, written AS (
    UPDATE lending_loan l SET
        category = c.to_category,
        category_date = CASE WHEN c.to_category <> c.from_category THEN %(day)s::date ELSE l.category_date END,
        stage = c.to_stage,
        is_non_accrual = c.to_non_accrual,
        overdue_since_date = c.to_since_date,
        observed_until_date = c.to_until_date
    FROM changed c WHERE l.id = c.id AND l.id = ANY(%(loans)s)
    RETURNING c.*
), told AS (
    INSERT INTO lending_loan_event (id, loan_id, kind, business_date, amount_fen, outstanding_fen, detail, created_at)
    SELECT uuidv7(), w.id, '{CLASSIFIED}', %(day)s::date, 0, w.outstanding_fen,
           jsonb_build_object('from', w.from_category, 'to', w.to_category, 'overdue_days', w.days,
                              'from_stage', w.from_stage, 'stage', w.to_stage,
                              'from_non_accrual', w.from_non_accrual, 'non_accrual', w.to_non_accrual),
           statement_timestamp()
    FROM written w WHERE w.is_event
)
SELECT count(*), count(*) FILTER (WHERE is_event),
       count(*) FILTER (WHERE to_since_date IS NOT NULL AND from_since_date IS NULL),
       count(*) FILTER (WHERE to_since_date IS NULL AND from_since_date IS NOT NULL)
FROM written
"""  # noqa: S608 -- put together from constants; values are parameters
OVERDUE_NOW: Final = f"""
SELECT l.category, count(*), sum(l.outstanding_fen)::bigint FROM lending_loan l
WHERE l.status <> '{SETTLED}' AND l.overdue_since_date IS NOT NULL GROUP BY 1 ORDER BY 1
"""  # noqa: S608 -- put together from constants; values are parameters


@within_transaction
def classify_loans(*, day: date) -> dict[str, Any]:
    """Bring every loan to what its arrears on a day call for; return how many changed, and what is overdue now.

    Done twice it changes nothing the second time.
    """
    values = {"day": day, **asdict(parameters.classification_rules(day))}
    loans = [row[0] for row in fetch_all(LOCK, values)]
    found = fetch_all(CHANGE, {**values, "loans": loans})[0] if loans else (0, 0, 0, 0)
    totals = dict(zip(("changed", "classified", "became_overdue", "cured"), found, strict=True))
    overdue = {
        category: {"loans": loans, "principal_fen": principal_fen}
        for category, loans, principal_fen in fetch_all(OVERDUE_NOW, {})
    }
    return {**totals, "overdue": overdue}
