"""What a loan is for: the words of the contract, and what no loan of this bank is for (LN-12).

A product says which purposes it serves. Money for consumption may not go into business, nor the reverse, so each
permitted purpose belongs to one kind of product. The banned ones are words too: whoever names one is told so, and not
that the word is unknown.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

CONSUMER: Final = "consumer"
BUSINESS: Final = "business"
KINDS: Final = [(CONSUMER, "个人消费"), (BUSINESS, "个人经营")]

CONSUMPTION: Final = "consumption"
CONSUMER_PURPOSES: Final = {
    CONSUMPTION: "日常消费",
    "durables": "购置耐用消费品",
    "decoration": "房屋装修",
    "education": "教育培训",
    "medical": "医疗健康",
    "travel": "旅游出行",
    "wedding": "婚庆",
}
BUSINESS_PURPOSES: Final = {
    "turnover": "经营周转",
    "stock": "进货备货",
    "farming": "种植养殖",
    "equipment": "购置经营设备",
}
BANNED_PURPOSES: Final = {
    "house_purchase": "购房",
    "mortgage_repayment": "偿还住房贷款",
    "securities": "股票、债券、期货及金融衍生品投资",
    "asset_products": "购买理财、资产管理产品",
    "fixed_assets": "固定资产及股本权益性投资",
    "relending": "转借他人",
    "illegal": "法律法规禁止的用途",
}
PURPOSES: Final = {**CONSUMER_PURPOSES, **BUSINESS_PURPOSES, **BANNED_PURPOSES}
PERMITTED: Final = {CONSUMER: frozenset(CONSUMER_PURPOSES), BUSINESS: frozenset(BUSINESS_PURPOSES)}

BANNED_WORDS: Final = (
    "购房", "买房", "首付", "房款", "房贷", "按揭", "炒房", "股票", "炒股", "证券", "债券", "期货", "期权", "基金",
    "外汇", "虚拟货币", "比特币", "理财", "资管", "信托", "股权", "入股", "注册资本", "固定资产", "转借", "放贷",
    "借给", "赌博", "博彩", "彩票", "传销", "洗钱",
)  # fmt: skip
_NOISE: Final = re.compile(r"[\s\W_]+")


def is_banned(text: str) -> bool:
    """Tell whether a purpose, a word of ours or a customer's own words, is one that no loan may have."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", text))
    return text in BANNED_PURPOSES or any(word in plain for word in BANNED_WORDS)


def label_of(purpose: str) -> str:
    """Return a purpose in Chinese, as contracts and staff read it.

    Raises:
        KeyError: it is no purpose of the contract.
    """
    return PURPOSES[purpose]
