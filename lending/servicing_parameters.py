"""The numbers of servicing a loan that a bank or a regulator may change: papers, payment, watch, collections, reporting."""

from __future__ import annotations

from typing import Final

from core.money import FEN_PER_YUAN
from tenants.parameters import Parameter, declare, value_of

PAPERS_PER_DAY: Final = declare(
    Parameter(
        "paper.per_customer_day", 50, "同一客户 24 小时内新出具文书上限", "份", "工程取值", "lower", low=5, high=500
    )
)


def papers_per_day() -> int:
    """Return how many new papers one customer may ask for within 24 hours; one that exists may be fetched at will."""
    return value_of(PAPERS_PER_DAY.name, kind=int)


SELF_PAYMENT_CONSUMER: Final = declare(
    Parameter(
        "drawdown.self_payment_consumer_yuan", 300_000, "个人消费贷款单笔自主支付上限，超过须受托支付", "元",
        "LN-03，个人贷款管理办法（令2024年第3号）", "lower",
        low=1_000, high=500_000,
    )
)  # fmt: skip
SELF_PAYMENT_BUSINESS: Final = declare(
    Parameter(
        "drawdown.self_payment_business_yuan", 500_000, "个人经营贷款单笔自主支付上限，超过须受托支付", "元",
        "LN-03，个人贷款管理办法（令2024年第3号）", "lower",
        low=1_000, high=500_000,
    )
)  # fmt: skip


def self_payment_fen(*, is_business: bool) -> int:
    """Return up to which amount, in fen, a single drawdown may be paid to the borrower without a payee (LN-03)."""
    parameter = SELF_PAYMENT_BUSINESS if is_business else SELF_PAYMENT_CONSUMER
    return value_of(parameter.name, kind=int) * FEN_PER_YUAN


PURPOSE_WATCH_DAYS: Final = declare(
    Parameter("purpose.watch_days", 90, "放款后监测资金流向的天数", "天", "LN-12", "higher", low=90, high=3_650)
)


def purpose_watch_days() -> int:
    """Return for how many days after a disbursement outflows are watched (LN-12)."""
    return value_of(PURPOSE_WATCH_DAYS.name, kind=int)


FIRST_HOUR: Final = declare(
    Parameter("collection.first_hour", 8, "每日最早可以催收的时刻", "时", "LN-15", "higher", low=8, high=12)
)
LAST_HOUR: Final = declare(
    Parameter("collection.last_hour", 22, "每日停止催收的时刻", "时", "LN-15", "lower", low=17, high=22)
)
CONTACTS_PER_DAY: Final = declare(
    Parameter(
        "collection.contacts_per_day", 3, "每日联系同一借款人的次数上限", "次", "LN-15；次数为工程取值", "lower",
        low=1, high=6,
    )
)  # fmt: skip
NOTICE_AFTER_DAYS: Final = declare(
    Parameter(
        "bureau.notice_after_days", 1, "逾期满多少天生成不良信息报送告知", "天", "征信业管理条例第十五条；天数为工程取值",
        "free", low=1, high=30,
    )
)  # fmt: skip
NOTICE_AHEAD_DAYS: Final = declare(
    Parameter(
        "bureau.notice_ahead_days", 3, "告知后满多少天方可报送不良信息", "天",
        "征信业管理条例第十五条；天数为工程取值", "higher", low=1, high=30,
    )
)  # fmt: skip
OBJECTION_DAYS: Final = declare(
    Parameter(
        "bureau.objection_days", 20, "征信异议的答复期限", "天", "征信业管理条例第二十五条", "lower", low=1, high=20
    )
)


def collection_hours() -> tuple[int, int]:
    """Return between which hours of the day, in Shanghai, a borrower may be contacted: from the first, before the last."""
    return value_of(FIRST_HOUR.name, kind=int), value_of(LAST_HOUR.name, kind=int)


def contacts_per_day() -> int:
    """Return how often one borrower may be contacted on one day, over all their loans (LN-15)."""
    return value_of(CONTACTS_PER_DAY.name, kind=int)


def notice_after_days() -> int:
    """Return after how many days overdue the borrower is told that this is going to be reported."""
    return value_of(NOTICE_AFTER_DAYS.name, kind=int)


def notice_ahead_days() -> int:
    """Return how many days lie between that notice and the first bad report at least."""
    return value_of(NOTICE_AHEAD_DAYS.name, kind=int)


def objection_days() -> int:
    """Return within how many days an objection is answered."""
    return value_of(OBJECTION_DAYS.name, kind=int)
