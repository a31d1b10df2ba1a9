"""The numbers of the lending room that a bank or a regulator may change, beside those of each product."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from typing import Final, cast

from core.clock import business_date
from core.db.asks import Ask, alone
from core.money import FEN_PER_YUAN
from lending.loans.allocation import Kind
from lending.loans.classification import Category, ClassificationRules
from tenants.parameters import (
    Locked,
    Parameter,
    asking_value,
    days_of_change,
    declare,
    lock,
    value_of,
    values_of,
)

CONSUMER_CAP: Final = declare(
    Parameter(
        "line.consumer_cap_yuan", 200_000, "每人在本行个人消费类授信合计上限", "元",
        "LN-01，银保监会令2020年第9号", "lower",
        low=1_000, high=300_000,
    )
)  # fmt: skip
NET_CAPITAL: Final = declare(
    Parameter(
        "bank.net_capital_yuan", 0, "本行资本净额（0 为未填报，不作单一客户集中度限制）", "元", "LN-19，商业银行法第三十九条",
        "free", low=0, high=10**12,
    )
)  # fmt: skip
SINGLE_CUSTOMER_PERCENT: Final = declare(
    Parameter(
        "line.single_customer_percent", 10, "单一客户贷款余额占资本净额的上限", "%", "LN-19，商业银行法第三十九条",
        "lower", low=1, high=10,
    )
)  # fmt: skip
OFFER_DAYS: Final = declare(
    Parameter(
        "application.offer_days", 30, "授信结果的确认期限", "天", "工程取值", "lower", low=1, high=90, by_product=True
    )
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


def single_customer_cap_fen() -> int | None:
    """Return how much one person may owe the current bank, in fen (LN-19); None where its net capital is not entered."""
    values = values_of([NET_CAPITAL.name, SINGLE_CUSTOMER_PERCENT.name], on=business_date())
    most_fen = int(values[NET_CAPITAL.name]) * FEN_PER_YUAN * int(values[SINGLE_CUSTOMER_PERCENT.name]) // 100
    return most_fen or None


def offer_days(product: str) -> int:
    """Return how many days of the business date an offer of a product can be accepted."""
    return value_of(OFFER_DAYS.name, kind=int, product=product)


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
READING_FLOOR: Final = lock(
    Locked(
        "disclosure.reading_floor",
        "融资成本明示的强制阅读",
        f"每次用款须阅读明示表不少于 {MIN_READ_SECONDS.low} 秒后确认，内容变动须重新阅读",
        "监管要求，阅读时间可以调长（disclosure.min_read_seconds），不能低于下限，也不能取消",
        "LN-09，金规〔2026〕2号",
    )
)
RELATED_PARTIES: Final = lock(
    Locked(
        "application.related_party",
        "关系人拒绝",
        "关系人名单内的申请一律拒绝，模型和人工都不能放行",
        "商业银行不得向关系人发放信用贷款",
        "商业银行法第四十条",
    )
)
SIGNING_MINUTES: Final = declare(
    Parameter("drawdown.signing_minutes", 10, "合同签署的等待上限", "分钟", "工程取值", "free", low=1, high=120)
)


NON_ACCRUAL_DAYS: Final = declare(
    Parameter(
        "loan.non_accrual_days", 90, "逾期超过多少天转为非应计并先还本金", "天", "RISK-04、ALLOC-01", "lower",
        low=30, high=90, notice_days=1,
    )
)  # fmt: skip
ALLOCATION_ORDER: Final = declare(
    Parameter(
        "repayment.order", "fee,compound,penalty,interest,principal", "同一期内的还款顺序", "",
        "ALLOC-01，民法典第五百六十一条", "free",
        choices=(
            "fee,compound,penalty,interest,principal",
            "fee,interest,compound,penalty,principal",
            "fee,interest,principal,compound,penalty",
        ),
        notice_days=1,
    )
)  # fmt: skip
OBSERVATION_MONTHS: Final = declare(
    Parameter(
        "loan.observation_months", 6, "欠款结清后分类上调的最短观察期", "个月",
        "RISK-02，商业银行金融资产风险分类办法，令2023年第1号", "higher", low=6, high=24,
    )
)  # fmt: skip
OBSERVATION_PERIODS: Final = declare(
    Parameter(
        "loan.observation_periods", 2, "欠款结清后分类上调须连续正常还款的期数", "期",
        "RISK-02，商业银行金融资产风险分类办法，令2023年第1号", "higher", low=2, high=12,
    )
)  # fmt: skip
WATCH_MONTHS: Final = declare(
    Parameter(
        "loan.watch_months", 12, "重组贷款的观察期，期内至多为关注类", "个月",
        "RISK-02，商业银行金融资产风险分类办法，令2023年第1号", "higher", low=12, high=60,
    )
)  # fmt: skip
CALL_IN_DAYS: Final = declare(
    Parameter(
        "loan.call_in_days",
        7,
        "宣布贷款提前到期时给借款人的准备时间",
        "天",
        "LN-12，合同约定，工程取值",
        "higher",
        low=3,
        high=60,
    )
)
STAGE_TWO_DAYS: Final = declare(
    Parameter(
        "loan.stage_two_days", 30, "逾期超过多少天进入减值第二阶段", "天", "RISK-04，CAS 22 预期信用损失", "lower",
        low=1, high=30,
    )
)  # fmt: skip
_COVERAGE: Final = (
    ("loan.ecl_stage_one_bp", 150, "第一阶段预期信用损失率"),
    ("loan.ecl_stage_two_bp", 1_000, "第二阶段预期信用损失率"),
    ("loan.ecl_stage_three_bp", 6_000, "第三阶段预期信用损失率"),
)
COVERAGE: Final = tuple(
    declare(Parameter(name, default, meaning, "基点", "RISK-04，工程取值，须由银行计量", "higher", low=1, high=10_000))
    for name, default, meaning in _COVERAGE
)


_RESERVE: Final = (
    (Category.NORMAL, 150),
    (Category.SPECIAL_MENTION, 300),
    (Category.SUBSTANDARD, 3_000),
    (Category.DOUBTFUL, 6_000),
    (Category.LOSS, 10_000),
)
GENERAL_RESERVE: Final = {
    category: declare(
        Parameter(
            f"loan.general_reserve_{category.value}_bp", default, f"一般准备潜在风险系数：{category.label}", "基点",
            "RISK-04，财金〔2012〕20号", "higher", low=0, high=10_000,
        )
    )
    for category, default in _RESERVE
}  # fmt: skip
LINE_REVIEW_DAYS: Final = declare(
    Parameter(
        "line.review_days", 365, "额度须重新评估的间隔，超过后暂停用款", "天", "LN-02，银保监会令2020年第9号", "lower",
        low=30, high=365,
    )
)  # fmt: skip
_ROUNDS: Final = (  # when the last begins, the day's incoming payments have arrived
    (510, 360, 719, "8:30"),
    (720, 600, 899, "12:00"),
    (1080, 900, 1259, "18:00"),
    (1330, 1321, 1430, "22:10"),
)
AUTO_DEBIT_ROUNDS: Final = tuple(
    declare(
        Parameter(
            f"auto_debit.round_{number}_minutes", default, f"第 {number} 轮自动扣款：北京时间零点之后的分钟数（默认 {clock}）",
            "分钟", "PEN-02，工程取值", "free", low=low, high=high,
        )
    )
    for number, (default, low, high, clock) in enumerate(_ROUNDS, start=1)
)  # fmt: skip
AUTO_DEBIT_KEPT_DAYS: Final = declare(
    Parameter("auto_debit.kept_days", 30, "自动扣款清单的保留时间", "天", "工程取值", "free", low=1, high=366)
)


def call_in_days() -> int:
    """Return how many days lie at least between calling a loan in and the day on which it falls due (LN-12)."""
    return value_of(CALL_IN_DAYS.name, kind=int)


def line_review_days() -> int:
    """Return after how many days without a review a line lends nothing new (LN-02)."""
    return alone(asking_line_review_days())


def asking_line_review_days() -> Ask[int]:
    """Ask for it together with other things."""
    return asking_value(LINE_REVIEW_DAYS.name, kind=int)


def auto_debit_times(on: date) -> tuple[time, ...]:
    """Return at which times of a day what is due is collected, in Shanghai, earliest first (PEN-02)."""
    values = values_of([spec.name for spec in AUTO_DEBIT_ROUNDS], on=on)
    return tuple(time(*divmod(values[spec.name], 60)) for spec in AUTO_DEBIT_ROUNDS)


def auto_debit_kept_days(on: date) -> int:
    """Return for how many days the list of automatic debits is kept."""
    return value_of(AUTO_DEBIT_KEPT_DAYS.name, kind=int, on=on)


def non_accrual_days(on: date | None = None) -> int:
    """Return above how many days overdue a loan no longer accrues and principal is paid first."""
    return value_of(NON_ACCRUAL_DAYS.name, kind=int, on=on)


def allocation_order(on: date | None = None) -> tuple[Kind, ...]:
    """Return in which order the debts of one instalment are paid (ALLOC-01)."""
    text = value_of(ALLOCATION_ORDER.name, kind=str, on=on)
    return tuple(cast("Kind", f"{word}_fen") for word in text.split(","))


CLASSIFICATION: Final[Mapping[str, str]] = {
    "observation_months": OBSERVATION_MONTHS.name,
    "observation_periods": OBSERVATION_PERIODS.name,
    "watch_months": WATCH_MONTHS.name,
    "non_accrual_days": NON_ACCRUAL_DAYS.name,
    "stage_two_days": STAGE_TWO_DAYS.name,
}


def classification_rules(on: date) -> ClassificationRules:
    """Return the numbers in force on a day."""
    values = values_of(list(CLASSIFICATION.values()), on=on)
    return ClassificationRules(**{field: values[name] for field, name in CLASSIFICATION.items()})


def classification_rules_by_day() -> Callable[[date], ClassificationRules]:
    """Return what tells the numbers in force on any day: they are read once for all the days on which they stay the same."""
    changes, read = [date.min, *days_of_change(list(CLASSIFICATION.values()))], cache(classification_rules)
    return lambda on: read(changes[bisect_right(changes, on) - 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRules:
    """What is set aside for losses on a day, in basis points of principal.

    `coverage` is the expected credit loss of the three stages (RISK-04), `general_reserve` the coefficients of the general
    reserve by category (财金〔2012〕20号).
    """

    coverage: tuple[int, int, int]
    general_reserve: Mapping[str, int]


def reserve_rules(on: date) -> ReserveRules:
    """Return the numbers in force on a day."""
    values = values_of([spec.name for spec in (*COVERAGE, *GENERAL_RESERVE.values())], on=on)
    one, two, three = (values[spec.name] for spec in COVERAGE)
    return ReserveRules(
        coverage=(one, two, three),
        general_reserve={category.value: values[spec.name] for category, spec in GENERAL_RESERVE.items()},
    )


def draft_life() -> timedelta:
    """Return how long a drawdown's draft lives, by wall time."""
    return timedelta(hours=value_of(DRAFT_HOURS.name, kind=int))


def min_read_seconds() -> int:
    """Return how long a table of costs must be read before it can be confirmed, in seconds (LN-09)."""
    return alone(asking_min_read_seconds())


def asking_min_read_seconds() -> Ask[int]:
    """Ask for it together with other things."""
    return asking_value(MIN_READ_SECONDS.name, kind=int)


CUTOFF_MINUTES: Final = declare(
    Parameter(
        "day.cutoff_minutes",
        0,
        "营业日切换时间：北京时间零点之后的分钟数，负数为零点之前",
        "分钟",
        "PU-05",
        "free",
        low=-240,
        high=360,
    )
)


def signing_patience() -> timedelta:
    """Return how long a signature waits for a time stamp."""
    return timedelta(minutes=value_of(SIGNING_MINUTES.name, kind=int))


def cutoff_minutes() -> int:
    """Return how many minutes after midnight in Shanghai the current bank's day changes; negative: before it (PU-05)."""
    return value_of(CUTOFF_MINUTES.name, kind=int)
