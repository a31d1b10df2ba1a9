"""RISK-05: which rules raise warnings, and how many wait for somebody."""

from __future__ import annotations

from typing import Final

from django.db.models import Count, Q

from core.admin.charts import Asked, Chart, Numbers, Series, Unit
from lending.charts.cohorts import WHOLE_BANK
from lending.models import EarlyWarning
from lending.models.warning import LIST_HIT, OPEN, RULES


def read_warnings(asked: Asked) -> Numbers:
    """Count by rule what was raised in the period and what of it is open; one statement. List hits are not told (AML-08)."""
    rows = EarlyWarning.objects.filter(raised_date__range=(asked.from_date, asked.to_date)).exclude(rule=LIST_HIT)
    found = {
        rule: (raised, still_open)
        for rule, raised, still_open in rows.values_list("rule")
        .annotate(raised=Count("pk"), still_open=Count("pk", filter=Q(status=OPEN)))
        .order_by()
    }
    shown = [(rule, name) for rule, name in RULES if rule != LIST_HIT]
    raised = [found.get(rule, (0, 0))[0] for rule, _ in shown]
    still_open = [found.get(rule, (0, 0))[1] for rule, _ in shown]
    return Numbers(
        label_title="规则",
        labels=[name for _, name in shown],
        series=[
            Series(name="预警", unit=Unit.PIECES, values=raised, total=sum(raised)),
            Series(name="待处理", unit=Unit.PIECES, values=still_open, total=sum(still_open)),
        ],
        has_total=True,
    )


WARNING_CHART: Final = Chart(
    name="warnings",
    title="早期预警",
    question="哪些规则在预警，还有多少没有处理？",
    metric="RISK-05",
    formula="期间内生成的预警按规则计数，其中至今未关闭的为待处理；名单命中不在此列。",
    needs=(WHOLE_BANK, "lending.view_earlywarning"),
    read=read_warnings,
    empty="所选期间没有预警。外部风险信息请在“外部风险信息”中导入，规则每个营业日自动运行。",
    days=90,
)
