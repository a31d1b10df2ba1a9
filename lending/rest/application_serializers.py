"""What goes in and out of the calls on applications and lines."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.rest.fields import AmountField, IdField, RateField
from core.rest.lists import page_schema
from lending.models import application, credit_line
from lending.models.product import CODE
from lending.purposes import PURPOSES, is_banned

STATUSES = [status for status, _ in application.STATUSES]
LINE_STATUSES = [status for status, _ in credit_line.STATUSES]
LONGEST_PURPOSE = 60


@extend_schema_field({"type": "string", "enum": sorted(PURPOSES)})
class PurposeField(serializers.CharField):
    """What the loan is for, a word of the contract; own words for a banned purpose pass, to be refused as such."""

    def __init__(self, **kwargs: Any) -> None:
        """Bound the length."""
        super().__init__(max_length=LONGEST_PURPOSE, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Refuse a word that is none of the contract's."""
        purpose = super().run_validation(data)
        if purpose in PURPOSES or is_banned(purpose):
            return purpose
        raise serializers.ValidationError(f"用途须为以下之一：{'、'.join(sorted(PURPOSES))}")


class ApplicationBody(serializers.Serializer[Any]):
    """POST applications; `facts` as the product's `facts_schema` says."""

    product = serializers.RegexField(CODE)
    purpose = PurposeField()
    facts = serializers.DictField()


class ApplicationSubmitBody(serializers.Serializer[Any]):
    """POST applications/{id}/submit."""

    face_token = serializers.CharField(max_length=128)


class DecisionDocument(serializers.Serializer[Any]):
    """What was decided; terms are null where nothing is offered, `model_version` where no model was asked."""

    limit = AmountField(allow_null=True)
    annual_rate = RateField(allow_null=True)
    term_months = serializers.IntegerField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True, help_text="额度确认截止日")
    grade = serializers.CharField(allow_null=True)
    reason_codes = serializers.ListField(child=serializers.CharField())
    reason_texts = serializers.ListField(child=serializers.CharField())
    model_version = serializers.CharField(allow_null=True)


class ApplicationDocument(serializers.Serializer[Any]):
    """An application."""

    id = IdField()
    product = serializers.CharField()
    product_version = serializers.IntegerField()
    purpose = serializers.ChoiceField(sorted(PURPOSES))
    status = serializers.ChoiceField(STATUSES)
    required_consents = serializers.ListField(child=serializers.CharField())
    decision = DecisionDocument(allow_null=True)
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class CreditLineDocument(serializers.Serializer[Any]):
    """A line; `available` is what can be drawn now."""

    id = IdField()
    product = serializers.CharField()
    limit = AmountField()
    available = AmountField()
    annual_rate = RateField(help_text="当前用款的年利率：最近公布的贷款市场报价利率加授信约定的基点")
    valid_until = serializers.DateField()
    status = serializers.ChoiceField(LINE_STATUSES)


ApplicationPage = page_schema(ApplicationDocument, "ApplicationPage")
CreditLinePage = page_schema(CreditLineDocument, "CreditLinePage")
