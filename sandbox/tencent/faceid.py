"""FaceID's actions: DetectAuth, GetDetectInfoEnhanced, IdCardVerification."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from stdnum.cn import ric

from sandbox.tencent.errors import TencentError
from sandbox.tencent.face_sessions import (
    MESSAGES,
    NOT_FINISHED,
    PASSED,
    RESULT_LIFE,
    TOKEN_LIFE,
    Attempt,
    FaceDesk,
    FaceSession,
    new_token,
)

if TYPE_CHECKING:
    from sandbox.calls import Call
    from sandbox.clock import Clock
    from sandbox.people import World
    from sandbox.tencent.parameters import Parameters

MAX_PHOTO_ENCODED: Final = 3 * 1024 * 1024
MAX_NAME: Final = 32
MAX_EXTRA: Final = 1024
_ID_NUMBER: Final = re.compile(r"\d{17}[\dX]")
_RULE_ID: Final = re.compile(r"[1-9]\d{0,9}")
_INFO_TYPE: Final = re.compile(r"[0-6]+")
_DETECT_AUTH: Final = frozenset(
    {
        "RuleId",
        "TerminalType",
        "IdCard",
        "Name",
        "RedirectUrl",
        "Extra",
        "ImageBase64",
        "Encryption",
        "IntentionVerifyText",
        "IntentionQuestions",
        "IntentionActions",
        "Config",
    }
)
_GET_DETECT_INFO: Final = frozenset(
    {
        "BizToken",
        "RuleId",
        "InfoType",
        "BestFramesCount",
        "IsCutIdCardImage",
        "IsNeedIdCardAvatar",
        "IsEncrypt",
        "Encryption",
        "IsEncryptResponse",
        "IsReturnAllVideo",
    }
)
_SILENT_LIVENESS: Final = 3
_ID_CARD_RESULTS: Final = {
    "0": "姓名和身份证号一致",
    "-1": "姓名和身份证号不一致",
    "-2": "非法身份证号（长度、校验位等不正确）",
    "-3": "非法姓名（长度、格式等不正确）",
    "-5": "证件库中无此身份证记录",
}


@dataclass(frozen=True, slots=True)
class FaceService:
    """Answer the face verification actions; `page_url` is where the vendor's page is served."""

    world: World
    desk: FaceDesk
    clock: Clock

    def detect_auth(self, parameters: Parameters, call: Call, page_url: str) -> dict[str, object]:
        """DetectAuth: open a verification and return its token and the address of the vendor's page.

        Raises: TencentError InvalidParameterValue.RuleIdNotExist, FailedOperation.IdFormatError,
            FailedOperation.NameFormatError, FailedOperation.ImageSizeTooLarge, UnsupportedOperation.
        """
        parameters.only(_DETECT_AUTH)
        parameters.refuse("Encryption", "IntentionVerifyText", "IntentionQuestions", "IntentionActions")
        session = FaceSession(
            token=new_token(),
            rule_id=_rule_id(parameters),
            id_number=parameters.text("IdCard"),
            name=parameters.text("Name"),
            extra=parameters.text("Extra", most=MAX_EXTRA),
            redirect_url=parameters.text("RedirectUrl", most=1024),
            photo=parameters.picture(
                "ImageBase64", most_encoded=MAX_PHOTO_ENCODED, too_large="FailedOperation.ImageSizeTooLarge"
            ),
            opened_at=self.clock.now(),
        )
        if session.id_number and not _is_id_number(session.id_number):
            raise TencentError("FailedOperation.IdFormatError", "身份证格式不正确。")
        if len(session.name) > MAX_NAME or bool(session.name) != bool(session.id_number):
            raise TencentError("FailedOperation.NameFormatError", "姓名格式不正确。")
        self.desk.open(session)
        self._note(call, session)
        return {"BizToken": session.token, "Url": f"{page_url}/{session.token}"}

    def get_detect_info(self, parameters: Parameters, call: Call) -> dict[str, object]:
        """GetDetectInfoEnhanced: return what is known of a verification, finished or not.

        Raises: TencentError InvalidParameterValue.BizTokenIllegal, BizTokenExpired, RuleIdNotExist.
        """
        parameters.only(_GET_DETECT_INFO)
        parameters.refuse("Encryption", "IsEncrypt", "IsEncryptResponse")
        session = self.desk.find(parameters.required("BizToken"))
        if session is None:
            raise TencentError("InvalidParameterValue.BizTokenIllegal", "BizToken不合法。")
        self._note(call, session)
        if _rule_id(parameters) != session.rule_id:
            raise TencentError("InvalidParameterValue.RuleIdNotExist", "RuleId不存在。")
        life = TOKEN_LIFE + RESULT_LIFE if session.attempts else TOKEN_LIFE
        if session.opened_at + life <= self.clock.now():
            raise TencentError("InvalidParameterValue.BizTokenExpired", "BizToken过期。")
        wanted = parameters.text("InfoType") or "0"
        if not _INFO_TYPE.fullmatch(wanted):
            raise TencentError("InvalidParameterValue", "InfoType: digits from 0 to 6")
        has_all = "0" in wanted
        return {
            "Text": self._text(session) if has_all or "1" in wanted else None,
            "IdCardData": None,
            "BestFrame": self._best_frame(session) if has_all or "3" in wanted else None,
            "VideoData": None,
            "Encryption": None,
            "IntentionVerifyData": None,
            "IntentionQuestionResult": None,
            "IntentionActionResult": None,
            "EncryptedBody": None,
            "IsVerifyIntention": False,
            "IntentionVerifyType": None,
        }

    def verify_id_card(self, parameters: Parameters, call: Call) -> dict[str, object]:
        """IdCardVerification: compare a name with an ID number (two elements)."""
        parameters.only({"IdCard", "Name", "Encryption"})
        parameters.refuse("Encryption")
        id_number, name = parameters.required("IdCard"), parameters.required("Name")
        person = self.world.by_id_number(id_number)
        known = self.world.facts(person).id_check if person else "not_found"
        if not _is_id_number(id_number):
            result = "-2"
        elif len(name) > MAX_NAME:
            result = "-3"
        elif person is None or known == "not_found":
            result = "-5"
        else:
            result = "0" if known == "match" and name == person.name else "-1"
        call.person = person.person if person else None
        call.outcome = result
        return {"Result": result, "Description": _ID_CARD_RESULTS[result]}

    def _note(self, call: Call, session: FaceSession) -> None:
        """Fill in the log: the person asked for; bank and request id from Extra (`bank:request id`)."""
        asked = self.world.by_id_number(session.id_number)
        call.person = asked.person if asked else None
        bank, colon, request_id = session.extra.partition(":")
        if colon:
            call.bank = call.bank or bank
            call.request_id = call.request_id or request_id

    def _text(self, session: FaceSession) -> dict[str, object]:
        last = session.attempts[-1] if session.attempts else None
        code = last.code if last else NOT_FINISHED
        return {
            "ErrCode": code,
            "ErrMsg": MESSAGES[code],
            "IdCard": session.id_number or None,
            "UseIDType": 0,
            "Name": session.name or None,
            **dict.fromkeys(
                (
                    "OcrNation",
                    "OcrAddress",
                    "OcrBirth",
                    "OcrAuthority",
                    "OcrValidDate",
                    "OcrName",
                    "OcrIdCard",
                )
            ),
            "OcrGender": None,
            "IdInfoFrom": "其他",
            "LiveStatus": last.live_code if last else None,
            "LiveMsg": MESSAGES[last.live_code] if last else None,
            "Comparestatus": last.compare_code if last else None,
            "Comparemsg": MESSAGES[last.compare_code] if last and last.compare_code is not None else None,
            "Sim": last.similarity if last else None,
            "Location": None,
            "Extra": session.extra,
            "LivenessDetail": [
                _detail(session, number, attempt) for number, attempt in enumerate(session.attempts, start=1)
            ],
            "LivenessInfoTag": None,
            "Mobile": None,
            "CompareLibType": _library(session),
            "LivenessMode": _SILENT_LIVENESS if last else 0,
        }

    def _best_frame(self, session: FaceSession) -> dict[str, object] | None:
        """Return the frame of the last attempt; there is none of somebody who was not live."""
        last = session.attempts[-1] if session.attempts else None
        if last is None or last.live_code != PASSED:
            return None
        return {"BestFrame": base64.b64encode(self.world.portrait(last.person)).decode(), "BestFrames": []}


