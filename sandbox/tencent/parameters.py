"""Read the parameters of an action as Tencent's API does: unknown ones and wrong types are refused."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING

from sandbox.tencent.errors import TencentError

if TYPE_CHECKING:
    from collections.abc import Collection


class Parameters:
    """The parameters of one request."""

    def __init__(self, body: bytes) -> None:
        """Parse a body.

        Raises: TencentError InvalidParameter when it is not a JSON object.
        """
        try:
            values = json.loads(body or b"{}")
        except ValueError as error:
            raise TencentError("InvalidParameter", "The request body is not JSON.") from error
        if not isinstance(values, dict):
            raise TencentError("InvalidParameter", "The request body is not a JSON object.")
        self._values: dict[str, object] = values

    def only(self, known: Collection[str]) -> None:
        """Refuse parameters that the action does not have.

        Raises: TencentError UnknownParameter.
        """
        for name in self._values:
            if name not in known:
                raise TencentError("UnknownParameter", f"The parameter `{name}` is not recognized.")

    def text(self, name: str, *, most: int = 0) -> str:
        """Return a string, empty when absent; `most` bounds its length where it is not 0.

        Raises: TencentError InvalidParameter or InvalidParameterValue.
        """
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise TencentError("InvalidParameter", f"The value type of parameter `{name}` is not string.")
        if most and len(value) > most:
            raise TencentError("InvalidParameterValue", f"The value of `{name}` is too long (at most {most}).")
        return value

    def required(self, name: str, *, most: int = 0) -> str:
        """Return a string that must be there.

        Raises: TencentError MissingParameter and as `text`.
        """
        value = self.text(name, most=most)
        if not value:
            raise TencentError("MissingParameter", f"The request is missing a required parameter `{name}`.")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean.

        Raises: TencentError InvalidParameter.
        """
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise TencentError("InvalidParameter", f"The value type of parameter `{name}` is not bool.")
        return value

    def picture(self, name: str, *, most_encoded: int, too_large: str) -> bytes | None:
        """Return the bytes of a base64 picture, None when absent.

        Raises: TencentError `too_large` above the bound (characters), FailedOperation.ImageDecodeFailed.
        """
        encoded = self.text(name)
        if not encoded:
            return None
        if len(encoded) > most_encoded:
            raise TencentError(too_large, "The picture is too large.")
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise TencentError("FailedOperation.ImageDecodeFailed", "The picture is not base64.") from error

    def refuse(self, *names: str) -> None:
        """Refuse parameters that the sandbox cannot serve.

        Raises: TencentError UnsupportedOperation.
        """
        for name in names:
            if self._values.get(name):
                raise TencentError("UnsupportedOperation", f"The sandbox does not do `{name}`.")
