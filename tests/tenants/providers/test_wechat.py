"""WeChat: recorded answers, every code, the token's life, and the real wire of the sandbox."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

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
from tenants.providers.wechat import mapping
from tenants.providers.wechat.client import WeChatConfig, forget_tokens
from tenants.providers.wechat.provider import WeChat
from tenants.providers.wechat.tokens import AccessToken, TokenKeeper, TokenSource
from tests.loopback import Door, Drop, Reply, closed_address, door, reply
from tests.running_sandbox import Sandbox

__all__ = ["door"]

APPID = "wx4f4bc4dec97d474b"
PAYLOADS = Path(__file__).parent / "payloads"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
TEMPLATE = "x" * 43


def recorded(name: str) -> Reply:
    return Reply(body=(PAYLOADS / f"{name}.json").read_bytes())


def config(base_url: str, appid: str = APPID) -> WeChatConfig:
    return WeChatConfig(
        appid=appid,
        secret=f"sandbox-{appid}",
        base_url=base_url,
        scope="125",
        connect_seconds=0.5,
        read_seconds=0.5,
        total_seconds=2,
    )


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    forget_breakers()
    forget_tokens()
    yield
    forget_breakers()
    forget_tokens()


@pytest.fixture
def wechat(door: Door) -> WeChat:
    return WeChat(config(door.url))


class TestOpenSession:
    def test_reads_the_recorded_answer_which_has_no_errcode(self, door: Door, wechat: WeChat) -> None:
        door.then(recorded("code_to_session"))
        session = wechat.open_session(code="the-code")
        assert (session.openid, session.unionid) == (
            "oGZUI0egBJY1zhBYw2KhdUfwVJJE",
            "ocMvos6NjeKLIBqg5Mr9QjxrP1FA",
        )
        assert session.session_key == "tiihtNczf5v6AKRyjwEUhQ=="
        assert door.seen[0].path == "/sns/jscode2session"
        assert door.seen[0].query == {
            "appid": [APPID],
            "secret": [f"sandbox-{APPID}"],
            "js_code": ["the-code"],
            "grant_type": ["authorization_code"],
        }

    def test_shows_nothing_of_it(self, door: Door, wechat: WeChat) -> None:
        door.then(recorded("code_to_session"))
        assert repr(wechat.open_session(code="c")) == "PlatformSession()"
        assert "sandbox-" not in repr(config(door.url))

    def test_a_refusal_has_its_rid_cut_out(self, door: Door, wechat: WeChat) -> None:
        door.then(recorded("code_invalid"))
        with pytest.raises(Rejected) as raised:
            wechat.open_session(code="c")
        assert (raised.value.code, raised.value.message, raised.value.trace) == (
            "code_invalid",
            "invalid code",
            "5f7c1ff0-1a2b3c4d-5e6f7081",
        )

    def test_a_code_is_never_sent_twice(self, door: Door, wechat: WeChat) -> None:
        door.otherwise = Drop()
        with pytest.raises(UnknownOutcome):
            wechat.open_session(code="c")
        assert len(door.seen) == 1

    def test_unless_it_certainly_did_not_arrive(self) -> None:
        with pytest.raises(Unavailable):
            WeChat(config(closed_address())).open_session(code="c")


class TestEveryCode:
    @pytest.mark.parametrize(
        ("table", "errcode", "kind", "code"),
        [
            (name, errcode, kind, code)
            for name, table in {
                "session": mapping.SESSION,
                "token": mapping.TOKEN,
                "phone": mapping.PHONE,
                "image": mapping.CODE_IMAGE,
                "message": mapping.MESSAGE,
            }.items()
            for errcode, (kind, code, _) in table.items()
        ],
    )
    def test_of_the_tables_becomes_its_kind(
        self, door: Door, table: str, errcode: int, kind: type[GatewayError], code: str
    ) -> None:
        token = recorded("stable_token")
        refusal = reply({"errcode": errcode, "errmsg": "words"})
        # A refused token is replaced, once by the token of record, once by a forced one.
        door.then(*([] if table in ("session", "token") else [token]), refusal, token, token, refusal)
        with pytest.raises(kind) as raised:
            ask(WeChat(config(door.url)), "image" if table == "token" else table)
        assert raised.value.code == code

    @pytest.mark.parametrize("table", ["session", "phone", "image", "message"])
    def test_that_is_unknown_is_loud(self, door: Door, table: str) -> None:
        door.then(*([] if table == "session" else [recorded("stable_token")]), reply({"errcode": 99999}))
        with pytest.raises(UnknownVendorCode) as raised:
            ask(WeChat(config(door.url)), table)
        assert raised.value.code == "99999"

    @pytest.mark.parametrize(
        ("errcode", "kind", "wait"),
        [
            (45011, RateLimited, timedelta(minutes=1)),
            (45009, RateLimited, timedelta(hours=1)),
            (-1, RetryAfter, None),
        ],
    )
    def test_that_asks_for_patience_says_how_much(
        self, door: Door, wechat: WeChat, errcode: int, kind: type[GatewayError], wait: timedelta | None
    ) -> None:
        door.then(reply({"errcode": errcode, "errmsg": "system error"}))
        with pytest.raises(kind) as raised:
            wechat.open_session(code="c")
        assert raised.value.retry_after == wait

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"errcode": "x"}', b'{"openid": 3}'])
    def test_garbage_is_an_unknown_outcome(self, door: Door, wechat: WeChat, body: bytes) -> None:
        door.otherwise = Reply(body=body)
        with pytest.raises(UnknownOutcome):
            wechat.open_session(code="c")


def ask(wechat: WeChat, what: str) -> Any:
    match what:
        case "session":
            return wechat.open_session(code="c")
        case "phone":
            return wechat.phone_number(code="c")
        case "image":
            return wechat.code_image(scene="125-x", page="pages/index/index")
        case _:
            return wechat.send_message(openid="o", template_id=TEMPLATE, values={"thing1": "贷款到账"})


class TestPhoneNumber:
    def test_reads_the_recorded_answer_with_the_country_as_a_number(self, door: Door, wechat: WeChat) -> None:
        door.then(recorded("stable_token"), recorded("phone_number"))
        assert wechat.phone_number(code="phone-code") == "13580006666"
        assert door.seen[1].query == {"access_token": ["ACCESS_TOKEN"]}
        assert door.seen[1].json() == {"code": "phone-code"}

    @pytest.mark.parametrize(
        ("info", "kind", "code"),
        [
            ({"countryCode": "852"}, Rejected, "foreign_number"),
            ({"watermark": {"appid": "wx0000000000000000"}}, Invalid, "watermark"),
            ({"purePhoneNumber": None}, UnknownOutcome, "garbage"),
        ],
    )
    def test_refuses_foreign_numbers_and_answers_for_others(
        self, door: Door, wechat: WeChat, info: dict[str, Any], kind: type[GatewayError], code: str
    ) -> None:
        full = {"purePhoneNumber": "13580006666", "countryCode": "86", "watermark": {"appid": APPID}} | info
        door.then(recorded("stable_token"), reply({"errcode": 0, "phone_info": full}))
        with pytest.raises(kind) as raised:
            wechat.phone_number(code="c")
        assert raised.value.code == code


class TestCodeImage:
    def test_gives_the_picture(self, door: Door, wechat: WeChat) -> None:
        door.then(recorded("stable_token"), Reply(body=PNG, content_type="image/png"))
        image = wechat.code_image(scene="125-a9", page="/pages/index/index", width=300)
        assert (image.content, image.content_type) == (PNG, "image/png")
        assert door.seen[1].json() == {"scene": "125-a9", "page": "pages/index/index", "width": 300}

    def test_is_asked_for_again_after_an_unknown_outcome_since_it_costs_nothing(
        self, door: Door, wechat: WeChat
    ) -> None:
        door.then(recorded("stable_token"), Drop(), Reply(body=PNG, content_type="image/png"))
        assert wechat.code_image(scene="125-a9", page="p").content == PNG

    def test_an_answer_that_is_no_picture_is_garbage(self, door: Door, wechat: WeChat) -> None:
        door.then(recorded("stable_token"), reply({"errcode": 0}))
        with pytest.raises(UnknownOutcome):
            wechat.code_image(scene="125-a9", page="p")

    @pytest.mark.parametrize("scene", ["", "x" * 33, "中文", "a%20b", "a b", 'a"'])
    def test_a_scene_that_wechat_cannot_carry_is_not_sent(self, door: Door, wechat: WeChat, scene: str) -> None:
        with pytest.raises(Invalid):
            wechat.code_image(scene=scene, page="p")
        assert door.seen == []


class TestSendMessage:
    def test_sends_values_as_wechat_wants_them(self, door: Door, wechat: WeChat) -> None:
        door.then(recorded("stable_token"), recorded("message_sent"))
        wechat.send_message(openid="o1", template_id=TEMPLATE, values={"thing1": "放款成功"}, page="/pages/loan")
        assert door.seen[1].json() == {
            "touser": "o1",
            "template_id": TEMPLATE,
            "page": "pages/loan",
            "data": {"thing1": {"value": "放款成功"}},
        }
        assert "放款成功".encode() in door.seen[1].body


class Shared:
    def __init__(self) -> None:
        self.tokens: dict[str, AccessToken] = {}

    def get(self, appid: str) -> AccessToken | None:
        return self.tokens.get(appid)

    def put(self, appid: str, token: AccessToken) -> None:
        self.tokens[appid] = token


class Platform:
    """Hands out tokens: the one of record until a new one is forced."""

    def __init__(self) -> None:
        self.number = 1
        self.asked: list[bool] = []

    def fetch(self, force: bool) -> tuple[str, int]:  # noqa: FBT001 -- the keeper's own question
        self.asked.append(force)
        self.number += force
        return f"token-{self.number}", 7200


class Clock:
    seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


class TestTheAccessToken:
    def test_is_fetched_once_and_kept_until_shortly_before_its_end(self) -> None:
        platform, clock = Platform(), Clock()
        keeper, source = TokenKeeper(APPID, clock), TokenSource(platform.fetch)
        for _ in range(3):
            assert keeper.current(source).value == "token-1"
        clock.seconds += 6899
        keeper.current(source)
        assert platform.asked == [False]
        clock.seconds += 2
        keeper.current(source)
        assert platform.asked == [False, False]

    def test_many_threads_fetch_it_once(self) -> None:
        platform, gate = Platform(), threading.Barrier(8)
        keeper, source = TokenKeeper(APPID), TokenSource(platform.fetch)

        def use() -> None:
            gate.wait(2)
            keeper.current(source)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2)
        assert platform.asked == [False]

    def test_that_another_process_has_shared_is_used(self) -> None:
        platform, shared, clock = Platform(), Shared(), Clock()
        source = TokenSource(platform.fetch, shared)
        TokenKeeper(APPID, clock).current(source)
        assert TokenKeeper(APPID, clock).current(source).value == "token-1"
        assert platform.asked == [False]
        clock.seconds += 7000
        TokenKeeper(APPID, clock).current(source)
        assert platform.asked == [False, False]

    def test_refused_is_replaced_by_what_somebody_else_has_fetched(self) -> None:
        platform, shared, clock = Platform(), Shared(), Clock()
        keeper, source = TokenKeeper(APPID, clock), TokenSource(platform.fetch, shared)
        refused = keeper.current(source)
        shared.put(APPID, AccessToken("token-of-another", clock.seconds + 60))
        assert keeper.replace(refused, source).value == "token-of-another"
        assert platform.asked == [False]

    def test_refused_although_it_is_the_one_of_record_is_forced_at_most_once_in_half_a_minute(self) -> None:
        platform, clock = Platform(), Clock()
        keeper, source = TokenKeeper(APPID, clock), TokenSource(platform.fetch)
        refused = keeper.current(source)
        second = keeper.replace(refused, source)
        assert (second.value, platform.asked) == ("token-2", [False, False, True])
        keeper.replace(second, source)
        assert platform.asked == [False, False, True, False]
        clock.seconds += 31
        assert keeper.replace(second, source).value == "token-3"

    def test_refused_by_the_platform_is_replaced_once_and_the_call_made_again(self, door: Door, wechat: WeChat) -> None:
        new_token = reply({"access_token": "NEW", "expires_in": 7200})
        door.then(recorded("stable_token"), recorded("token_refused"), new_token, recorded("phone_number"))
        assert wechat.phone_number(code="c") == "13580006666"
        paths: list[tuple[str, Mapping[str, list[str]]]] = [(seen.path, seen.query) for seen in door.seen]
        assert [path for path, _ in paths].count("/wxa/business/getuserphonenumber") == 2
        assert paths[-1][1] == {"access_token": ["NEW"]}


class TestOnTheSandbox:
    @pytest.fixture
    def live(self, sandbox: Sandbox) -> WeChat:
        return WeChat(config(f"{sandbox.url}/wechat", appid=sandbox.appid()))

    def test_a_login_code_works_once(self, sandbox: Sandbox, live: WeChat) -> None:
        code = sandbox.wechat_code(sandbox.person(), appid=live._appid)
        assert live.open_session(code=code).openid
        with pytest.raises(Rejected) as raised:
            live.open_session(code=code)
        assert raised.value.code == "code_used"

    def test_a_phone_code_gives_the_number_once(self, sandbox: Sandbox, live: WeChat) -> None:
        person = sandbox.person()
        code = sandbox.code(person, kind="phone", appid=live._appid)
        assert live.phone_number(code=code) == person["phone"]
        with pytest.raises(Rejected):
            live.phone_number(code=code)

    def test_a_code_image_is_a_picture(self, live: WeChat) -> None:
        assert live.code_image(scene="125-aB3", page="pages/index/index").content_type == "image/png"

    def test_a_token_that_grew_too_old_is_replaced_unnoticed(self, sandbox: Sandbox, live: WeChat) -> None:
        live.code_image(scene="125-aB3", page="pages/index/index")
        sandbox.advance(7300)
        live.code_image(scene="125-aB3", page="pages/index/index")
        outcomes = [call["outcome"] for call in sandbox.calls(vendor="wechat", operation="getwxacodeunlimit")]
        assert outcomes[-2:] == ["42001", "ok"]

    def test_garbage_and_drops_are_unknown_outcomes(self, sandbox: Sandbox, live: WeChat) -> None:
        for fault in ({"garbage": True}, {"drop_after": True}):
            sandbox.fault("wechat", **fault)
            with pytest.raises(UnknownOutcome):
                live.open_session(code=sandbox.wechat_code(sandbox.person(), appid=live._appid))
