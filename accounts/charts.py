"""D17: complaints by class per 10,000 customers, time to the answer, what is closed in time, satisfaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import connection

from accounts.attribution import ANY
from accounts.models.complaint import CATEGORIES
from core.admin.charts import CENT, Asked, Chart, Numbers, Series, Unit, share
from core.clock import SHANGHAI
from tenants.queries import non_working_days

PER: Final = 10_000
CLOSE_WITHIN: Final = 15
"""Working days within which a complaint is to be closed (domain D17)."""
REACH: Final = timedelta(days=60)
"""As far as the calendar is asked for beyond the period: fifteen working days and the longest holiday lie well within."""
SATISFIED: Final = 4
# By class, and all of them under NULL. `passed` counts the working days after the day of receipt up to the day of closing,
# or up to the period's end where a complaint is open.
BY_CATEGORY: Final = """
WITH received AS (
    SELECT c.category, c.score, c.closed_date, c.first_answered_date - c.received_date AS days_to_answer,
           until.day - c.received_date
           - (SELECT count(*) FROM unnest(%(off)s::date[]) AS o(day) WHERE o.day > c.received_date AND o.day <= until.day)
           AS passed
    FROM accounts_complaint c
         CROSS JOIN LATERAL (SELECT coalesce(c.closed_date, greatest(%(to)s::date, c.received_date)) AS day) AS until
    WHERE c.received_date BETWEEN %(from)s AND %(to)s
)
SELECT category, count(*), count(days_to_answer),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY days_to_answer),
       count(*) FILTER (WHERE closed_date IS NOT NULL AND passed <= %(within)s),
       count(*) FILTER (WHERE closed_date IS NOT NULL OR passed > %(within)s),
       count(score), count(*) FILTER (WHERE score >= %(satisfied)s), sum(score),
       (SELECT count(*) FROM accounts_customer k WHERE k.registered_at < %(until)s)
FROM received GROUP BY GROUPING SETS ((category), ())
"""


def read_complaints(asked: Asked) -> Numbers:
    """Count by class what was received in the period and what became of it; two statements, one of them the calendar."""
    off = sorted(non_working_days(asked.from_date, asked.to_date + REACH))
    until = datetime.combine(asked.to_date + timedelta(days=1), time(), SHANGHAI)
    given: Mapping[str, Any] = {
        "from": asked.from_date, "to": asked.to_date, "until": until, "off": off, "within": CLOSE_WITHIN,
        "satisfied": SATISFIED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(BY_CATEGORY, given)
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    nothing = (0, 0, None, 0, 0, 0, 0, None)
    customers = int(found[None][-1])
    rows = [found.get(word, (*nothing, customers)) for word, _ in CATEGORIES]

    def series(name: str, unit: Unit, place: Any, *, drawn: bool = False) -> Series:
        return Series(name=name, unit=unit, drawn=drawn, values=[place(row) for row in rows], total=place(found[None]))

    return Numbers(
        label_title="类别",
        labels=[name for _, name in CATEGORIES],
        series=[
            series("投诉", Unit.PIECES, lambda row: row[0], drawn=True),
            series("每万名客户投诉", Unit.PIECES, lambda row: _exact(row[0] * PER, row[-1])),
            series("已答复", Unit.PIECES, lambda row: row[1]),
            series("答复用时中位数", Unit.DAYS, lambda row: _median(row[2])),
            series("15 个工作日内办结率", Unit.PERCENT, lambda row: share(row[3], row[4])),
            series("已评价", Unit.PIECES, lambda row: row[5]),
            series("满意率", Unit.PERCENT, lambda row: share(row[6], row[5])),
            series("平均评分", Unit.POINTS, lambda row: _exact(row[7] or 0, row[5])),
        ],
        has_total=True,
        note=f"截至期间末已注册客户 {customers:,} 人",
    )


def _exact(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(CENT, ROUND_HALF_UP) if whole else None


def _median(days: float | None) -> Decimal | None:
    """Return a median of whole days, which is whole or a half."""
    return None if days is None else Decimal(str(days)).quantize(Decimal("0.1"))


COMPLAINT_CHART: Final = Chart(
    name="complaints",
    title="客户投诉",
    question="客户投诉什么，答复得快不快，满意吗？",
    metric="D17",
    formula=(
        "按收到日归入期间。每万名客户投诉＝投诉件数÷期间末已注册客户数×10,000；答复用时＝首次答复日－收到日（自然日）；"
        "15 个工作日内办结率＝按期办结÷（已办结＋未办结且已超 15 个工作日）；满意率＝评 4、5 分÷已评价。"
    ),
    needs=(ANY, "accounts.view_complaint"),
    read=read_complaints,
    empty="所选期间没有投诉。客户在小程序“投诉建议”提交或员工在“客户投诉”登记后，这里按类别显示。",
    days=90,
)
BANK_CHARTS: Final[tuple[Chart, ...]] = (COMPLAINT_CHART,)
