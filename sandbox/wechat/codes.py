"""Single-use codes (wx.login, bindgetphonenumber) and the openids behind them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from sandbox.wechat.errors import WeChatError

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.people import Person

CODE_LIFE: Final = timedelta(minutes=5)
MAX_ACCOUNTS: Final = 9
OPENID: Final = re.compile(r"o[A-Za-z0-9_-]{27}")
_REMEMBERED: Final = timedelta(hours=1)
_CODE_BYTES: Final = {"login": 16, "phone": 32}

CodeKind = Literal["login", "phone"]


@dataclass(frozen=True, slots=True)
class WeChatUser:
    """One WeChat account of a person: a person may have several, each with its own openid.

    `phone` is the number bound to that account, the person's own unless a test says otherwise.
    """

    person: Person
    account: int
    phone: str

    def openid(self, appid: str) -> str:
        """Return this account's openid in one mini-program; always the same."""
        digest = hashlib.sha256(f"openid/{appid}/{self.person.person}/{self.account}".encode()).digest()
        return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


@dataclass(slots=True)
class _Code:
    kind: CodeKind
    user: WeChatUser
    appid: str | None
    expires_at: datetime
    used: bool = False


class CodeBook:
    """Issue codes and take each of them once, within five minutes, in one mini-program."""

    def __init__(self) -> None:
        """Start with no code issued."""
        self._codes: OrderedDict[str, _Code] = OrderedDict()
        self._users: dict[str, WeChatUser] = {}

    def issue(self, kind: CodeKind, user: WeChatUser, *, appid: str | None, at: datetime) -> str:
        """Return a new code; without an appid it is good in any mini-program."""
        while self._codes and next(iter(self._codes.values())).expires_at + _REMEMBERED < at:
            self._codes.popitem(last=False)
        code = secrets.token_hex(_CODE_BYTES[kind])
        self._codes[code] = _Code(kind, user, appid, at + CODE_LIFE)
        return code

    def log_in(self, code: str, *, appid: str, at: datetime) -> WeChatUser:
        """Take a login code and return whose it is.

        Raises: WeChatError 40163 when it was used, 40029 when it is unknown, expired or of another appid.
        """
        entry = self._find(code, "login", appid=appid, at=at)
        if entry.used:
            raise WeChatError(40163)
        if entry.expires_at <= at:
            raise WeChatError(40029)
        entry.used = True
        self._users[entry.user.openid(appid)] = entry.user
        return entry.user

    def tell_phone(self, code: str, *, openid: str | None, appid: str, at: datetime) -> WeChatUser:
        """Take a phone code and return whose number it gives away.

        Raises: WeChatError 40013 when the code was made in another mini-program, 40003 when it is not this
            openid's, 40029 when it is unknown, used or expired.
        """
        entry = self._codes.get(code)
        if entry is not None and entry.kind == "phone" and entry.appid not in (None, appid):
            raise WeChatError(40013)
        entry = self._find(code, "phone", appid=appid, at=at)
        if entry.used or entry.expires_at <= at:
            raise WeChatError(40029)
        if openid is not None and openid != entry.user.openid(appid):
            raise WeChatError(40003)
        entry.used = True
        return entry.user

    def user_of(self, openid: str) -> WeChatUser | None:
        """Return who logged in under an openid, as far as this process has seen it."""
        return self._users.get(openid)

    def _find(self, code: str, kind: CodeKind, *, appid: str, at: datetime) -> _Code:
        entry = self._codes.get(code)
        if entry is None or entry.kind != kind or entry.appid not in (None, appid):
            raise WeChatError(40029)
        if entry.expires_at + _REMEMBERED < at:
            raise WeChatError(40029)
        return entry


def session_key(code: str) -> str:
    """Return the session key that a login gives: 16 bytes in base64."""
    return base64.b64encode(hashlib.sha256(f"session/{code}".encode()).digest()[:16]).decode()
