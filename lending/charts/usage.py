"""D7, D8 and D12: how much of what is granted is used, by how many, how much each, and how soon they come again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.db import connection

from core.admin.charts import CENT, Asked, Chart, Numbers, Series, Unit, share
from core.clock import business_date
from core.money import divide_half_up
from lending.charts.benchmarks import AVERAGE, DRAW_CYCLE, USAGE
from lending.charts.cohorts import WHOLE_BANK

# A row for each product and one, without a product, for the whole bank: a person with lines of two products is one customer
# of the bank and one of each product.
STANDING: Final = """
WITH line AS (
    SELECT g.product_id, g.customer_id, g.limit_fen,
           g.status IN ('active', 'frozen') AND g.valid_until_date >= %(today)s AS in_force
    FROM lending_credit_line g
), owed AS (
    SELECT g.product_id, l.customer_id, l.outstanding_fen
    FROM lending_loan l JOIN lending_credit_line g ON g.id = l.line_id WHERE l.status = 'active'
), granted AS (
    SELECT product_id, sum(limit_fen) AS gross, sum(limit_fen) FILTER (WHERE in_force) AS in_force,
           count(DISTINCT customer_id) FILTER (WHERE in_force) AS holders
    FROM line GROUP BY GROUPING SETS ((product_id), ())
), used AS (
    SELECT product_id, sum(outstanding_fen) AS drawn, count(DISTINCT customer_id) AS borrowers
    FROM owed GROUP BY GROUPING SETS ((product_id), ())
)
SELECT p.code, coalesce(g.gross, 0), coalesce(g.in_force, 0), coalesce(g.holders, 0), coalesce(u.drawn, 0),
       coalesce(u.borrowers, 0)
FROM granted g LEFT JOIN used u ON u.product_id IS NOT DISTINCT FROM g.product_id
     LEFT JOIN lending_product p ON p.id = g.product_id
ORDER BY p.code NULLS LAST
"""
CYCLES: Final = """
SELECT CASE WHEN gap <= 7 THEN 0 WHEN gap <= 15 THEN 1 WHEN gap <= 30 THEN 2 WHEN gap <= 60 THEN 3 WHEN gap <= 90 THEN 4
            ELSE 5 END, count(*), sum(gap)::bigint
FROM (SELECT start_date, start_date - lag(start_date) OVER (PARTITION BY customer_id ORDER BY start_date, id) AS gap
      FROM lending_loan) draw
WHERE gap IS NOT NULL AND start_date BETWEEN %(from)s AND %(to)s GROUP BY 1
"""
GAPS: Final = ("7 天内", "8–15 天", "16–30 天", "31–60 天", "61–90 天", "90 天以上")


def _standing() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"today": business_date()})
        return list(cursor.fetchall())


def read_usage(asked: Asked) -> Numbers:
    """Return by product what was ever granted, what is in force and what is drawn (fen), and both rates; one statement."""
    del asked
    rows = _standing()
    parts, (_, gross, in_force, holders, drawn, borrowers) = rows[:-1], rows[-1]
    return Numbers(
        label_title="产品",
        labels=[row[0] for row in parts],
        series=[
            Series(name="累计授信", unit=Unit.FEN, drawn=False, values=[int(row[1]) for row in parts], total=int(gross)),
            Series(name="有效授信", unit=Unit.FEN, drawn=False, values=[int(row[2]) for row in parts],
                   total=int(in_force)),
            Series(name="贷款余额", unit=Unit.FEN, drawn=False, values=[int(row[4]) for row in parts], total=int(drawn)),
            Series(name="有额度客户", unit=Unit.PERSONS, drawn=False, values=[row[3] for row in parts], total=holders),
            Series(name="用信客户", unit=Unit.PERSONS, drawn=False, values=[row[5] for row in parts], total=borrowers),
            Series(name="用信率（金额）", unit=Unit.PERCENT, values=[share(int(row[4]), int(row[2])) for row in parts],
                   total=share(int(drawn), int(in_force))),
            Series(name="用信率（客户）", unit=Unit.PERCENT, values=[share(row[5], row[3]) for row in parts],
                   total=share(borrowers, holders)),
        ],
        has_total=True,
    )  # fmt: skip


def read_average(asked: Asked) -> Numbers:
    """Return by product what is drawn by each borrowing customer on average, in fen, half up; one statement."""
    del asked
    rows = _standing()

    def average(row: tuple[Any, ...]) -> int | None:
        return divide_half_up(int(row[4]), row[5]) if row[5] else None

    return Numbers(
        label_title="产品",
        labels=[row[0] for row in rows[:-1]],
        series=[
            Series(name="户均余额", unit=Unit.FEN, values=[average(row) for row in rows[:-1]], total=average(rows[-1]))
        ],
        has_total=True,
    )  # fmt: skip


def read_cycles(asked: Asked) -> Numbers:
    """Count how many days lay between two drawdowns of a customer, by the later one's day; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(CYCLES, {"from": asked.from_date, "to": asked.to_date})
        found = {place: (count, days) for place, count, days in cursor.fetchall()}
    count = sum(number for number, _ in found.values())
    days = sum(total for _, total in found.values())
    mean = (Decimal(days) / count).quantize(CENT) if count else None
    return Numbers(
        label_title="与上次用款的间隔",
        labels=GAPS,
        series=[
            Series(name="用款次数", unit=Unit.PIECES, values=[found.get(place, (0, 0))[0] for place in range(len(GAPS))])
        ],
        note="" if mean is None else f"平均间隔 {mean} 天；基准：{DRAW_CYCLE.name}约 {DRAW_CYCLE.value} 天",
    )  # fmt: skip


RIGHTS: Final = (WHOLE_BANK, "lending.view_creditline", "lending.view_loan")
USAGE_CHART: Final = Chart(
    name="usage",
    title="用信率",
    question="授出的额度用了多少？",
    metric="D7",
    formula=(
        "按金额＝贷款余额÷有效授信（有效期内、未关闭的额度）；按客户＝有贷款余额的客户÷有有效额度的客户。"
        "累计授信含已到期和已关闭的额度，不作分母。"
    ),
    needs=RIGHTS,
    read=read_usage,
    empty="还没有授信。客户确认额度后，这里按产品显示用信率。",
    benchmarks=[USAGE],
    has_period=False,
)
AVERAGE_CHART: Final = Chart(
    name="average",
    title="户均余额",
    question="每个用信客户平均借了多少？",
    metric="D8",
    formula="户均余额＝贷款余额÷有贷款余额的客户数，四舍五入到分。",
    needs=RIGHTS,
    read=read_average,
    empty="还没有贷款余额。首笔放款后，这里按产品显示户均。",
    benchmarks=[AVERAGE],
    has_period=False,
)
CYCLE_CHART: Final = Chart(
    name="draw-cycle",
    title="用款间隔",
    question="客户隔多久再次用款？",
    metric="D12",
    formula="同一客户相邻两笔放款的起息日之差，按后一笔的起息日归入期间。",
    needs=(WHOLE_BANK, "lending.view_loan"),
    read=read_cycles,
    empty="所选期间没有客户再次用款，请放宽期间查看。",
    benchmarks=[DRAW_CYCLE],
    days=365,
)
