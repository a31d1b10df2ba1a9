"""WeChat's errors: HTTP 200 with an errcode and an errmsg that ends in a mark of the request."""

from __future__ import annotations

from typing import Final

_MESSAGES: Final = {
    40001: (
        "invalid credential, access_token is invalid or not latest, could get access_token by "
        "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
    ),
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40097: "invalid args",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40163: "code been used",
    40169: "invalid length for scene, or the data is not json string",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower retry next minute",
    47001: "data format error",
    47003: "argument invalid!",
}


class WeChatError(Exception):
    """A refusal by WeChat: its `errcode`, with WeChat's own words unless others are given."""

    def __init__(self, errcode: int, errmsg: str = "") -> None:
        """Keep what to answer."""
        self.errcode = errcode
        self.errmsg = errmsg or _MESSAGES[errcode]
        super().__init__(self.errmsg)
