"""D13 by cohort: how much of each month's lending is more than 30 days overdue as it ages, and first payments missed."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import connection

from core.admin.charts import Asked, Chart, Numbers, Series, Unit, share
from core.clock import business_date
from lending.charts.cohorts import WHOLE_BANK

MOST_MONTHS: Final = 12
# At the end of each month after that of the disbursement, as it stood by what is known now: what was still owed of the loans
# that had an instalment unpaid for more than 30 days. Only loans that ever had one are looked at month by month. Months that
# are not over are not told.
VINTAGES: Final = """
WITH loan AS (
    SELECT l.id, l.principal_fen, l.grace_days, date_trunc('month', l.start_date)::date AS cohort
    FROM lending_loan l WHERE l.start_date BETWEEN %(from)s AND %(to)s
), lent AS (SELECT cohort, sum(principal_fen)::bigint AS fen FROM loan GROUP BY cohort), age AS (
    SELECT c.cohort, c.fen, mob, (c.cohort + make_interval(months => mob + 1))::date - 1 AS month_end
    FROM lent c CROSS JOIN generate_series(1, %(most)s) AS mob
    WHERE (c.cohort + make_interval(months => mob + 1))::date <= %(today)s
), missed AS (
    SELECT l.id, l.cohort, l.principal_fen, i.due_date + greatest(l.grace_days, 30) AS after, i.closed_date
    FROM loan l JOIN lending_instalment i ON i.loan_id = l.id
    WHERE i.replaced_by_version IS NULL AND i.due_date + greatest(l.grace_days, 30) < %(today)s
      AND (i.closed_date IS NULL OR i.closed_date > i.due_date + greatest(l.grace_days, 30))
), late AS (
    SELECT DISTINCT m.id, m.cohort, m.principal_fen, a.mob, a.month_end
    FROM missed m JOIN age a ON a.cohort = m.cohort AND a.month_end > m.after
                            AND (m.closed_date IS NULL OR m.closed_date > a.month_end)
), paid AS (
    SELECT t.id, t.mob, sum(s.principal_fen) AS fen
    FROM late t JOIN lending_repayment r ON r.loan_id = t.id JOIN lending_repayment_share s ON s.repayment_id = r.id
    WHERE s.value_date <= t.month_end GROUP BY t.id, t.mob
), owed AS (
    SELECT t.cohort, t.mob, sum(t.principal_fen - coalesce(p.fen, 0))::bigint AS fen
    FROM late t LEFT JOIN paid p ON p.id = t.id AND p.mob = t.mob GROUP BY t.cohort, t.mob
)
SELECT a.cohort, a.mob, a.fen, coalesce(o.fen, 0)
FROM age a LEFT JOIN owed o ON o.cohort = a.cohort AND o.mob = a.mob ORDER BY 1, 2
"""
FIRST: Final = """
SELECT date_trunc('month', l.start_date)::date, count(*) FILTER (WHERE i.due_date + 7 < %(today)s),
       count(*) FILTER (WHERE i.due_date + 7 < %(today)s AND (i.closed_date IS NULL OR i.closed_date > i.due_date + 7)),
       count(*) FILTER (WHERE i.due_date + 30 < %(today)s),
       count(*) FILTER (WHERE i.due_date + 30 < %(today)s AND (i.closed_date IS NULL OR i.closed_date > i.due_date + 30))
FROM lending_loan l JOIN lending_instalment i ON i.loan_id = l.id AND i.number = 1 AND i.replaced_by_version IS NULL
WHERE l.start_date BETWEEN %(from)s AND %(to)s AND i.due_date < %(today)s GROUP BY 1 ORDER BY 1
"""


def read_vintages(asked: Asked) -> Numbers:
    """Return for each month of disbursement the share that was overdue by more than 30 days at each age; one statement."""
    values: dict[str, Any] = {
        "from": asked.from_date,
        "to": asked.to_date,
        "most": MOST_MONTHS,
        "today": business_date(),
    }
    with connection.cursor() as cursor:
        cursor.execute(VINTAGES, values)
        found: dict[date, dict[int, tuple[int, int]]] = {}
        for cohort, age, lent, late in cursor.fetchall():
            found.setdefault(cohort, {})[age] = (lent, late)
    ages = range(1, MOST_MONTHS + 1) if found else range(0)
    return Numbers(
        label_title="账龄",
        labels=[f"MOB {age}" for age in ages],
        series=[
            Series(
                name=f"{cohort:%Y-%m} 放款", unit=Unit.PERCENT, drawn=place >= len(found) - len(COHORTS_DRAWN),
                values=[share(told[age][1], told[age][0]) if age in told else None for age in ages],
            )
            for place, (cohort, told) in enumerate(found.items())
        ],
        note="图中为最近六个放款月份，全部月份见数据",
    )  # fmt: skip


COHORTS_DRAWN: Final = range(6)


def read_first_payments(asked: Asked) -> Numbers:
    """Return by month of disbursement how many first payments were late by more than 7 and 30 days; one statement."""
    values: dict[str, Any] = {"from": asked.from_date, "to": asked.to_date, "today": business_date()}
    with connection.cursor() as cursor:
        cursor.execute(FIRST, values)
        rows = cursor.fetchall()
    sums = [sum(row[place] for row in rows) for place in range(1, 5)]
    return Numbers(
        label_title="放款月份",
        labels=[f"{row[0]:%Y-%m}" for row in rows],
        series=[
            Series(name="首期到期满 7 天", unit=Unit.PIECES, drawn=False, values=[row[1] for row in rows], total=sums[0]),
            Series(name="其中逾期超过 7 天", unit=Unit.PIECES, drawn=False, values=[row[2] for row in rows],
                   total=sums[1]),
            Series(name="FPD7", unit=Unit.PERCENT, values=[share(row[2], row[1]) for row in rows],
                   total=share(sums[1], sums[0])),
            Series(name="首期到期满 30 天", unit=Unit.PIECES, drawn=False, values=[row[3] for row in rows],
                   total=sums[2]),
            Series(name="其中逾期超过 30 天", unit=Unit.PIECES, drawn=False, values=[row[4] for row in rows],
                   total=sums[3]),
            Series(name="FPD30", unit=Unit.PERCENT, values=[share(row[4], row[3]) for row in rows],
                   total=share(sums[3], sums[2])),
        ],
        has_total=True,
    )  # fmt: skip


VINTAGE_CHART: Final = Chart(
    name="vintages",
    title="账龄逾期（DPD30+）",
    question="各月放出的贷款，随账龄有多少逾期超过 30 天？",
    metric="D13",
    formula="某月放款在第 n 个月末逾期超过 30 天的剩余本金÷该月放款本金；未满的月份不显示。",
    needs=(WHOLE_BANK, "lending.view_loan"),
    read=read_vintages,
    empty="所选期间没有满一个月的放款，或没有逾期超过 30 天的贷款。",
    kind="line",
    days=365,
)
FIRST_PAYMENT_CHART: Final = Chart(
    name="first-payments",
    title="首期逾期（FPD）",
    question="首期就没有按时还的有多少？",
    metric="D13",
    formula="FPD7、FPD30＝首期到期后超过 7 天、30 天仍未还清的贷款÷首期到期已满 7 天、30 天的贷款。",
    needs=(WHOLE_BANK, "lending.view_loan"),
    read=read_first_payments,
    empty="所选期间的放款没有首期逾期，或首期尚未到期。",
    days=365,
)
