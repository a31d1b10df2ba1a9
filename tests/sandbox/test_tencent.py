"""Tencent's door, called by the official SDK: signatures and ID card OCR."""

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
from tencentcloud.faceid.v20180301.faceid_client import FaceidClient
from tencentcloud.faceid.v20180301.models import IdCardVerificationRequest
from tencentcloud.ocr.v20181119.models import IDCardOCRRequest
from tencentcloud.ocr.v20181119.ocr_client import OcrClient

from sandbox.tencent.tc3 import SignedRequest, sign
from tests.sandbox.tencent_sdk import SECRET_ID, b64, client, refused, request

if TYPE_CHECKING:
    from tests.running_sandbox import Sandbox


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
