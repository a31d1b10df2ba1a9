"""Text messages to phones, whoever delivers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class TextMessages(Protocol):
    """Sends text messages on behalf of one bank."""

    name: str

    def send(self, *, phone: str, template: str, parameters: Mapping[str, str], text: str, request_id: str) -> str:
        """Send one text and return the sender's id of it.

        QUERYABLE by repeating: the same `request_id` (32 hex digits) with the same content is one text,
        however often it is sent. `text` is what the phone shows; `template` and `parameters` serve senders
        that compose.

        Raises:
            Rejected: `invalid_phone`.
            GatewayError: see core.gateway.
        """
        ...
