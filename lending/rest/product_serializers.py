"""What goes in and out of the calls on products."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.rest.fields import AmountField, DayField, OneOfField, RateField, WholeField
from core.rest.lists import page_schema
from lending.loans.terms import FIRST_YEAR, LAST_YEAR, MAX_PERIODS, RepaymentMethod

METHODS = [method.value for method in RepaymentMethod]


class RateRangeDocument(serializers.Serializer[Any]):
    """Annual rates in per cent, lowest and highest."""

    to = RateField()

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is a word of Python."""
        return {"from": RateField(), **super().get_fields()}


@extend_schema_field({"type": "object", "additionalProperties": True})
class JsonSchemaField(serializers.JSONField):
    """A JSON Schema (draft 2020-12)."""


class ProductDocument(serializers.Serializer[Any]):
    """A product as it is offered today."""

    code = serializers.CharField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    lender = serializers.CharField(help_text="贷款人法人全称")
    target = serializers.CharField(allow_blank=True)
    introduction = serializers.CharField(allow_blank=True)
    min_amount = AmountField()
    max_amount = AmountField()
    terms = serializers.ListField(child=serializers.IntegerField(), help_text="可选期限（月）")
    methods = serializers.ListField(child=serializers.ChoiceField(METHODS))
    annual_rate = RateRangeDocument()
    purposes = serializers.ListField(child=serializers.CharField())
    required_consents = serializers.ListField(child=serializers.CharField())
    facts_schema = JsonSchemaField()


ProductPage = page_schema(ProductDocument, "ProductPage")


class QuoteBody(serializers.Serializer[Any]):
    """POST products/{code}/quote."""

    amount = AmountField()
    term = WholeField(min_value=1, max_value=MAX_PERIODS, help_text="期限（月）")
    method = OneOfField(METHODS)
    start = DayField(required=False, help_text=f"{FIRST_YEAR} 年至 {LAST_YEAR} 年，缺省为当前营业日")
    annual_rate = RateField(required=False)


class InstalmentDocument(serializers.Serializer[Any]):
    """One row of a schedule."""

    number = serializers.IntegerField()
    due_date = serializers.DateField()
    principal = AmountField()
    interest = AmountField()
    total = AmountField()
    balance = AmountField()


class QuoteDocument(serializers.Serializer[Any]):
    """A schedule with its cost; `all_in_basis` says how the all-in rate was found."""

    instalments = InstalmentDocument(many=True)
    total_interest = AmountField()
    annual_rate = RateField()
    all_in_annual_rate = RateField()
    all_in_basis = serializers.ChoiceField(["irr", "simple"])
