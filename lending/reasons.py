"""Why an application was not granted, in the customer's words: the reasons of decisions, and those beside them."""

from __future__ import annotations

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
