"""What WeChat knows of the person behind a single-use code. Outside calls: never within a transaction."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from django.conf import settings

from tenants.providers.wechat.client import WeChatConfig
from tenants.providers.wechat.provider import WeChat

if TYPE_CHECKING:
    from tenants.providers.mini_program import CodeImage, MiniProgramPlatform

ENTRY_PAGE: Final = "pages/entry/index"


@cache
def _mini_program(appid: str, secret: str, base_url: str) -> MiniProgramPlatform:
    return WeChat(WeChatConfig(appid=appid, secret=secret, base_url=base_url))


def _platform() -> MiniProgramPlatform:
    return _mini_program(settings.WECHAT_APPID, settings.WECHAT_SECRET, settings.WECHAT_URL)


def wechat_openid(code: str) -> str:
    """Return the openid behind a login code. BURNS.

    Raises:
        GatewayError: WeChat refuses the code or does not answer.
    """
    return _platform().open_session(code=code).openid


def wechat_phone_number(code: str) -> str:
    """Return the phone number behind a phone code. BURNS.

    Raises:
        GatewayError: WeChat refuses the code or does not answer.
    """
    return _platform().phone_number(code=code)


def wechat_code_image(scene: str) -> CodeImage:
    """Return the picture of the code for a scene. PURE.

    Raises:
        GatewayError: WeChat refuses or does not answer.
    """
    return _platform().code_image(scene=scene, page=ENTRY_PAGE)
