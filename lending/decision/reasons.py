"""Why an application was not simply granted: stable codes, what each does, and what the customer reads.

The texts are safe for the customer and total: every code has one. Nothing here can tell a customer, or a
member of staff without the anti-money-laundering role, that a list was hit (AML-08, no tipping off): such a
case has the neutral `refused`, and one that a person must look at has `manual_review`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Effect = Literal["reject", "review"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason: its code, whether it rejects or asks for a person, and the customer's text."""

    code: str
    effect: Effect
    text: str


_ALL: Final = (
    Reason("refused", "reject", "很抱歉，您的申请未能通过。如有疑问，可联系本行客服或前往网点咨询。"),
    Reason("not_invited", "reject", "本产品目前仅向受邀客户开放。"),
    Reason("region_not_served", "reject", "暂未能确认您在本行服务区域内居住、工作或落户，本产品无法为您办理。"),
    Reason("too_young", "reject", "您的年龄尚未达到本产品的要求。"),
    Reason("too_old", "reject", "您的年龄，或额度到期时的年龄，超出本产品的要求。"),
    Reason("student", "reject", "根据监管要求，本产品不面向在校学生。"),
    Reason("related_party", "reject", "根据法律规定，本行不能向关系人发放信用贷款。"),
    Reason("id_expired", "reject", "您的身份证已过有效期，请换领新证后再申请。"),
    Reason("id_expiring_soon", "reject", "您的身份证即将到期，请换领新证后再申请。"),
    Reason("current_overdue", "reject", "您的信用报告显示有尚未结清的逾期，结清后可再次申请。"),
    Reason("overdue_history", "reject", "您近一年的还款记录未达到本产品的要求。"),
    Reason("overdue_streak", "reject", "您近两年的还款记录未达到本产品的要求。"),
    Reason("too_many_queries", "reject", "您近期申请信贷较为频繁，请间隔一段时间后再申请。"),
    Reason("too_many_lenders", "reject", "您目前在较多机构有未结清的贷款。"),
    Reason("dti_too_high", "reject", "您目前每月的还款负担相对收入偏高。"),
    Reason("no_credit_record", "reject", "您暂无信用记录，本产品目前无法为您办理。"),
    Reason("score_too_low", "reject", "您的综合评分未达到本产品的要求。"),
    Reason("credit_cap_reached", "reject", "您在本行的额度合计已达到上限。"),
    Reason("limit_below_minimum", "reject", "经测算，您的可授额度低于本产品的最低额度。"),
    Reason("bureau_unavailable", "review", "暂未取得您的信用报告，您的申请将由工作人员审核。"),
    Reason("government_unavailable", "review", "部分资料暂未取得，您的申请将由工作人员审核。"),
    Reason("source_unavailable", "review", "部分信用评分暂未取得，您的申请将由工作人员审核。"),
    Reason("income_unknown", "review", "暂无法核实您的收入，您的申请将由工作人员审核。"),
    Reason("manual_review", "review", "您的申请将由工作人员审核，请留意通知。"),
)

REASONS: Final = {reason.code: reason for reason in _ALL}
"""Every reason by its code, in the order in which a decision lists them."""

_ORDER: Final = {code: position for position, code in enumerate(REASONS)}


def customer_text(code: str) -> str:
    """Return what the customer reads for a reason.

    Raises:
        KeyError: there is no such reason.
    """
    return REASONS[code].text


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Return codes once each, in the order of `REASONS`.

    Raises:
        KeyError: one of them is no reason.
    """
    return tuple(sorted(set(codes), key=_ORDER.__getitem__))
