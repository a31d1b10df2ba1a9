"""The first page of each admin: a bank's figures from its own schema, the province's sums of what the banks pushed.

Only reads; nobody sees a figure whose rows they may not see. Amounts are shown in 万元 or 亿元, the exact one as the title
(domain D20).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from accounts.models import Customer
from accounts.models.customer import REGISTERED
from config.look import STAGE_COLOURS, bank_of
from core.admin.amounts import FEN_PER_WAN, percent, short, short_with_exact
from core.clock import SHANGHAI, business_date, now
from core.steps.models import LIVE, PARKED, Step
from lending.models import Application
from lending.models.application import STATUSES
from lending.queries.figures import figures_now
from tenants.models import Scan
from tenants.models.bank import STAGES
from tenants.queries import BankFigures, ProvinceFigures, missing_calendar_year, province_figures

DAYS: Final = 14
STRONG: Final = "var(--color-primary-600)"
PALE: Final = "var(--color-primary-300)"


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
class Chart:
    """One chart for the theme's Chart.js: kind, data and options as JSON, all our own."""

    title: str
    kind: str
    data: str
    options: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table: headers and rows of cells; the last row may be the sum."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What the first page shows, in this order."""

    cards: Sequence[Card]
    charts: Sequence[Chart] = field(default_factory=list)
    tables: Sequence[Table] = field(default_factory=list)


def show(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the first page's context."""
    bank = bank_of(request)
    context["dashboard"] = of_province(province_figures()) if bank is None else of_bank(request)
    context["business_date"] = None if bank is None else business_date()
    return context


# A bank.


def of_bank(request: HttpRequest) -> Dashboard:
    """Show how this bank does, as far as this person may see it."""
    may = request.user.has_perm
    cards: list[Card] = []
    charts: list[Chart] = []
    tables: list[Table] = []
    if may("accounts.view_customer"):
        cards.append(_customers())
    if may("lending.view_creditline"):
        cards += _lending()
    if may("core.view_step"):
        cards.append(_steps())
    if may("accounts.view_customer") and may("tenants.view_scan"):
        charts.append(_arrivals(now().date()))
    if may("lending.view_application"):
        tables.append(_applications())
    return Dashboard(cards=cards, charts=charts, tables=tables)


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


def _applications() -> Table:
    counts = dict(Application.objects.values_list("status").annotate(count=Count("pk")).order_by())
    rows = [[name, f"{counts[status]:,}"] for status, name in STATUSES if counts.get(status)]
    return Table(title="授信申请", headers=["状态", "件数"], rows=rows, note=f"共 {sum(counts.values()):,} 件")


def _arrivals(today: date) -> Chart:
    first = today - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    scans = _by_day(Scan.objects.filter(at__date__gte=first), "at")
    registered = _by_day(Customer.objects.filter(registered_at__date__gte=first), "registered_at")
    data = {
        "labels": [f"{day:%m-%d}" for day in days],
        "datasets": [
            _line("扫码", [scans.get(day, 0) for day in days], PALE),
            _line("注册", [registered.get(day, 0) for day in days], STRONG),
        ],
    }
    return Chart(
        title="扫码与注册",
        note=f"最近 {DAYS} 天，次／人",
        kind="line",
        data=json.dumps(data, ensure_ascii=False),
        options=json.dumps(_options(), ensure_ascii=False),
    )


def _by_day(rows: Any, column: str) -> dict[date, int]:
    days = rows.annotate(day=TruncDate(column, tzinfo=SHANGHAI)).values_list("day")
    return dict(days.annotate(count=Count("pk")).order_by())


def _line(label: str, values: Sequence[int], colour: str) -> dict[str, Any]:
    return {"label": label, "data": list(values), "borderColor": colour, "backgroundColor": colour, "tension": 0.3}


# The province.


def of_province(figures: ProvinceFigures) -> Dashboard:
    """Show the four figures, what follows from them (D7 to D9), and each bank's part; the parts add up exactly."""
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
    reporting = [bank for bank in figures.banks if bank.granted_fen or bank.drawn_fen]
    charts = [_by_bank(reporting)] if reporting else []
    return Dashboard(cards=cards, charts=charts, tables=[_banks(figures)])


def _missing_calendar(year: int) -> Card:
    return Card(
        title="节假日安排",
        value=f"缺 {year} 年",
        symbol="event_busy",
        note="请录入国务院公布的安排；缺失时还款日只避开周末",
        link=reverse("admin:tenants_holiday_changelist"),
        alarm=True,
    )


def _by_bank(banks: Sequence[BankFigures]) -> Chart:
    ranked = sorted(banks, key=lambda bank: bank.granted_fen, reverse=True)
    data = {
        "labels": [bank.display_name.removesuffix("样例农商银行") for bank in ranked],
        "datasets": [
            _bar("有效授信", [bank.granted_fen / FEN_PER_WAN for bank in ranked], PALE),
            _bar("贷款余额", [bank.drawn_fen / FEN_PER_WAN for bank in ranked], STRONG),
        ],
    }
    return Chart(
        title="各行授信与用信",
        note="万元，按授信从高到低",
        kind="bar",
        data=json.dumps(data, ensure_ascii=False),
        options=json.dumps(_options(), ensure_ascii=False),
    )


def _bar(label: str, values: Sequence[float], colour: str) -> dict[str, Any]:
    return {
        "label": label, "data": list(values), "backgroundColor": colour, "maxBarThickness": 18, "borderRadius": 3,
    }  # fmt: skip


def _banks(figures: ProvinceFigures) -> Table:
    rows: list[list[Any]] = [
        [
            format_html('<a href="{}">{}</a>', reverse("admin:tenants_bank_changelist") + f"?q={bank.code}", bank.code),
            bank.display_name,
            bank.city,
            stage_label(bank.stage),
            short_with_exact(bank.granted_fen),
            short_with_exact(bank.drawn_fen),
            f"{bank.borrowers:,}",
            percent(bank.drawn_fen, bank.granted_fen),
            "—" if bank.figures_date is None else f"{bank.figures_date:%Y-%m-%d}",
        ]
        for bank in figures.banks
    ]
    rows.append(
        [
            "合计",
            f"{len(figures.banks)} 家",
            "",
            "",
            short_with_exact(figures.granted_fen),
            short_with_exact(figures.drawn_fen),
            f"{figures.borrowers:,}",
            percent(figures.drawn_fen, figures.granted_fen),
            "",
        ]
    )
    return Table(
        title="各行明细",
        headers=["机构", "名称", "城市", "阶段", "有效授信", "贷款余额", "用信客户", "用信率", "上报营业日"],
        rows=rows,
        note="金额悬停可见精确值；同一人在两家银行各计一次",
    )


def stage_label(stage: str) -> str:
    """Show a bank's stage as a coloured label, as lists do."""
    context = {"text": dict(STAGES)[stage], "type": STAGE_COLOURS[stage]}
    return render_to_string("unfold/helpers/label.html", context)


def _options() -> dict[str, Any]:
    """Return chart options of our own: the theme's lay two datasets over each other and hide the axes."""
    return {
        "responsive": True,
        "maintainAspectRatio": False,
        "animation": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {"display": True, "position": "top", "align": "end", "labels": {"boxWidth": 10, "boxHeight": 10}},
        },
        "scales": {
            "x": {"grid": {"display": False}, "border": {"display": False}},
            "y": {
                "beginAtZero": True, "border": {"display": False}, "grid": {"lineWidth": 0.5},
                "ticks": {"precision": 0},
            },
        },
    }  # fmt: skip
