"""The words and merchant category codes by which a wrong use of borrowed money is found (LN-12).

The rules name the uses that are banned, not the words: the lists are ours, and so is every code's meaning here (general
knowledge, [K]: to be checked by a bank's compliance before it relies on them). A bank adds its own (`WatchTerm`) and cannot
take any of these away. A match accuses nobody: it is a finding that two persons judge.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lending.purposes import BANNED_WORDS, CONSUMER

ALL_LOANS: Final = "all"
WORD: Final = "word"
MCC: Final = "mcc"

COUNTERPARTY_WORDS: Final = (
    "房地产", "置业", "售楼", "楼盘", "地产", "房产", "典当", "小额贷款", "小贷", "融资担保", "投资管理", "资产管理",
    "基金管理", "交易所", "贵金属", "彩票", "棋牌",
)  # fmt: skip
"""What banned counterparties are called, beside the words of a banned purpose."""

BUSINESS_WORDS: Final = ("货款", "进货", "采购款", "工程款", "批发市场", "加盟费", "设备款")
"""What money for consumption may not pay: the borrower's own trade."""

BANNED_MCCS: Final = {
    "6051": "准现金、虚拟货币",
    "6211": "证券经纪",
    "7013": "房地产经纪",
    "7800": "彩票",
    "7801": "网络博彩",
    "7802": "赛马",
    "7995": "博彩",
}
BUSINESS_MCCS: Final = {"4458": "烟草配送", "5398": "大型批发", "5998": "其他批发"}

_NOISE: Final = re.compile(r"[\s\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word or code, and to which loans it applies: `all`, or those of one kind."""

    sort: str
    text: str
    applies_to: str = ALL_LOANS


PLATFORM: Final = (
    *(Term(sort=WORD, text=word) for word in (*BANNED_WORDS, *COUNTERPARTY_WORDS)),
    *(Term(sort=MCC, text=code) for code in BANNED_MCCS),
    *(Term(sort=WORD, text=word, applies_to=CONSUMER) for word in BUSINESS_WORDS),
    *(Term(sort=MCC, text=code, applies_to=CONSUMER) for code in BUSINESS_MCCS),
)


def match(terms: Iterable[Term], *, text: str, mcc: str, kind: str | None = None) -> Term | None:
    """Return the longest term that an outflow meets, or None: words in its text, codes by equality.

    `kind` is the loan's; without one every term counts, whichever loans it is for.
    """
    plain = plain_text(text)
    met = [
        term
        for term in terms
        if (kind is None or term.applies_to in (ALL_LOANS, kind))
        and (term.text == mcc if term.sort == MCC else plain_text(term.text) in plain)
    ]
    return max(met, key=lambda term: len(term.text), default=None)


def plain_text(text: str) -> str:
    """Fold a text for comparison: compatibility forms unified, blanks and punctuation out."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()
