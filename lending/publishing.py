"""What must hold before a product version is published: every complaint in Chinese, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Final

from django.core.exceptions import ValidationError

from lending.contracts.errors import ContractError
from lending.decision.policy import ALL_IN_CEILING, PolicyFieldsError
from lending.models import BankModelVersion, ProductVersion
from lending.models.product import BULLET_LIKE, LONGEST_BULLET_MONTHS, MODEL_STAGE_OF
from lending.offering import policy_of
from lending.purposes import BUSINESS, CONSUMER, PERMITTED

MANDATORY_CONSENTS: Final = ("credit_query", "data_query", "e_sign")
LONGEST_CONSUMER_MONTHS: Final = 60
CENT: Final = Decimal("0.01")

Problems = Mapping[str, list[str]]


def problems_of(version: ProductVersion) -> Problems:
    """Return what speaks against publishing a version; empty when nothing does. Sets a trial contract: some 20 ms."""
    found: dict[str, list[str]] = {}
    for field, text in [*_field_problems(version), *_rule_problems(version), *_template_problems(version)]:
        found.setdefault(field, []).append(text)
    return found


def _field_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    """Check types, bounds and choices of the columns, and that the policy's fields do not contradict each other."""
    malformed: set[str] = set()
    try:
        version.clean_fields(exclude=["product"])
    except ValidationError as error:
        for field, texts in error.message_dict.items():
            malformed.add(field)
            yield from ((field, text) for text in texts)
    if malformed:
        return
    try:
        policy = policy_of(version)
    except PolicyFieldsError as error:
        yield from error.problems.items()
        return
    if version.ceiling_rate > policy.effective_ceiling_rate:
        highest = policy.effective_ceiling_rate.quantize(CENT, rounding=ROUND_DOWN)
        yield (
            "ceiling_rate",
            f"年化综合成本不得超过 {ALL_IN_CEILING}%，按所选计息基础年利率上限不得高于 {highest}",
        )


def _rule_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    if version.min_amount_fen >= version.max_amount_fen:
        yield "max_amount_fen", "最高金额须大于最低金额"
    if version.compound_on_penalty and not version.compound_penalty:
        yield "compound_on_penalty", "对罚息计收复利的，须同时对逾期利息计收复利"
    yield from _model_problems(version)
    yield from _term_problems(version)
    yield from _purpose_problems(version)
    for name in ("terms_months", "methods", "purposes", "required_consents", "service_regions"):
        chosen = getattr(version, name)
        if chosen and len(set(chosen)) != len(chosen):
            yield name, "不得重复"
    missing = [consent for consent in MANDATORY_CONSENTS if consent not in version.required_consents]
    if missing:
        yield "required_consents", f"须包含征信查询、信息查询和电子签名授权（缺少 {'、'.join(missing)}）"
    for name in ("floor_rate", "ceiling_rate"):
        rate = getattr(version, name)
        if rate != rate.quantize(CENT):
            yield name, "最多两位小数，以便合同利率写作 LPR 加若干基点"


def _model_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    for name, stage in MODEL_STAGE_OF.items():
        model: BankModelVersion | None = getattr(version, name)
        if model is not None and (model.published_at is None or model.model.stage != stage):
            yield name, "须选用已发布的、适用于该阶段的模型，请重选"
    if version.challenger_model_id is not None and version.challenger_model_id == version.full_model_id:
        yield "challenger_model", "不得与授信模型相同，请改选或留空"


def _term_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    bullet_like = BULLET_LIKE & set(version.methods)
    if version.kind == CONSUMER and bullet_like and version.line_term_months > LONGEST_BULLET_MONTHS:
        yield (
            "line_term_months",
            f"消费贷款采用先息后本或利随本清的，额度期限不得超过 {LONGEST_BULLET_MONTHS} 个月（LN-01a），请缩短",
        )
    if version.kind == CONSUMER and max(version.terms_months, default=0) > LONGEST_CONSUMER_MONTHS:
        yield "terms_months", f"个人消费贷款期限不得超过 {LONGEST_CONSUMER_MONTHS} 个月"
    only_bullet = bullet_like == set(version.methods)
    if version.kind == CONSUMER and only_bullet and min(version.terms_months, default=0) > LONGEST_BULLET_MONTHS:
        yield "terms_months", f"所选还款方式下贷款期限不得超过 {LONGEST_BULLET_MONTHS} 个月"


def _purpose_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    if set(version.purposes) - PERMITTED.get(version.kind, frozenset()):
        yield "purposes", "消费贷款不得用于经营，经营贷款不得用于消费；请只选与贷款类别相符的用途"
    if version.kind == BUSINESS and version.early_repayment_fee_percent:
        yield "early_repayment_fee_percent", "个人经营贷款不得收取提前还款手续费（银保监发〔2020〕18号）"


def _template_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    if not version.contract_template.strip():
        return
    from lending.contracts.trial import try_template  # sets a page and looks into it: PDF that only publishing needs

    try:
        try_template(version.contract_template)
    except ContractError as error:
        yield "contract_template", str(error)
