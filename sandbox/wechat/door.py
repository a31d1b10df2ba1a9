"""WeChat's door: its paths, methods and answers."""

from __future__ import annotations

import asyncio
import json
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.answers import rid
from sandbox.calls import current_call
from sandbox.wechat.code_image import draw, read_order
from sandbox.wechat.codes import CodeBook, session_key
from sandbox.wechat.errors import WeChatError
from sandbox.wechat.messages import MessageBox
from sandbox.wechat.tokens import TokenDesk, check_credentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from sandbox.clock import Clock

    Handler = Callable[[Request], Awaitable[Response]]

_WRONG_METHOD: Final = {"GET": 43001, "POST": 43002}


class WeChatDoor:
    """Answer as api.weixin.qq.com does: errors are HTTP 200 with an errcode."""

    def __init__(self, clock: Clock) -> None:
        """Open the door; codes and tokens live by the clock."""
        self._clock = clock
        self.codes = CodeBook()
        self.tokens = TokenDesk()
        self.messages = MessageBox()

    def routes(self) -> list[Route]:
        """Return the paths under /wechat."""
        table: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/sns/jscode2session", self.log_in),
            ("POST", "/cgi-bin/stable_token", self.stable_token),
            ("GET", "/cgi-bin/token", self.token),
            ("POST", "/wxa/business/getuserphonenumber", self.phone_number),
            ("POST", "/wxa/getwxacodeunlimit", self.code_image),
            ("POST", "/cgi-bin/message/subscribe/send", self.send_message),
        )
        return [
            Route("/wechat" + path, _as_wechat(method, handler), methods=["GET", "POST"])
            for method, path, handler in table
        ]

    async def log_in(self, request: Request) -> Response:
        """code2Session: trade a login code for the openid and a session key."""
        query = request.query_params
        appid = query.get("appid", "")
        check_credentials(appid, query.get("secret", ""))
        code = query.get("js_code", "")
        if not code:
            raise WeChatError(41008)
        if query.get("grant_type", "authorization_code") != "authorization_code":
            raise WeChatError(40002)
        user = self.codes.log_in(code, appid=appid, at=self._clock.now())
        current_call(request).person = user.person.person
        return JSONResponse({"session_key": session_key(code), "openid": user.openid(appid)})

    async def stable_token(self, request: Request) -> Response:
        """getStableAccessToken: the token of record, or a forced new one."""
        payload = _json(await request.body())
        appid = _string(payload, "appid")
        check_credentials(appid, _string(payload, "secret"))
        if payload.get("grant_type") != "client_credential":
            raise WeChatError(40002)
        force = payload.get("force_refresh", False)
        if not isinstance(force, bool):
            raise WeChatError(47001)
        token, expires_in = self.tokens.stable(appid, force=force, at=self._clock.now())
        return JSONResponse({"access_token": token, "expires_in": expires_in})

    async def token(self, request: Request) -> Response:
        """getAccessToken: a new ordinary token, which replaces the last."""
        query = request.query_params
        if query.get("grant_type") != "client_credential":
            raise WeChatError(40002)
        appid = query.get("appid", "")
        check_credentials(appid, query.get("secret", ""))
        token, expires_in = self.tokens.ordinary(appid, at=self._clock.now())
        return JSONResponse({"access_token": token, "expires_in": expires_in})

    async def phone_number(self, request: Request) -> Response:
        """getPhoneNumber: trade a phone code for the number bound to the WeChat account."""
        appid = self._appid(request)
        payload = _json(await request.body(), otherwise=40029)
        code = payload.get("code")
        if not isinstance(code, str):
            raise WeChatError(40029)
        openid = payload.get("openid")
        user = self.codes.tell_phone(
            code,
            openid=openid if isinstance(openid, str) else None,
            appid=appid,
            at=self._clock.now(),
        )
        current_call(request).person = user.person.person
        phone_info = {
            "phoneNumber": user.phone,
            "purePhoneNumber": user.phone,
            "countryCode": "86",
            "watermark": {"timestamp": int(self._clock.now().timestamp()), "appid": appid},
        }
        return JSONResponse({"errcode": 0, "errmsg": "ok", "phone_info": phone_info})

    async def code_image(self, request: Request) -> Response:
        """getUnlimitedQRCode: the picture of a code for a scene."""
        self._appid(request)
        order = read_order(_json(await request.body(), otherwise=40169))
        return Response(await asyncio.to_thread(draw, order), media_type="image/png")

    async def send_message(self, request: Request) -> Response:
        """subscribeMessage.send: one message to one user who has agreed to it."""
        self._appid(request)
        at = self._clock.now()
        openid = self.messages.send(_json(await request.body()), at=at)
        if user := self.codes.user_of(openid):
            current_call(request).person = user.person.person
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": int(at.timestamp() * 1_000_000)})

    def _appid(self, request: Request) -> str:
        return self.tokens.appid_of(request.query_params.get("access_token", ""), at=self._clock.now())


def _as_wechat(method: str, handler: Handler) -> Handler:
    """Answer refusals and wrong methods as WeChat does."""

    @wraps(handler)
    async def serve(request: Request) -> Response:
        if request.method != method:
            return _refused(WeChatError(_WRONG_METHOD[method]))
        try:
            return await handler(request)
        except WeChatError as refusal:
            return _refused(refusal)

    return serve


def _refused(refusal: WeChatError) -> Response:
    payload = {"errcode": refusal.errcode, "errmsg": f"{refusal.errmsg} {rid()}"}
    return JSONResponse(payload, status_code=HTTPStatus.OK)


def _json(body: bytes, *, otherwise: int = 47001) -> dict[str, object]:
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise WeChatError(otherwise) from error
    if not isinstance(payload, dict):
        raise WeChatError(otherwise)
    return payload


def _string(payload: dict[str, object], name: str) -> str:
    value = payload.get(name, "")
    if not isinstance(value, str):
        raise WeChatError(47001)
    return value
