"""What a test or a demo does in the customer's WeChat: tap log-in, give a phone number, refuse messages."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.payloads import ControlError, json_object, only, text, whole_number
from sandbox.wechat.codes import CODE_LIFE, MAX_ACCOUNTS, WeChatUser

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.clock import Clock
    from sandbox.people import World
    from sandbox.wechat.door import WeChatDoor

_PHONE: Final = re.compile(r"1\d{10}")
_APPID: Final = re.compile(r"wx[0-9a-f]{16}")


class WeChatControls:
    """Act as the customer's WeChat."""

    def __init__(self, door: WeChatDoor, world: World, clock: Clock) -> None:
        """Act on a door, for the people of a world."""
        self._door = door
        self._world = world
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the control calls."""
        return [
            Route("/sandbox/wechat/codes", self.issue_code, methods=["POST"]),
            Route("/sandbox/wechat/subscriptions", self.subscribe, methods=["POST"]),
            Route("/sandbox/wechat/messages", self.messages, methods=["GET"]),
        ]

    async def issue_code(self, request: Request) -> Response:
        """Give what wx.login gives, or (kind `phone`) what the phone number button gives."""
        payload = await json_object(request)
        only(payload, "person", "kind", "wechat", "appid", "phone")
        user = self._user(payload)
        kind = text(payload, "kind", default="login")
        appid = text(payload, "appid", default="") or None
        if appid is not None and not _APPID.fullmatch(appid):
            raise ControlError("invalid_field", "appid: wx and 16 hex digits are required")
        if kind == "login":
            code = self._door.codes.issue("login", user, appid=appid, at=self._clock.now())
        elif kind == "phone":
            code = self._door.codes.issue("phone", user, appid=appid, at=self._clock.now())
        else:
            raise ControlError("invalid_field", "kind: login or phone is required")
        return JSONResponse({"code": code, "expires_in": int(CODE_LIFE.total_seconds())})

    async def subscribe(self, request: Request) -> Response:
        """Make a person refuse subscription messages (`accept` false) or take them again."""
        payload = await json_object(request)
        only(payload, "person", "wechat", "appid", "accept")
        accept = payload.get("accept")
        if not isinstance(accept, bool):
            raise ControlError("invalid_field", "accept: true or false is required")
        openid = self._user(payload).openid(text(payload, "appid"))
        self._door.messages.refuse(openid, refuse=not accept)
        return JSONResponse({"openid": openid, "accept": accept})

    async def messages(self, request: Request) -> Response:
        """Show the subscription messages that were delivered (?openid=), newest first."""
        rows = [
            {
                "at": message.at.isoformat(timespec="milliseconds"),
                "openid": message.openid,
                "template_id": message.template_id,
                "page": message.page,
                "data": message.data,
            }
            for message in self._door.messages.sent_to(request.query_params.get("openid"))
        ]
        return JSONResponse({"messages": rows})

    def _user(self, payload: dict[str, object]) -> WeChatUser:
        person = self._world.get(text(payload, "person"))
        if person is None:
            raise ControlError("unknown_person", "no such person", status=HTTPStatus.NOT_FOUND)
        account = whole_number(payload.get("wechat", 1), "wechat", least=1, most=MAX_ACCOUNTS)
        phone = text(payload, "phone", default=person.phone)
        if not _PHONE.fullmatch(phone):
            raise ControlError("invalid_field", "phone: a mainland mobile number is required")
        return WeChatUser(person, account, phone)
