"""What goes in and out of this room's calls."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.rest.fields import AmountField, IdField, OneOfField, SignedAmountField
from core.rest.lists import page_schema

PHONE = r"^1[3-9][0-9]{9}$"
CARD_NUMBER = r"^[0-9]{16,19}$"
CODE = r"^[0-9]{6}$"
PHONE_TOLD: Any = {"invalid": "手机号应为 1 开头的 11 位数字，请检查后重新输入"}
CARD_NUMBER_TOLD: Any = {"invalid": "银行卡号应为 16 至 19 位数字，请检查后重新输入"}
CODE_TOLD: Any = {"invalid": "短信验证码应为 6 位数字，请检查后重新输入"}


class Body(serializers.Serializer[Any]):
    """A request's body."""


class LoginBody(Body):
    """POST sessions."""

    wechat_code = serializers.CharField(max_length=128)
    device_id = serializers.CharField(max_length=128)
    entry_token = serializers.CharField(max_length=256, required=False)


class CustomerDocument(serializers.Serializer[Any]):
    """The customer behind a session."""

    id = IdField()
    stage = serializers.ChoiceField(["new", "registered"])


class LoginDocument(serializers.Serializer[Any]):
    """A new session."""

    access_token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    customer = CustomerDocument()


class RegistrationBody(Body):
    """POST registrations: upload ids."""

    id_card_front = IdField()
    id_card_back = IdField()


class PhoneCodeProof(Body):
    """A one-time code and the message that it came with."""

    id = IdField()
    code = serializers.RegexField(CODE, error_messages=CODE_TOLD)


class ConfirmBody(Body):
    """POST registrations/{id}/confirm."""

    name = serializers.CharField(max_length=50, required=False)
    address = serializers.CharField(max_length=200, required=False)
    occupation = serializers.CharField(max_length=60)
    residence_address = serializers.CharField(max_length=200)
    tax_residency = OneOfField(["cn_only", "foreign_only", "both"])


