"""Read a request's JSON, and refuse what could be neither kept nor answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import JSONParser

from core.errors import InvalidRequest


class BodyParser(JSONParser):
    """JSON whose every text some encoding can hold: half of a surrogate pair, a cut-off emoji, is none."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Read a body.

        Raises:
            ParseError: it is no JSON.
            InvalidRequest: it holds half of a surrogate pair.
        """
        data = super().parse(stream, media_type, parser_context)
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise InvalidRequest("请求内容含有无法识别的字符（如不完整的表情符号），请删除后重试") from error
        return data
