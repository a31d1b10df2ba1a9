"""What can be done in the verification room."""

from __future__ import annotations

from verification.acts import Act, AgreementContext, register_act
from verification.operations.checks import request_carrier_check, request_id_check
from verification.operations.consents import (
    AgreementChanged,
    ConsentMissing,
    give_consent,
    require_consents,
    show_agreements,
    withdraw_consent,
)
from verification.operations.face_checks import (
    FaceLocked,
    FaceResultUnknown,
    FaceUploadNotAccepted,
    complete_face_check,
    start_face_check,
)
from verification.operations.face_tokens import (
    FaceTokenExpired,
    FaceTokenMismatch,
    FaceTokenUsed,
    consume_face_token,
)
from verification.operations.id_cards import UploadUnknown, request_id_card_reading
from verification.operations.phone_codes import PhoneCodeWrong, consume_phone_code, request_phone_code
from verification.operations.screening import screen_subject
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
    receive_upload,
)

__all__ = [
    "Act",
    "AgreementChanged",
    "AgreementContext",
    "AnotherPerson",
    "ConsentMissing",
    "FaceLocked",
    "FaceResultUnknown",
    "FaceTokenExpired",
    "FaceTokenMismatch",
    "FaceTokenUsed",
    "FaceUploadNotAccepted",
    "IdentityTaken",
    "PhoneCodeWrong",
    "UploadKindUnknown",
    "UploadNotReadable",
    "UploadTooLarge",
    "UploadUnknown",
    "complete_face_check",
    "consume_face_token",
    "consume_phone_code",
    "enrol_subject",
    "give_consent",
    "identify_subject",
    "receive_upload",
    "register_act",
    "renew_identity",
    "request_carrier_check",
    "request_id_card_reading",
    "request_id_check",
    "request_phone_code",
    "require_consents",
    "screen_subject",
    "show_agreements",
    "start_face_check",
    "withdraw_consent",
]
