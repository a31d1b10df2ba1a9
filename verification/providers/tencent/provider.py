"""ID card reading and face checks by Tencent Cloud."""

from __future__ import annotations

import base64
import json
from typing import Final

from core.clock import now
from core.gateway import Answer, Rejected
from verification.providers.face import FaceOutcome, FaceResult, FaceStart
from verification.providers.id_card import IdCardBack, IdCardFront, Unreadable, UnreadableReason
from verification.providers.tencent import face, id_card, mapping
from verification.providers.tencent.client import TencentClient, TencentConfig

_MOST_PICTURE_BYTES: Final = 7 * 1024 * 1024  # 10 MB in base64, less the rest of the request
_MOST_PHOTO_BYTES: Final = 2 * 1024 * 1024  # 3 MB in base64
_CHECKS: Final = json.dumps(
    dict.fromkeys(
        (
            "CopyWarn",
            "BorderCheckWarn",
            "ReshootWarn",
            "DetectPsWarn",
            "TempIdWarn",
            "InvalidDateWarn",
            "ReflectWarn",
            "Quality",
        ),
        True,
    )
)


class TencentIdCardReader:
    """`IdCardReader` by IDCardOCR.

    `EnableRecognitionRectify` is off: switched on, the vendor makes number, birth and sex agree with each
    other, which hides a tampered card.
    """

    name = "tencent"

    def __init__(self, config: TencentConfig) -> None:
        """Read on the account of one bank."""
        self._client = TencentClient(config)

    def read_front(self, image: bytes, *, request_id: str) -> IdCardFront | Unreadable:
        """Read the side with the portrait; see `IdCardReader`."""
        answer = self._read(image, "FRONT", request_id)
        return answer if isinstance(answer, Unreadable) else id_card.front(answer, today=now().date())

    def read_back(self, image: bytes, *, request_id: str) -> IdCardBack | Unreadable:
        """Read the side with the emblem; see `IdCardReader`."""
        answer = self._read(image, "BACK", request_id)
        return answer if isinstance(answer, Unreadable) else id_card.back(answer)

    def _read(self, image: bytes, side: str, request_id: str) -> Answer | Unreadable:
        if len(image) > _MOST_PICTURE_BYTES:
            return Unreadable(reason=UnreadableReason.TOO_LARGE)
        parameters = {
            "ImageBase64": base64.b64encode(image).decode(),
            "CardSide": side,
            "Config": _CHECKS,
            "EnableRecognitionRectify": False,
        }
        try:
            return self._client.call(mapping.OCR, "IDCardOCR", parameters, request_id=request_id)
        except Rejected as error:
            return id_card.unreadable(error.code, (error.vendor, error.operation))


class TencentFaceVerification:
    """`FaceVerification` by FaceID's page (DetectAuth, GetDetectInfoEnhanced)."""

    name = "tencent"

    def __init__(self, config: TencentConfig) -> None:
        """Check on the account and under the rule of one bank."""
        self._config = config
        self._client = TencentClient(config)

    def start(self, *, name: str, id_number: str, photo: bytes | None, request_id: str) -> FaceStart:
        """Open a face check; see `FaceVerification`."""
        if photo is not None and len(photo) > _MOST_PHOTO_BYTES:
            raise Rejected(mapping.FACEID, "tencent_faceid.DetectAuth", code=mapping.PHOTO_UNUSABLE)
        parameters = {
            "RuleId": self._config.rule_id,
            "Name": name,
            "IdCard": id_number,
            "Extra": f"{self._config.scope}:{request_id}",
            "ImageBase64": base64.b64encode(photo).decode() if photo is not None else None,
        }
        answer = self._client.call(mapping.FACEID, "DetectAuth", parameters, request_id=request_id)
        return face.start(answer)

    def result(self, *, token: str, id_number: str, request_id: str) -> FaceResult:
        """Tell what became of it; see `FaceVerification`."""
        parameters = {"BizToken": token, "RuleId": self._config.rule_id, "InfoType": "13"}
        try:
            answer = self._client.call(mapping.FACEID, "GetDetectInfoEnhanced", parameters, request_id=request_id)
        except Rejected as error:
            if error.code == mapping.TOKEN_EXPIRED:
                return FaceResult(outcome=FaceOutcome.EXPIRED, code=error.code)
            raise
        return face.result(answer, id_number=id_number)
