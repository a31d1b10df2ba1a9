"""The parameters as staff see them: each with the value in force, where it comes from, its bounds and what is to come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from tenants.models import BankParameter, PlatformParameter
from tenants.parameters import CATALOGUE, Parameter, tightened

Source = Literal["default", "platform", "bank"]
SOURCES: Final[dict[Source, str]] = {"default": "默认值", "platform": "平台", "bank": "本行"}
MAY: Final = {"lower": "只能更低", "higher": "只能更高", "fixed": "不可更改", "free": "可以更改"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A value that takes effect on a later date."""

    value: Any
    effective_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """One parameter at present: the value in force, its source, and the next change of the asking scope.

    `ineffective` is the bank's own value where the platform has since become tighter than it.
    """

    spec: Parameter
    value: Any
    source: Source
    wide: Any
    ineffective: Any
    coming: Coming | None

    @property
    def source_text(self) -> str:
        """Name the source in Chinese."""
        return SOURCES[self.source]

    @property
    def scope_text(self) -> str:
        """Say in which direction a bank may move it."""
        return MAY[self.spec.tighter]

    @property
    def bounds_text(self) -> str:
        """Say between which values it may lie."""
        if self.spec.choices:
            return "、".join(self.spec.choices)
        if isinstance(self.spec.default, bool):
            return "是、否"
        if isinstance(self.spec.default, str):
            return "文本"
        low, high = self.spec.low, self.spec.high
        return f"{'—' if low is None else low} 至 {'—' if high is None else high}"

    @property
    def is_settable_by_bank(self) -> bool:
        """Tell whether a bank may have a value of its own."""
        return self.spec.tighter != "fixed"


def presently(day: date, *, at_bank: bool) -> list[Present]:
    """Return every declared parameter as it stands on a day: at the current bank, or for the platform alone.

    Two statements, however many parameters there are.
    """
    platform = _by_name(PlatformParameter.objects.order_by("effective_date"))
    bank = _by_name(BankParameter.objects.order_by("effective_date")) if at_bank else {}
    own = bank if at_bank else platform
    return [
        _present(spec, day, platform.get(name, []), bank.get(name, []), own.get(name, []))
        for name, spec in sorted(CATALOGUE.items())
    ]


def _by_name(rows: Iterable[Any]) -> dict[str, list[Coming]]:
    found: dict[str, list[Coming]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(Coming(value=row.value, effective_date=row.effective_date))
    return found


def _present(spec: Parameter, day: date, platform: list[Coming], bank: list[Coming], own: list[Coming]) -> Present:
    wide_row, narrow_row = _in_force(platform, day), _in_force(bank, day)
    wide = spec.default if wide_row is None else wide_row.value
    value = wide if narrow_row is None else tightened(spec, wide, narrow_row.value)
    holds = narrow_row is not None and value == narrow_row.value
    source: Source = "bank" if holds else "default" if wide_row is None else "platform"
    return Present(
        spec=spec,
        value=value,
        source=source,
        wide=wide,
        ineffective=None if narrow_row is None or holds else narrow_row.value,
        coming=next((row for row in own if row.effective_date > day), None),
    )


def _in_force(rows: list[Coming], day: date) -> Coming | None:
    past = [row for row in rows if row.effective_date <= day]
    return past[-1] if past else None
