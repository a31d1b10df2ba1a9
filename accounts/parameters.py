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
        "Ⅱ类户和Ⅲ类户记账方",
        "",
        "ADR: deposit accounts have a keeper",
        "free",
        choices=("own", "core"),
    )
)
MAX_CLASS_ONE: Final = declare(
    Parameter("account.max_class_one", 1, "每人在本行Ⅰ类户上限", "个", "ACC-01, 银发〔2016〕261号", "fixed", 1, 1)
)
MAX_CLASS_THREE: Final = declare(
    Parameter("account.max_class_three", 5, "每人在本行Ⅲ类户上限", "个", "ACC-01, 银发〔2018〕16号", "lower", 1, 5)
)
DRAFT_DAYS: Final = declare(
    Parameter("account.draft_days", 7, "待人脸核验的开户申请保留天数，逾期作废", "天", "工程取值", "free", 1, 30)
)
PERSONS_PER_PHONE: Final = declare(
    Parameter(
        "account.persons_per_phone", 1, "同一手机号在本行可自动开户的人数上限，声明共用的除外", "人",
        "ACC-10, 银发〔2016〕261号", "lower", 1, 3,
    )
)  # fmt: skip
OPENINGS_PER_DEVICE: Final = declare(
    Parameter(
        "account.openings_per_device", 3, "同一设备每日自动开户上限，超过的转人工审核", "个", "ACC-10", "lower", 1, 10
    )
)
DISCIPLINE_EXEMPT_PAYEES: Final = declare(
    Parameter(
        "discipline.exempt_payees",
        "",
        "涉诈联合惩戒对象仍可线上付款的收款账号：缴纳税费、社会保险费和水电气费，逗号分隔",
        "",
        "ACC-09，电信网络诈骗及其关联违法犯罪联合惩戒办法",
    )
)
DORMANT_MONTHS: Final = declare(
    Parameter(
        "account.dormant_months",
        6,
        "开户后无交易即暂停非柜面业务的月数",
        "个月",
        "ACC-08, 银发〔2016〕261号",
        "lower",
        1,
        12,
    )
)
DORMANT_BALANCE_YUAN: Final = declare(
    Parameter(
        "account.dormant_balance_yuan", 0, "余额低于此值且同样月数无交易的账户也暂停，0 为不启用", "元", "ACC-08, 各行自定",
        "higher", 0, 10_000,
    )
)  # fmt: skip
ID_FIRST_NOTICE_DAYS: Final = declare(
    Parameter("id_card.first_notice_days", 90, "证件到期首次提醒提前天数", "天", "ACC-13", "higher", 60, 180)
)
ID_SECOND_NOTICE_DAYS: Final = declare(
    Parameter("id_card.second_notice_days", 30, "证件到期再次提醒提前天数", "天", "ACC-13", "higher", 15, 59)
)
ID_LAST_NOTICE_DAYS: Final = declare(
    Parameter("id_card.last_notice_days", 7, "证件到期末次提醒提前天数", "天", "ACC-13", "higher", 1, 14)
)
ID_GRACE_DAYS: Final = declare(
    Parameter("id_card.grace_days", 90, "证件过期后更新的合理期限，逾期暂停新业务", "天", "ACC-13, 金融机构客户身份识别办法",
              "lower", 0, 90)
)  # fmt: skip
NOTICE_FIRST_HOUR: Final = declare(
    Parameter("notice.first_hour", 8, "短信通知最早发送时刻", "点", "工程取值", "higher", 0, 12)
)
NOTICE_LAST_HOUR: Final = declare(
    Parameter("notice.last_hour", 21, "短信通知最晚发送时刻", "点", "工程取值", "lower", 13, 24)
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
THREE_TURNOVER: Final = declare(
    Parameter(
        "account.three_turnover_yuan", 50_000, "同一人全部Ⅲ类户累计收付达到此值即要求出示身份证件", "元", SOURCE_THREE,
        "lower", 1, 5_000_000,
    )
)  # fmt: skip
THREE_DOCUMENT_DAYS: Final = declare(
    Parameter(
        "account.three_document_days", 7, "Ⅲ类户累计收付达到限额后出示身份证件的期限", "天", SOURCE_THREE, "lower", 1, 7
    )
)
STATEMENT_DAYS: Final = declare(
    Parameter("statement.most_days", 366, "对账单一次可查询的最长期间", "天", "工程取值", "free", low=31, high=1830)
)


def exempt_payees() -> frozenset[str]:
    """Return the account numbers that taxes, social security and utilities are paid to (ACC-09)."""
    text = value_of(DISCIPLINE_EXEMPT_PAYEES.name, kind=str)
    return frozenset(number.strip() for number in text.replace("，", ",").split(",") if number.strip())


def in_fen(parameter: Parameter) -> int:
    """Return the value in force of a parameter that is an amount in yuan, in fen."""
    return value_of(parameter.name, kind=int) * FEN_PER_YUAN


SOURCE_COMPLAINT: Final = "CUST-01, 银行业保险业消费投诉处理管理办法"
COMPLAINT_DAYS: Final = declare(
    Parameter("complaint.answer_days", 15, "投诉答复期限，自收到之日起", "天", SOURCE_COMPLAINT, "lower", 1, 15)
)
COMPLAINT_EXTENDED_DAYS: Final = declare(
    Parameter(
        "complaint.extended_days",
        30,
        "情况复杂的投诉延长后的答复期限，自收到之日起",
        "天",
        SOURCE_COMPLAINT,
        "lower",
        16,
        30,
    )
)
COMPLAINT_FURTHER_DAYS: Final = declare(
    Parameter(
        "complaint.further_days",
        30,
        "情况特别复杂的投诉再次延长的天数，经复核后一次为限",
        "天",
        SOURCE_COMPLAINT,
        "lower",
        1,
        30,
    )
)
COMPLAINT_DAY_KIND: Final = declare(
    Parameter(
        "complaint.day_kind", "calendar", "投诉期限按自然日（calendar）或工作日（working）计算", "", SOURCE_COMPLAINT, "free",
        choices=("calendar", "working"),
    )
)  # fmt: skip
COMPLAINT_WAIT_DAYS: Final = declare(
    Parameter(
        "complaint.wait_days",
        5,
        "答复后客户未评价也未补充的，须满多少天方可由员工办结",
        "天",
        "工程取值",
        "higher",
        1,
        15,
    )
)
FILING_CHANGE_DAYS: Final = declare(
    Parameter("filing.change_days", 2, "变更备案期限", "个工作日", "ACC-11", "lower", 1, 2)
)
FILING_CLOSE_DAYS: Final = declare(
    Parameter("filing.close_days", 2, "撤销备案期限", "个工作日", "ACC-11", "lower", 1, 2)
)
