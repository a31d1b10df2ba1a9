"""The columns of a product version that decide: one for each field of `lending.decision.policy.PolicyFields`.

Label, default and bounds of a column are those of the field, so the two cannot drift apart.
"""

from __future__ import annotations

from dataclasses import Field, fields
from decimal import Decimal
from typing import Any, Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from lending.decision.policy import PolicyFields

FIELDS: Final = {item.name: item for item in fields(PolicyFields)}
DERIVED: Final = frozenset({"year_days", "term_months"})
MISSING_SOURCE: Final = [("review", "转人工审核"), ("skip", "跳过相关规则")]


def _described(name: str) -> tuple[Field[Any], dict[str, Any]]:
    item = FIELDS[name]
    return item, {"verbose_name": item.metadata["label"], "default": item.default}


def _bounds(item: Field[Any]) -> list[Any]:
    return [MinValueValidator(item.metadata["lowest"]), MaxValueValidator(item.metadata["highest"])]


def _flag(name: str) -> models.BooleanField[bool, bool]:
    return models.BooleanField(**_described(name)[1])


def _whole(name: str) -> models.IntegerField[int, int]:
    item, described = _described(name)
    return models.IntegerField(**described, validators=_bounds(item))


def _amount(name: str) -> models.BigIntegerField[int, int]:
    item, described = _described(name)
    return models.BigIntegerField(**described, validators=_bounds(item))


def _decimal(name: str, **changed: Decimal) -> models.DecimalField[Decimal, Decimal]:
    item, described = _described(name)
    return models.DecimalField(**described | changed, max_digits=8, decimal_places=4, validators=_bounds(item))


class PolicyColumns(models.Model):
    """What decides an application, as columns; amounts in fen, rates annual per cent, spreads in basis points.

    PII: none.
    """

    min_amount_fen = _amount("min_amount_fen")
    max_amount_fen = _amount("max_amount_fen")
    thin_file_max_amount_fen = _amount("thin_file_max_amount_fen")
    person_cap_fen = _amount("person_cap_fen")
    limit_step_fen = _amount("limit_step_fen")

    floor_rate = _decimal("floor_rate")
    # The highest rate in whole basis points that costs at most 24 % all in over a year of 360 days.
    ceiling_rate = _decimal("ceiling_rate", default=Decimal("23.6700"))
    grade_a_spread_bp = _whole("grade_a_spread_bp")
    grade_b_spread_bp = _whole("grade_b_spread_bp")
    grade_c_spread_bp = _whole("grade_c_spread_bp")
    grade_d_spread_bp = _whole("grade_d_spread_bp")

    grade_a_income_multiple = _decimal("grade_a_income_multiple")
    grade_b_income_multiple = _decimal("grade_b_income_multiple")
    grade_c_income_multiple = _decimal("grade_c_income_multiple")
    grade_d_income_multiple = _decimal("grade_d_income_multiple")

    invitation_only = _flag("invitation_only")
    reject_students = _flag("reject_students")
    min_age = _whole("min_age")
    max_age = _whole("max_age")
    max_age_at_maturity = _whole("max_age_at_maturity")
    id_validity_days = _whole("id_validity_days")

    reject_current_overdue = _flag("reject_current_overdue")
    max_overdue_12m = _whole("max_overdue_12m")
    overdue_consecutive_reject_at = _whole("overdue_consecutive_reject_at")
    overdue_total_reject_at = _whole("overdue_total_reject_at")
    max_queries_3m = _whole("max_queries_3m")
    max_lenders = _whole("max_lenders")
    max_dti_percent = _decimal("max_dti_percent")

    allow_thin_file = _flag("allow_thin_file")
    missing_source = models.CharField("政务数据缺失时", max_length=6, choices=MISSING_SOURCE, default="review")
    declared_income_percent = _decimal("declared_income_percent")

    min_score = _whole("min_score")
    grade_a_min_score = _whole("grade_a_min_score")
    grade_b_min_score = _whole("grade_b_min_score")
    grade_c_min_score = _whole("grade_c_min_score")
    grade_d_min_score = _whole("grade_d_min_score")

    class Meta:
        abstract = True


COLUMNS: Final = tuple(name for name in FIELDS if name not in DERIVED)