class PhoneBody(Body):
    """POST registrations/{id}/phone: a phone with its code, or WeChat's phone code."""

    phone = serializers.RegexField(PHONE, error_messages=PHONE_TOLD, required=False)
    phone_code = PhoneCodeProof(required=False)
    wechat_phone_code = serializers.CharField(max_length=128, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one of the two ways."""
        by_code = "phone" in attrs and "phone_code" in attrs
        if by_code == ("wechat_phone_code" in attrs):
            raise serializers.ValidationError({"phone": ["须提供 phone 与 phone_code，或 wechat_phone_code"]})
        return attrs


class RelinkBody(Body):
    """POST registrations/{id}/relink."""

    face_token = serializers.CharField(max_length=128)
    phone_code = PhoneCodeProof()


class IdentityFields(serializers.Serializer[Any]):
    """What was read from the card; the number masked."""

    id_number = serializers.CharField()
    name = serializers.CharField()
    sex = serializers.CharField()
    ethnicity = serializers.CharField()
    birth_date = serializers.DateField()
    address = serializers.CharField()
    authority = serializers.CharField()
    valid_until = serializers.DateField(allow_null=True)


class RegistrationDocument(serializers.Serializer[Any]):
    """A registration."""

    id = IdField()
    status = serializers.ChoiceField(
        ["reading", "confirm", "retake", "phone", "checking", "registered", "rejected", "relink"]
    )
    fields = IdentityFields(allow_null=True)  # type: ignore[assignment]
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()


class BoundCardBody(Body):
    """The card that an account is bound to."""

    number = serializers.RegexField(CARD_NUMBER, error_messages=CARD_NUMBER_TOLD)
    phone = serializers.RegexField(PHONE, error_messages=PHONE_TOLD)


class AccountBody(Body):
    """POST accounts."""

    bound_card = BoundCardBody()
    phone_code = PhoneCodeProof()
    holder = OneOfField(["person", "company"], required=False, help_text="单位账户须到柜面办理")
    phone_shared = OneOfField(["guardian", "family"], required=False, help_text="手机号由监护人或家人共用的声明")

    def get_fields(self) -> dict[str, Any]:
        """Add `class`, which is a word of Python."""
        return {"class": OneOfField(["I", "II", "III"]), **super().get_fields()}


class IntentionBody(Body):
    """How the customer stated their own will."""

    method = OneOfField(["read_aloud", "question", "confirm"])
    evidence = serializers.CharField(max_length=500)


class AccountSubmitBody(Body):
    """POST accounts/{id}/submit."""

    face_token = serializers.CharField(max_length=128)
    purpose = OneOfField(["loan_repayment", "savings", "payment", "other"])
    intention = IntentionBody()


class CardDocument(serializers.Serializer[Any]):
    """A bound card; the number masked."""

    id = IdField()
    number = serializers.CharField()
    bank = serializers.CharField()
    status = serializers.ChoiceField(["checking", "step_up", "active", "rejected", "unbound"])
    payout_from = serializers.DateTimeField(allow_null=True, help_text="何时起可向该卡转出资金；未绑定为空")
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()


class SuspensionDocument(serializers.Serializer[Any]):
    """A reason for which an account takes no new business, and since when."""

    reason = serializers.ChoiceField(["dormant", "id_expired", "no_document"])
    from_date = serializers.DateField()


class AccountDocument(serializers.Serializer[Any]):
    """An account; the number masked."""

    id = IdField()
    number = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["checking", "face", "opening", "active", "rejected", "closed"])
    balance = AmountField()
    available = AmountField()
    as_of = serializers.DateTimeField()
    bound_cards = CardDocument(many=True)
    suspensions = SuspensionDocument(many=True)
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()

    def get_fields(self) -> dict[str, Any]:
        """Add `class`, which is a word of Python."""
        return {"class": serializers.ChoiceField(["I", "II", "III"]), **super().get_fields()}


class CloseBody(Body):
    """POST accounts/{id}/close."""

    face_token = serializers.CharField(max_length=128)


class ClosingDocument(serializers.Serializer[Any]):
    """A request to close an account."""

    id = IdField()
    account = IdField()
    status = serializers.ChoiceField(["closing", "closed", "refused"])
    reason_code = serializers.CharField(allow_null=True)


class ReverifyBody(Body):
    """POST accounts/{id}/reverify: a face, and both sides of a new ID card where there is one (upload ids)."""

    face_token = serializers.CharField(max_length=128)
    id_card_front = IdField(required=False)
    id_card_back = IdField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for both sides or none."""
        if ("id_card_front" in attrs) != ("id_card_back" in attrs):
            raise serializers.ValidationError({"id_card_back": ["身份证须同时提供正反两面"]})
        return attrs


class ReverificationDocument(serializers.Serializer[Any]):
    """A customer's new proof of who they are."""

    id = IdField()
    account = IdField()
    status = serializers.ChoiceField(["reading", "verified", "rejected"])
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()


class EntryDocument(serializers.Serializer[Any]):
    """One movement on an account; money out is negative."""

    id = IdField()
    at = serializers.DateTimeField()
    amount = SignedAmountField()
    balance_after = AmountField()
    kind = serializers.CharField()
    memo = serializers.CharField()


class CardBody(Body):
    """POST cards."""

    number = serializers.RegexField(CARD_NUMBER, error_messages=CARD_NUMBER_TOLD)
    phone = serializers.RegexField(PHONE, error_messages=PHONE_TOLD)
    phone_code = PhoneCodeProof()


class CardSubmitBody(Body):
    """POST cards/{id}/submit: both are needed; without both the answer is step_up_required."""

    face_token = serializers.CharField(max_length=128, required=False, allow_null=True)
    voice_token = serializers.CharField(max_length=128, required=False, allow_null=True)


AccountPage = page_schema(AccountDocument, "AccountPage")
CardPage = page_schema(CardDocument, "CardPage")
EntryPage = page_schema(EntryDocument, "EntryPage")
