"""Refuse what a product does not lend for, in amount, on terms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from core.clock import business_date
from core.errors import Problem
from core.money import fen_to_yuan
from lending.decision.facts import age_on
from lending.decision.policy import ALL_IN_CEILING
from lending.loans.due_dates import months_after
from lending.models import ProductVersion
from lending.models.product import LONGEST_BULLET_MONTHS, METHODS
from lending.offering import offers_term
from lending.purposes import label_of


class PurposeForbidden(Problem):
    """No loan may be for this, or none of this product (LN-12)."""

    code = "purpose_forbidden"
    status = 422
    title = "该用途不在贷款允许范围内，请核对贷款用途"


class AmountOutOfRange(Problem):
    """The amount is below or above what the product lends."""

    code = "amount_out_of_range"
    status = 422
    title = "金额不在产品允许的范围内，请调整金额后重试"


class TermsNotOffered(Problem):
    """The product does not lend on these terms; `errors` names the field."""

    code = "terms_not_offered"
    status = 422
    title = "该产品不提供所选的期限、还款方式或利率，请重新选择"


def check_purpose(version: ProductVersion, purpose: str) -> None:
    """Refuse a purpose that the product does not serve.

    Raises:
        PurposeForbidden: it does not.
    """
    if purpose not in version.purposes:
        served = "、".join(label_of(each) for each in version.purposes)
        raise PurposeForbidden(f"本产品仅可用于：{served}")


def check_amount(version: ProductVersion, amount_fen: int) -> None:
    """Refuse an amount that the product does not lend.

    Raises:
        AmountOutOfRange: it is too small or too large.
    """
    if not version.min_amount_fen <= amount_fen <= version.max_amount_fen:
        least, most = fen_to_yuan(version.min_amount_fen), fen_to_yuan(version.max_amount_fen)
        raise AmountOutOfRange(f"金额须在 {least} 元至 {most} 元之间")


def check_terms(version: ProductVersion, *, term_months: int, method: str) -> None:
    """Refuse a term or a method, or the two together, that the product does not lend by.

    Raises:
        TermsNotOffered: see above.
    """
    if term_months not in version.terms_months:
        months = "、".join(str(term) for term in sorted(version.terms_months))
        raise TermsNotOffered(errors={"term": [f"可选期限（月）：{months}"]})
    if method not in version.methods:
        offered = "、".join(f"{label}（{word}）" for word, label in METHODS if word in version.methods)
        raise TermsNotOffered(errors={"method": [f"可选还款方式：{offered}"]})
    if not offers_term(version, term_months=term_months, method=method):
        longest = f"消费贷款采用该还款方式的，期限不得超过 {LONGEST_BULLET_MONTHS} 个月，请缩短期限或改用其他还款方式"
        raise TermsNotOffered(errors={"term": [longest]})


def check_age(version: ProductVersion, *, birth_date: date, term_months: int) -> None:
    """Refuse a term at whose end the borrower would be older than the product allows (ACC-12: age and term together).

    Raises:
        TermsNotOffered: see above.
    """
    today, oldest = business_date(), version.max_age_at_maturity

    def fits(months: int) -> bool:
        return age_on(birth_date, months_after(today, months, anchor_day=today.day)) <= oldest

    if not fits(term_months):
        longest = max(filter(fits, version.terms_months), default=0)
        then = f"请选择不超过 {longest} 个月的期限" if longest else "请联系贷款银行"
        raise TermsNotOffered(errors={"term": [f"本产品要求贷款到期时不超过 {oldest} 周岁，{then}"]})


def check_cost(all_in_annual_rate: Decimal) -> None:
    """Refuse a loan whose whole cost a year (per cent) is above what the law allows (INT-01, LN-11).

    A product's ceiling keeps the contract rate below it; a month of 28 days that costs a twelfth, and a few yuan rounded to
    the fen, may still come out above.

    Raises:
        TermsNotOffered: it is.
    """
    if all_in_annual_rate > ALL_IN_CEILING:
        told = (
            f"年化综合融资成本为 {all_in_annual_rate}%，超过 {ALL_IN_CEILING}% 的上限，请改选其他金额、期限或还款方式"
        )
        raise TermsNotOffered(errors={"term": [told]})
