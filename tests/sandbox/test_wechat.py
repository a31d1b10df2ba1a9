"""WeChat's door: codes, tokens, phone numbers, code images, subscription messages."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

from sandbox.wechat.errors import WeChatError
from sandbox.wechat.messages import MessageBox
from sandbox.wechat.tokens import TokenDesk

if TYPE_CHECKING:
    from tests.running_sandbox import Sandbox

APPID = "wxabcdefabcdefabcd"
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def log_in(sandbox: Sandbox, code: str, **changes: str) -> dict[str, Any]:
    query = {
        "appid": APPID,
        "secret": f"sandbox-{changes.get('appid', APPID)}",
        "js_code": code,
        "grant_type": "authorization_code",
        **changes,
    }
    answer: dict[str, Any] = sandbox.json("GET", "/wechat/sns/jscode2session", params=query)
    return answer


def stable_token(sandbox: Sandbox, appid: str, **more: Any) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": appid, "secret": f"sandbox-{appid}", **more}
    answer: dict[str, Any] = sandbox.json("POST", "/wechat/cgi-bin/stable_token", json=body)
    return answer


def ask_phone(sandbox: Sandbox, token: str, **body: str) -> dict[str, Any]:
    path = "/wechat/wxa/business/getuserphonenumber"
    answer: dict[str, Any] = sandbox.json("POST", path, params={"access_token": token}, json=body)
    return answer


class TestCode2Session:
    """GET /sns/jscode2session."""

    def test_a_code_gives_an_openid_and_a_session_key_and_no_errcode(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        answer = log_in(sandbox, sandbox.code(person))
        assert set(answer) == {"openid", "session_key"}
        assert len(answer["openid"]) == 28
        assert len(answer["session_key"]) == 24

    def test_a_person_keeps_the_openid_and_a_second_wechat_has_its_own(self, sandbox: Sandbox) -> None:
        person = sandbox.person()
        first = log_in(sandbox, sandbox.code(person))["openid"]
        again = log_in(sandbox, sandbox.code(person))["openid"]
        second = log_in(sandbox, sandbox.code(person, wechat=2))["openid"]
        stranger = log_in(sandbox, sandbox.code(sandbox.person()))["openid"]
        assert first == again
        assert len({first, second, stranger}) == 3

    def test_a_code_is_good_once(self, sandbox: Sandbox) -> None:
        code = sandbox.code(sandbox.person())
        log_in(sandbox, code)
        answer = log_in(sandbox, code)
        assert answer["errcode"] == 40163
        assert answer["errmsg"].startswith("code been used rid: ")

    def test_a_code_dies_after_five_minutes(self, sandbox: Sandbox) -> None:
        code, late = (sandbox.code(sandbox.person()) for _ in range(2))
        sandbox.advance(298)
        assert "openid" in log_in(sandbox, code)
        sandbox.advance(4)
        assert log_in(sandbox, late)["errcode"] == 40029

    def test_a_code_of_another_mini_program_is_invalid(self, sandbox: Sandbox) -> None:
        code = sandbox.code(sandbox.person(), appid="wx0000000000000001")
        assert log_in(sandbox, code)["errcode"] == 40029
        assert "openid" in log_in(sandbox, code, appid="wx0000000000000001")

    def test_a_phone_code_is_no_login_code(self, sandbox: Sandbox) -> None:
        assert log_in(sandbox, sandbox.code(sandbox.person(), kind="phone"))["errcode"] == 40029

    @pytest.mark.parametrize(
        ("changes", "errcode"),
        [
            ({"js_code": "0123456789abcdef"}, 40029),
            ({"js_code": ""}, 41008),
            ({"appid": "", "secret": "x"}, 41002),
            ({"appid": "wx-not-one"}, 40013),
            ({"secret": ""}, 41004),
            ({"secret": "sandbox-wx0000000000000000"}, 40125),
            ({"grant_type": "password"}, 40002),
        ],
    )
    def test_what_is_wrong_is_named_by_its_errcode(
        self, sandbox: Sandbox, changes: dict[str, str], errcode: int
    ) -> None:
        assert log_in(sandbox, "0123", **changes)["errcode"] == errcode

    def test_the_method_must_be_get(self, sandbox: Sandbox) -> None:
        assert sandbox.json("POST", "/wechat/sns/jscode2session")["errcode"] == 43001


class TestAccessTokens:
    """POST /cgi-bin/stable_token and GET /cgi-bin/token."""

    def test_the_stable_token_stays_the_same_while_it_lives(self, sandbox: Sandbox) -> None:
        appid = sandbox.appid()
        first = stable_token(sandbox, appid)
        sandbox.advance(1000)
        second = stable_token(sandbox, appid)
        assert first["expires_in"] == 7200
        assert second["access_token"] == first["access_token"]
        assert 6190 <= second["expires_in"] <= 6200

    def test_a_forced_token_kills_the_last_one(self, sandbox: Sandbox) -> None:
        appid = sandbox.appid()
        old = stable_token(sandbox, appid)["access_token"]
        new = stable_token(sandbox, appid, force_refresh=True)["access_token"]
        assert ask_phone(sandbox, old, code="x")["errcode"] == 40001
        assert ask_phone(sandbox, new, code="x")["errcode"] == 40029

    def test_an_expired_token_is_told_from_an_invalid_one(self, sandbox: Sandbox) -> None:
        token = stable_token(sandbox, sandbox.appid())["access_token"]
        sandbox.advance(7201)
        assert ask_phone(sandbox, token, code="x")["errcode"] == 42001
        other = token[:-1] + ("-" if token.endswith("_") else "_")
        assert ask_phone(sandbox, other, code="x")["errcode"] == 40001
        assert ask_phone(sandbox, "nonsense", code="x")["errcode"] == 40014
        assert ask_phone(sandbox, "", code="x")["errcode"] == 41001

    def test_the_two_sorts_do_not_touch_each_other(self, sandbox: Sandbox) -> None:
        appid = sandbox.appid()
        stable = stable_token(sandbox, appid)["access_token"]
        query = {"grant_type": "client_credential", "appid": appid, "secret": f"sandbox-{appid}"}
        ordinary = sandbox.json("GET", "/wechat/cgi-bin/token", params=query)["access_token"]
        assert ordinary != stable
        assert {ask_phone(sandbox, token, code="x")["errcode"] for token in (stable, ordinary)} == {40029}

    @pytest.mark.parametrize(
        ("body", "errcode"),
        [
            (b"not json", 47001),
            (b"[]", 47001),
            (b'{"grant_type": "client_credential"}', 41002),
            (b'{"grant_type": "client_credential", "appid": "wx1", "secret": "x"}', 40013),
            (b'{"appid": "wx0000000000000000", "secret": "sandbox-wx0000000000000000"}', 40002),
        ],
    )
    def test_what_is_wrong_is_named(self, sandbox: Sandbox, body: bytes, errcode: int) -> None:
        assert sandbox.json("POST", "/wechat/cgi-bin/stable_token", content=body)["errcode"] == errcode

    def test_a_stable_token_is_renewed_five_minutes_before_its_end_and_both_are_good(self) -> None:
        desk = TokenDesk()
        old, _ = desk.stable(APPID, force=False, at=NOON)
        late = NOON + timedelta(seconds=7200 - 299)
        new, expires_in = desk.stable(APPID, force=False, at=late)
        assert (new != old, expires_in) == (True, 7200)
        assert desk.appid_of(old, at=late) == desk.appid_of(new, at=late) == APPID

    def test_a_new_ordinary_token_leaves_the_last_one_five_minutes(self) -> None:
        desk = TokenDesk()
        old, _ = desk.ordinary(APPID, at=NOON)
        desk.ordinary(APPID, at=NOON)
        assert desk.appid_of(old, at=NOON + timedelta(seconds=299)) == APPID
        with pytest.raises(WeChatError) as refused:
            desk.appid_of(old, at=NOON + timedelta(seconds=300))
        assert refused.value.errcode == 40001

    def test_forcing_is_bounded_by_thirty_seconds_and_twenty_a_day(self) -> None:
        desk = TokenDesk()
        for number in range(20):
            desk.stable(APPID, force=True, at=NOON + timedelta(seconds=30 * number))
        for seconds, errcode in ((30 * 19 + 29, 45011), (30 * 20, 45009)):
            with pytest.raises(WeChatError) as refused:
                desk.stable(APPID, force=True, at=NOON + timedelta(seconds=seconds))
            assert refused.value.errcode == errcode
        assert desk.stable(APPID, force=True, at=NOON + timedelta(days=1))[1] == 7200

    def test_a_token_long_forgotten_is_replaced_by_a_new_one(self) -> None:
        desk = TokenDesk()
        old, _ = desk.stable(APPID, force=False, at=NOON)
        desk.ordinary(APPID, at=NOON + timedelta(days=2))
        new, _ = desk.stable(APPID, force=False, at=NOON + timedelta(days=2))
        assert new != old


class TestPhoneNumber:
    """POST /wxa/business/getuserphonenumber."""

    def test_a_code_gives_the_persons_number_with_the_mini_programs_watermark(self, sandbox: Sandbox) -> None:
        appid, person = sandbox.appid(), sandbox.person()
        token = stable_token(sandbox, appid)["access_token"]
        answer = ask_phone(sandbox, token, code=sandbox.code(person, kind="phone"))
        info = answer["phone_info"]
        assert (answer["errcode"], info["purePhoneNumber"], info["countryCode"]) == (0, person["phone"], "86")
        assert info["watermark"]["appid"] == appid

    def test_a_wechat_may_be_bound_to_another_number(self, sandbox: Sandbox) -> None:
        token = stable_token(sandbox, sandbox.appid())["access_token"]
        code = sandbox.code(sandbox.person(), kind="phone", wechat=2, phone="13800001111")
        assert ask_phone(sandbox, token, code=code)["phone_info"]["phoneNumber"] == "13800001111"

    def test_a_code_is_good_once_and_for_five_minutes(self, sandbox: Sandbox) -> None:
        token = stable_token(sandbox, sandbox.appid())["access_token"]
        code, late = (sandbox.code(sandbox.person(), kind="phone") for _ in range(2))
        assert ask_phone(sandbox, token, code=code)["errcode"] == 0
        assert ask_phone(sandbox, token, code=code)["errcode"] == 40029
        sandbox.advance(301)
        assert ask_phone(sandbox, token, code=late)["errcode"] == 40029

    def test_a_code_of_another_mini_program_or_user_is_refused(self, sandbox: Sandbox) -> None:
        appid, person = sandbox.appid(), sandbox.person()
        token = stable_token(sandbox, appid)["access_token"]
        foreign = sandbox.code(person, kind="phone", appid="wx00000000000000ff")
        assert ask_phone(sandbox, token, code=foreign)["errcode"] == 40013
        openid = log_in(sandbox, sandbox.code(person), appid=appid)["openid"]
        code = sandbox.code(person, kind="phone", wechat=2)
        assert ask_phone(sandbox, token, code=code, openid=openid)["errcode"] == 40003
        own = sandbox.code(person, kind="phone")
        assert ask_phone(sandbox, token, code=own, openid=openid)["errcode"] == 0

    def test_a_code_in_the_query_instead_of_the_body_is_refused(self, sandbox: Sandbox) -> None:
        token = stable_token(sandbox, sandbox.appid())["access_token"]
        query = {"access_token": token, "code": sandbox.code(sandbox.person(), kind="phone")}
        answer = sandbox.json("POST", "/wechat/wxa/business/getuserphonenumber", params=query)
        assert answer["errcode"] == 40029


class TestCodeImage:
    """POST /wxa/getwxacodeunlimit."""

    PATH = "/wechat/wxa/getwxacodeunlimit"

    def order(self, sandbox: Sandbox, **body: Any) -> Any:
        token = stable_token(sandbox, "wx00000000000c0de0")["access_token"]
        return sandbox.http.post(self.PATH, params={"access_token": token}, json=body)

    def test_the_picture_is_a_png_of_the_width_asked_for_that_a_scanner_reads(self, sandbox: Sandbox) -> None:
        answer = self.order(sandbox, scene="125-4f8Qz7Kd1Lw0", page="pages/entry/index", width=600)
        assert answer.headers["content-type"] == "image/png"
        picture = Image.open(io.BytesIO(answer.content))
        assert (picture.format, picture.size) == ("PNG", (600, 600))
        read, _, _ = cv2.QRCodeDetector().detectAndDecode(np.asarray(picture))
        assert read == "pages/entry/index?scene=125-4f8Qz7Kd1Lw0"

    def test_the_same_scene_gives_the_same_bytes_and_another_does_not(self, sandbox: Sandbox) -> None:
        first, again, other = (self.order(sandbox, scene=scene).content for scene in ("a1", "a1", "a2"))
        assert first == again
        assert first != other

    @pytest.mark.parametrize("scene", ["x" * 32, "0Az!#$&'()*+,/:;=?@-._~", "125-AbCd"])
    def test_every_character_that_wechat_allows_is_taken(self, sandbox: Sandbox, scene: str) -> None:
        assert self.order(sandbox, scene=scene).content.startswith(b"\x89PNG")

    @pytest.mark.parametrize(
        ("body", "errcode"),
        [
            ({}, 40169),
            ({"scene": ""}, 40169),
            ({"scene": "x" * 33}, 40169),
            ({"scene": 125}, 40169),
            ({"scene": "bank=125%20"}, 40129),
            ({"scene": "银行"}, 40129),
            ({"scene": "a", "page": "/pages/entry/index"}, 41030),
            ({"scene": "a", "page": "pages/entry/index?x=1"}, 41030),
            ({"scene": "a", "page": "unreleased/page"}, 41030),
            ({"scene": "a", "env_version": "beta"}, 40097),
            ({"scene": "a", "width": 100}, 40097),
        ],
    )
    def test_what_is_wrong_is_named(self, sandbox: Sandbox, body: dict[str, Any], errcode: int) -> None:
        assert self.order(sandbox, **body).json()["errcode"] == errcode

    def test_an_unreleased_page_is_taken_when_the_path_is_not_checked(self, sandbox: Sandbox) -> None:
        answer = self.order(sandbox, scene="a", page="unreleased/page", check_path=False)
        assert answer.content.startswith(b"\x89PNG")

    def test_a_form_is_no_json(self, sandbox: Sandbox) -> None:
        token = stable_token(sandbox, sandbox.appid())["access_token"]
        answer = sandbox.json("POST", self.PATH, params={"access_token": token}, data={"scene": "a"})
        assert answer["errcode"] == 40169


class TestSubscribeMessage:
    """POST /cgi-bin/message/subscribe/send."""

    TEMPLATE = "t" * 43

    def send(self, sandbox: Sandbox, appid: str, **body: Any) -> dict[str, Any]:
        token = stable_token(sandbox, appid)["access_token"]
        path = "/wechat/cgi-bin/message/subscribe/send"
        answer: dict[str, Any] = sandbox.json("POST", path, params={"access_token": token}, json=body)
        return answer

    def test_a_message_reaches_the_user_and_the_log_names_the_person(self, sandbox: Sandbox) -> None:
        appid, person = sandbox.appid(), sandbox.person()
        openid = log_in(sandbox, sandbox.code(person), appid=appid)["openid"]
        data = {"thing1": {"value": "还款提醒"}, "amount2": {"value": "1000.00元"}}
        answer = self.send(sandbox, appid, touser=openid, template_id=self.TEMPLATE, data=data)
        assert answer["errcode"] == 0
        box = sandbox.json("GET", "/sandbox/wechat/messages", params={"openid": openid})["messages"]
        assert [message["data"] for message in box] == [{"thing1": "还款提醒", "amount2": "1000.00元"}]
        assert sandbox.calls(operation="subscribe_send")[0]["person"] == person["person"]

    def test_a_user_who_refuses_gets_nothing(self, sandbox: Sandbox) -> None:
        appid, person = sandbox.appid(), sandbox.person()
        order = {"person": person["person"], "appid": appid, "accept": False}
        openid = sandbox.json("POST", "/sandbox/wechat/subscriptions", json=order)["openid"]
        data = {"thing1": {"value": "还款提醒"}}
        answer = self.send(sandbox, appid, touser=openid, template_id=self.TEMPLATE, data=data)
        assert answer["errcode"] == 43101
        query = {"openid": openid}
        assert sandbox.json("GET", "/sandbox/wechat/messages", params=query) == {"messages": []}

    @pytest.mark.parametrize(
        ("change", "errcode"),
        [
            ({"touser": "nobody"}, 40003),
            ({"template_id": "short"}, 40037),
            ({"page": "/pages/x"}, 41030),
            ({"miniprogram_state": "beta"}, 47003),
            ({"lang": "de"}, 47003),
            ({"data": '{"thing1": {"value": "x"}}'}, 47003),
            ({"data": {}}, 47003),
            ({"data": {"thing1": {"value": "x" * 21}}}, 47003),
            ({"data": {"thing1": {"value": ""}}}, 47003),
            ({"data": {"thing1": "x"}}, 47003),
            ({"data": {"phrase1": {"value": "abc"}}}, 47003),
            ({"data": {"amount1": {"value": "12345678901"}}}, 47003),
            ({"data": {"unheard1": {"value": "x"}}}, 47003),
        ],
    )
    def test_what_is_wrong_is_named(self, change: dict[str, Any], errcode: int) -> None:
        good = {"touser": "o" * 28, "template_id": self.TEMPLATE, "data": {"thing1": {"value": "x"}}}
        box = MessageBox()
        with pytest.raises(WeChatError) as refused:
            box.send({**good, **change}, at=NOON)
        assert refused.value.errcode == errcode
        assert list(box.sent_to(None)) == []
