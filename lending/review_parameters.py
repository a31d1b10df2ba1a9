"""The numbers of the review queue that a bank may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from lending.models.review import APPLICATION, DRAWDOWN, OPENING, WARNING
from tenants.parameters import Parameter, declare, value_of, values_of

_HOURS: Final = (
    (APPLICATION, 24, "授信审核"),
    (OPENING, 24, "开户审核"),
    (DRAWDOWN, 8, "用信审核"),
    (WARNING, 48, "早期预警"),
)
HOURS: Final = {
    kind: declare(
        Parameter(
            f"review.{kind}_hours",
            default,
            f"{meaning}的处理时限，只计工作日",
            "小时",
            "工程取值",
            "lower",
            low=1,
            high=240,
        )
    )
    for kind, default, meaning in _HOURS
}
AMBER_HOURS: Final = declare(
    Parameter("review.amber_hours", 4, "审核时限届满前多久开始提醒", "小时", "工程取值", "higher", low=1, high=48)
)
TWO_PEOPLE: Final = declare(
    Parameter(
        "review.two_people_from_fen", 200_000_00, "授信和用信审核须两人决定的起点金额", "分", "工程取值", "lower",
        low=0, high=10_000_000_00,
    )
)  # fmt: skip
TASK_DAYS: Final = declare(
    Parameter("review.task_days", 3, "补充核查的默认完成期限", "天", "工程取值", "free", low=1, high=30)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long cases may wait: hours by kind, and how many hours before the end a case is amber."""

    hours: Mapping[str, int]
    amber_hours: int


def patience(on: date) -> Patience:
    """Return the numbers in force on a day."""
    values = values_of([*(spec.name for spec in HOURS.values()), AMBER_HOURS.name], on=on)
    return Patience(
        hours={kind: values[spec.name] for kind, spec in HOURS.items()}, amber_hours=values[AMBER_HOURS.name]
    )


def two_people_from_fen() -> int:
    """Return from which amount a review takes two people, in fen."""
    return value_of(TWO_PEOPLE.name, kind=int)


def task_days() -> int:
    """Return within how many days a supplementary check is to be done where nothing else is said."""
    return value_of(TASK_DAYS.name, kind=int)
