"""The table of costs that a customer reads before signing (综合融资成本明示表: LN-08, LN-09, LN-10).

A table is made of the lender, the product, the price and the terms on one business date, and is the same bytes each time, so
that its hash stands for it: another day, LPR, rate, amount or term is another table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from core.money import fen_to_yuan
from lending.loan_terms import day_count_of, early_fee_percent_of, version_terms
from lending.loans.repricing import ANNIVERSARY, EVERY_JANUARY, FIXED
from lending.loans.schedule import build_schedule
from lending.loans.terms import Schedule
from lending.loans.wire import ScheduleFields, schedule_fields
from lending.models import ProductVersion
from lending.models.product import DAY_COUNTS, METHODS
from lending.pricing import Price
from lending.purposes import label_of

FORMAT: Final = "disclosure/1"
TITLE: Final = "综合融资成本明示表"
BASES: Final = {"irr": "按月内部收益率×12 折算", "simple": "单利"}
TENORS: Final = {"1Y": "一年期", "5Y": "五年期以上"}
WHOLE: Final = 100
RATE_RULES: Final = {
    FIXED: "合同期内固定不变",
    EVERY_JANUARY: "自次年起每年 1 月 1 日按最近公布的同期限贷款市场报价利率加上述基点重新确定",
    ANNIVERSARY: "自放款之日起每满一年按最近公布的同期限贷款市场报价利率加上述基点重新确定",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lender:
    """The bank as the customer reads of it: its legal name and where to complain."""

    legal_name: str
    complaint_phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a drawdown is to be, on one business date; the amount in fen. Of a payee the account's last digits only.

    `signing` says in words what is signed, where that is not a contract for this drawdown alone.
    """

    drawdown_id: str
    amount_fen: int
    term_months: int
    method: str
    purpose: str
    business_date: date
    payee_tail: str | None = None
    signing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table of costs: what is shown, its hash, and the price and the schedule that it states."""

    content: dict[str, Any]
    sha256: bytes
    price: Price
    schedule: Schedule


def make_table(lender: Lender, version: ProductVersion, price: Price, terms: Terms) -> Shown:
    """Make the table of a drawdown by its product's rules, at the price of the day.

    Raises:
        TermsError: no schedule can be made of the terms.
    """
    schedule = build_schedule(
        version_terms(
            version,
            annual_rate=price.annual_rate,
            amount_fen=terms.amount_fen,
            term_months=terms.term_months,
            method=terms.method,
            start_date=terms.business_date,
        )
    )
    shown: ScheduleFields = schedule_fields(schedule)
    rows = [
        *_parties(lender, terms),
        *_costs(lender, version, price, terms, schedule),
        *_default(lender, version, price),
    ]
    content = {
        "format": FORMAT,
        "title": TITLE,
        "drawdown": terms.drawdown_id,
        "business_date": terms.business_date.isoformat(),
        "amount": fen_to_yuan(terms.amount_fen),
        "term": terms.term_months,
        "method": terms.method,
        "annual_rate": f"{price.annual_rate:.4f}",
        "lines": [{"label": label, "value": value} for label, value in rows],
        **shown,
    }
    return Shown(content=content, sha256=digest_of(content), price=price, schedule=schedule)


def digest_of(content: dict[str, Any]) -> bytes:
    """Return the SHA-256 of a table in its canonical form: JSON, sorted keys, no blanks, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def _parties(lender: Lender, terms: Terms) -> Iterator[tuple[str, str]]:
    yield "贷款人", lender.legal_name
    yield "贷款本金", f"{fen_to_yuan(terms.amount_fen)} 元"
    yield "贷款期限", f"{terms.term_months} 个月，自放款之日起"
    yield "贷款用途", label_of(terms.purpose)
    yield "还款方式", dict(METHODS)[terms.method]
    yield "支付方式", _paying(lender, terms.payee_tail)
    if terms.signing is not None:
        yield "合同签订", terms.signing


def agreement_words(*, limit_fen: int, valid_until_date: date) -> str:
    """Say that the agreement of the line is signed with this drawdown, and what it bounds."""
    return (
        f"本次一并签订《个人循环借款合同》（最高借款余额 {fen_to_yuan(limit_fen)} 元，额度期限至 "
        f"{valid_until_date.isoformat()}）和本笔借据；此后在额度内用信只签借据，每笔仍须阅读明示表并确认签署"
    )


