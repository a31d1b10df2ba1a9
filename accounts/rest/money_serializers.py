"""What goes in and out of the calls that move customers' own money."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.rest.serializers import Body, EntryDocument, PhoneCodeProof
from core.rest.fields import AmountField, IdField
from core.rest.lists import page_schema

ACCOUNT_NUMBER = r"^[0-9]{12,22}$"
ACCOUNT_NUMBER_TOLD: Any = {"invalid": "账号应为 12 至 22 位数字，请检查后重新输入"}
PROGRESS = ["posting", "posted", "failed"]


@extend_schema_field({"type": "string", "pattern": r"^(?!0\.00$)(0|[1-9][0-9]{0,11})\.[0-9]{2}$", "example": "1000.00"})
class PositiveAmountField(AmountField):
    """An amount to be moved: more than nothing."""

    def to_internal_value(self, data: Any) -> int:
        """Read yuan; nothing and less is refused."""
        fen = super().to_internal_value(data)
        if fen <= 0:
            raise serializers.ValidationError("金额须大于零")
        return fen


class TopUpBody(Body):
    """POST accounts/{id}/top-ups."""

    card = IdField()
    amount = PositiveAmountField()
    phone_code = PhoneCodeProof()


class TransferToBody(Body):
    """Whom a transfer goes to: a bound card of one's own, or an account by number and name."""

    card_id = IdField(required=False)
    number = serializers.RegexField(ACCOUNT_NUMBER, required=False, error_messages=ACCOUNT_NUMBER_TOLD)
    name = serializers.CharField(max_length=50, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one of the two ways."""
        by_card, by_account = "card_id" in attrs, {"number", "name"} & attrs.keys()
        if by_card == bool(by_account) or len(by_account) == 1:
            raise serializers.ValidationError("须提供 card_id，或 number 与 name")
        return attrs


class TransferBody(Body):
    """POST transfers."""

    from_account = IdField()
    to = TransferToBody()
    amount = PositiveAmountField()
    phone_code = PhoneCodeProof(required=False)


class ProgressDocument(serializers.Serializer[Any]):
    """How far a movement of money is."""

    status = serializers.ChoiceField(PROGRESS)
    reason_code = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class TopUpDocument(ProgressDocument):
    """A top-up."""

    id = IdField()
    account = IdField()
    card = IdField()
    amount = AmountField()


class TransferPayeeDocument(serializers.Serializer[Any]):
    """Whom a transfer went to; name and number masked."""

    kind = serializers.ChoiceField(["card", "account"])
    card_id = IdField(allow_null=True)
    number = serializers.CharField()
    name = serializers.CharField()


class TransferDocument(ProgressDocument):
    """A transfer."""

    id = IdField()
    from_account = IdField()
    to = TransferPayeeDocument()
    amount = AmountField()


class StatementLineDocument(EntryDocument):
    """One movement of a statement, with its business date."""

    date = serializers.DateField()


class StatementDocument(serializers.Serializer[Any]):
    """A statement of account: the opening balance and all entries add up to the closing balance."""

    account = IdField()
    number = serializers.CharField(allow_null=True)
    to = serializers.DateField()
    opening_balance = AmountField()
    credited = AmountField()
    debited = AmountField()
    closing_balance = AmountField()
    entries = StatementLineDocument(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is a word of Python."""
        return {"from": serializers.DateField(), **super().get_fields()}


TopUpPage = page_schema(TopUpDocument, "TopUpPage")
TransferPage = page_schema(TransferDocument, "TransferPage")
