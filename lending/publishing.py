"""What must hold before a product version is published: every complaint in Chinese, field by field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError

from core.clock import business_date
from core.money import fen_to_yuan
from lending.contracts.errors import ContractError
from lending.decision.policy import ALL_IN_CEILING, SHORT_TERM_MONTHS, PolicyFieldsError, lpr_tenor
from lending.models import BankModelVersion, ProductVersion
from lending.models.product import BULLET_LIKE, LONGEST_BULLET_MONTHS, MODEL_STAGE_OF
from lending.offering import licensed_regions, policy_of, regions_outside
from lending.product_bounds import product_bounds
from lending.purposes import BUSINESS, CONSUMER, PERMITTED

MANDATORY_CONSENTS: Final = ("credit_query", "data_query", "e_sign")
CENT: Final = Decimal("0.01")
OWN_TO_A_VERSION: Final = frozenset(
    {"id", "number", "created_by", "created_at", "published_by", "published_at", "edited_by", "change_note",
     "effective_date"}
)  # fmt: skip
"""What a version does not take over from the one before it."""
NOT_OFFERED: Final = OWN_TO_A_VERSION - {"change_note", "effective_date"}
"""What keeps the books of a draft and is nothing that anybody approves."""
TOLD_APART: Final = frozenset({"product_id", "change_note", "effective_date"})
SHOWN_WHOLE: Final = 80

Problems = Mapping[str, list[str]]


def problems_of(version: ProductVersion) -> Problems:
    """Return what speaks against publishing a version; empty when nothing does. Sets a trial contract: some 20 ms."""
    found: dict[str, list[str]] = {}
    checks = (_field_problems, _rule_problems, _bounds_problems, _region_problems, _template_problems)
    for field, text in (problem for check in checks for problem in check(version)):
        found.setdefault(field, []).append(text)
    return found


def contents_of(version: ProductVersion) -> dict[str, Any]:
    """Return all that a version says, by column; without who wrote it and when."""
    return {
        field.attname: getattr(version, field.attname)
        for field in ProductVersion._meta.concrete_fields  # noqa: SLF001 -- Django's documented model API
        if field.name not in NOT_OFFERED
    }


def digest_of(version: ProductVersion) -> str:
    """Return the SHA-256 of a draft as it is stored, in hex: canonical JSON of its columns, sorted keys, no blanks, UTF-8.

    Read the row from the database first: what was only assigned may be written otherwise than it is stored.
    """
    text = json.dumps(contents_of(version), default=str, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def changes_of(draft: ProductVersion, former: ProductVersion | None) -> dict[str, list[str]]:
    """Return what a draft changes: old and new value in words, by the column's title; all are new without a former one."""
    new, old = contents_of(draft), {} if former is None else contents_of(former)
    return {
        label_of(name): [_in_words(name, old[name]) if old else "", _in_words(name, value)]
        for name, value in new.items()
        if name not in TOLD_APART and (not old or old[name] != value)
    }


def explained(problems: Problems) -> str:
    """Say in one text what is wrong with a draft, by the titles that staff see."""
    return "；".join(f"{label_of(field)}：{'、'.join(texts)}" for field, texts in problems.items())


def label_of(name: str) -> str:
    """Return a column's title, as staff see it; the name itself where there is no such column."""
    found = {field.attname: str(field.verbose_name) for field in ProductVersion._meta.concrete_fields}  # noqa: SLF001
    return found.get(name, name)


