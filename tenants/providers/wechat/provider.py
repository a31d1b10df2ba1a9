"""The mini-program platform, by WeChat."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.gateway import Invalid
from tenants.providers.wechat import mapping
from tenants.providers.wechat.client import WeChatClient, WeChatConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenants.providers.mini_program import CodeImage, PlatformSession
    from tenants.providers.wechat.tokens import SharedTokens

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}\Z")


class WeChat:
    """`MiniProgramPlatform` of one mini-program."""

    name = mapping.VENDOR

    def __init__(self, config: WeChatConfig, shared: SharedTokens | None = None) -> None:
        """Speak for the mini-program of `config`; `shared` is a cache for its token between processes."""
        self._appid = config.appid
        self._client = WeChatClient(config, shared)

    def open_session(self, *, code: str) -> PlatformSession:
        """Trade a login code for the session; see `MiniProgramPlatform`."""
        return mapping.session(self._client.code_to_session(code))

    def phone_number(self, *, code: str) -> str:
        """Trade a phone code for the verified number; see `MiniProgramPlatform`."""
        return mapping.phone_number(self._client.phone_number(code), appid=self._appid)

    def code_image(self, *, scene: str, page: str, width: int = 430) -> CodeImage:
        """Draw a code; see `MiniProgramPlatform`.

        Raises:
            Invalid: the scene is empty, longer than 32 characters or has others than WeChat allows; nothing
            was sent.
        """
        if not _SCENE.match(scene):
            raise Invalid(mapping.VENDOR, "wechat.code_image", code="scene")
        payload = {"scene": scene, "page": page.lstrip("/"), "width": width}
        return mapping.code_image(self._client.code_image(payload))

    def send_message(
        self, *, openid: str, template_id: str, values: Mapping[str, str], page: str | None = None
    ) -> None:
        """Send one message; see `MiniProgramPlatform`."""
        payload: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {name: {"value": value} for name, value in values.items()},
        }
        if page is not None:
            payload["page"] = page.lstrip("/")
        self._client.send_message(payload)
