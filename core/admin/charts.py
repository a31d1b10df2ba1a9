"""Charts: declared once, and shown as a picture on the dashboard, as a table with its filters, and as a file.

A chart names the question that it answers, the metric it stands for (domain section D) and the rights that its rows take;
`read` answers it with numbers. Everything else is the same for all charts: `config.dashboard` draws them, `config.figures`
shows the numbers and hands out the file. A chart whose rows somebody may not see does not exist for them.

Numbers are exact: amounts in integer fen, percentages as decimals with two places, counts as integers. Only the picture
rounds, to 万元.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any, Final, Literal

from core.admin.amounts import FEN_PER_WAN, FEN_PER_YUAN, exact

Value = int | Decimal | None
BOM: Final = "\ufeff"
CENT: Final = Decimal("0.01")
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
TOTAL: Final = "合计"


class Unit(Enum):
    """What a series counts; the value is what stands behind its name."""

    PERSONS = "人"
    PIECES = "笔"
    BANKS = "家"
    FEN = "元"
    PERCENT = "%"
    DAYS = "天"
    POINTS = "分"
    TIMES = "倍"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One row of values beside the labels: its name, unit, and whether the picture shows it or only the table."""

    name: str
    unit: Unit
    values: Sequence[Value]
    drawn: bool = True
    total: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A figure to compare with, and where it comes from; a dashed line. In the unit's own measure: fen, per cent, days."""

    name: str
    value: int | Decimal
    unit: Unit
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a chart answers: labels and series of the same length; `label_title` heads the labels' column.

    The picture shows the first `most_drawn` labels, the table and the file all of them. `has_total` says that the series'
    totals are a last row.
    """

    label_title: str
    labels: Sequence[str]
    series: Sequence[Series]
    most_drawn: int = 24
    has_total: bool = False
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether the picture would have nothing but zeros."""
        return not any(value for series in self.series if series.drawn for value in series.values)

    def rows(self) -> Iterator[tuple[str, list[Value]]]:
        """Give the rows of the table, the total last."""
        for place, label in enumerate(self.labels):
            yield label, [series.values[place] for series in self.series]
        if self.has_total:
            yield TOTAL, [series.total for series in self.series]

    @property
    def headers(self) -> list[str]:
        """Return the table's head: each series with its unit."""
        return [self.label_title, *(f"{series.name}（{series.unit.value}）" for series in self.series)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One filter beside the period: a list to choose from, or a text that must be equal where it is given."""

    name: str
    label: str
    options: Sequence[tuple[str, str]] = ()

    @property
    def default(self) -> str:
        """Return what holds where nothing is chosen."""
        return self.options[0][0] if self.options else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: a period of days, both included, and what was chosen of the chart's filters."""

    from_date: date
    to_date: date
    chosen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart as it is declared.

    `read` runs a fixed number of statements, however many rows there are (`tests/lending/test_charts.py`). `needs` are the
    rights of which somebody must hold all. `empty` says what to do where there is nothing yet. `days` is the period that
    the dashboard shows; without a period (`has_period`) the chart shows how things stand.
    """

    name: str
    title: str
    question: str
    metric: str
    formula: str
    needs: Sequence[str]
    read: Callable[[Asked], Numbers]
    empty: str
    kind: Literal["bar", "line"] = "bar"
    choices: Sequence[Choice] = ()
    benchmarks: Sequence[Benchmark] = ()
    days: int = 30
    has_period: bool = True
    is_wide: bool = False

    def is_for(self, may: Callable[[str], bool]) -> bool:
        """Tell whether somebody with these rights may see its rows."""
        return all(may(right) for right in self.needs)

    def usual(self, today: date) -> Asked:
        """Return what the dashboard asks for on a day."""
        chosen = {choice.name: choice.default for choice in self.choices}
        return Asked(from_date=today - timedelta(days=self.days - 1), to_date=today, chosen=chosen)


def share(part: int, whole: int) -> Decimal | None:
    """Return a share in per cent with two places, half up; None where there is nothing to share."""
    if whole == 0:
        return None
    return (Decimal(part) * 100 / whole).quantize(CENT, ROUND_HALF_UP)


def told(value: Value, unit: Unit) -> str:
    """Write a value as the table shows it."""
    if value is None:
        return "—"
    if unit is Unit.FEN:
        return exact(int(value))
    return f"{value:,.2f}%" if unit is Unit.PERCENT else f"{value:,}"


def table_of(numbers: Numbers) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of the table."""
    rows = [
        [label, *(told(value, series.unit) for value, series in zip(values, numbers.series, strict=True))]
        for label, values in numbers.rows()
    ]
    return numbers.headers, rows


def csv_of(numbers: Numbers) -> bytes:
    """Write the numbers as a CSV file that a spreadsheet opens: UTF-8 with a byte order mark, amounts in yuan.

    A label that a spreadsheet would take for a formula is made a text by an apostrophe.
    """
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow([_harmless(header) for header in numbers.headers])
    for label, values in numbers.rows():
        cells = [_plain(value, series.unit) for value, series in zip(values, numbers.series, strict=True)]
        writer.writerow([_harmless(label), *cells])
    return (BOM + page.getvalue()).encode()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _plain(value: Value, unit: Unit) -> str:
    if value is None:
        return ""
    return exact(int(value)).replace(",", "") if unit is Unit.FEN else str(value)


# The picture.

COLOURS: Final = (
    "var(--color-primary-300)", "var(--color-primary-600)", "#f59e0b", "#10b981", "#8b5cf6", "#ef4444", "#64748b",
)  # fmt: skip
DASHED: Final = "#dc2626"


def picture_of(chart: Chart, numbers: Numbers) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return data and options for the theme's Chart.js; where series differ in unit the second unit has its own axis."""
    labels = list(numbers.labels[: numbers.most_drawn])
    shown = [series for series in numbers.series if series.drawn]
    units = list(dict.fromkeys(series.unit for series in shown))
    per = _measure(shown)
    datasets = [
        _drawn(chart.kind, series, COLOURS[place % len(COLOURS)], len(labels), units.index(series.unit), per)
        for place, series in enumerate(shown)
    ]
    datasets += [
        _dashed(mark, len(labels), units.index(mark.unit), per) for mark in chart.benchmarks if mark.unit in units
    ]
    return {"labels": labels, "datasets": datasets}, _options(units)


def _measure(shown: Sequence[Series]) -> int:
    """Return how many fen a picture's unit of money has: 万元 where one amount reaches it, else 元 (D20)."""
    amounts: list[Any] = [
        value for series in shown if series.unit is Unit.FEN for value in series.values if value is not None
    ]
    return FEN_PER_WAN if any(abs(value) >= FEN_PER_WAN for value in amounts) else FEN_PER_YUAN


def _point(value: Value, unit: Unit, per: int) -> float | None:
    if value is None:
        return None
    return float(round(Decimal(value) / per, 4)) if unit is Unit.FEN else float(value)


def _drawn(kind: str, series: Series, colour: str, count: int, axis: int, per: int) -> dict[str, Any]:
    unit = "万元" if series.unit is Unit.FEN and per == FEN_PER_WAN else series.unit.value
    data = {
        "label": f"{series.name}（{unit}）",
        "data": [_point(value, series.unit, per) for value in series.values[:count]],
        "backgroundColor": colour,
        "yAxisID": f"y{axis or ''}",
    }
    if kind == "line":
        return data | {"borderColor": colour, "tension": 0.3, "spanGaps": True}
    return data | {"maxBarThickness": 28, "borderRadius": 3}


def _dashed(mark: Benchmark, count: int, axis: int, per: int) -> dict[str, Any]:
    """Draw a benchmark; its value stands in its name, because a line over one bar alone is a dot."""
    figure = (
        f"{Decimal(mark.value) / FEN_PER_YUAN:,.2f}元" if mark.unit is Unit.FEN else f"{mark.value}{mark.unit.value}"
    )
    return {
        "type": "line", "label": f"{mark.name} {figure}", "data": [_point(mark.value, mark.unit, per)] * count,
        "borderColor": DASHED, "backgroundColor": "transparent", "borderDash": [6, 4], "borderWidth": 1.5,
        "pointRadius": 3 if count == 1 else 0, "yAxisID": f"y{axis or ''}",
    }  # fmt: skip


def _options(units: Sequence[Unit]) -> dict[str, Any]:
    """Return chart options of our own: the theme's lay two datasets over each other and hide the axes."""
    scales: dict[str, Any] = {"x": {"grid": {"display": False}, "border": {"display": False}}}
    for place, unit in enumerate(units):
        scales[f"y{place or ''}"] = {
            "beginAtZero": True, "border": {"display": False}, "position": "right" if place else "left",
            "grid": {"lineWidth": 0.5, "drawOnChartArea": place == 0},
            "ticks": {} if unit in (Unit.PERCENT, Unit.FEN) else {"precision": 0},
        }  # fmt: skip
    return {
        "responsive": True,
        "maintainAspectRatio": False,
        "animation": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {
            "legend": {"display": True, "position": "top", "align": "end", "labels": {"boxWidth": 10, "boxHeight": 10}},
        },
        "scales": scales,
    }
