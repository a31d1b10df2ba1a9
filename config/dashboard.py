"""The first page of each admin: a bank's figures from its own schema, the province's sums of what the banks pushed.

Only reads; nobody sees a figure whose rows they may not see. Amounts are shown in 万元 or 亿元, the exact one as the title
(domain D20). The charts are declared by their rooms (`config.charts`); the numbers of each are a click
away (`config.figures`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import structlog
from django.db import OperationalError
from django.db.models import Count
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts.models import Complaint, Customer
from accounts.models.complaint import OWED
from accounts.models.customer import REGISTERED
from accounts.queries import overdue_complaints
from config.charts import BANK_CHARTS, PROVINCE_CHARTS
from config.look import bank_of
from core.admin.amounts import percent, short, short_with_exact
from core.admin.charts import Asked, Chart, Numbers, picture_of
from core.clock import business_date, now
from core.steps.models import LIVE, PARKED, Step
from lending.charts.cohorts import WHOLE_BANK
from lending.queries.figures import figures_now
from lending.queries.review import overdue_cases, overdue_checks, visible_cases
from tenants.queries import ProvinceFigures, missing_calendar_year, province_figures

log = structlog.get_logger(__name__)
TOO_SLOW: Final = "数据量较大，未能及时算出。请在“数据”页缩短期间后查看，或稍后刷新。"
HIGH: Final = 300
LOW: Final = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure: what it is, how much, what it says beside, and where its rows are."""

    title: str
    value: str
    symbol: str
    note: str = ""
    link: str = ""
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One chart as it is drawn: data and options for the theme's Chart.js as JSON, all our own; without data its `empty`."""

    chart: Chart
    data: str
    options: str
    note: str
    empty: str
    height: int

    @property
    def numbers_link(self) -> str:
        """Return where its numbers are."""
        return reverse("admin:figures", args=(self.chart.name,))

    @property
    def file_link(self) -> str:
        """Return where its file is."""
        return reverse("admin:figures_file", args=(self.chart.name,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What the first page shows, in this order."""

    cards: Sequence[Card]
    pictures: Sequence[Picture] = field(default_factory=list)


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the first page's context."""
    bank = bank_of(request)
    context["dashboard"] = of_province(request, province_figures()) if bank is None else of_bank(request)
    context["business_date"] = None if bank is None else business_date()
    return context


def charts_of(request: HttpRequest) -> Sequence[Chart]:
    """Return the charts of the site that is asked for of which this person may see the rows."""
    charts = PROVINCE_CHARTS if bank_of(request) is None else BANK_CHARTS
    return [chart for chart in charts if chart.is_for(request.user.has_perm)]


def today_of(request: HttpRequest) -> date:
    """Return the day up to which charts are drawn: the later of business date and calendar at a bank."""
    today = now().date()
    return today if bank_of(request) is None else max(today, business_date())


def drawn(request: HttpRequest) -> list[Picture]:
    """Draw the charts that this person may see, each with its usual period."""
    today = today_of(request)
    return [picture(chart, today) for chart in charts_of(request)]


def picture(chart: Chart, today: date) -> Picture:
    """Draw one chart up to a day; one that PostgreSQL does not answer in time says so and takes no other with it."""
    height = HIGH if chart.is_wide else LOW
    numbers = read_in_time(chart, chart.usual(today))
    if numbers is None:
        return Picture(chart=chart, data="", options="", note="", empty=TOO_SLOW, height=height)
    data, options = picture_of(chart, numbers)
    return Picture(
        chart=chart,
        data="" if numbers.is_empty else json.dumps(data, ensure_ascii=False),
        options=json.dumps(options, ensure_ascii=False),
        note=numbers.note,
        empty=chart.empty,
        height=height,
    )


def read_in_time(chart: Chart, asked: Asked) -> Numbers | None:
    """Read a chart; None where PostgreSQL does not answer within the time that a statement has."""
    try:
        return chart.read(asked)
    except OperationalError as error:
        log.warning("chart.not_in_time", chart=chart.name, error=type(error).__name__)
        return None


# A bank.


def of_bank(request: HttpRequest) -> Dashboard:
    """Show how this bank does, as far as this person may see it."""
    may = request.user.has_perm
    cards: list[Card] = []
    if may(WHOLE_BANK) and may("accounts.view_customer"):
        cards.append(_customers())
    if may(WHOLE_BANK) and may("lending.view_creditline"):
        cards += _lending()
    if may("lending.view_reviewcase"):
        cards.append(_reviews())
    if may(WHOLE_BANK) and may("accounts.view_complaint"):
        cards.append(_complaints())
    if may("core.view_step"):
        cards.append(_steps())
    return Dashboard(cards=cards, pictures=drawn(request))


def _customers() -> Card:
    stages = dict(Customer.objects.values_list("stage").annotate(count=Count("pk")).order_by())
    registered = stages.get(REGISTERED, 0)
    return Card(
        title="已注册客户",
        value=f"{registered:,}",
        symbol="group",
        note=f"登录未注册 {sum(stages.values()) - registered:,} 人",
        link=reverse("admin:accounts_customer_changelist"),
    )


def _lending() -> list[Card]:
    figures = figures_now()
    link = _list_of("lending_creditline")
    return [
        Card(
            title="有效授信",
            value=short_with_exact(figures.granted_fen),
            symbol="speed",
            note=f"用信率 {percent(figures.drawn_fen, figures.granted_fen)}",
            link=link,
        ),
        Card(
            title="贷款余额",
            value=short_with_exact(figures.drawn_fen),
            symbol="payments",
            note=f"用信客户 {figures.borrowing_customers:,} 人",
            link=_list_of("lending_loan") or link,
        ),
    ]


def _list_of(page: str) -> str:
    """Return the address of a page's list, or nothing where no room has registered the page."""
    try:
        return reverse(f"admin:{page}_changelist")
    except NoReverseMatch:
        return ""


def _reviews() -> Card:
    """Show how much waits for a person; list hits are counted with none (AML-08)."""
    waiting = visible_cases(sees_secrets=False).filter(closed_at=None).count()
    overdue, checks = overdue_cases(), overdue_checks(on=business_date()).count()
    late = [f"超时 {overdue:,} 件"] * bool(overdue) + [f"核查超期 {checks:,} 项"] * bool(checks)
    link = _list_of("lending_reviewcase")
    return Card(
        title="待审核",
        value=f"{waiting:,}",
        symbol="inbox",
        note="，".join(late) or "无超时事项",
        link=f"{link}?clock=overdue" if link and overdue else link,
        alarm=bool(late),
    )


def _complaints() -> Card:
    """Show how many complaints are owed an answer (CUST-01)."""
    owed, overdue = Complaint.objects.filter(status__in=OWED).count(), overdue_complaints()
    link = reverse("admin:accounts_complaint_changelist")
    return Card(
        title="待答复投诉",
        value=f"{owed:,}",
        symbol="feedback",
        note=f"逾期 {overdue:,} 件" if overdue else "无逾期投诉",
        link=f"{link}?clock={'overdue' if overdue else 'owed'}",
        alarm=bool(overdue),
    )


def _steps() -> Card:
    moment = now()
    due = Step.objects.filter(state=LIVE, run_at__lte=moment).count()
    parked = Step.objects.filter(state=PARKED).count()
    return Card(
        title="待执行任务",
        value=f"{due:,}",
        symbol="pending_actions",
        note=f"待人工处理 {parked:,} 项" if parked else "无待人工处理任务",
        link=reverse("admin:core_step_changelist") + (f"?state__exact={PARKED}" if parked else ""),
        alarm=bool(parked),
    )


# The province.


def of_province(request: HttpRequest, figures: ProvinceFigures) -> Dashboard:
    """Show the four figures and what follows from them (D7 to D9); the parts are in the charts and add up exactly."""
    average = figures.average_fen
    cards = [
        Card(
            title="开通银行",
            value=f"{figures.open_banks} 家",
            symbol="account_balance",
            note=f"覆盖率 {percent(figures.open_banks, len(figures.banks))}（共 {len(figures.banks)} 家）",
            link=reverse("admin:tenants_bank_changelist"),
        ),
        Card(
            title="有效授信",
            value=short_with_exact(figures.granted_fen),
            symbol="speed",
            note="各行最近上报之和",
            link=reverse("admin:tenants_pushedfigure_changelist"),
        ),
        Card(
            title="贷款余额",
            value=short_with_exact(figures.drawn_fen),
            symbol="payments",
            note=f"用信率 {percent(figures.drawn_fen, figures.granted_fen)}",
        ),
        Card(
            title="用信客户",
            value=f"{figures.borrowers:,} 人",
            symbol="group",
            note="户均 —" if average is None else f"户均 {short(average)}",
        ),
    ]
    missing = missing_calendar_year(now().date())
    if missing is not None:
        cards.append(_missing_calendar(missing))
    return Dashboard(cards=cards, pictures=drawn(request))


def _missing_calendar(year: int) -> Card:
    return Card(
        title="节假日安排",
        value=f"缺 {year} 年",
        symbol="event_busy",
        note="请录入国务院公布的安排；缺失时还款日只避开周末",
        link=reverse("admin:tenants_holiday_changelist"),
        alarm=True,
    )
