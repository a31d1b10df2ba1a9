"""The templates that the library begins with (domain C2): samples of the market, every number to be changed by who uses it.

`fields` are columns of a product version by their names; what they mean is the business of the room above.
"""

from __future__ import annotations

import json
from typing import Any, Final

LIVING: Final = ["consumption", "durables", "decoration", "education", "medical", "wedding"]
BY_INSTALMENT: Final = ["equal_instalment", "equal_principal", "pay_any_day"]
AT_THE_END: Final = ["interest_only", "bullet", "pay_any_day"]


def _spreads(a: int, b: int, c: int, d: int) -> dict[str, int]:
    return {f"grade_{grade}_spread_bp": spread for grade, spread in zip("abcd", (a, b, c, d), strict=True)}


def _amounts(least_yuan: int, most_yuan: int) -> dict[str, int]:
    least, most = least_yuan * 100, most_yuan * 100
    return {
        "min_amount_fen": least, "max_amount_fen": most, "person_cap_fen": most,
        "thin_file_max_amount_fen": min(most, max(least, 2_000_000)),
    }  # fmt: skip


SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "XF01": {
        "name": "薪易贷", "target": "有稳定收入的工薪客户",
        "introduction": "凭社保、公积金等信息在线申请，额度循环使用，按月还款或随借随还。",
        "methods": BY_INSTALMENT, "terms_months": [3, 6, 12, 24, 36], "day_count": "30/360", "line_term_months": 12,
        "purposes": ["consumption", "durables", "decoration", "education", "medical", "travel", "wedding"],
        **_amounts(500, 200_000), **_spreads(100, 180, 300, 420),
    },
    "XF02": {
        "name": "公职贷", "target": "公务员、教师等公职人员",
        "introduction": "面向公职人员的信用贷款，利率优惠，按月等额还款或先息后本。",
        "methods": ["equal_instalment", "interest_only"], "terms_months": [12, 24, 36], "day_count": "30/360",
        "line_term_months": 12, "purposes": LIVING, "required_facts": ["employer", "income"],
        **_amounts(10_000, 200_000), **_spreads(30, 70, 110, 150),
    },
    "XF03": {
        "name": "阳光信贷", "target": "本地农户和城乡居民",
        "introduction": "面向本地居民的小额信用贷款，先息后本、到期一次还本付息或随借随还。",
        "methods": AT_THE_END, "terms_months": [1, 3, 6, 12], "day_count": "act/360", "line_term_months": 12,
        "purposes": LIVING, **_amounts(500, 200_000), **_spreads(120, 200, 280, 350),
    },
    "XF04": {
        "name": "新市民贷", "target": "在本地就业居住的新市民",
        "introduction": "面向新市民的小额安居消费贷款，按月还款或到期一次还本付息。",
        "methods": ["equal_instalment", "bullet"], "terms_months": [3, 6, 12], "day_count": "30/360",
        "line_term_months": 12, "purposes": LIVING, "required_facts": ["residence", "income"],
        **_amounts(500, 50_000), **_spreads(300, 500, 700, 900),
    },
    "JY01": {
        "name": "税e贷", "target": "依法纳税的小微企业主",
        "introduction": "以纳税情况核定额度的经营贷款，先息后本或随借随还。",
        "kind": "business", "methods": ["interest_only", "pay_any_day"], "terms_months": [6, 12],
        "day_count": "act/360", "line_term_months": 36, "purposes": ["turnover", "stock", "equipment"],
        **_amounts(10_000, 1_000_000), **_spreads(85, 170, 260, 350),
    },
    "JY02": {
        "name": "商户流水贷", "target": "使用本行收单的个体商户",
        "introduction": "以收单流水核定额度的经营贷款，随借随还或按月等额还款。",
        "kind": "business", "methods": ["pay_any_day", "equal_instalment"], "terms_months": [6, 12],
        "day_count": "act/360", "line_term_months": 12, "purposes": ["turnover", "stock"],
        **_amounts(5_000, 300_000), **_spreads(200, 400, 600, 800),
    },
    "JY03": {
        "name": "季节贷", "target": "粮食种植和水产养殖农户",
        "introduction": "按农时安排的经营贷款，收获后一次还本付息。",
        "kind": "business", "methods": ["bullet"], "terms_months": [3, 6, 9, 12], "day_count": "act/360",
        "line_term_months": 12, "purposes": ["farming"], **_amounts(10_000, 500_000), **_spreads(80, 130, 190, 250),
    },
}  # fmt: skip

INSERT: Final = """
INSERT INTO public.tenants_product_template
    (id, code, number, name, target, fields, edited_by, created_at, published_by, published_at)
VALUES (gen_random_uuid(), %s, 1, %s, %s, %s::jsonb, '{}', now(), 'system', now())
"""


def seed() -> list[tuple[str, list[Any]]]:
    """Return the statements that put the samples into the library, each with its parameters."""
    apart = ("name", "target")
    return [
        (INSERT, [code, sample["name"], sample["target"], json.dumps(
            {name: value for name, value in sample.items() if name not in apart}, ensure_ascii=False, sort_keys=True
        )])
        for code, sample in SAMPLES.items()
    ]  # fmt: skip
