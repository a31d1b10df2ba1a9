"""Tencent's door, called by the official SDK: signatures, ID card OCR, face verification."""

from __future__ import annotations

import base64
import io
import json
import time
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageFilter
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.faceid.v20180301.faceid_client import FaceidClient
from tencentcloud.faceid.v20180301.models import (
    DetectAuthRequest,
    GetDetectInfoEnhancedRequest,
    IdCardVerificationRequest,
)
from tencentcloud.ocr.v20181119.models import IDCardOCRRequest
from tencentcloud.ocr.v20181119.ocr_client import OcrClient

from sandbox.tencent.tc3 import SignedRequest, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.conftest import Sandbox

SECRET_ID = "AKID125sandbox"


def client(sandbox: Sandbox, kind: type, secret_id: str = SECRET_ID, secret_key: str = "") -> Any:
    credential = Credential(secret_id, secret_key or f"sandbox-{secret_id}")
    http = HttpProfile(protocol="http", endpoint=sandbox.address, reqTimeout=5)
    return kind(credential, "ap-guangzhou", ClientProfile(httpProfile=http))


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def request(kind: type, **values: Any) -> Any:
    built = kind()
    for name, value in values.items():
        setattr(built, name, value)
    return built


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(TencentCloudSDKException) as refusal:
        call()
    return str(refusal.value.get_code())


def read_card(sandbox: Sandbox, picture: bytes, side: str | None = None, **more: Any) -> Any:
    ocr = client(sandbox, OcrClient)
    return ocr.IDCardOCR(request(IDCardOCRRequest, ImageBase64=b64(picture), CardSide=side, **more))


class TestSignature:
    """TC3-HMAC-SHA256 over the raw bytes."""

    def test_the_official_example_is_reproduced(self) -> None:
        example = SignedRequest(
            method="POST",
            query="",
            headers={"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com"},
            body=rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}',
        )
        signature = sign(
            example,
            secret_key="Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            timestamp="1551113065",
            scope=("2019-02-25", "cvm"),
            signed_headers="content-type;host",
        )
        assert signature == "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"

    def test_the_newer_example_signs_the_action_in_lower_case(self) -> None:
        example = SignedRequest(
            method="POST",
            query="",
            headers={
                "content-type": "application/json; charset=utf-8",
                "host": "cvm.tencentcloudapi.com",
                "x-tc-action": "DescribeInstances",
            },
            body=rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}',
        )
        signature = sign(
            example,
            secret_key="*" * 32,
            timestamp="1551113065",
            scope=("2019-02-25", "cvm"),
            signed_headers="content-type;host;x-tc-action",
        )
        assert signature == "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"

    def test_a_wrong_key_and_an_unknown_id_are_refused(self, sandbox: Sandbox) -> None:
        query = request(IdCardVerificationRequest, IdCard="110101199003077715", Name="张三")
        wrong_key = client(sandbox, FaceidClient, secret_key="sandbox-AKIDother")
        unknown_id = client(sandbox, FaceidClient, secret_id="nobody")
        assert refused(lambda: wrong_key.IdCardVerification(query)) == "AuthFailure.SignatureFailure"
        assert refused(lambda: unknown_id.IdCardVerification(query)) == "AuthFailure.SecretIdNotFound"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({}, "InvalidParameterValue.BizTokenIllegal"),
            ({"body": b'{"BizToken": "y", "RuleId": "1"}'}, "AuthFailure.SignatureFailure"),
            ({"signed_at": -301}, "AuthFailure.SignatureExpire"),
            ({"signed_at": 301}, "AuthFailure.SignatureExpire"),
            ({"signed_at": -290}, "InvalidParameterValue.BizTokenIllegal"),
            ({"service": "ocr"}, "AuthFailure.SignatureFailure"),
            ({"signed_headers": "content-type"}, "AuthFailure.InvalidAuthorization"),
            ({"Authorization": "Basic eDp5"}, "AuthFailure.InvalidAuthorization"),
            ({"X-TC-Version": "2018-11-19"}, "NoSuchVersion"),
            ({"X-TC-Action": "DetectAuthX"}, "InvalidAction"),
            ({"X-TC-Action": ""}, "MissingParameter"),
            ({"X-TC-Timestamp": ""}, "MissingParameter"),
        ],
    )
    def test_a_request_is_judged_by_its_raw_bytes_time_and_scope(
        self, sandbox: Sandbox, change: dict[str, Any], code: str
    ) -> None:
        body = b'{"BizToken": "x", "RuleId": "1"}'
        timestamp = int(time.time()) + change.get("signed_at", 0)
        day = time.strftime("%Y-%m-%d", time.gmtime(timestamp))
        headers = {"Content-Type": "application/json", "Host": sandbox.address}
        signed_headers = change.get("signed_headers", "content-type;host")
        service = change.get("service", "faceid")
        signature = sign(
            SignedRequest("POST", "", {name.lower(): value for name, value in headers.items()}, body),
            secret_key=f"sandbox-{SECRET_ID}",
            timestamp=str(timestamp),
            scope=(day, service),
            signed_headers=signed_headers,
        )
        headers |= {
            "Authorization": (
                f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{day}/{service}/tc3_request, "
                f"SignedHeaders={signed_headers}, Signature={signature}"
            ),
            "X-TC-Action": "GetDetectInfoEnhanced",
            "X-TC-Version": "2018-03-01",
            "X-TC-Timestamp": str(timestamp),
            **{name: value for name, value in change.items() if name[0].isupper()},
        }
        answer = sandbox.json("POST", "/", content=change.get("body", body), headers=headers)
        assert answer["Response"]["Error"]["Code"] == code
        assert answer["Response"]["RequestId"]

    def test_the_log_knows_the_bank_by_the_key_id_and_the_vendors_request_id(self, sandbox: Sandbox) -> None:
        query = request(IdCardVerificationRequest, IdCard="110101199003077715", Name="张三")
        answer = client(sandbox, FaceidClient).IdCardVerification(query)
        (call,) = sandbox.calls(vendor="tencent_faceid")
        expected = ("IdCardVerification", "125", answer.RequestId, "-5")
        assert (call["operation"], call["bank"], call["request_id"], call["outcome"]) == expected