def voucher_words(*, number: str, contract_date: date) -> str:
    """Say that this drawdown is made under an agreement that was signed before."""
    return f"依据您 {contract_date.isoformat()} 签订的《个人循环借款合同》（编号 {number}），本次签署本笔借据"


def _paying(lender: Lender, payee_tail: str | None) -> str:
    if payee_tail is None:
        return "自主支付：发放至您的收款账户，由您按约定用途支付"
    return f"受托支付：发放至您的收款账户后，由{lender.legal_name}即时支付给您指定的收款人（账号尾号 {payee_tail}），不收取费用"


def _costs(
    lender: Lender, version: ProductVersion, price: Price, terms: Terms, schedule: Schedule
) -> Iterator[tuple[str, str]]:
    rate = percent(price.annual_rate)
    yield "年利率（单利）", f"{rate}，{RATE_RULES[version.repricing]}"
    yield (
        "利率构成",
        (
            f"{price.lpr_date.isoformat()} 公布的{TENORS[price.lpr_tenor]}贷款市场报价利率 {percent(price.lpr_rate)}，"
            f"加 {price.spread_bp} 个基点"
        ),
    )
    day_count = dict(DAY_COUNTS)[day_count_of(version, terms.method)]
    total = fen_to_yuan(schedule.total_interest_fen)
    yield "利息", f"按年利率 {rate} 计收，{day_count}，合计 {total} 元；收取方：{lender.legal_name}"
    yield "手续费、担保费、保险费及其他费用", "0.00 元；不收取"
    yield _early_fee(lender, early_fee_percent_of(version, terms.method))
    all_in = percent(schedule.all_in_annual_rate)
    yield "年化综合融资成本（正常履约）", f"{all_in}（{BASES[schedule.all_in_basis]}）"
    yield "还款总额（正常履约）", f"{fen_to_yuan(schedule.total_fen)} 元，共 {len(schedule.instalments)} 期"
    first, last = schedule.instalments[0], schedule.instalments[-1]
    yield (
        "还款计划",
        (
            f"首期 {first.due_date.isoformat()} 还 {fen_to_yuan(first.total_fen)} 元，"
            f"末期 {last.due_date.isoformat()} 还 {fen_to_yuan(last.total_fen)} 元；"
            f"按 {terms.business_date.isoformat()} 放款测算，各期明细随表列示"
        ),
    )


def _early_fee(lender: Lender, fee_percent: Decimal) -> tuple[str, str]:
    if not fee_percent:
        return "提前还款手续费", "0.00 元；不收取"
    charged = f"提前归还本金的 {shortest(fee_percent)}%，仅在提前还款时收取"
    return "提前还款手续费", f"{charged}；收取方：{lender.legal_name}"


def _default(lender: Lender, version: ProductVersion, price: Price) -> Iterator[tuple[str, str]]:
    yield (
        "逾期罚息（违约时）",
        (
            f"逾期本金自逾期之日起按年利率 {percent(marked_up(price.annual_rate, version.overdue_markup_percent))} 计收"
            f"（合同利率加收 {shortest(version.overdue_markup_percent)}%）{_grace(version.grace_days)}；"
            f"收取方：{lender.legal_name}"
        ),
    )
    if version.compound_penalty:
        unpaid = "利息和罚息" if version.compound_on_penalty else "利息"
        yield "复利（违约时）", f"未按期支付的{unpaid}按罚息利率计收复利；收取方：{lender.legal_name}"
    yield (
        "挪用罚息（违约时）",
        (
            f"挪用部分按年利率 {percent(marked_up(price.annual_rate, version.misuse_markup_percent))} 计收"
            f"（合同利率加收 {shortest(version.misuse_markup_percent)}%）；收取方：{lender.legal_name}"
        ),
    )
    yield "逾期后果", "按约定催收并报送征信系统，影响后续用信"
    yield "投诉渠道", f"{lender.legal_name}投诉电话 {lender.complaint_phone}"
    yield "声明", "除上述明示项目外，不再收取任何其他息费"


def _grace(days: int) -> str:
    return f"，到期后 {days} 天宽限期内还清的不计" if days else ""


def marked_up(rate: Decimal, markup_percent: Decimal) -> Decimal:
    """Return a contract rate with what default adds to it, in per cent."""
    return rate * (WHOLE + markup_percent) / WHOLE


def percent(rate: Decimal) -> str:
    """Write a rate with four decimals at least, as rates go over the wire."""
    return f"{max(f'{rate:.4f}', shortest(rate), key=len)}%"


def shortest(number: Decimal) -> str:
    """Write a number without further noughts."""
    return format(number.normalize(), "f")
