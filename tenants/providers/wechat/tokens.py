"""The access token: one per mini-program, fetched by one thread at a time, shareable between processes."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_MARGIN_SECONDS = 300.0  # the platform renews in the last five minutes, when old and new token are both good
_BETWEEN_FORCED_SECONDS = 30.0  # the platform's own limit; it also allows only 20 a day


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token and the wall time (unix seconds) until which it is used."""

    value: str = field(repr=False)
    expires_at: float


class SharedTokens(Protocol):
    """A cache that the processes share. It may forget at any time."""

    def get(self, appid: str) -> AccessToken | None:
        """Return the mini-program's token, if there is one."""
        ...

    def put(self, appid: str, token: AccessToken) -> None:
        """Keep the mini-program's token until it expires."""
        ...


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where a token comes from: `fetch(force)` asks the platform and returns it with its life in seconds."""

    fetch: Callable[[bool], tuple[str, int]]
    shared: SharedTokens | None = None


class TokenKeeper:
    """Keeps the token of one mini-program in this process.

    Whoever comes while another thread is fetching waits for that answer.
    """

    def __init__(self, appid: str, wall_clock: Callable[[], float] = time.time) -> None:
        """Start empty; the first use looks into the shared cache, then asks the platform."""
        self._appid = appid
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._forced_at = 0.0

    def current(self, source: TokenSource) -> AccessToken:
        """Return a token that is good as far as we know."""
        with self._lock:
            return self._good(source, refused="") or self._renew(source, force=False)

    def replace(self, refused: AccessToken, source: TokenSource) -> AccessToken:
        """Return another token than the one that the platform refused.

        If somebody else has replaced it, that one. Else the platform's token of record; only if that is the
        refused one itself, a forced new one, which kills the old for everybody.
        """
        with self._lock:
            good = self._good(source, refused=refused.value)
            if good is not None:
                return good
            token = self._renew(source, force=False)
            if token.value != refused.value or self._wall_clock() < self._forced_at + _BETWEEN_FORCED_SECONDS:
                return token
            self._forced_at = self._wall_clock()
            return self._renew(source, force=True)

    def _good(self, source: TokenSource, *, refused: str) -> AccessToken | None:
        now = self._wall_clock()
        for token in (self._token, source.shared.get(self._appid) if source.shared else None):
            if token is not None and token.expires_at > now and token.value != refused:
                self._token = token
                return token
        return None

    def _renew(self, source: TokenSource, *, force: bool) -> AccessToken:
        asked_at = self._wall_clock()
        value, life_seconds = source.fetch(force)
        token = AccessToken(value, asked_at + max(life_seconds - _MARGIN_SECONDS, life_seconds / 2))
        self._token = token
        if source.shared is not None:
            source.shared.put(self._appid, token)
        return token
