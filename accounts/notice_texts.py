"""What a notice says; made when it is sent, so that no table holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from accounts.models.notice import (
    COMPLAINT_ANSWERED,
    COMPLAINT_EXTENDED,
    DOCUMENT_DEMANDED,
    DOCUMENT_MISSING,
    DORMANT,
    ID_FIRST,
    ID_LAST,
    ID_SECOND,
    ID_SUSPENDED,
)

_ENDS: Final = "您预留的身份证将于{day}到期，请及时在小程序“重新核验”中更新，逾期未更新将影响新业务办理。"
TEXTS: Final[Mapping[str, str]] = {
    ID_FIRST: _ENDS,
    ID_SECOND: _ENDS,
    ID_LAST: _ENDS,
    ID_SUSPENDED: (
        "您的身份证已过期且未在合理期限内更新，自{day}起暂停办理新业务，还款和转入资金不受影响。"
        "请在小程序“重新核验”中更新。"
    ),
    DORMANT: (
        "您的电子账户长期未使用，自{day}起暂停非柜面业务，还款和转入资金不受影响。"
        "请在小程序“重新核验”中核实身份后恢复。"
    ),
    DOCUMENT_DEMANDED: (
        "您的Ⅲ类户累计收付金额已达到规定限额，请于{day}前（含当日）在小程序“重新核验”中出示身份证，"
        "逾期将暂停Ⅲ类户业务。"
    ),
    DOCUMENT_MISSING: (
        "您未在规定期限内出示身份证，自{day}起暂停Ⅲ类户新业务，还款和转入资金不受影响。"
        "请在小程序“重新核验”中出示身份证。"
    ),
    COMPLAINT_ANSWERED: "您的投诉已于{day}答复，请在小程序“投诉建议”中查看并评价。",
    COMPLAINT_EXTENDED: "您的投诉情况较为复杂，答复期限延至{day}（含当日），原因请在小程序“投诉建议”中查看。",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """A text and what it was made of, for senders that compose by template."""

    template: str
    parameters: Mapping[str, str]
    text: str


def text_of(kind: str, about_date: date, *, sender: str) -> NoticeText:
    """Write a notice; `sender` is the bank's name as customers know it."""
    day = f"{about_date.year}年{about_date.month}月{about_date.day}日"
    return NoticeText(
        template=f"notice_{kind}", parameters={"day": day}, text=f"【{sender}】{TEXTS[kind].format(day=day)}"
    )
