"""Face checks at Tencent, by its own SDK: recorded answers, every code, the sandbox's door."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tencentcloud.faceid.v20180301 import errorcodes as faceid_codes

from core.gateway import (
    GatewayError,
    Invalid,
    RateLimited,
    Rejected,
    RetryAfter,
    Unavailable,
    UnknownOutcome,
    UnknownVendorCode,
    forget_breakers,
)
from core.ids import new_id
from tests.loopback import Door, door, reply
from tests.verification.providers.tencent_door import ID_NUMBER, PICTURE, REQUEST_ID, config, recorded, refusal
from verification.providers.face import FaceOutcome, FaceResult
from verification.providers.tencent import face, mapping
from verification.providers.tencent.provider import TencentFaceVerification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.running_sandbox import Sandbox

__all__ = ["door"]

# How codes begin that belong to other actions of the service; the two that we call cannot answer them.
BEGINNINGS_OF_OTHERS = (
    "Action",
    "Compare",
    "Compress",
    "Id",
    "ImageNoIdCard",
    "Lip",
    "Livess",
    "Ocr",
    "Silent",
    "Unregistered",
    "Video",
)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    yield
    forget_breakers()


@pytest.fixture
def faces(door: Door) -> TencentFaceVerification:
    return TencentFaceVerification(config(door.address))


class TestEveryCode:
    def test_of_the_sdk_is_mapped_or_belongs_to_another_action(self) -> None:
        codes = {value for name, value in vars(faceid_codes).items() if name.isupper()}
        unmapped = {code for code in codes if mapping.meaning_of(mapping.FACEID, code) is None}
        strangers = {
            code for code in unmapped if not code.removeprefix("FailedOperation.").startswith(BEGINNINGS_OF_OTHERS)
        }
        assert strangers == set()

    @pytest.mark.parametrize(
        ("code", "kind", "word"),
        [
            ("AuthFailure.SignatureFailure", Invalid, "AuthFailure.SignatureFailure"),
            ("InvalidParameterValue.RuleIdNotExist", Invalid, "InvalidParameterValue.RuleIdNotExist"),
            ("RequestLimitExceeded", RateLimited, "RequestLimitExceeded"),
            ("InternalError", UnknownOutcome, "InternalError"),
            ("UnauthorizedOperation.Arrears", Unavailable, "UnauthorizedOperation.Arrears"),
            ("FailedOperation.NameFormatError", Rejected, "name_invalid"),
            ("FailedOperation.IdFormatError", Rejected, "id_number_invalid"),
            ("FailedOperation.ImageBlur", Rejected, "photo_unusable"),
            ("FailedOperation.CompareLibServiceUnavailable", RetryAfter, "service"),
            ("FailedOperation.SomethingNew", UnknownVendorCode, "FailedOperation.SomethingNew"),
        ],
    )
    def test_means_one_kind(
        self, door: Door, faces: TencentFaceVerification, code: str, kind: type[GatewayError], word: str
    ) -> None:
        door.then(refusal(code))
        with pytest.raises(GatewayError) as raised:
            faces.start(name="林样例", id_number=ID_NUMBER, photo=None, request_id=REQUEST_ID)
        assert type(raised.value) is kind
        assert (raised.value.code, raised.value.trace) == (word, "r-1")


class TestFaceStart:
    def test_opens_a_check_and_says_whose_it_is(self, door: Door, faces: TencentFaceVerification) -> None:
        door.then(recorded("detect_auth"))
        opened = faces.start(name="林样例", id_number=ID_NUMBER, photo=PICTURE, request_id=REQUEST_ID)
        assert opened.token == "CE661F1A-0F1E-45BD-BE13-34C05CEA7681"
        assert opened.url is not None
        assert opened.url.startswith("https://open.weixin.qq.com/")
        asked = door.seen[0].json()
        assert asked == {
            "RuleId": "1",
            "Name": "林样例",
            "IdCard": ID_NUMBER,
            "Extra": f"125:{REQUEST_ID}",
            "ImageBase64": base64.b64encode(PICTURE).decode(),
        }

    def test_without_a_photo_the_authority_has_one(self, door: Door, faces: TencentFaceVerification) -> None:
        door.then(recorded("detect_auth"))
        faces.start(name="林样例", id_number=ID_NUMBER, photo=None, request_id=REQUEST_ID)
        assert "ImageBase64" not in door.seen[0].json()

    def test_a_photo_too_large_is_not_sent(self, door: Door, faces: TencentFaceVerification) -> None:
        with pytest.raises(Rejected) as raised:
            faces.start(name="林样例", id_number=ID_NUMBER, photo=b"x" * (2**21 + 1), request_id=REQUEST_ID)
        assert raised.value.code == "photo_unusable"
        assert door.seen == []


class TestFaceResult:
    def result(self, door: Door, faces: TencentFaceVerification, name: str, **text: object) -> FaceResult:
        members = json.loads(recorded(name).body)
        members["Response"]["Text"] |= text
        door.then(reply(members))
        return faces.result(token="t", id_number=ID_NUMBER, request_id=REQUEST_ID)

    def test_passed(self, door: Door, faces: TencentFaceVerification) -> None:
        result = self.result(door, faces, "detect_info_passed")
        assert (result.outcome, result.similarity) == (FaceOutcome.PASSED, Decimal("92.45"))
        assert result.best_frame is not None
        assert result.best_frame.startswith(b"\xff\xd8\xff")
        assert "best_frame" not in repr(result)
        assert door.seen[0].json() == {"BizToken": "t", "RuleId": "1", "InfoType": "13"}

    def test_pending(self, door: Door, faces: TencentFaceVerification) -> None:
        assert self.result(door, faces, "detect_info_pending").outcome is FaceOutcome.PENDING
        assert self.result(door, faces, "detect_info_pending", ErrCode=None).outcome is FaceOutcome.PENDING

    @pytest.mark.parametrize(("code", "outcome"), face.OUTCOMES.items())
    def test_every_code(self, door: Door, faces: TencentFaceVerification, code: int, outcome: FaceOutcome) -> None:
        result = self.result(door, faces, "detect_info_passed", ErrCode=code)
        assert (result.outcome, result.code) == (outcome, str(code))

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ({"ErrCode": 1}, Invalid),
            ({"ErrCode": 9999}, UnknownVendorCode),
            ({"ErrCode": "0"}, UnknownOutcome),
            ({"LiveStatus": None}, UnknownOutcome),
            ({"Comparestatus": 2016}, UnknownOutcome),
            ({"Sim": "101"}, UnknownOutcome),
            ({"Sim": "high"}, UnknownOutcome),
        ],
    )
    def test_a_contradiction_passes_nobody(
        self, door: Door, faces: TencentFaceVerification, text: dict[str, object], kind: type[GatewayError]
    ) -> None:
        with pytest.raises(kind):
            self.result(door, faces, "detect_info_passed", **text)

    def test_somebody_elses_success_is_nobodys(self, door: Door, faces: TencentFaceVerification) -> None:
        result = self.result(door, faces, "detect_info_passed", IdCard="321181198511152328")
        assert result.outcome is FaceOutcome.IDENTITY_MISMATCH

    def test_a_lapsed_token_has_expired(self, door: Door, faces: TencentFaceVerification) -> None:
        door.then(refusal("InvalidParameterValue.BizTokenExpired"))
        result = faces.result(token="t", id_number=ID_NUMBER, request_id=REQUEST_ID)
        assert result.outcome is FaceOutcome.EXPIRED


class TestOnTheSandbox:
    @pytest.mark.parametrize(
        ("outcome", "expected"),
        [
            ("passed", FaceOutcome.PASSED),
            ("not_live", FaceOutcome.NOT_LIVE),
            ("not_same", FaceOutcome.NOT_SAME),
        ],
    )
    def test_a_face_check_from_start_to_end(self, sandbox: Sandbox, outcome: str, expected: FaceOutcome) -> None:
        person, request_id = sandbox.person(), new_id().hex
        faces = TencentFaceVerification(config(sandbox.address, read_seconds=5))
        started = faces.start(name=person["name"], id_number=person["id_number"], photo=None, request_id=request_id)
        asked = {"token": started.token, "id_number": person["id_number"], "request_id": new_id().hex}
        assert faces.result(**asked).outcome is FaceOutcome.PENDING
        sandbox.json("POST", f"/sandbox/face/{started.token}/finish", json={"outcome": outcome})
        assert faces.result(**asked).outcome is expected
        logged = sandbox.calls(vendor="tencent_faceid", operation="DetectAuth")[-1]
        assert (logged["bank"], logged["request_id"]) == ("125", request_id)
