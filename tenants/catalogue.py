"""The parameters as staff see them: each with the value in force, where it comes from, its bounds and what is to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, cast

from tenants.models import BankParameter, PlatformParameter
from tenants.parameters import CATALOGUE, SETS, Parameter, is_as_tight, tightened, value_of, words

Source = Literal["default", "platform", "bank"]
SOURCES: Final[dict[Source, str]] = {"default": "默认值", "platform": "平台", "bank": "本行"}
MAY: Final = {
    "lower": "只能调低", "higher": "只能调高", "subset": "只能缩小范围", "superset": "只能增加", "fixed": "不可更改",
    "free": "在允许范围内可调",
}  # fmt: skip
SWITCH: Final = {"lower": "只能关闭", "higher": "只能开启"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A value from a date on, with who proposed and who approved it; of one product where it names one."""

    value: Any
    effective_date: date
    product: str = ""
    created_by: str = ""
    approved_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """One parameter at present: the value in force, its source, and the next change of the asking scope.

    `ineffective` is the bank's own value where the platform has since become tighter than it. `since` is the row of the
    asking scope that is in force, `products` those of single products.
    """

    spec: Parameter
    value: Any
    source: Source
    wide: Any
    ineffective: Any
    coming: Coming | None
    since: Coming | None
    products: Sequence[Coming] = ()

    @property
    def source_text(self) -> str:
        """Name the source in Chinese."""
        return SOURCES[self.source]

    @property
    def value_text(self) -> str:
        """Write the value in force with its unit."""
        return in_words(self.spec, self.value)

    @property
    def wide_text(self) -> str:
        """Write the platform's value with its unit."""
        return in_words(self.spec, self.wide)

    @property
    def ineffective_text(self) -> str:
        """Write the bank's own value that has no effect; nothing where there is none."""
        return "" if self.ineffective is None else in_words(self.spec, self.ineffective)

    @property
    def coming_text(self) -> str:
        """Say what takes effect next, and when."""
        return (
            "" if self.coming is None else f"{self.coming.effective_date} 起 {in_words(self.spec, self.coming.value)}"
        )

    @property
    def scope_text(self) -> str:
        """Say in which direction a narrower scope may move it."""
        return direction_in_words(self.spec)

    @property
    def bounds_text(self) -> str:
        """Say between which values it may lie."""
        if self.spec.choices:
            return "、".join(self.spec.choices)
        if isinstance(self.spec.default, bool):
            return "是、否"
        if isinstance(self.spec.default, str):
            return "以英文逗号分隔的多项" if self.spec.tighter in SETS else "文本"
        low, high = self.spec.low, self.spec.high
        return f"{'—' if low is None else low} 至 {'—' if high is None else high}"

    @property
    def notice_text(self) -> str:
        """Say how early a new value can take effect."""
        days = self.spec.notice_days
        return f"复核当日起第 {days} 日" if days else "复核当日"

    @property
    def is_settable_by_bank(self) -> bool:
        """Tell whether a bank may have a value of its own."""
        return self.spec.tighter != "fixed"


def direction_in_words(spec: Parameter) -> str:
    """Say in Chinese in which direction a narrower scope may move a parameter."""
    return SWITCH.get(spec.tighter, MAY[spec.tighter]) if isinstance(spec.default, bool) else MAY[spec.tighter]


def in_words(spec: Parameter, value: Any) -> str:
    """Write a parameter's value as staff read it, with its unit."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if spec.tighter in SETS:
        return "、".join(words(str(value))) or "（无）"
    return f"{value}{spec.unit}" if spec.unit else str(value)


def present_value(name: str, product: str = "") -> Any:
    """Return what is in force today at the current place, of whatever type it is; at the province the platform's value."""
    return value_of(name, kind=cast("type[str]", object), product=product)


def presently(day: date, *, at_bank: bool) -> list[Present]:
    """Return every declared parameter as it stands on a day: at the current bank, or for the platform alone.

    Two statements, however many parameters there are.
    """
    platform = _by_name(PlatformParameter.objects.order_by("effective_date"))
    bank = _by_name(BankParameter.objects.order_by("effective_date")) if at_bank else {}
    return [
        _present(spec, day, platform.get(name, []), bank.get(name, []), at_bank=at_bank)
        for name, spec in sorted(CATALOGUE.items())
    ]


def _by_name(rows: Iterable[Any]) -> dict[str, list[Coming]]:
    found: dict[str, list[Coming]] = defaultdict(list)
    for row in rows:
        found[row.name].append(
            Coming(
                value=row.value,
                effective_date=row.effective_date,
                product=getattr(row, "product", ""),
                created_by=row.created_by,
                approved_by=row.approved_by,
            )
        )
    return found


def _present(spec: Parameter, day: date, platform: list[Coming], bank: list[Coming], *, at_bank: bool) -> Present:
    whole, products = [row for row in bank if not row.product], [row for row in bank if row.product]
    own = whole if at_bank else platform
    wide_row, narrow_row = _in_force(platform, day), _in_force(whole, day)
    wide = spec.default if wide_row is None else wide_row.value
    value = wide if narrow_row is None else tightened(spec, wide, narrow_row.value)
    holds = narrow_row is not None and is_as_tight(spec, wide, narrow_row.value)
    source: Source = "bank" if holds else "default" if wide_row is None else "platform"
    return Present(
        spec=spec,
        value=value,
        source=source,
        wide=wide,
        ineffective=None if narrow_row is None or holds else narrow_row.value,
        coming=next((row for row in own if row.effective_date > day), None),
        since=_in_force(own, day),
        products=products,
    )


def _in_force(rows: list[Coming], day: date) -> Coming | None:
    past = [row for row in rows if row.effective_date <= day]
    return past[-1] if past else None
