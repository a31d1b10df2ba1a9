"""What WeChat knows of the person behind a single-use code. Outside calls: never within a transaction."""

from __future__ import annotations

from functools import cache

from django.conf import settings



@cache
def _client():
    from tenants.providers.wechat.client import WechatClient, WechatConfig
    return WechatClient(
        WechatConfig(appid=settings.WECHAT_APPID, secret=settings.WECHAT_SECRET, base_url=settings.WECHAT_URL)
    )


def wechat_openid(code: str) -> str:
    """Return the openid behind a login code.

    Raises:
        GatewayError: WeChat refuses the code or does not answer.
    """
    return _client().code2session(code).openid


def wechat_phone_number(code: str) -> str:
    """Return the phone number behind a phone code.

    Raises:
        GatewayError: WeChat refuses the code or does not answer.
    """
    return _client().phone_number(code)


def wechat_code_image(scene: str) -> tuple[bytes, str]:
    """Return image and content type of the code for a scene.

    Raises:
        GatewayError: WeChat refuses or does not answer.
    """
    image = _client().unlimited_code(scene)
    return image.content, image.content_type
