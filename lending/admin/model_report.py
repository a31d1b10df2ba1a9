"""What the pages of models show below a row: figures, bars and tables, as the dashboard shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

TEMPLATE: Final = "admin/model_report.html"
COLOURS: Final = {
    "offered": "var(--color-primary-600)", "passed": "var(--color-primary-600)", "review": "var(--color-primary-300)",
    "rejected": "#9ca3af", "error": "#dc2626",
}  # fmt: skip
OUTCOMES: Final = {
    "offered": "授信", "passed": "通过初筛", "review": "转人工", "rejected": "拒绝", "error": "无法得出结论",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: what it is, how much, and what it says beside."""

    title: str
    value: str
    symbol: str = "rule"
    note: str = ""
    link: str = ""
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is shown; `progress` in per cent, None where nothing is on its way."""

    cards: Sequence[Figure] = ()
    charts: Sequence[Mapping[str, str]] = ()
    tables: Sequence[Mapping[str, Any]] = field(default_factory=list)
    progress: int | None = None
    progress_title: str = ""
    progress_text: str = ""
    refresh_seconds: int | None = None


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[Any]], *, note: str = "") -> dict[str, Any]:
    """Return a table as the theme takes it."""
    return {"title": title, "note": note, "headers": list(headers), "rows": [list(row) for row in rows]}


def matrix(counts: Mapping[str, int], *, old: str, new: str, note: str = "") -> dict[str, Any]:
    """Return a table of how many went from which outcome to which; the last row and column are sums."""
    outcomes = [name for name in OUTCOMES if any(name in pair.split(">") for pair in counts)]
    rows: list[list[Any]] = []
    for before in outcomes:
        numbers = [counts.get(f"{before}>{after}", 0) for after in outcomes]
        if any(numbers):
            rows.append([OUTCOMES[before], *(f"{number:,}" for number in numbers), f"{sum(numbers):,}"])
    sums = [sum(number for pair, number in counts.items() if pair.split(">")[1] == after) for after in outcomes]
    rows.append(["合计", *(f"{number:,}" for number in sums), f"{sum(sums):,}"])
    headers = [f"{old} ＼ {new}", *(OUTCOMES[name] for name in outcomes), "合计"]
    return table(f"{old}与{new}", headers, rows, note=note)


def bars(counts: Mapping[str, int], *, old: str, new: str) -> dict[str, str]:
    """Return a picture of the same: how many had each outcome before, coloured by the outcome after."""
    outcomes = [name for name in OUTCOMES if any(name in pair.split(">") for pair in counts)]
    before = [name for name in outcomes if any(pair.split(">")[0] == name for pair in counts)]
    data = {
        "labels": [f"{old}：{OUTCOMES[name]}" for name in before],
        "datasets": [
            {
                "label": f"{new}：{OUTCOMES[after]}", "data": [counts.get(f"{name}>{after}", 0) for name in before],
                "backgroundColor": COLOURS[after], "maxBarThickness": 26, "borderRadius": 3,
            }
            for after in outcomes
        ],
    }  # fmt: skip
    options = {
        "indexAxis": "y", "responsive": True, "maintainAspectRatio": False, "animation": False,
        "plugins": {"legend": {"display": True, "position": "top", "align": "end",
                               "labels": {"boxWidth": 10, "boxHeight": 10}}},
        "scales": {"x": {"stacked": True, "beginAtZero": True, "ticks": {"precision": 0}, "grid": {"lineWidth": 0.5}},
                   "y": {"stacked": True, "grid": {"display": False}}},
    }  # fmt: skip
    return {
        "title": f"{new}如何改变{old}", "note": "笔数，按原结论分组、新结论着色",
        "data": json.dumps(data, ensure_ascii=False), "options": json.dumps(options, ensure_ascii=False),
    }  # fmt: skip