def _detail(session: FaceSession, number: int, attempt: Attempt) -> dict[str, object]:
    compare_code = attempt.compare_code
    return {
        "ReqTime": str(int(attempt.at.timestamp() * 1000)),
        "Seq": f"{session.token}-{number}",
        "Idcard": session.id_number or None,
        "Name": session.name or None,
        "Sim": attempt.similarity,
        "IsNeedCharge": True,
        "Errcode": attempt.code,
        "Errmsg": MESSAGES[attempt.code],
        "Livestatus": attempt.live_code,
        "Livemsg": MESSAGES[attempt.live_code],
        "Comparestatus": compare_code,
        "Comparemsg": None if compare_code is None else MESSAGES[compare_code],
        "CompareLibType": _library(session),
        "LivenessMode": _SILENT_LIVENESS,
    }


def _library(session: FaceSession) -> str:
    return "权威库" if session.photo is None else "业务方自有库"


def _rule_id(parameters: Parameters) -> str:
    rule_id = parameters.required("RuleId")
    if not _RULE_ID.fullmatch(rule_id):
        raise TencentError("InvalidParameterValue.RuleIdNotExist", "RuleId不存在。")
    return rule_id


def _is_id_number(text: str) -> bool:
    """Tell whether this is an ID number with the right check digit (GB 11643), a capital X."""
    return bool(_ID_NUMBER.fullmatch(text)) and bool(ric.calc_check_digit(text) == text[17])
