"""D10: what channels and campaigns cost, what each customer who was lent to cost, and how they spread."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import connection

from core.admin.charts import Asked, Chart, Choice, Numbers, Series, Unit, share
from core.money import divide_half_up
from lending.charts.cohorts import PARTS, UNSAID, WHOLE_BANK, period

HUNDREDTH: Final = Decimal("0.01")
BY: Final = Choice(name="by", label="分组", options=[("campaign", "活动"), ("branch", "渠道（网点）")])
# What was spent within the period, and what became until now of the persons who scanned first within it.
COSTS: Final = """
WITH spent AS (
    SELECT coalesce(nullif({by}, ''), %(unsaid)s) AS part, sum(amount_fen)::bigint AS fen
    FROM tenants_campaign_cost WHERE spent_date BETWEEN %(from_date)s AND %(to_date)s GROUP BY 1
), scanned AS (
    SELECT coalesce(nullif(e.{by}, ''), %(unsaid)s) AS part, count(*) AS scans,
           count(DISTINCT c.id) AS persons,
           count(DISTINCT c.id) FILTER (WHERE c.registered_at IS NOT NULL) AS registered,
           count(DISTINCT c.id) FILTER (WHERE EXISTS (SELECT FROM lending_loan l WHERE l.customer_id = c.id)) AS lent_to,
           count(*) FILTER (WHERE e.sharer_id IS NOT NULL AND s.visitor_id IS DISTINCT FROM e.sharer_id) AS spread,
           count(DISTINCT c.id) FILTER (WHERE c.registered_at IS NOT NULL AND c.id <> e.sharer_id) AS invited
    FROM tenants_scan s JOIN tenants_entry e ON e.id = s.entry_id
         LEFT JOIN accounts_customer c ON c.first_scan_id = s.id AND (c.registered_at IS NULL OR c.registered_at >= s.at)
    WHERE s.at >= %(from)s AND s.at < %(to)s GROUP BY 1
)
SELECT coalesce(s.part, n.part), coalesce(s.fen, 0), coalesce(n.scans, 0), coalesce(n.persons, 0),
       coalesce(n.registered, 0), coalesce(n.lent_to, 0), coalesce(n.spread, 0), coalesce(n.invited, 0)
FROM spent s FULL JOIN scanned n ON n.part = s.part ORDER BY 2 DESC, 3 DESC, 1
"""


def read_costs(asked: Asked) -> Numbers:
    """Return by campaign or channel what was spent (fen), scans, customers, and the cost of one lent to; one statement."""
    by = asked.chosen.get("by", "")
    by = by if by in dict(BY.options) else BY.default
    values: dict[str, Any] = {**period(asked), "from_date": asked.from_date, "to_date": asked.to_date, "unsaid": UNSAID}
    with connection.cursor() as cursor:
        cursor.execute(COSTS.format(by=by), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    sums = [sum(row[place] for row in rows) for place in range(1, 8)]

    def each(row: tuple[Any, ...] | list[Any], fen: int, persons: int) -> int | None:
        return divide_half_up(row[fen], row[persons]) if row[persons] and row[fen] > 0 else None

    def k_factor(row: tuple[Any, ...] | list[Any], registered: int, invited: int) -> Decimal | None:
        if not row[registered]:
            return None
        return (Decimal(row[invited]) / Decimal(row[registered])).quantize(HUNDREDTH, ROUND_HALF_UP)

    return Numbers(
        label_title=PARTS[by],
        labels=[row[0] for row in rows],
        series=[
            Series(name="费用", unit=Unit.FEN, drawn=False, values=[row[1] for row in rows], total=sums[0]),
            Series(name="扫码次数", unit=Unit.PIECES, drawn=False, values=[row[2] for row in rows], total=sums[1]),
            Series(name="新客户", unit=Unit.PERSONS, drawn=False, values=[row[3] for row in rows], total=sums[2]),
            Series(name="注册客户", unit=Unit.PERSONS, drawn=False, values=[row[4] for row in rows], total=sums[3]),
            Series(name="放款客户", unit=Unit.PERSONS, values=[row[5] for row in rows], total=sums[4]),
            Series(name="扫码成功率", unit=Unit.PERCENT, drawn=False, values=[share(row[5], row[2]) for row in rows],
                   total=share(sums[4], sums[1])),
            Series(name="传播次数", unit=Unit.PIECES, drawn=False, values=[row[6] for row in rows], total=sums[5]),
            Series(name="受邀注册客户", unit=Unit.PERSONS, drawn=False, values=[row[7] for row in rows], total=sums[6]),
            Series(name="K 系数", unit=Unit.TIMES, drawn=False, values=[k_factor(row, 4, 7) for row in rows],
                   total=k_factor(sums, 3, 6)),
            Series(name="每个放款客户成本", unit=Unit.FEN, values=[each(row, 1, 5) for row in rows],
                   total=each(sums, 0, 4)),
        ],
        most_drawn=12,
        has_total=True,
    )  # fmt: skip


COST_CHART: Final = Chart(
    name="campaign-cost",
    title="渠道与活动成本",
    question="每带来一个放款客户，花了多少钱？",
    metric="D10",
    formula=(
        "成本＝期间内登记的活动费用÷期间内首次扫码且至今已放款的客户；费用由员工在“活动费用”中登记。"
        "扫码成功率＝放款客户÷扫码次数。传播次数＝客户分享的码被他人扫描的次数；"
        "K 系数＝人均邀请次数×邀请转化率＝（传播次数÷注册客户）×（受邀注册客户÷传播次数）。"
    ),
    needs=(WHOLE_BANK, "tenants.view_scan", "tenants.view_campaigncost", "lending.view_loan"),
    read=read_costs,
    empty="所选期间没有扫码和费用。请在“推广码”中按活动生成推广码，在“活动费用”中登记费用。",
    choices=[BY],
    days=90,
)
