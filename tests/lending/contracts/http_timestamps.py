"""A time stamp source over plain HTTP, for these tests only: the product's own goes through the one way out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from lending.contracts.errors import TimestampFailure, TimestampUnavailable

_QUERY_TYPE = "application/timestamp-query"
_REPLY_TYPE = "application/timestamp-reply"
_LONGEST_REPLY_BYTES = 65_536  # a token with a chain of five certificates has about 10 kB


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTimestampSource:
    """Ask an authority over HTTP (RFC 3161, 3.4).

    `timeout_seconds` bounds connecting, every silence, and the body as a whole, so that an authority which
    sends drop by drop holds us for about twice that.
    """

    url: str
    timeout_seconds: float
    client: httpx.Client

    def answer(self, query: bytes) -> bytes:
        """Post the query once and return the answer; see `TimestampSource.answer`.

        Raises:
            TimestampUnavailable: unreachable, too slow, or an answer that is no time stamp reply.
        """
        headers = {"Content-Type": _QUERY_TYPE, "Accept": _REPLY_TYPE}
        give_up_at = time.monotonic() + self.timeout_seconds
        try:
            with self.client.stream(
                "POST", self.url, content=query, headers=headers, timeout=self.timeout_seconds
            ) as response:
                _refuse_wrong_reply(response)
                return b"".join(_bounded(response, give_up_at))
        except httpx.TimeoutException as error:
            raise TimestampUnavailable(TimestampFailure.TIMEOUT) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TimestampUnavailable(TimestampFailure.UNREACHABLE, type(error).__name__) from error


def _refuse_wrong_reply(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        raise TimestampUnavailable(TimestampFailure.HTTP_STATUS, str(response.status_code))
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != _REPLY_TYPE:
        raise TimestampUnavailable(TimestampFailure.HTTP_STATUS, "wrong content type")


def _bounded(response: httpx.Response, give_up_at: float) -> Iterator[bytes]:
    """Yield the body's pieces, and stop when it grows too long or takes too long."""
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > _LONGEST_REPLY_BYTES:
            raise TimestampUnavailable(TimestampFailure.GARBAGE, "too long")
        if time.monotonic() > give_up_at:
            raise TimestampUnavailable(TimestampFailure.TIMEOUT)
        yield piece
