"""Tencent Cloud's errors: HTTP 200 with Response.Error."""

from __future__ import annotations


class TencentError(Exception):
    """A refusal: Tencent's code (`FailedOperation.ImageNoIdCard`) and a message."""

    def __init__(self, code: str, message: str) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self.code = code
        self.message = message
