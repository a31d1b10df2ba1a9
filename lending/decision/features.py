"""The allow-list: everything that a decision model may look at, and nothing else.

Sex, ethnicity, marital status and addresses below the county are on no list and cannot be: the context is
built from these paths only, and the lint refuses a model that declares another. A value that may be missing
names its guard, the yes-or-no value that says whether it is there; a missing source is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from core.money import FEN_PER_YUAN
from lending.decision.policy import PolicyFields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Stage = Literal["early", "full"]
Kind = Literal["boolean", "integer", "number", "string"]

FORBIDDEN: Final = frozenset(
    {
        *("sex", "gender", "ethnicity", "ethnic", "nation", "nationality", "race", "religion"),
        *("marital_status", "marital", "marriage", "married", "spouse", "pregnant", "health"),
        *(
            "address",
            "residence_address",
            "street",
            "town",
            "township",
            "village",
            "community",
            "building",
            "room",
        ),
        *("name", "id_number", "phone", "card_number", "device_id", "birth_date"),
    }
)
"""Words that no segment of a feature's name may be, nor a part between underscores: what they mean decides
nobody."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One value that a model may look at. `guard` is the path that is true when the value is there."""

    path: str
    kind: Kind
    label: str
    guard: str | None = None
    choices: tuple[str, ...] = ()
    lowest: int | float | None = 0

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the value."""
        schema: dict[str, Any] = {"type": [self.kind, "null"] if self.guard else self.kind}
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.kind in {"integer", "number"} and self.lowest is not None:
            schema["minimum"] = self.lowest
        return schema


_EARLY: Final = (
    Feature("applicant.age", "integer", "年龄（周岁）"),
    Feature("applicant.age_at_maturity", "integer", "额度到期时年龄（周岁）"),
    Feature("applicant.id_has_expiry", "boolean", "身份证有到期日（非长期）"),
    Feature(
        "applicant.id_valid_days",
        "integer",
        "身份证剩余有效天数",
        guard="applicant.id_has_expiry",
        lowest=None,
    ),
    Feature("applicant.student", "boolean", "自报在校学生"),
    Feature("applicant.related_party", "boolean", "本行关系人"),
    Feature("application.invited", "boolean", "在受邀名单内"),
    Feature("application.region_served", "boolean", "有证据表明属于服务区域"),
)

_FULL: Final = (
    Feature("application.existing_credit_yuan", "number", "本行已有额度合计（元）"),
    Feature("application.has_invited_limit", "boolean", "名单上有预授额度"),
    Feature(
        "application.invited_limit_yuan",
        "number",
        "名单预授额度（元）",
        guard="application.has_invited_limit",
    ),
    Feature("application.manual_review", "boolean", "须人工审核"),
    Feature("income.verified", "boolean", "收入有政务数据佐证"),
    Feature("income.verified_yuan", "number", "佐证月收入（元）", guard="income.verified"),
    Feature("income.declared", "boolean", "已自报收入"),
    Feature("income.declared_yuan", "number", "自报月收入（元）", guard="income.declared"),
    Feature("bureau.available", "boolean", "征信已返回"),
    Feature("bureau.found", "boolean", "有征信记录"),
    Feature("bureau.overdue_now", "integer", "当前逾期笔数", guard="bureau.found"),
    Feature("bureau.overdue_12m", "integer", "近 12 个月逾期期数", guard="bureau.found"),
    Feature("bureau.max_consecutive_24m", "integer", "近 24 个月最长连续逾期期数", guard="bureau.found"),
    Feature("bureau.total_overdue_24m", "integer", "近 24 个月累计逾期期数", guard="bureau.found"),
    Feature("bureau.queries_3m", "integer", "近 3 个月查询次数", guard="bureau.found"),
    Feature("bureau.lenders", "integer", "在贷机构数", guard="bureau.found"),
    Feature("bureau.monthly_debt_payment_yuan", "number", "月负债还款额（元）", guard="bureau.found"),
    Feature("bureau.has_cards", "boolean", "有信用卡"),
    Feature("bureau.card_utilisation", "number", "信用卡使用率", guard="bureau.has_cards"),
    Feature("bureau.history_months", "integer", "信用历史月数", guard="bureau.found"),
    Feature("bureau.has_score", "boolean", "征信机构给出评分"),
    Feature("bureau.score", "integer", "征信机构评分", guard="bureau.has_score"),
    Feature("government.available", "boolean", "政务数据已返回"),
    Feature("government.has_social_security", "boolean", "有社保记录"),
    Feature(
        "government.social_security_months_24m",
        "integer",
        "近 24 个月社保缴纳月数",
        guard="government.has_social_security",
    ),
    Feature("government.has_housing_fund", "boolean", "有公积金记录"),
    Feature(
        "government.housing_fund_months_24m",
        "integer",
        "近 24 个月公积金缴存月数",
        guard="government.has_housing_fund",
    ),
    Feature("government.has_tax", "boolean", "有个税记录"),
    Feature("government.tax_months_24m", "integer", "近 24 个月个税申报月数", guard="government.has_tax"),
    Feature("government.has_student_register", "boolean", "学籍已查"),
    Feature("government.student_enrolled", "boolean", "学籍在册", guard="government.has_student_register"),
    Feature("price.lpr_rate", "number", "贷款市场报价利率（%）"),
)

SOURCES: Final = "sources"
"""The group of features that a model need not declare: it is told of them only where it does."""

_SOURCES: Final = tuple(
    feature
    for name, label in (("social_a", "社交评分甲"), ("social_b", "社交评分乙"), ("payment", "支付评分"))
    for feature in (
        Feature(f"{SOURCES}.has_{name}", "boolean", f"{label}已返回"),
        Feature(f"{SOURCES}.{name}_score", "integer", label, guard=f"{SOURCES}.has_{name}"),
    )
)


def _policy_features() -> Iterable[Feature]:
    """Derive the features of the policy from its fields; amounts reach the model in yuan."""
    for item in fields(PolicyFields):
        path, label = f"policy.{item.name}", str(item.metadata["label"])
        if isinstance(item.default, bool):
            yield Feature(path, "boolean", label)
        elif isinstance(item.default, str):
            yield Feature(path, "string", label, choices=("review", "skip"))
        elif item.name.endswith("_fen"):
            lowest = float(item.metadata["lowest"] / FEN_PER_YUAN)
            yield Feature(f"{path.removesuffix('_fen')}_yuan", "number", f"{label}（元）", lowest=lowest)
        else:
            kind: Kind = "number" if isinstance(item.default, Decimal) else "integer"
            yield Feature(path, kind, label, lowest=int(item.metadata["lowest"]))


@cache
def features(stage: Stage) -> Mapping[str, Feature]:
    """Return what a model of this stage may look at, by path."""
    allowed = (*_EARLY, *((*_FULL, *_SOURCES) if stage == "full" else ()), *_policy_features())
    return {feature.path: feature for feature in allowed}


def input_schema(stage: Stage, *, with_sources: bool = False) -> dict[str, Any]:
    """Return the JSON schema of all that a model of this stage is told: all required, nothing beside.

    The optional `SOURCES` are declared only where they are asked for.
    """
    schema: dict[str, Any] = _object()
    for path, feature in features(stage).items():
        if path.startswith(f"{SOURCES}.") and not with_sources:
            continue
        *parents, leaf = path.split(".")
        at = schema
        for name in parents:
            if name not in at["properties"]:
                at["properties"][name] = _object()
                at["required"].append(name)
            at = at["properties"][name]
        at["properties"][leaf] = {"title": feature.label, **feature.schema}
        at["required"].append(leaf)
    return schema


def is_forbidden(path: str) -> bool:
    """Tell whether a name means something that may never decide, in whatever way it is written."""
    segments = path.lower().replace("-", "_").split(".")
    return any(
        segment in FORBIDDEN or any(part in FORBIDDEN for part in segment.split("_") if part not in {"name", "room"})
        for segment in segments
    )


def _object() -> dict[str, Any]:
    return {"type": "object", "required": [], "properties": {}, "additionalProperties": False}
