"""The numbers of the lending room that a bank or a regulator may change, beside those of each product."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from core.money import FEN_PER_YUAN
from tenants.parameters import Parameter, declare, value_of

CONSUMER_CAP: Final = declare(
    Parameter(
        "line.consumer_cap_yuan", 200_000, "每人在本行个人消费类授信合计上限", "元",
        "LN-01，银保监会令2020年第9号", "lower",
        low=1_000, high=300_000,
    )
)  # fmt: skip
OFFER_DAYS: Final = declare(
    Parameter("application.offer_days", 30, "授信结果的确认期限", "天", "工程取值", "free", low=1, high=90)
)
VENDOR_SECONDS: Final = declare(
    Parameter(
        "application.vendor_seconds", 120, "征信和政务数据无应答时的等待上限", "秒", "工程取值", low=10, high=86_400
    )
)
PER_DAY: Final = declare(
    Parameter(
        "application.per_customer_day", 20, "同一客户 24 小时内申请上限", "笔", "工程取值", "lower", low=1, high=200
    )
)


def consumer_cap_fen() -> int:
    """Return how much one person may be granted for consumption at the current bank in all, in fen (LN-01)."""
    return value_of(CONSUMER_CAP.name, kind=int) * FEN_PER_YUAN


def offer_days() -> int:
    """Return how many days of the business date an offer can be accepted."""
    return value_of(OFFER_DAYS.name, kind=int)


def patience() -> timedelta:
    """Return how long a decision waits for a vendor that does not answer."""
    return timedelta(seconds=value_of(VENDOR_SECONDS.name, kind=int))


def applications_per_day() -> int:
    """Return how often one customer may apply within 24 hours."""
    return value_of(PER_DAY.name, kind=int)


DRAFT_HOURS: Final = declare(
    Parameter("drawdown.draft_hours", 24, "用信草稿的有效时间", "小时", "api.md", "lower", low=1, high=24)
)
MIN_READ_SECONDS: Final = declare(
    Parameter(
        "disclosure.min_read_seconds",
        5,
        "融资成本明示的最短阅读时间",
        "秒",
        "LN-09，金规〔2026〕2号",
        "higher",
        low=5,
        high=60,
    )
)
SIGNING_MINUTES: Final = declare(
    Parameter("drawdown.signing_minutes", 10, "合同签署的等待上限", "分钟", "工程取值", "free", low=1, high=120)
)


def draft_life() -> timedelta:
    """Return how long a drawdown's draft lives, by wall time."""
    return timedelta(hours=value_of(DRAFT_HOURS.name, kind=int))


def min_read_seconds() -> int:
    """Return how long a table of costs must be read before it can be confirmed, in seconds (LN-09)."""
    return value_of(MIN_READ_SECONDS.name, kind=int)


def signing_patience() -> timedelta:
    """Return how long a signature waits for a time stamp."""
    return timedelta(minutes=value_of(SIGNING_MINUTES.name, kind=int))
