"""Why a reviewer decides as they do: the codes of each outcome and kind, for staff only. No customer reads any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lending.models.review import APPLICATION, DRAWDOWN, GRANTED, OPENING, REFUSED

_REFUSALS: Final = {
    "identity_doubtful": "身份存疑",
    "facts_untrue": "申报信息不实",
    "not_reached": "无法联系或未配合核实",
    "third_party": "疑似他人代办或受人操纵",
    "other_refused": "其他（请在说明中写明）",
}
REASONS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    (APPLICATION, GRANTED): {
        "facts_confirmed": "资料经核实属实",
        "income_confirmed": "收入和负债已核实",
        "mitigated": "有其他有利因素，风险可接受",
        "other_granted": "其他（请在说明中写明）",
    },
    (APPLICATION, REFUSED): {
        **_REFUSALS,
        "ability_insufficient": "还款能力不足",
        "purpose_doubtful": "借款用途存疑",
    },
    (OPENING, GRANTED): {
        "willing_confirmed": "已核实本人意愿",
        "shared_device": "家人或单位共用设备，情况属实",
        "other_granted": "其他（请在说明中写明）",
    },
    (OPENING, REFUSED): _REFUSALS,
    (DRAWDOWN, GRANTED): {
        "purpose_confirmed": "用途经核实真实",
        "payee_confirmed": "收款方经核实无误",
        "other_granted": "其他（请在说明中写明）",
    },
    (DRAWDOWN, REFUSED): {**_REFUSALS, "purpose_doubtful": "借款用途存疑", "situation_worse": "客户情况恶化"},
}
NEEDS_WORDS: Final = frozenset({"other_granted", "other_refused"})


def reason_titles(kind: str, outcome: str, codes: list[str]) -> str:
    """Return reasons as staff read them; a code that is no longer in the list as it is."""
    titles = REASONS.get((kind, outcome), {})
    return "、".join(titles.get(code, code) for code in codes)
