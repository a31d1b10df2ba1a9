"""The five categories by days overdue (RISK-01, 商业银行金融资产风险分类办法, 令2023年第1号), and what rests on them.

Overdue at all is special mention at best; above 90 days substandard, above 270 doubtful, above 360 loss. A category
falls at once and rises only after an observation period (RISK-02), so it is kept; days overdue say what it is at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from lending.loans.due_dates import months_after


class Category(StrEnum):
    """A category by the word of the contract; `label` is for people."""

    NORMAL = "normal"
    SPECIAL_MENTION = "special_mention"
    SUBSTANDARD = "substandard"
    DOUBTFUL = "doubtful"
    LOSS = "loss"

    @property
    def label(self) -> str:
        """Say it in Chinese."""
        return LABELS[self]


LABELS: Final = {
    Category.NORMAL: "正常",
    Category.SPECIAL_MENTION: "关注",
    Category.SUBSTANDARD: "次级",
    Category.DOUBTFUL: "可疑",
    Category.LOSS: "损失",
}
ABOVE: Final = (
    (360, Category.LOSS),
    (270, Category.DOUBTFUL),
    (90, Category.SUBSTANDARD),
    (0, Category.SPECIAL_MENTION),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationRules:
    """By which numbers loans are classified on a day (RISK-02, RISK-04).

    A category that was cured rises after so many months and so many instalments paid in time. Above `non_accrual_days`
    overdue a loan no longer accrues; above `stage_two_days` its credit risk counts as significantly increased. What is
    restructured is watched for `watch_months`.
    """

    observation_months: int
    observation_periods: int
    watch_months: int
    non_accrual_days: int
    stage_two_days: int


def category_of(overdue_days: int) -> Category:
    """Return the category that so many days overdue call for at least."""
    return next((category for days, category in ABOVE if overdue_days > days), Category.NORMAL)


SEVERITY: Final = {category: place for place, category in enumerate(Category)}
BAD: Final = frozenset({Category.SUBSTANDARD, Category.DOUBTFUL, Category.LOSS})
"""The categories of non-performing loans (RISK-02)."""


def worse(category: Category, overdue_days: int, *, at_least: Category = Category.NORMAL) -> Category:
    """Return the worst of a category that is kept, of what days overdue call for, and of another floor."""
    return max(category, category_of(overdue_days), at_least, key=SEVERITY.__getitem__)


def stage_of(category: Category, overdue_days: int, *, stage_two_days: int, is_restructured: bool = False) -> int:
    """Return the stage of impairment: 3 non-performing, 2 overdue for long or restructured, else 1 (RISK-04)."""
    if category in BAD:
        return 3
    return 2 if is_restructured or overdue_days > stage_two_days else 1


def observed_until(cured_date: date, due_dates: Sequence[date], *, months: int, periods: int) -> date:
    """Return the day on which a category may rise that was cured on a day, if all is paid until then (RISK-02).

    The longer counts of the months and of the instalments; where fewer instalments are left, the last of them.
    """
    after = [day for day in due_dates if day > cured_date][:periods]
    by_months = months_after(cured_date, months, anchor_day=cured_date.day)
    return max(by_months, after[-1]) if after else by_months
