"""Why an application was not granted, in the customer's words: the reasons of decisions, and those beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lending.decision.reasons import REASONS

OTHERS: Final = {
    "id_mismatch": "您的姓名与身份证号码核对不一致，请确认证件信息或前往网点办理。",
    "id_not_found": "未查询到您的身份证号码，请前往网点办理。",
    "vendor_unavailable": "外部系统暂时没有应答，您可以稍后重新申请。",
    "consent_missing": "您已撤回必要的授权，可在重新授权后再次申请。",
    "offer_expired": "您未在有效期内确认额度，可重新申请。",
}


def reason_text(code: str) -> str:
    """Return what the customer reads for a reason; every code that an application can end with has a text.

    Raises:
        KeyError: there is no such reason.
    """
    return OTHERS[code] if code in OTHERS else REASONS[code].text


OUTCOME_TEXTS: Final = {
    "passed": "您的申请已通过初步审核。",
    "offered": "您的申请已通过，额度与利率以页面显示为准，请在有效期内确认。",
    "accepted": "您已确认额度，可在有效期内用款。",
    "rejected": "很抱歉，您的申请未能通过。",
    "review": "您的申请正由工作人员审核，请留意通知。",
}
REMEDY: Final = (
    "本结果依据您授权查询的信息和本行公布的准入规则得出。如有异议，请联系本行客服或前往网点，要求说明并由工作人员复核。"
)


def explanation(outcome: str, codes: Sequence[str]) -> str:
    """Return what a customer who asks is told of a decision (LN-14, DATA-05 article 24), in plain Chinese.

    It is made of the reasons' own texts, none of which hints at a list (AML-08).

    Raises:
        KeyError: there is no such outcome or reason.
    """
    texts = list(dict.fromkeys(reason_text(code) for code in codes))
    told = "".join(f"{number}. {text}" for number, text in enumerate(texts, start=1))
    parts = [
        OUTCOME_TEXTS[outcome],
        f"主要原因：{told}" if told else "",
        REMEDY if outcome in {"rejected", "review"} else "",
    ]
    return "".join(parts)
