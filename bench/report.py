"""How a benchmark says what it has found: a table for a person, one JSON object for a program."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured figure beside its baseline.

    `ratio` is measured over baseline, the median over the turns; `at_most` is what it is held to, where the project
    promises something, and `at_least` where more is better. A figure without a baseline is held to them by itself.
    """

    name: str
    unit: str
    measured: float
    baseline: float | None = None
    ratio: float | None = None
    ratios: Sequence[float] = field(default=())
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool | None:
        """Tell whether the promise is kept; None where nothing is promised."""
        if self.at_most is None and self.at_least is None:
            return None
        held = self.measured if self.ratio is None else self.ratio
        return (self.at_most is None or held <= self.at_most) and (self.at_least is None or held >= self.at_least)

    def as_json(self) -> dict[str, Any]:
        """Return the finding for a program."""
        rounded = {name: _rounded(value) for name, value in asdict(self).items()}
        return {**rounded, "holds": self.holds}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [round(one, 4) for one in value] if isinstance(value, tuple | list) else value


def compared(
    *,
    name: str,
    unit: str,
    measured: Sequence[float],
    baseline: Sequence[float],
    at_most: float | None = None,
    at_least: float | None = None,
    note: str = "",
) -> Finding:
    """Make a finding of turns that were taken in pairs: the ratio is the median of the pairs' ratios."""
    ratios = [ours / theirs for ours, theirs in zip(measured, baseline, strict=True)]
    return Finding(
        name=name, unit=unit, measured=statistics.median(measured), baseline=statistics.median(baseline),
        ratio=statistics.median(ratios), ratios=ratios, at_most=at_most, at_least=at_least,
        note=note,
    )  # fmt: skip


HEAD = ("", "measured", "baseline", "ratio", "promised")


def table(findings: Sequence[Finding]) -> str:
    """Lay findings out for a terminal: names to the left, figures to the right, what is to be said at the end."""
    rows = [HEAD, *(_row(one) for one in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    said = ["", *(_said(one) for one in findings)]
    lines = []
    for row, text in zip(rows, said, strict=True):
        figures = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *figures, text]).rstrip())
    return "\n".join(lines)


def _row(one: Finding) -> tuple[str, ...]:
    return (
        one.name,
        f"{one.measured:.3f} {one.unit}",
        "" if one.baseline is None else f"{one.baseline:.3f} {one.unit}",
        "" if one.ratio is None else f"{one.ratio:.3f}",
        _promised(one),
    )


def _promised(one: Finding) -> str:
    bounds = [
        f"≤ {one.at_most:g}" if one.at_most is not None else "",
        f"≥ {one.at_least:g}" if one.at_least is not None else "",
    ]
    return " ".join(bound for bound in bounds if bound)


def _said(one: Finding) -> str:
    word = {True: "holds", False: "DOES NOT HOLD", None: ""}[one.holds]
    return "; ".join(part for part in (word, one.note) if part)
