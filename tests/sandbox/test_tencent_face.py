"""Tencent's face verification and two-element check, called by the official SDK."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.faceid.v20180301.faceid_client import FaceidClient
from tencentcloud.faceid.v20180301.models import (
    DetectAuthRequest,
    GetDetectInfoEnhancedRequest,
    IdCardVerificationRequest,
)

from tests.sandbox.tencent_sdk import b64, client, refused, request

if TYPE_CHECKING:
    from tests.running_sandbox import Sandbox


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
    def test_a_wrong_finish_is_refused(self, sandbox: Sandbox, body: dict[str, str], status: int, code: str) -> None:
        token = Verification(sandbox, sandbox.person()).token
        answer = sandbox.json("POST", f"/sandbox/face/{token}/finish", json=body, status=status)
        assert answer["code"] == code

    def test_the_vendors_page_can_be_opened_in_a_browser_and_escapes_what_it_was_given(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        check = Verification(sandbox, person, RedirectUrl="https://bank.example/</script><b>")
        assert check.opened.Url == f"{sandbox.base_url}/sandbox/face/{check.token}"
        page = sandbox.http.get(check.opened.Url)
        assert page.headers["content-type"].startswith("text/html")
        assert person["name"] not in page.text
        assert "</script><b>" not in page.text


class TestIdCardVerification:
    """IdCardVerification, two elements."""

    @pytest.mark.parametrize(("profile", "result"), [("good", "0"), ("id_mismatch", "-1"), ("id_missing", "-5")])
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
