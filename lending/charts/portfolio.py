"""D13, how the book stands: five categories, bad and overdue shares, how buckets roll on, and the applications by state."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection
from django.db.models import Count, Sum

from core.admin.charts import Asked, Chart, Numbers, Series, Unit, share
from core.clock import business_date
from lending.charts.cohorts import WHOLE_BANK
from lending.loans.buckets import LAST, name_of
from lending.loans.classification import Category
from lending.models import Application, Loan
from lending.models.application import STATUSES
from lending.models.loan import ACTIVE
from lending.queries.roll_rates import month_ends_before, roll_rates

BAD: Final = (Category.SUBSTANDARD.value, Category.DOUBTFUL.value, Category.LOSS.value)
MONTHS: Final = 3
QUALITY: Final = """
SELECT p.code, sum(l.outstanding_fen)::bigint,
       coalesce(sum(l.outstanding_fen) FILTER (WHERE l.category = ANY(%(bad)s)), 0)::bigint,
       coalesce(sum(l.outstanding_fen) FILTER (WHERE l.overdue_since_date + l.grace_days < %(today)s), 0)::bigint
FROM lending_loan l JOIN lending_credit_line g ON g.id = l.line_id JOIN lending_product p ON p.id = g.product_id
WHERE l.status = 'active' GROUP BY GROUPING SETS ((p.code), ()) ORDER BY p.code NULLS LAST
"""


def read_categories(asked: Asked) -> Numbers:
    """Return what is owed in each of the five categories, in fen, and by how many loans; one statement."""
    del asked
    rows = Loan.objects.filter(status=ACTIVE).values_list("category").order_by()
    found = {category: (fen, count) for category, fen, count in rows.annotate(Sum("outstanding_fen"), Count("pk"))}
    fens = [found.get(category.value, (0, 0))[0] for category in Category]
    counts = [found.get(category.value, (0, 0))[1] for category in Category]
    return Numbers(
        label_title="五级分类",
        labels=[category.label for category in Category],
        series=[
            Series(name="余额", unit=Unit.FEN, values=fens, total=sum(fens)),
            Series(name="贷款", unit=Unit.PIECES, drawn=False, values=counts, total=sum(counts)),
            Series(name="占比", unit=Unit.PERCENT, drawn=False, values=[share(fen, sum(fens)) for fen in fens],
                   total=share(sum(fens), sum(fens))),
        ],
        has_total=True,
    )  # fmt: skip


def read_quality(asked: Asked) -> Numbers:
    """Return by product what is owed, what of it is bad and what is overdue (fen), and the shares; one statement."""
    del asked
    with connection.cursor() as cursor:
        cursor.execute(QUALITY, {"bad": list(BAD), "today": business_date()})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    parts, whole = rows[:-1], rows[-1]
    sums = [whole[place] or 0 for place in (1, 2, 3)]
    return Numbers(
        label_title="产品",
        labels=[row[0] for row in parts],
        series=[
            Series(name="贷款余额", unit=Unit.FEN, drawn=False, values=[row[1] for row in parts], total=sums[0]),
            Series(name="不良余额", unit=Unit.FEN, drawn=False, values=[row[2] for row in parts], total=sums[1]),
            Series(name="逾期贷款余额", unit=Unit.FEN, drawn=False, values=[row[3] for row in parts], total=sums[2]),
            Series(name="不良率", unit=Unit.PERCENT, values=[share(row[2], row[1]) for row in parts],
                   total=share(sums[1], sums[0])),
            Series(name="逾期率", unit=Unit.PERCENT, values=[share(row[3], row[1]) for row in parts],
                   total=share(sums[2], sums[0])),
        ],
        has_total=True,
    )  # fmt: skip


def read_rolls(asked: Asked) -> Numbers:
    """Return the share of each bucket that rolled on in each of the last three months; one statement a month."""
    months = [roll_rates(month_end=end) for end in reversed(month_ends_before(asked.to_date, count=MONTHS))]
    return Numbers(
        label_title="月初所在",
        labels=[name_of(bucket) for bucket in range(LAST + 1)],
        series=[
            series
            for month in months
            for series in (
                Series(
                    name=f"{month.last_date:%Y-%m}", unit=Unit.PERCENT, values=[r.forward_percent for r in month.rolls]
                ),
                Series(
                    name=f"{month.last_date:%Y-%m} 月初本金", unit=Unit.FEN, drawn=False,
                    values=[roll.stood.principal_fen for roll in month.rolls],
                ),
            )
        ],
    )  # fmt: skip


def read_applications(asked: Asked) -> Numbers:
    """Count the applications by their state; one statement."""
    del asked
    counts = dict(Application.objects.values_list("status").annotate(count=Count("pk")).order_by())
    values = [counts.get(status, 0) for status, _ in STATUSES]
    return Numbers(
        label_title="状态",
        labels=[name for _, name in STATUSES],
        series=[Series(name="申请", unit=Unit.PIECES, values=values, total=sum(values))],
        has_total=True,
    )


LOANS: Final = (WHOLE_BANK, "lending.view_loan")
APPLICATIONS: Final = Chart(
    name="applications",
    title="授信申请",
    question="申请现在走到了哪里？",
    metric="D5",
    formula="全部授信申请按当前状态计数。",
    needs=(WHOLE_BANK, "lending.view_application"),
    read=read_applications,
    empty="还没有授信申请。产品开放后，客户扫码即可申请。",
    has_period=False,
)
CATEGORIES: Final = Chart(
    name="categories",
    title="五级分类",
    question="贷款余额的风险分布如何？",
    metric="D13",
    formula="未结清、未核销贷款的剩余本金，按当前五级分类汇总。",
    needs=LOANS,
    read=read_categories,
    empty="还没有贷款余额。首笔放款后，这里按五级分类显示。",
    has_period=False,
)
QUALITY_CHART: Final = Chart(
    name="quality",
    title="不良率与逾期率",
    question="余额中有多少是不良，有多少已逾期？",
    metric="D13",
    formula="不良率＝（次级＋可疑＋损失）÷贷款余额；逾期率＝逾期贷款的剩余本金÷贷款余额（宽限期内不算逾期）。",
    needs=LOANS,
    read=read_quality,
    empty="没有不良或逾期的贷款。",
    has_period=False,
)
ROLLS: Final = Chart(
    name="roll-rates",
    title="滚动率",
    question="上月末各逾期档的贷款，有多少滑向更差？",
    metric="D13",
    formula="M(x)→更差＝月初在 M(x) 的本金中，月末进入更差档位或核销的占比；取截止日之前最近三个完整月份。",
    needs=LOANS,
    read=read_rolls,
    empty="最近三个月没有逾期贷款滚动，请在有完整月份的贷款后查看。",
    days=1,
)
