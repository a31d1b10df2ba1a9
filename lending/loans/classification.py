"""The five categories by days overdue (RISK-01, 商业银行金融资产风险分类办法, 令2023年第1号).

Overdue at all is special mention at best; above 90 days substandard, above 270 doubtful, above 360 loss. The
observation period before an upgrade (RISK-02) is a matter of history and not of this table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


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
_ABOVE: Final = (
    (360, Category.LOSS),
    (270, Category.DOUBTFUL),
    (90, Category.SUBSTANDARD),
    (0, Category.SPECIAL_MENTION),
)


def category_of(overdue_days: int) -> Category:
    """Return the category that so many days overdue call for at least."""
    return next((category for days, category in _ABOVE if overdue_days > days), Category.NORMAL)
