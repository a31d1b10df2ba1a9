"""A bank's loans in bulk for the day end's benchmark, made by statements over all of them, and what customers do each day.

One in thirty falls due on each of thirty days, one in fifty is overdue, and one in five hundred changes class on a day: half
of these become overdue, for one in thirty-three does not pay on the day, half have been observed for long enough. Who is
overdue pays after twenty days. Loans of different due dates lie side by side in the table, which is the worst case.

The loans have their line and their instalments; of contracts, drawdowns and customers they have the ids only, because the day
end reads none of them. The owner of the database loads them with its foreign keys at rest, and so must be a superuser.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import psycopg
from psycopg import sql

EVE: Final = date(2026, 6, 30)
"""The business date on which the loans are loaded; the day ends that are measured begin with its own."""

EMPTY: Final = """
TRUNCATE lending_day_end_stage, lending_auto_debit, lending_loan_event, lending_instalment, lending_loan,
    lending_credit_line, accounts_posting, accounts_journal_entry, accounts_gl_day, core_step CASCADE
"""
LINES: Final = """
INSERT INTO lending_credit_line (id, customer_id, application_id, product_id, product_version_id, kind, status, limit_fen,
    drawn_fen, held_fen, over_limit_fen, annual_rate, lpr_rate, lpr_tenor, lpr_date, spread_bp, grade, starts_date,
    valid_until_date, reviewed_date, created_at)
