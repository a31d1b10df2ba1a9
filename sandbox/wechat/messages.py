"""Subscription messages: what a template's values may be, and what was sent to whom."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.wechat.codes import OPENID
from sandbox.wechat.errors import WeChatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

KEPT_MESSAGES: Final = 10_000
_TEMPLATE_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_KEY: Final = re.compile(r"([a-z_]+?)\d+")
_STATES: Final = ("developer", "trial", "formal")
_LANGUAGES: Final = ("zh_CN", "en_US", "zh_HK", "zh_TW")

# What a value may be, by the kind of its key (thing3, amount2, ...).
_VALUES: Final = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"(?=.{1,33}$)-?\d+(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x21-\x7e]{1,32}"),
    "time": re.compile(r"(?=.*\d).{1,32}"),
    "date": re.compile(r"(?=.*\d).{1,32}"),
    "amount": re.compile(r"[¥￥$€£]?-?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[0-9+\- ]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A subscription message that was delivered; `data` is value by key."""

    at: datetime
    openid: str
    template_id: str
    page: str
    data: dict[str, str]


class MessageBox:
    """Take subscription messages and keep them for tests to read."""

    def __init__(self) -> None:
        """Start with nobody refusing and nothing sent."""
        self._sent: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self._refusing: set[str] = set()

    def send(self, payload: Mapping[str, object], *, at: datetime) -> str:
        """Deliver a message and return whom it went to.

        Raises: WeChatError 40003, 40037, 41030, 43101, 47003.
        """
        openid = payload.get("touser")
        if not isinstance(openid, str) or not OPENID.fullmatch(openid):
            raise WeChatError(40003)
        template_id = payload.get("template_id")
        if not isinstance(template_id, str) or not _TEMPLATE_ID.fullmatch(template_id):
            raise WeChatError(40037)
        page = payload.get("page", "")
        if not isinstance(page, str) or page.startswith("/"):
            raise WeChatError(41030)
        if payload.get("miniprogram_state", "formal") not in _STATES:
            raise _invalid("miniprogram_state")
        if payload.get("lang", "zh_CN") not in _LANGUAGES:
            raise _invalid("lang")
        values = _values(payload.get("data"))
        if openid in self._refusing:
            raise WeChatError(43101)
        self._sent.append(Message(at, openid, template_id, page, values))
        return openid

    def refuse(self, openid: str, *, refuse: bool) -> None:
        """Make a user refuse subscription messages, or take them again."""
        if refuse:
            self._refusing.add(openid)
        else:
            self._refusing.discard(openid)

    def sent_to(self, openid: str | None) -> Iterator[Message]:
        """Return the messages to a user (to everybody), newest first."""
        return (message for message in reversed(self._sent) if openid in (None, message.openid))


def _values(data: object) -> dict[str, str]:
    if not isinstance(data, dict) or not data:
        raise _invalid("data")
    values: dict[str, str] = {}
    for key, entry in data.items():
        value = entry.get("value") if isinstance(entry, dict) else None
        text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        kind = _KEY.fullmatch(key)
        rule = _VALUES.get(kind[1]) if kind else None
        if rule is None or not rule.fullmatch(text):
            raise _invalid(f"data.{key}.value")
        values[key] = text
    return values


def _invalid(where: str) -> WeChatError:
    return WeChatError(47003, f"argument invalid! {where} invalid")
