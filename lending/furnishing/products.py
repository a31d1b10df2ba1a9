"""The products that every new bank begins with (C2); each bank changes them as it likes."""

from __future__ import annotations

from typing import Any, Final

from lending.operations.products import add_product, publish
from tenants.provisioning import BankOpening, register_furnishing

CITY_DIGITS: Final = 4
ACTOR: Final = "system"
NAMES: Final = {"XF01": "薪易贷", "XF03": "阳光信贷"}
STANDARD: Final[dict[str, dict[str, Any]]] = {
    "XF01": {
        "target": "有稳定收入的工薪客户",
        "introduction": "凭社保、公积金等信息在线申请，额度循环使用，按月还款或随借随还。",
        "methods": ["equal_instalment", "equal_principal", "pay_any_day"],
        "terms_months": [3, 6, 12, 24, 36],
        "day_count": "30/360",
        "line_term_months": 12,
        "min_amount_fen": 500_00,
        "max_amount_fen": 200_000_00,
        "purposes": ["consumption", "durables", "decoration", "education", "medical", "travel", "wedding"],
    },
    "XF03": {
        "target": "本地农户和城乡居民",
        "introduction": "面向本地居民的小额信用贷款，先息后本、到期一次还本付息或随借随还。",
        "methods": ["interest_only", "bullet", "pay_any_day"],
        "terms_months": [1, 3, 6, 12],
        "day_count": "act/360",
        "line_term_months": 12,
        "min_amount_fen": 500_00,
        "max_amount_fen": 200_000_00,
        "grade_a_spread_bp": 120,
        "grade_b_spread_bp": 200,
        "grade_c_spread_bp": 280,
        "grade_d_spread_bp": 350,
        "purposes": ["consumption", "durables", "decoration", "education", "medical", "wedding"],
    },
}


def furnish(opening: BankOpening) -> None:
    """Publish the standard products at the bank that is being opened, for its own city (LN-04)."""
    for code, fields in STANDARD.items():
        draft = add_product(
            code=code,
            name=NAMES[code],
            service_regions=[opening.region_code[:CITY_DIGITS]],
            actor=ACTOR,
            fields={**fields, "change_note": "开业预置"},
        )
        publish(version_id=draft.pk, actor=ACTOR)


register_furnishing("lending.products", furnish)