class TestIdCardOcr:
    """IDCardOCR."""

    def test_the_front_gives_the_persons_fields_in_the_vendors_form(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        details = sandbox.json("GET", f"/sandbox/people/{person['person']}")
        answer = read_card(sandbox, sandbox.picture(person, "id_card_front"), "FRONT")
        born = date.fromisoformat(details["birth_date"])
        assert (answer.Name, answer.IdNum, answer.Address) == (
            person["name"],
            person["id_number"],
            details["address"],
        )
        assert (answer.Sex, answer.Nation) == (details["sex"], details["ethnicity"])
        assert answer.Birth == f"{born.year}/{born.month}/{born.day}"
        assert (answer.Authority, answer.ValidDate) == ("", "")
        (call,) = sandbox.calls(vendor="tencent_ocr")
        assert (call["operation"], call["person"], call["outcome"]) == ("IDCardOCR", person["person"], "ok")

    def test_the_back_gives_the_authority_and_the_dates(self, sandbox: Sandbox) -> None:
        young, old = sandbox.person(age=30), sandbox.person(age=60)
        details = sandbox.json("GET", f"/sandbox/people/{young['person']}")
        answer = read_card(sandbox, sandbox.picture(young, "id_card_back"), "BACK")
        dates = f"{details['valid_from']}-{details['valid_until']}".split("-")
        assert answer.Authority == details["authority"]
        assert answer.ValidDate == f"{'.'.join(dates[:3])}-{'.'.join(dates[3:])}"
        assert read_card(sandbox, sandbox.picture(old, "id_card_back")).ValidDate.endswith("-长期")

    def test_without_a_side_the_side_is_found(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        assert read_card(sandbox, sandbox.picture(person, "id_card_front")).IdNum == person["id_number"]

    def test_the_wrong_side_is_refused(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        front, back = (sandbox.picture(person, f"id_card_{side}") for side in ("front", "back"))
        assert refused(lambda: read_card(sandbox, back, "FRONT")) == "FailedOperation.CardSideError"
        assert refused(lambda: read_card(sandbox, front, "BACK")) == "FailedOperation.CardSideError"

    def test_advanced_info_holds_what_the_switches_ask_for(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        front = sandbox.picture(person, "id_card_front")
        config = json.dumps({"CropPortrait": True, "Quality": True, "CopyWarn": True, "CropIdCard": False})
        info = json.loads(read_card(sandbox, front, "FRONT", Config=config).AdvancedInfo)
        assert set(info) == {"Portrait", "Quality", "WarnInfos"}
        assert base64.b64decode(info["Portrait"]) == sandbox.picture(person, "face")
        assert (info["WarnInfos"], info["Quality"] >= 50) == ([], True)
        assert read_card(sandbox, front, "FRONT").AdvancedInfo == "{}"

    def test_an_expired_card_warns_when_dates_are_checked(self, sandbox: Sandbox) -> None:
        back = sandbox.picture(sandbox.person(profile="expired"), "id_card_back")
        checked = read_card(sandbox, back, "BACK", Config='{"InvalidDateWarn": true}')
        unchecked = read_card(sandbox, back, "BACK", Config='{"CopyWarn": true}')
        assert json.loads(checked.AdvancedInfo)["WarnInfos"] == [-9109]
        assert json.loads(unchecked.AdvancedInfo)["WarnInfos"] == []

    def test_a_spoilt_card_warns_until_the_marks_are_taken_off(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        front = sandbox.picture(person, "id_card_front")
        config = '{"CopyWarn": true, "ReshootWarn": true, "Quality": true, "BorderCheckWarn": true}'
        marks = {"person": person["person"], "side": "front"}
        spoilt = marks | {"warnings": [-9103, -9102, -9101], "quality": 20}
        sandbox.json("POST", "/sandbox/ocr/marks", json=spoilt)
        info = json.loads(read_card(sandbox, front, "FRONT", Config=config).AdvancedInfo)
        expected = {"WarnInfos": [-9101, -9102, -9103], "Quality": 20, "BorderCodeValue": 80}
        assert info == expected
        sandbox.json("POST", "/sandbox/ocr/marks", json=marks)
        info = json.loads(read_card(sandbox, front, "FRONT", Config=config).AdvancedInfo)
        assert info == {"WarnInfos": [], "Quality": 92, "BorderCodeValue": 5}

    def test_pictures_that_are_no_card_are_refused_by_what_they_are(self, sandbox: Sandbox) -> None:
        scene = Image.effect_noise((800, 500), 90).convert("RGB")
        card = Image.open(io.BytesIO(sandbox.picture(sandbox.person(), "id_card_front")))
        pictures = {
            "FailedOperation.ImageNoIdCard": jpeg(scene),
            "FailedOperation.ImageBlur": jpeg(card.filter(ImageFilter.GaussianBlur(5))),
            "FailedOperation.IdCardTooSmall": jpeg(card.resize((160, 100))),
            "FailedOperation.ImageDecodeFailed": b"this is no picture",
            "FailedOperation.EmptyImageError": b"",
        }
        for code, picture in pictures.items():
            assert refused(partial(read_card, sandbox, picture, "FRONT")) == code

    def test_a_face_is_no_card(self, sandbox: Sandbox) -> None:
        face = sandbox.picture(sandbox.person(), "face")
        assert refused(lambda: read_card(sandbox, face)) == "FailedOperation.ImageNoIdCard"

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"CardSide": "front"}, "InvalidParameterValue.InvalidParameterValueLimit"),
            ({"CardWarnType": "Best"}, "InvalidParameterValue.InvalidParameterValueLimit"),
            ({"Config": "{"}, "InvalidParameter.ConfigFormatError"),
            ({"Config": '{"CopyWarn": 1}'}, "InvalidParameter.ConfigFormatError"),
            ({"Config": '{"CopyWarning": true}'}, "InvalidParameter.ConfigFormatError"),
            ({"ImageUrl": "http://127.0.0.1/card.jpg"}, "FailedOperation.DownLoadError"),
            ({"ImageBase64": "%%%"}, "FailedOperation.ImageDecodeFailed"),
            ({"ImageBase64": "A" * (10 * 1024 * 1024 + 4)}, "LimitExceeded.TooLargeFileError"),
        ],
    )
    def test_wrong_parameters_are_named(self, sandbox: Sandbox, values: dict[str, Any], code: str) -> None:
        query = request(IDCardOCRRequest, **{"ImageBase64": b64(b"x"), **values})
        assert refused(lambda: client(sandbox, OcrClient).IDCardOCR(query)) == code


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


class Verification:
    """One face verification, as the product and the customer go through it."""

    def __init__(self, sandbox: Sandbox, person: dict[str, Any], **more: Any) -> None:
        self.sandbox = sandbox
        self.client = client(sandbox, FaceidClient)
        values = {"RuleId": "1", "IdCard": person["id_number"], "Name": person["name"], **more}
        self.opened = self.client.DetectAuth(request(DetectAuthRequest, **values))
        self.token = self.opened.BizToken

    def finish(self, outcome: str, person: dict[str, Any] | None = None, *, status: int = 200) -> Any:
        body = {"outcome": outcome} | ({"person": person["person"]} if person else {})
        return self.sandbox.json("POST", f"/sandbox/face/{self.token}/finish", json=body, status=status)

    def result(self, info_type: str = "0", **values: Any) -> Any:
        fetch = {"BizToken": self.token, "RuleId": "1", "InfoType": info_type, **values}
        return self.client.GetDetectInfoEnhanced(request(GetDetectInfoEnhancedRequest, **fetch))

    def codes(self) -> tuple[int, int | None, int | None]:
        text = self.result("1").Text
        return text.ErrCode, text.LiveStatus, text.Comparestatus


class TestFaceVerification:
    """DetectAuth, the vendor's page, GetDetectInfoEnhanced."""

    def test_the_person_who_is_asked_for_passes_with_a_frame_and_a_score(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person, Extra="125:" + "a" * 32)
        assert check.finish("passed", person)["code"] == 0
        result = check.result()
        text = result.Text
        assert (text.ErrCode, text.LiveStatus, text.Comparestatus, text.ErrMsg) == (0, 0, 0, "成功")
        assert (text.IdCard, text.Name, text.Extra) == (
            person["id_number"],
            person["name"],
            "125:" + "a" * 32,
        )
        assert 70 <= float(text.Sim) <= 100
        assert base64.b64decode(result.BestFrame.BestFrame) == sandbox.picture(person, "face")
        assert [detail.Errcode for detail in text.LivenessDetail] == [0]

    def test_the_log_takes_the_request_id_from_extra(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person, Extra="125:" + "b" * 32)
        check.result()
        calls = sandbox.calls(request_id="b" * 32)
        assert [call["operation"] for call in calls] == ["DetectAuth", "GetDetectInfoEnhanced"]
        assert {call["person"] for call in calls} == {person["person"]}

    def test_before_the_page_is_finished_the_result_says_so(self, sandbox: Sandbox) -> None:
        check = Verification(sandbox, sandbox.person())
        assert check.codes() == (17, None, None)
        assert check.result().BestFrame is None

    def test_who_is_not_live_fails_without_a_comparison(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person)
        check.finish("not_live", person)
        assert check.codes() == (1002, 1002, None)
        assert (check.result().BestFrame, check.result().Text.Sim) == (None, None)

    def test_who_is_not_the_same_scores_below_seventy(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person)
        check.finish("not_same", person)
        assert check.codes() == (2016, 0, 2016)
        assert float(check.result().Text.Sim) < 70

    def test_somebody_else_before_the_camera_is_not_the_same(self, sandbox: Sandbox) -> None:
        check = Verification(sandbox, sandbox.person())
        stranger = sandbox.person()
        check.finish("passed", stranger)
        assert check.codes() == (2016, 0, 2016)
        frame = base64.b64decode(check.result("3").BestFrame.BestFrame)
        assert frame == sandbox.picture(stranger, "face")

    def test_the_photo_that_came_along_is_compared_with(self, sandbox: Sandbox) -> None:
        person, stranger = sandbox.person(), sandbox.person()
        own = Verification(sandbox, person, ImageBase64=b64(sandbox.picture(person, "face")))
        own.finish("passed", person)
        assert (own.codes(), own.result().Text.CompareLibType) == ((0, 0, 0), "业务方自有库")
        foreign = Verification(sandbox, person, ImageBase64=b64(sandbox.picture(stranger, "face")))
        foreign.finish("passed", person)
        assert foreign.codes() == (2016, 0, 2016)

    @pytest.mark.parametrize(
        ("profile", "code"),
        [
            ("good", 0),
            ("id_missing", 2005),
            ("id_mismatch", 2006),
            ("no_id_photo", 2007),
            ("other_id_photo", 2016),
        ],
    )
    def test_without_a_photo_the_authority_decides(self, sandbox: Sandbox, profile: str, code: int) -> None:
        person = sandbox.person(profile=profile)
        check = Verification(sandbox, person)
        check.finish("passed", person)
        assert check.codes() == (code, 0, code)

    def test_a_name_that_is_not_the_numbers_is_a_mismatch(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person, Name="欧阳某某")
        check.finish("passed", person)
        assert check.codes() == (2006, 0, 2006)

    def test_three_attempts_are_allowed_and_none_after_success(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person)
        check.finish("not_live", person)
        check.finish("passed", person)
        assert check.codes() == (0, 0, 0)
        assert check.finish("passed", person, status=409)["code"] == "already_finished"
        unlucky = Verification(sandbox, person)
        for _ in range(3):
            unlucky.finish("not_live")
        assert unlucky.finish("passed", person, status=409)["code"] == "too_many_attempts"

    def test_a_token_lives_two_hours_and_its_result_three_days_more(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        finished, unfinished = Verification(sandbox, person), Verification(sandbox, person)
        finished.finish("passed", person)
        sandbox.advance(7201)
        assert unfinished.finish("passed", person, status=409)["code"] == "token_expired"
        assert refused(unfinished.result) == "InvalidParameterValue.BizTokenExpired"
        assert finished.codes() == (0, 0, 0)
        sandbox.advance(3 * 86_400)
        assert refused(finished.result) == "InvalidParameterValue.BizTokenExpired"

    def test_what_is_fetched_is_what_info_type_names(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person)
        check.finish("passed", person)
        text_only, frame_only, both = (check.result(kind) for kind in ("1", "3", "13"))
        assert (text_only.Text is None, text_only.BestFrame is None) == (False, True)
        assert (frame_only.Text is None, frame_only.BestFrame is None) == (True, False)
        assert (both.Text is None, both.BestFrame is None) == (False, False)

    def test_unknown_tokens_and_foreign_rules_are_refused(self, sandbox: Sandbox) -> None:
        check = Verification(sandbox, sandbox.person())
        assert refused(lambda: check.result(RuleId="2")) == "InvalidParameterValue.RuleIdNotExist"
        check.token = "0" * 36
        assert refused(check.result) == "InvalidParameterValue.BizTokenIllegal"
        assert check.finish("passed", status=404)["code"] == "unknown_token"

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"RuleId": "none"}, "InvalidParameterValue.RuleIdNotExist"),
            ({"RuleId": None}, "MissingParameter"),
            ({"IdCard": "11010119900307771x"}, "FailedOperation.IdFormatError"),
            ({"IdCard": "110101199003077716"}, "FailedOperation.IdFormatError"),
            ({"Name": "名" * 33}, "FailedOperation.NameFormatError"),
            ({"Name": None}, "FailedOperation.NameFormatError"),
            ({"Extra": "x" * 1025}, "InvalidParameterValue"),
            ({"ImageBase64": "A" * (3 * 1024 * 1024 + 4)}, "FailedOperation.ImageSizeTooLarge"),
            ({"IntentionVerifyText": "我同意"}, "UnsupportedOperation"),
        ],
    )
    def test_wrong_parameters_are_named(self, sandbox: Sandbox, values: dict[str, Any], code: str) -> None:
        good = {"RuleId": "1", "IdCard": "110101199003077715", "Name": "张三"}
        query = request(DetectAuthRequest, **{**good, **values})
        assert refused(lambda: client(sandbox, FaceidClient).DetectAuth(query)) == code

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"outcome": "maybe"}, 400, "invalid_field"),
            ({}, 400, "invalid_field"),
            ({"outcome": "passed", "person": "p999999"}, 404, "unknown_person"),
            ({"outcome": "passed", "who": "p000001"}, 400, "unknown_field"),
        ],
    )
    def test_a_wrong_finish_is_refused(
        self, sandbox: Sandbox, body: dict[str, str], status: int, code: str
    ) -> None:
        token = Verification(sandbox, sandbox.person()).token
        answer = sandbox.json("POST", f"/sandbox/face/{token}/finish", json=body, status=status)
        assert answer["code"] == code

    def test_the_vendors_page_can_be_opened_in_a_browser_and_escapes_what_it_was_given(
        self, sandbox: Sandbox
    ) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person, RedirectUrl="https://bank.example/</script><b>")
        assert check.opened.Url == f"{sandbox.base_url}/sandbox/face/{check.token}"
        page = sandbox.http.get(check.opened.Url)
        assert page.headers["content-type"].startswith("text/html")
        assert person["name"] not in page.text
        assert "</script><b>" not in page.text


class TestIdCardVerification:
    """IdCardVerification, two elements."""

    @pytest.mark.parametrize(
        ("profile", "result"), [("good", "0"), ("id_mismatch", "-1"), ("id_missing", "-5")]
    )
    def test_the_authority_answers_by_profile(self, sandbox: Sandbox, profile: str, result: str) -> None:
        person = sandbox.person(profile=profile)
        query = request(IdCardVerificationRequest, IdCard=person["id_number"], Name=person["name"])
        answer = client(sandbox, FaceidClient).IdCardVerification(query)
        assert (answer.Result, bool(answer.Description)) == (result, True)

    def test_wrong_names_and_numbers_are_told_apart(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        faceid = client(sandbox, FaceidClient)
        results = [
            faceid.IdCardVerification(request(IdCardVerificationRequest, IdCard=id_number, Name=name)).Result
            for id_number, name in (
                (person["id_number"], "欧阳某某"),
                ("110101199003077716", person["name"]),
                (person["id_number"], "名" * 33),
            )
        ]
        assert results == ["-1", "-2", "-3"]
