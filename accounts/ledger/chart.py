"""The chart of accounts: which general-ledger accounts a bank's embedded ledger has.

Numbering follows the usual layout of Chinese banks' charts (1 assets, 2 liabilities, 3 common, 6 income and
expense, 9 off the balance sheet, in pairs so that a memo balances as every entry does).
Debits are positive, credits negative; `normal` says on which side the account normally stands.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Normal(enum.Enum):
    """The side on which an account normally has its balance."""

    DEBIT = 1
    CREDIT = -1


@dataclass(frozen=True, slots=True)
class GlAccount:
    """One account of the general ledger."""

    code: str
    name: str
    normal: Normal


CORE_CLEARING: Final = "1011"
PAYMENT_CLEARING: Final = "1012"
COUNTER_CLEARING: Final = "1013"
LOAN_PRINCIPAL: Final = "1301"
INTEREST_RECEIVABLE: Final = "1302"
PENALTY_RECEIVABLE: Final = "1303"
LOAN_LOSS_ALLOWANCE: Final = "1304"
CUSTOMER_DEPOSITS: Final = "2011"
OTHER_PAYABLES: Final = "2241"
SUSPENSE: Final = "3101"
INTEREST_INCOME: Final = "6011"
PENALTY_INCOME: Final = "6051"
IMPAIRMENT_LOSS: Final = "6701"
MEMO_INTEREST: Final = "9001"
MEMO_INTEREST_CONTRA: Final = "9002"
MEMO_WRITTEN_OFF: Final = "9011"
MEMO_WRITTEN_OFF_CONTRA: Final = "9012"

CHART: Final[dict[str, GlAccount]] = {
    account.code: account
    for account in (
        GlAccount(CORE_CLEARING, "核心系统往来", Normal.DEBIT),
        GlAccount(PAYMENT_CLEARING, "支付清算往来", Normal.DEBIT),
        GlAccount(COUNTER_CLEARING, "柜面收付往来", Normal.DEBIT),
        GlAccount(LOAN_PRINCIPAL, "个人贷款本金", Normal.DEBIT),
        GlAccount(INTEREST_RECEIVABLE, "应收利息", Normal.DEBIT),
        GlAccount(PENALTY_RECEIVABLE, "应收罚息", Normal.DEBIT),
        GlAccount(LOAN_LOSS_ALLOWANCE, "贷款损失准备", Normal.CREDIT),
        GlAccount(CUSTOMER_DEPOSITS, "个人活期存款", Normal.CREDIT),
        GlAccount(OTHER_PAYABLES, "其他应付款", Normal.CREDIT),
        GlAccount(SUSPENSE, "暂收暂付款", Normal.CREDIT),
        GlAccount(INTEREST_INCOME, "贷款利息收入", Normal.CREDIT),
        GlAccount(PENALTY_INCOME, "罚息收入", Normal.CREDIT),
        GlAccount(IMPAIRMENT_LOSS, "信用减值损失", Normal.DEBIT),
        GlAccount(MEMO_INTEREST, "表外应收未收利息", Normal.DEBIT),
        GlAccount(MEMO_INTEREST_CONTRA, "表外应收未收利息（对方）", Normal.CREDIT),
        GlAccount(MEMO_WRITTEN_OFF, "表外已核销贷款", Normal.DEBIT),
        GlAccount(MEMO_WRITTEN_OFF_CONTRA, "表外已核销贷款（对方）", Normal.CREDIT),
    )
}

ENTRY_KINDS: Final = [
    ("receipt", "外部来款"),
    ("top_up", "银行卡转入"),
    ("transfer", "转账"),
    ("transfer_refund", "转账退回"),
    ("refund", "退款"),
    ("reversal", "冲正"),
    ("disbursement", "贷款发放"),
    ("repayment", "贷款还款"),
    ("repayment_reversal", "还款冲正"),
    ("repayment_reallocation", "还款重新分配"),
    ("write_off", "贷款核销"),
    ("recovery", "核销后收回"),
    ("day_end_income", "日终计息"),
    ("day_end_provision", "日终计提减值"),
]
"""What an entry is booked for, as staff read it; the rooms above book under these words too."""


def gl_name(gl_code: str) -> str:
    """Return the Chinese name of a GL account.

    Raises:
        KeyError: the chart has no such account.
    """
    return CHART[gl_code].name
