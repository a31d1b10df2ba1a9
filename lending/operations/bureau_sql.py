"""The set-based statements of credit reporting: one each over all loans of the bank, run by `lending.operations.bureau`."""

from __future__ import annotations

from typing import Final

# Whether a day was captured, and when the last before it was.
CAPTURED: Final = """
SELECT EXISTS (SELECT 1 FROM lending_bureau_day WHERE captured_date = %s),
       (SELECT captured_at FROM lending_bureau_day WHERE captured_date < %s ORDER BY captured_date DESC LIMIT 1)
"""
CAPTURE: Final = """
INSERT INTO lending_bureau_day (captured_date, records, captured_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""

# The loans that need the arithmetic at a month's end: open then, and overdue, of another class then or since, written off, or
# not captured the month before, because they were settled. All others are plain.
NOT_PLAIN: Final = """
SELECT l.id FROM lending_loan l
WHERE l.start_date <= %(day)s AND (l.settled_date IS NULL OR l.settled_date > %(day)s)
  AND (l.category <> 'normal' OR l.status = 'written_off'
       OR l.id IN (SELECT e.loan_id FROM lending_loan_event e WHERE e.kind = 'classified' AND e.business_date > %(day)s)
       OR l.start_date < %(first)s AND NOT EXISTS (SELECT 1 FROM lending_bureau_record r
            WHERE r.loan_id = l.id AND r.kind = 'month_end' AND r.business_date = %(first)s::date - 1)
       OR EXISTS (SELECT 1 FROM lending_instalment i
                  WHERE i.loan_id = l.id AND i.replaced_by_version IS NULL
                    AND i.due_date < %(day)s AND i.due_date + l.grace_days < %(day)s
                    AND (i.closed_date IS NULL OR i.closed_date > %(day)s)))
"""

# The month of every plain loan, as `lending.bureau_records.content_of` says it: nothing overdue, class normal.
PLAIN_MONTH: Final = f"""
INSERT INTO lending_bureau_record
    (id, loan_id, kind, business_date, content, negative, corrects_id, released_date, export_id, created_at)
SELECT uuidv7(), l.id, 'month_end', %(day)s, jsonb_build_object(
        'moment', 'month_end', 'date', %(day)s::date::text, 'account', c.number, 'account_type', 'revolving_draw',
        'principal_fen', l.principal_fen, 'opened_date', l.start_date::text, 'maturity_date', l.maturity_date::text,
        'method', l.method, 'instalments', s.instalments, 'remaining_instalments', s.remaining, 'state', 'normal',
        'balance_fen', b.outstanding_fen, 'moved_fen', 0, 'overdue_days', 0, 'overdue_stage', 0, 'overdue_fen', 0,
        'overdue_principal_fen', 0, 'overdue_instalments', 0, 'overdue_principal_31_60_fen', 0,
        'overdue_principal_61_90_fen', 0, 'overdue_principal_91_180_fen', 0, 'overdue_principal_over_180_fen', 0,
        'classification', 'normal', 'due_in_month_fen', s.due_in_month, 'paid_in_month_fen', p.paid,
        'payment_state', t.letter, 'payment_states', right(repeat('/', 24) || coalesce(h.states, '/') || t.letter, 24),
        'settled_date', NULL),
    FALSE, NULL, %(today)s, NULL, now()
FROM lending_loan l
JOIN lending_contract c ON c.id = l.contract_id
CROSS JOIN LATERAL (
    SELECT count(*) AS instalments, count(*) FILTER (WHERE i.closed_date IS NULL OR i.closed_date > %(day)s) AS remaining,
           coalesce(sum(i.principal_fen + i.interest_fen)
                    FILTER (WHERE i.due_date BETWEEN %(first)s AND %(day)s), 0)::bigint AS due_in_month
    FROM lending_instalment i WHERE i.loan_id = l.id AND i.replaced_by_version IS NULL) s
CROSS JOIN LATERAL (
    SELECT e.outstanding_fen FROM lending_loan_event e WHERE e.loan_id = l.id AND e.business_date <= %(day)s
    ORDER BY e.business_date DESC, e.id DESC LIMIT 1) b
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE e.kind WHEN 'reversed' THEN -e.amount_fen ELSE e.amount_fen END), 0)::bigint AS paid
    FROM lending_loan_event e
    WHERE e.loan_id = l.id AND e.kind IN ('repaid', 'recovered', 'reversed')
      AND e.business_date BETWEEN %(first)s AND %(day)s) p
