"""WeChat's answers in our words: errors come as HTTP 200 with an errcode; total, an unknown code is loud."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from core.gateway import (
    Answer,
    GatewayError,
    Invalid,
    Judge,
    RateLimited,
    Rejected,
    RetryAfter,
    garbage,
    unknown_code,
)
from tenants.providers.mini_program import CodeImage, PlatformSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

VENDOR = "wechat"
TOKEN_REFUSED = "token_refused"  # noqa: S105 -- a code of ours
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_CHINA = "86"
_RID = re.compile(r"\s*rid:\s*([0-9a-zA-Z-]{1,64})")
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n"

# What each errcode means to us: the kind, our word for it, and when to come again.
Meaning = tuple[type[GatewayError], str, timedelta | None]
_ANYWHERE: Mapping[int, Meaning] = {
    -1: (RetryAfter, "busy", None),
    40002: (Invalid, "grant_type", None),
    40013: (Invalid, "appid", None),
    40125: (Invalid, "appsecret", None),
    41002: (Invalid, "appid_missing", None),
    41004: (Invalid, "appsecret_missing", None),
    43001: (Invalid, "method", None),
    43002: (Invalid, "method", None),
    45009: (RateLimited, "quota", _HOUR),
    45011: (RateLimited, "minute_quota", _MINUTE),
    47001: (Invalid, "data_format", None),
}
_WITH_TOKEN: Mapping[int, Meaning] = {
    **_ANYWHERE,
    40001: (RetryAfter, TOKEN_REFUSED, None),
    40014: (RetryAfter, TOKEN_REFUSED, None),
    42001: (RetryAfter, TOKEN_REFUSED, None),
    41001: (Invalid, "token_missing", None),
}
SESSION: Mapping[int, Meaning] = {
    **_ANYWHERE,
    40029: (Rejected, "code_invalid", None),
    40163: (Rejected, "code_used", None),
    40226: (Rejected, "user_blocked", None),
    41008: (Rejected, "code_invalid", None),
}
TOKEN: Mapping[int, Meaning] = {**_ANYWHERE, 40001: (Invalid, "appsecret", None)}
PHONE: Mapping[int, Meaning] = {**_WITH_TOKEN, 40029: (Rejected, "code_invalid", None)}
CODE_IMAGE: Mapping[int, Meaning] = {
    **_WITH_TOKEN,
    40097: (Invalid, "env_version", None),
    40129: (Invalid, "scene", None),
    40169: (Invalid, "scene", None),
    41030: (Rejected, "page_not_released", None),
    45009: (RateLimited, "minute_quota", _MINUTE),
    85096: (Invalid, "scene", None),
}
MESSAGE: Mapping[int, Meaning] = {
    **_WITH_TOKEN,
    40003: (Rejected, "openid_invalid", None),
    40037: (Invalid, "template_id", None),
    41030: (Invalid, "page", None),
    43101: (Rejected, "refused_by_user", None),
    47003: (Invalid, "argument", None),
}


def judge(operation: str, table: Mapping[int, Meaning]) -> Judge:
    """Return what finds the refusal in an answer of HTTP 200; a body that is a picture has none."""

    def find(response: httpx.Response) -> GatewayError | None:
        if _is_picture(response.content):
            return None
        answer = Answer.of(response, vendor=VENDOR, operation=operation)
        errcode = answer.integer("errcode", minimum=None) if answer.has("errcode") else 0
        if errcode == 0:
            return None
        message, trace = split_rid(answer.optional_text("errmsg") or "")
        meaning = table.get(errcode)
        if meaning is None:
            return unknown_code(VENDOR, operation, errcode, trace=trace)
        kind, code, wait = meaning
        return kind(VENDOR, operation, code=code, message=message, retry_after=wait, trace=trace, status=errcode)

    return find


def split_rid(errmsg: str) -> tuple[str, str]:
    """Cut WeChat's mark of the request from its message; returns both, without it and it alone."""
    match = _RID.search(errmsg)
    return (errmsg[: match.start()] + errmsg[match.end() :], match[1]) if match else (errmsg, "")


def session(answer: Answer) -> PlatformSession:
    """Read code2Session's answer."""
    return PlatformSession(
        openid=answer.text("openid"),
        session_key=answer.text("session_key"),
        unionid=answer.optional_text("unionid"),
    )


def access_token(answer: Answer) -> tuple[str, int]:
    """Read a token and its life in seconds."""
    return answer.text("access_token"), answer.integer("expires_in", minimum=1)


def phone_number(answer: Answer, *, appid: str) -> str:
    """Read a verified mainland number.

    Raises:
        Rejected: `foreign_number`.
        Invalid: the answer was made for another mini-program.
    """
    info = answer.part("phone_info")
    if info.part("watermark").text("appid") != appid:
        raise Invalid(VENDOR, answer.operation, code="watermark")
    country = info.text_or_integer("countryCode")  # a number in the example, a string in the schema
    if country != _CHINA:
        raise Rejected(VENDOR, answer.operation, code="foreign_number")
    return info.text("purePhoneNumber")


def code_image(response: httpx.Response) -> CodeImage:
    """Read a picture."""
    if not _is_picture(response.content):
        raise garbage(VENDOR, "wechat.code_image", "picture")
    content_type = "image/png" if response.content.startswith(_PNG) else "image/jpeg"
    return CodeImage(content=response.content, content_type=content_type)


def _is_picture(content: bytes) -> bool:
    return content.startswith((_JPEG, _PNG))


def encode(payload: Mapping[str, object]) -> bytes:
    """Return JSON as WeChat wants it: Chinese as it is, not escaped."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