SELECT ('00000001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), gen_random_uuid(), p.id, v.id,
    'consumer', 'active', 20000000, 0, 0, 0, 6, 3, '1Y', '2026-05-20', 300, '', '2026-01-01', '2027-12-31', NULL, now()
FROM generate_series(1, %(lines)s) n
JOIN (SELECT id, code, row_number() OVER (ORDER BY code) - 1 AS place, count(*) OVER () AS products
      FROM lending_product) p ON p.place = n %% p.products
JOIN lending_product_version v ON v.product_id = p.id AND v.number = 1
"""
LOANS: Final = """
INSERT INTO lending_loan (id, customer_id, drawdown_id, contract_id, line_id, account_id, status, principal_fen,
    outstanding_fen, annual_rate, opening_rate, rate_changes, method, day_count, term_months, start_date, maturity_date,
    anchor_day, overdue_markup_percent, compound_penalty, grace_days, early_repayment_fee_percent, misuse_markup_percent,
    min_days, prepayment_keeps, repricing, lpr_tenor, spread_bp, carried_interest_fen, category, category_date, stage,
    is_non_accrual, observed_until_date, extended_months, running_fen, running_from_date, running_numerator,
    prior_numerator, prior_days, overdue_numerator, due_interest_fen, next_due_date, overdue_since_date, created_at)
SELECT ('00000002-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), gen_random_uuid(),
    gen_random_uuid(), ('00000001-0000-7000-8000-' || lpad(to_hex(1 + n %% %(lines)s), 12, '0'))::uuid,
    gen_random_uuid(), 'active', principal, principal, 6, 6, '[]', 'equal_principal',
    (ARRAY['30/360', 'act/360', 'act/365'])[1 + n %% 3], 12, %(eve)s::date - 200, %(eve)s::date + 200, 15, 50, TRUE, 0, 0,
    100, 0, 'term', 'fixed', '1Y', 300, 0, CASE WHEN late > 0 OR watched THEN 'special_mention' ELSE 'normal' END,
    %(eve)s::date - 100, 1, FALSE, CASE WHEN watched THEN %(eve)s::date + 1 + (n / 33) %% 30 END, 0,
    principal - CASE WHEN late IS NULL THEN 0 ELSE principal / 10 END, %(eve)s::date + ahead - 30, 60000000000, 0, 0,
    90000000000, CASE WHEN late IS NULL THEN 0 ELSE principal / 200 END, %(eve)s::date + ahead,
    CASE WHEN late > 0 THEN %(eve)s::date - late END, now()
FROM (SELECT n, 5000000 + (n::bigint * 7919 %% 15000000) AS principal,
             CASE WHEN n %% 50 = 0 THEN (n / 50) %% 20 END AS late,
             CASE WHEN n %% 50 = 0 THEN 30 - (n / 50) %% 20 ELSE 1 + abs(hashint4(n)) %% 30 END AS ahead,
             n %% 33 = 1 AND n %% 50 <> 0 AS watched
      FROM generate_series(1, %(loans)s) n) made
"""
INSTALMENTS: Final = """
INSERT INTO lending_instalment (id, loan_id, number, due_date, principal_fen, interest_fen, balance_fen, paid_principal_fen,
    paid_interest_fen, paid_penalty_fen, paid_compound_fen, version, charged_to_date, penalty_numerator,
    compound_numerator)
SELECT gen_random_uuid(), l.id, k + 1,
    l.next_due_date + 30 * (k - late), CASE WHEN k = rows - 1 THEN l.principal_fen - k * (l.principal_fen / 10)
                                            ELSE l.principal_fen / 10 END,
    l.principal_fen / 200, CASE WHEN k = rows - 1 THEN 0 ELSE l.principal_fen - (k + 1) * (l.principal_fen / 10) END,
    0, 0, 0, 0, 1, CASE WHEN k < late THEN l.next_due_date - 30 END, 0, 0
FROM lending_loan l
CROSS JOIN LATERAL (SELECT CASE WHEN l.due_interest_fen = 0 THEN 0 ELSE 1 END AS late) o
CROSS JOIN LATERAL (SELECT 2 + late + (hashtext(l.id::text) & 1) AS rows) r
CROSS JOIN LATERAL generate_series(0, rows - 1) k
"""
PAYING: Final = """
i.closed_date IS NULL AND i.replaced_by_version IS NULL AND i.due_date <= %(day)s::date
AND ((i.due_date = %(day)s::date AND abs(hashtext(i.loan_id::text || i.due_date)) %% 33 <> 0)
     OR i.due_date <= %(day)s::date - 20)
"""
PAY: Final = f"""
WITH paying AS (
    SELECT i.loan_id, sum(i.principal_fen - i.paid_principal_fen)::bigint AS principal_fen,
           sum(i.interest_fen - i.paid_interest_fen)::bigint AS interest_fen
    FROM lending_instalment i WHERE {PAYING} GROUP BY i.loan_id
), entered AS (
    UPDATE lending_instalment i SET paid_principal_fen = i.principal_fen, paid_interest_fen = i.interest_fen,
           closed_date = %(day)s
    WHERE {PAYING}
)
UPDATE lending_loan l SET outstanding_fen = l.outstanding_fen - p.principal_fen,
       due_interest_fen = l.due_interest_fen - p.interest_fen, overdue_since_date = NULL
FROM paying p WHERE p.loan_id = l.id
"""
TABLES: Final = ("lending_loan", "lending_instalment")
SIZES: Final = """
SELECT sum(pg_relation_size(c.oid)), sum(pg_indexes_size(c.oid)) FROM pg_class c
WHERE c.oid = ANY(SELECT to_regclass(t) FROM unnest(%s::text[]) t)
"""


class LoanBook:
    """The loan tables of one bank, by the owner of the database."""

    def __init__(self, url: str, schema: str) -> None:
        """Connect, at the bank's schema."""
        self._owner = psycopg.connect(url, autocommit=True)
        self._owner.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(schema)))

    def fill(self, loans: int) -> None:
        """Put so many loans in the place of whatever is there, on the eve."""
        values = {"loans": loans, "lines": max(1, loans // 2), "eve": EVE}
        with self._owner.transaction():
            self._owner.execute("SET LOCAL session_replication_role = replica")
            self._owner.execute(EMPTY)
            for statement in (LINES, LOANS, INSTALMENTS):
                self._owner.execute(statement, values)
            self._owner.execute("DELETE FROM core_business_day")
            self._owner.execute("INSERT INTO core_business_day (id, date, moved_at) VALUES (1, %s, now())", [EVE])
        self._owner.execute("VACUUM ANALYZE lending_credit_line")

    def pack(self) -> None:
        """Write the tables anew, so that each measurement finds them alike; everything is on disk then."""
        for table in TABLES:
            self._owner.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(sql.Identifier(table)))
            self._owner.execute(sql.SQL("VACUUM {}").format(sql.Identifier(table)))
        self._owner.execute("CHECKPOINT")

    def clean(self) -> None:
        """Do what autovacuum does between two day ends: by the tables' own settings it comes each day."""
        for table in (*TABLES, "lending_auto_debit"):
            self._owner.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))

    def pay(self, day: date) -> None:
        """Let the customers pay who pay on a day: two writes of each loan and of each instalment, as a repayment does."""
        self._owner.execute(PAY, {"day": day})

    def sizes(self) -> tuple[int, int]:
        """Return the bytes of the tables, and of their indexes."""
        row = self._owner.execute(SIZES, [list(TABLES)]).fetchone()
        assert row is not None  # noqa: S101 -- an aggregate has one row
        return int(row[0]), int(row[1])

    def rewrite(self) -> None:
        """Write every loan's row once and change nothing: the bare statement that a day end is compared with."""
        self._owner.execute("UPDATE lending_loan SET term_months = term_months")

    def counts(self, day: date) -> dict[str, int]:
        """Return what a day had to do."""
        asked = {
            "loans": "SELECT count(*) FROM lending_loan",
            "fell due": "SELECT count(DISTINCT loan_id) FROM lending_instalment WHERE due_date = %(day)s",
            "overdue": "SELECT count(*) FROM lending_loan WHERE overdue_since_date IS NOT NULL",
            "changed class": "SELECT count(*) FROM lending_loan_event WHERE business_date = %(day)s",
            "to collect": "SELECT count(*) FROM lending_auto_debit WHERE debit_date = %(day)s",
        }
        found = {}
        for name, statement in asked.items():
            row = self._owner.execute(statement, {"day": day}).fetchone()
            assert row is not None  # noqa: S101 -- an aggregate has one row
            found[name] = int(row[0])
        return found


def days_from(first: date, count: int) -> list[date]:
    """Return so many days in a row."""
    return [first + timedelta(days=number) for number in range(count)]