CROSS JOIN LATERAL (SELECT CASE WHEN s.due_in_month > 0 THEN 'N' ELSE '*' END AS letter) t
LEFT JOIN LATERAL (
    SELECT r.content ->> 'payment_states' AS states FROM lending_bureau_record r
    WHERE r.loan_id = l.id AND r.kind = 'month_end' AND r.business_date = %(first)s::date - 1
    ORDER BY r.id DESC LIMIT 1) h ON TRUE
WHERE l.start_date <= %(day)s AND (l.settled_date IS NULL OR l.settled_date > %(day)s)
  AND l.id NOT IN ({NOT_PLAIN})
ON CONFLICT DO NOTHING
"""  # noqa: S608 -- put together from constants; values are parameters

# What happened on a day, one row for a loan and kind of event; an event that was entered late counts on the day it came.
# A change of stage or accrual alone is no change of class, and calling a loan in no extension.
EVENTS: Final = """
SELECT loan_id, kind, sum(CASE kind WHEN 'reversed' THEN -amount_fen ELSE amount_fen END)::bigint FROM lending_loan_event
WHERE kind = ANY(%(kinds)s) AND (kind <> 'classified' OR detail ->> 'from' IS DISTINCT FROM detail ->> 'to')
  AND NOT (kind = 'rescheduled' AND detail ?| ARRAY['called_in', 'moved']) -- called in, or off a holiday: no extension
  AND (business_date = %(day)s OR (business_date < %(day)s AND created_at > %(since)s))
GROUP BY loan_id, kind ORDER BY loan_id, kind
"""

# Loans that are overdue and whose borrowers were not told yet that this is going to be reported.
OWE_NOTICES: Final = """
INSERT INTO lending_credit_notice
    (id, loan_id, status, overdue_since_date, channel, tracking, reason_code, created_date, created_at)
SELECT uuidv7(), l.id, 'waiting', min(i.due_date), 'sms', '', '', %(today)s, now()
FROM lending_instalment i JOIN lending_loan l ON l.id = i.loan_id
WHERE i.closed_date IS NULL AND i.replaced_by_version IS NULL AND i.due_date < %(today)s AND l.status <> 'settled'
GROUP BY l.id, l.grace_days
HAVING min(i.due_date) + l.grace_days < %(today)s AND min(i.due_date) + %(after)s <= %(today)s
ON CONFLICT DO NOTHING
RETURNING id
"""

# A notice ends with the first day, since the loan was overdue, at whose end nothing of it was overdue: what comes later needs
# another. Read from the days on which instalments were paid, so that no day has to be looked at while it lasts. A loan that was
# settled before its due date, by money that was entered after it, was never overdue.
END_NOTICES: Final = """
UPDATE lending_credit_notice n SET ended_date = f.ended_date
FROM (SELECT m.id, coalesce((
          SELECT min(c.closed_date) FROM lending_instalment c
          WHERE c.loan_id = l.id AND c.replaced_by_version IS NULL AND c.closed_date >= m.overdue_since_date
            AND NOT EXISTS (SELECT 1 FROM lending_instalment i
                            WHERE i.loan_id = l.id AND i.replaced_by_version IS NULL
                              AND i.due_date + l.grace_days < c.closed_date
                              AND (i.closed_date IS NULL OR i.closed_date > c.closed_date))
          ), CASE WHEN l.status = 'settled' THEN greatest(l.settled_date, m.overdue_since_date) END) AS ended_date
      FROM lending_credit_notice m JOIN lending_loan l ON l.id = m.loan_id
      WHERE m.ended_date IS NULL AND m.status <> 'cancelled') f
WHERE f.id = n.id AND f.ended_date IS NOT NULL
"""

# What is bad by its class alone, after the arrears, goes out under the notice of these: nothing else is owed one.
RELEASE: Final = """
UPDATE lending_bureau_record r SET released_date = %(today)s
WHERE r.released_date IS NULL AND EXISTS (
    SELECT 1 FROM lending_credit_notice n
    WHERE n.loan_id = r.loan_id AND n.status = 'sent' AND n.sent_date + %(ahead)s <= %(today)s
      AND (n.ended_date IS NULL OR n.ended_date > r.business_date
           OR r.content ->> 'overdue_days' = '0' AND n.overdue_since_date <= r.business_date))
"""
