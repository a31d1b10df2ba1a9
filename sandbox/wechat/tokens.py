"""Access tokens: the stable sort, the ordinary sort, and what becomes of old ones."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from sandbox.wechat.errors import WeChatError

if TYPE_CHECKING:
    from datetime import date, datetime

TOKEN_LIFE: Final = timedelta(seconds=7200)
RENEWAL: Final = timedelta(minutes=5)
FORCED_PER_DAY: Final = 20
FORCED_EVERY: Final = timedelta(seconds=30)

_TOKEN: Final = re.compile(r"\d+_[A-Za-z0-9_-]{100,500}")
_APPID: Final = re.compile(r"wx[0-9a-f]{16}")
_Sort = Literal["stable", "ordinary"]


@dataclass(slots=True)
class _Token:
    text: str
    appid: str
    expires_at: datetime
    replaced: bool = False

    def replace(self, until_at: datetime) -> None:
        """Let a newer token take this one's place; this one is good until then at most."""
        self.replaced = True
        self.expires_at = min(self.expires_at, until_at)


@dataclass(slots=True)
class _Forced:
    """How often an appid has asked for a new stable token today."""

    on_date: date
    times: int
    last_at: datetime


def check_credentials(appid: str, secret: str) -> None:
    """Make sure that a mini-program is one of the sandbox's: any `wx` + 16 hex, secret `sandbox-` + appid.

    Raises: WeChatError 41002, 40013, 41004, 40125.
    """
    if not appid:
        raise WeChatError(41002)
    if not _APPID.fullmatch(appid):
        raise WeChatError(40013)
    if not secret:
        raise WeChatError(41004)
    if secret != f"sandbox-{appid}":
        raise WeChatError(40125)


class TokenDesk:
    """Hand out access tokens and judge them; the two sorts of one appid do not touch each other."""

    def __init__(self) -> None:
        """Start with no token issued."""
        self._tokens: dict[str, _Token] = {}
        self._latest: dict[tuple[_Sort, str], _Token] = {}
        self._forced: dict[str, _Forced] = {}

    def stable(self, appid: str, *, force: bool, at: datetime) -> tuple[str, int]:
        """Return the stable token and its remaining seconds.

        The same one while it lives, a new one from five minutes before its end (both are good then); forced,
        a new one at once, and the last one dies.

        Raises: WeChatError 45009 at the 21st forced renewal of a day, 45011 within 30 s of the last one.
        """
        last = self._latest.get(("stable", appid))
        if force:
            self._count_forced(appid, at)
            if last is not None:
                last.replace(at)
        elif last is not None and last.expires_at - RENEWAL > at:
            return last.text, int((last.expires_at - at).total_seconds())
        return self._issue("stable", appid, at)

    def ordinary(self, appid: str, *, at: datetime) -> tuple[str, int]:
        """Return a new ordinary token; the last one stays good for five minutes."""
        last = self._latest.get(("ordinary", appid))
        if last is not None:
            last.replace(at + RENEWAL)
        return self._issue("ordinary", appid, at)

    def appid_of(self, token: str, *, at: datetime) -> str:
        """Return whose a token is.

        Raises: WeChatError 41001 missing, 40014 not a token, 40001 unknown or replaced, 42001 expired.
        """
        if not token:
            raise WeChatError(41001)
        if not _TOKEN.fullmatch(token):
            raise WeChatError(40014)
        known = self._tokens.get(token)
        if known is None:
            raise WeChatError(40001)
        if known.expires_at <= at:
            raise WeChatError(40001 if known.replaced else 42001)
        return known.appid

    def _issue(self, sort: _Sort, appid: str, at: datetime) -> tuple[str, int]:
        while self._tokens and next(iter(self._tokens.values())).expires_at + TOKEN_LIFE <= at:
            del self._tokens[next(iter(self._tokens))]
        token = _Token(f"1_{secrets.token_urlsafe(120)}", appid, at + TOKEN_LIFE)
        self._tokens[token.text] = self._latest[sort, appid] = token
        return token.text, int(TOKEN_LIFE.total_seconds())

    def _count_forced(self, appid: str, at: datetime) -> None:
        forced = self._forced.get(appid)
        if forced is None or forced.on_date != at.date():
            self._forced[appid] = _Forced(at.date(), 1, at)
            return
        if at - forced.last_at < FORCED_EVERY:
            raise WeChatError(45011)
        if forced.times >= FORCED_PER_DAY:
            raise WeChatError(45009)
        forced.times += 1
        forced.last_at = at
