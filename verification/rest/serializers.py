"""What goes in and comes out of this room's calls."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.rest.fields import AmountField, IdField, OneOfField, WholeField
from core.rest.lists import page_schema
from verification.models.act_check import ACTIONS as FACE_ACTIONS
from verification.models.act_check import STATUSES as CHECK_STATUSES
from verification.models.consent import PURPOSES
from verification.models.phone_code import ACTIONS as CODE_ACTIONS
from verification.models.voice import VOICE_ACTIONS


class AgreementDocument(serializers.Serializer[Any]):
    """A text in force, as this customer sees it."""

    id = IdField()
    purpose = serializers.ChoiceField([purpose for purpose, _ in PURPOSES])
    version = serializers.IntegerField()
    title = serializers.CharField()
    text = serializers.CharField()
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", help_text="text 的 UTF-8 字节的 SHA-256")


class ConsentBody(serializers.Serializer[Any]):
    """POST consents."""

    agreement_id = IdField()
    subject = IdField(required=False, allow_null=True, help_text="业务编号，如授信申请、账户")
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", max_length=64, min_length=64)
    read_seconds = WholeField(min_value=0, max_value=86_400)


class ConsentDocument(serializers.Serializer[Any]):
    """A consent, in force or withdrawn."""

    id = IdField()
    purpose = serializers.ChoiceField([purpose for purpose, _ in PURPOSES])
    agreement_id = IdField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    subject = IdField(allow_null=True)
    granted_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class UploadBody(serializers.Serializer[Any]):
    """POST uploads, multipart."""

    kind = serializers.CharField(
        max_length=32, help_text="id_card_front、id_card_back、face、voice、licence、proof 之一"
    )
    file = serializers.FileField(allow_empty_file=True, max_length=255)


class UploadDocument(serializers.Serializer[Any]):
    """A file that was taken in."""

    id = IdField()
    sha256 = serializers.RegexField(r"^[0-9a-f]{64}$")


class PhoneCodeBody(serializers.Serializer[Any]):
    """POST phone-codes."""

    phone = serializers.CharField(max_length=20)
    action = OneOfField([action for action, _ in CODE_ACTIONS])
    subject = IdField(required=False, allow_null=True, help_text="业务编号")
    amount = AmountField(required=False, allow_null=True)


class PhoneCodeDocument(serializers.Serializer[Any]):
    """A code on its way to a phone; never the code itself."""

    id = IdField()
    expires_at = serializers.DateTimeField()


class FaceCheckBody(serializers.Serializer[Any]):
    """POST face-checks."""

    action = OneOfField([action for action, _ in FACE_ACTIONS])
    subject = IdField(help_text="业务编号：授信申请、账户、银行卡、提款或注册")


class FaceCompleteBody(serializers.Serializer[Any]):
    """POST face-checks/{id}/complete."""

    upload = IdField(required=False, allow_null=True, help_text="本地引擎的照片")
    result_token = serializers.CharField(required=False, allow_null=True, max_length=128)


class FaceStartDocument(serializers.Serializer[Any]):
    """What the client SDK needs to open the vendor's page."""

    token = serializers.CharField()
    url = serializers.CharField()


class FaceCheckDocument(serializers.Serializer[Any]):
    """A face check; `start` while it is started, `face_token` after a pass until it is used or has expired."""

    id = IdField()
    action = serializers.ChoiceField([action for action, _ in FACE_ACTIONS])
    subject = IdField()
    status = serializers.ChoiceField([status for status, _ in CHECK_STATUSES])
    provider = serializers.CharField()
    start = FaceStartDocument(allow_null=True)
    face_token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()


class VoiceCheckBody(serializers.Serializer[Any]):
    """POST voice-checks."""

    action = OneOfField([action for action, _ in VOICE_ACTIONS])
    subject = IdField(help_text="业务编号：银行卡")


class VoiceCompleteBody(serializers.Serializer[Any]):
    """POST voice-checks/{id}/complete."""

    upload = IdField(help_text="朗读录音的上传编号")


class VoiceCheckDocument(serializers.Serializer[Any]):
    """A voice check; `text` while it is started, `voice_token` after a pass until it is used or has expired."""

    id = IdField()
    action = serializers.ChoiceField([action for action, _ in VOICE_ACTIONS])
    subject = IdField()
    status = serializers.ChoiceField([status for status, _ in CHECK_STATUSES])
    provider = serializers.CharField()
    text = serializers.CharField(allow_null=True, help_text="请客户朗读的数字")
    text_expires_at = serializers.DateTimeField(allow_null=True)
    voice_token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    reason_code = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()


AgreementPage = page_schema(AgreementDocument, "AgreementPage")
ConsentPage = page_schema(ConsentDocument, "ConsentPage")
