"""What can be done in the verification room."""

from __future__ import annotations

from verification.acts import Act, AgreementContext, register_act
from verification.business_pages import show_business
from verification.operations.act_tokens import StepUp, consume_face_token, consume_step_up, consuming_face_token
from verification.operations.checks import request_carrier_check, request_id_check
from verification.operations.consents import (
    AgreementChanged,
    ConsentMissing,
    give_consent,
    require_consents,
    show_agreements,
    withdraw_consent,
)
from verification.operations.discipline import is_disciplined
from verification.operations.face_checks import (
    FaceResultUnknown,
    FaceUploadNotAccepted,
    complete_face_check,
    start_face_check,
)
from verification.operations.factors import (
    FaceLocked,
    FaceTokenExpired,
    FaceTokenMismatch,
    FaceTokenUsed,
    VoiceLocked,
    VoiceTokenExpired,
    VoiceTokenMismatch,
    VoiceTokenUsed,
)
from verification.operations.id_cards import UploadUnknown, request_id_card_reading
from verification.operations.phone_codes import PhoneCodeWrong, consume_phone_code, request_phone_code
from verification.operations.screening import Screening, screen_again, screen_counterparty, screen_subject
from verification.operations.subjects import (
    AnotherPerson,
    IdentityTaken,
    enrol_subject,
    identify_subject,
    renew_identity,
)
from verification.operations.uploads import (
    UploadKindUnknown,
    UploadNotReadable,
    UploadTooLarge,
    VoiceLengthRefused,
    receive_upload,
)
from verification.operations.voice_checks import VoiceRecordingUsed, complete_voice_check, start_voice_check
from verification.switching import CheckSuspended, refuse_stopped

__all__ = [
    "Act",
    "AgreementChanged",
    "AgreementContext",
    "AnotherPerson",
    "CheckSuspended",
    "ConsentMissing",
    "FaceLocked",
    "FaceResultUnknown",
    "FaceTokenExpired",
    "FaceTokenMismatch",
    "FaceTokenUsed",
    "FaceUploadNotAccepted",
    "IdentityTaken",
    "PhoneCodeWrong",
    "Screening",
    "StepUp",
    "UploadKindUnknown",
    "UploadNotReadable",
    "UploadTooLarge",
    "UploadUnknown",
    "VoiceLengthRefused",
    "VoiceLocked",
    "VoiceRecordingUsed",
    "VoiceTokenExpired",
    "VoiceTokenMismatch",
    "VoiceTokenUsed",
    "complete_face_check",
    "complete_voice_check",
    "consume_face_token",
    "consume_phone_code",
    "consume_step_up",
    "consuming_face_token",
    "enrol_subject",
    "give_consent",
    "identify_subject",
    "is_disciplined",
    "receive_upload",
    "refuse_stopped",
    "register_act",
    "renew_identity",
    "request_carrier_check",
    "request_id_card_reading",
    "request_id_check",
    "request_phone_code",
    "require_consents",
    "screen_again",
    "screen_counterparty",
    "screen_subject",
    "show_agreements",
    "show_business",
    "start_face_check",
    "start_voice_check",
    "withdraw_consent",
]
