"""The pictures of a bank, in the order in which its dashboard shows them."""

from __future__ import annotations

from typing import Final

from core.admin.charts import Chart
from lending.charts.approvals import APPROVALS, REFUSALS
from lending.charts.campaigns import COST_CHART
from lending.charts.funnel import FUNNEL_CHART
from lending.charts.portfolio import APPLICATIONS, CATEGORIES, QUALITY_CHART, ROLLS
from lending.charts.usage import AVERAGE_CHART, CYCLE_CHART, USAGE_CHART
from lending.charts.vintages import FIRST_PAYMENT_CHART, VINTAGE_CHART
from lending.charts.warnings import WARNING_CHART

BANK_CHARTS: Final[tuple[Chart, ...]] = (
    FUNNEL_CHART,
    APPLICATIONS,
    APPROVALS,
    REFUSALS,
    COST_CHART,
    USAGE_CHART,
    AVERAGE_CHART,
    CYCLE_CHART,
    CATEGORIES,
    QUALITY_CHART,
    ROLLS,
    VINTAGE_CHART,
    FIRST_PAYMENT_CHART,
    WARNING_CHART,
)
