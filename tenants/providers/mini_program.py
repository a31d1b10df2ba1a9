"""What the platform under the mini-program gives us, whoever it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSession:
    """Who logged in.

    PII: openid and unionid identify a person's account. The session key never leaves the server.
    """

    openid: str = field(repr=False)
    session_key: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeImage:
    """The picture of a mini-program code."""

    content: bytes = field(repr=False)
    content_type: str


class MiniProgramPlatform(Protocol):
    """Login, phone number, code images and messages of one mini-program.

    All raise `GatewayError`. `Rejected` carries one of the words named at each call.
    """

    name: str

    def open_session(self, *, code: str) -> PlatformSession:
        """Trade a login code, which works once, for the session. BURNS.

        Raises:
            Rejected: `code_invalid`, `code_used`, `user_blocked`.
        """
        ...

    def phone_number(self, *, code: str) -> str:
        """Trade a phone code, which works once, for the verified mainland number (11 digits). BURNS.

        Raises:
            Rejected: `code_invalid`, `foreign_number`.
        """
        ...

    def code_image(self, *, scene: str, page: str, width: int = 430) -> CodeImage:
        """Draw the code that opens `page` with `scene` (at most 32 characters). PURE, free.

        Raises:
            Rejected: `page_not_released`.
        """
        ...

    def send_message(
        self, *, openid: str, template_id: str, values: Mapping[str, str], page: str | None = None
    ) -> None:
        """Send one message to somebody who agreed to one of this template. BURNS the agreement.

        Raises:
            Rejected: `refused_by_user`, `openid_invalid`.
        """
        ...