def _in_words(name: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if name.endswith("_fen"):
        return f"{fen_to_yuan(value)} 元"
    if name.removesuffix("_id") in MODEL_STAGE_OF:
        return str(BankModelVersion.objects.select_related("model").defer("content").get(pk=value))
    field: Any = ProductVersion._meta.get_field(name.removesuffix("_id"))  # noqa: SLF001
    words = dict(getattr(field, "base_field", field).choices or ())
    text = (
        "、".join(str(words.get(each, each)) for each in value) if isinstance(value, list) else words.get(value, value)
    )
    return str(text) if len(str(text)) <= SHOWN_WHOLE else f"{str(text)[:SHOWN_WHOLE]}…"


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
    if version.published_at is None and version.effective_date is not None and version.effective_date < business_date():
        yield "effective_date", f"生效日期不得早于当前营业日 {business_date()}，请改为当日或以后，或留空"
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


def _bounds_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    """Check that a version lies within the province's bounds, by those of the day on which it takes effect."""
    bounds = product_bounds(max(version.effective_date or business_date(), business_date()))
    most_fen, most_months = bounds.max_amount_fen.get(version.kind), bounds.max_term_months.get(version.kind)
    if most_fen is not None and version.max_amount_fen > most_fen:
        yield (
            "max_amount_fen",
            f"不得超过省级上限 {fen_to_yuan(most_fen)} 元（{_bound(version, 'max_amount_yuan')}），请调低",
        )
    if most_months is not None:
        yield from _longest_term_problems(version, most_months, bounds.long_cycle_max_term_months)
    if version.ceiling_rate > bounds.max_rate:
        yield "ceiling_rate", f"不得超过省级上限 {bounds.max_rate.normalize():f}%（bounds.max_rate_bp），请调低"
    if version.min_age < bounds.min_age:
        yield "min_age", f"不得低于省级下限 {bounds.min_age} 周岁（bounds.min_age），请调高"
    if version.max_age_at_maturity > bounds.max_age_at_maturity:
        yield (
            "max_age_at_maturity",
            f"不得超过省级上限 {bounds.max_age_at_maturity} 周岁（bounds.max_age_at_maturity），请调低",
        )


def _longest_term_problems(version: ProductVersion, usual: int, long_cycle: int) -> Iterator[tuple[str, str]]:
    """Check a version's terms against those of its kind, or of a business whose money comes back late (LN-03), in months."""
    longest, may_be_longer = max(version.terms_months, default=0), version.kind == BUSINESS and long_cycle > usual
    name, most = _bound(version, "max_term_months"), usual
    if may_be_longer and version.long_cycle_grounds:
        name, most = "bounds.long_cycle_max_term_months", long_cycle
    if longest > most:
        how = "请删去更长的期限"
        if may_be_longer and most == usual:
            how += f"；经营现金流回收周期较长的，请在“期限超过常规上限的理由”中说明，最长 {long_cycle} 个月"
        yield "terms_months", f"不得超过省级上限 {most} 个月（{name}），{how}"
    if version.long_cycle_grounds and version.kind != BUSINESS:
        yield "long_cycle_grounds", "仅个人经营贷款可以因经营现金流回收周期较长而延长期限，请清空"


def _bound(version: ProductVersion, name: str) -> str:
    return f"bounds.{version.kind}_{name}"


def _region_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    """Check that a version serves no region outside the bank's licence (LN-04): a bank only shrinks it."""
    outside = regions_outside(version)
    if outside:
        licensed = "、".join(licensed_regions())
        yield "service_regions", f"{'、'.join(outside)} 不在本行经营区域（{licensed}，由省级管理机构设定）之内，请删除"


def _term_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    bullet_like = BULLET_LIKE & set(version.methods)
    if version.kind == CONSUMER and bullet_like and version.line_term_months > LONGEST_BULLET_MONTHS:
        yield (
            "line_term_months",
            f"消费贷款采用先息后本或利随本清的，额度期限不得超过 {LONGEST_BULLET_MONTHS} 个月（LN-01a），请缩短",
        )
    only_bullet = bullet_like == set(version.methods)
    if version.kind == CONSUMER and only_bullet and min(version.terms_months, default=0) > LONGEST_BULLET_MONTHS:
        yield "terms_months", f"所选还款方式下贷款期限不得超过 {LONGEST_BULLET_MONTHS} 个月"
    yield from _tenor_problems(version)


def _tenor_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    """Check that one LPR can price all terms: up to a year it is the short one, above five years the long one (INT-01)."""
    if lpr_tenor(max(version.terms_months, default=0)) != "1Y" and min(version.terms_months) <= SHORT_TERM_MONTHS:
        yield (
            "terms_months",
            "含有超过五年期限的产品按五年期以上 LPR 定价，一年以内的贷款须按一年期定价（INT-01），请另设产品",
        )


def _purpose_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    if set(version.purposes) - PERMITTED.get(version.kind, frozenset()):
        yield "purposes", "消费贷款不得用于经营，经营贷款不得用于消费；请只选与贷款类别相符的用途"
    if version.kind == BUSINESS and version.early_repayment_fee_percent:
        yield "early_repayment_fee_percent", "个人经营贷款不得收取提前还款手续费（银保监发〔2020〕18号）"


def _template_problems(version: ProductVersion) -> Iterator[tuple[str, str]]:
    own = {name: getattr(version, name) for name in ("contract_template", "agreement_template")}
    if not any(source.strip() for source in own.values()):
        return
    from lending.contracts import trial  # sets a page and looks into it: PDF that only publishing needs

    tries = {"contract_template": trial.try_template, "agreement_template": trial.try_agreement_template}
    for name, source in own.items():
        if not source.strip():
            continue
        try:
            tries[name](source)
        except ContractError as error:
            yield name, str(error)
