"""The numbers of the accounts room that a bank or a regulator may change."""

from __future__ import annotations

from typing import Final

from core.money import FEN_PER_YUAN
from tenants.parameters import Parameter, declare, value_of

SESSION_MINUTES: Final = declare(
    Parameter("session.minutes", 720, "登录有效时长", "分钟", "JR/T 0092-2019", "lower", 5, 1440)
)
SESSION_KEPT_DAYS: Final = declare(
    Parameter(
        "session.kept_days", 180, "登录记录在会话结束后的保存天数", "天", "网络安全法第二十一条", "higher", 180, 1095
    )
)
MAX_CLASS_TWO: Final = declare(
    Parameter("account.max_class_two", 5, "每人在本行Ⅱ类户上限", "个", "ACC-01, 银发〔2016〕302号", "lower", 1, 5)
)
MIN_AGE: Final = declare(Parameter("account.min_age", 18, "线上开户最低年龄", "岁", "ACC-12", "higher", 16, 30))
KEEPER: Final = declare(
    Parameter(
        "account.keeper",
        "own",
        "Ⅱ类户记账方",
        "",
        "ADR: deposit accounts have a keeper",
        "free",
        choices=("own", "core"),
    )
)
FILING_DAYS: Final = declare(Parameter("filing.open_days", 5, "开户备案期限", "个工作日", "ACC-11", "lower", 1, 5))
CARD_COOLING_HOURS: Final = declare(
    Parameter(
        "card.cooling_hours", 24, "第二张及以后银行卡绑定后不得转出至该卡的时长", "小时", "A2-18", "higher", 1, 240
    )
)
CARD_STEP_UP_HOURS: Final = declare(
    Parameter("card.step_up_hours", 24, "银行卡核验通过后完成人脸和声纹核验的期限", "小时", "工程取值", "lower", 1, 72)
)

SOURCE_TWO: Final = "ACC-05，银发〔2016〕302号"
SOURCE_THREE: Final = "ACC-07，银发〔2018〕16号"
TWO_IN_DAY: Final = declare(
    Parameter(
        "quota.two_in_day_yuan", 10_000, "Ⅱ类户非绑定账户转入及存现日累计限额", "元", SOURCE_TWO, "lower", 0, 1_000_000
    )
)
TWO_IN_YEAR: Final = declare(
    Parameter(
        "quota.two_in_year_yuan",
        200_000,
        "Ⅱ类户非绑定账户转入及存现年累计限额",
        "元",
        SOURCE_TWO,
        "lower",
        0,
        10_000_000,
    )
)
TWO_OUT_DAY: Final = declare(
    Parameter(
        "quota.two_out_day_yuan", 10_000, "Ⅱ类户非绑定账户转出日累计限额", "元", SOURCE_TWO, "lower", 0, 1_000_000
    )
)
TWO_OUT_YEAR: Final = declare(
    Parameter(
        "quota.two_out_year_yuan", 200_000, "Ⅱ类户非绑定账户转出年累计限额", "元", SOURCE_TWO, "lower", 0, 10_000_000
    )
)
THREE_OUT_DAY: Final = declare(
    Parameter("quota.three_out_day_yuan", 2_000, "Ⅲ类户转出日累计限额", "元", SOURCE_THREE, "lower", 0, 200_000)
)
THREE_OUT_YEAR: Final = declare(
    Parameter("quota.three_out_year_yuan", 50_000, "Ⅲ类户转出年累计限额", "元", SOURCE_THREE, "lower", 0, 5_000_000)
)
THREE_BALANCE: Final = declare(
    Parameter("account.three_balance_yuan", 2_000, "Ⅲ类户任一时点余额上限", "元", SOURCE_THREE, "lower", 0, 200_000)
)
STATEMENT_DAYS: Final = declare(
    Parameter("statement.most_days", 366, "对账单一次可查询的最长期间", "天", "工程取值", "free", low=31, high=1830)
)


def in_fen(parameter: Parameter) -> int:
    """Return the value in force of a parameter that is an amount in yuan, in fen."""
    return value_of(parameter.name, kind=int) * FEN_PER_YUAN
