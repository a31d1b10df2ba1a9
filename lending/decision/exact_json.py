"""JSON text with exact numbers, always the same bytes for the same value.

The rules engine computes in 28-digit decimals but reads a Python float as a float. So what goes in is JSON
text in which a `Decimal` stands as the number it is, digit for digit; a float is refused. Keys are sorted and
nothing is padded, so the same text serves as the thing to hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

ENGINE_DIGITS = 28
"""Significant digits the engine keeps; it rounds a longer number without a word."""


def exact_json(value: object) -> str:
    """Write a value as canonical JSON: sorted keys, no spaces, decimals digit for digit.

    Takes mappings with text keys, sequences, text, integers, decimals, booleans and None.

    Raises:
        TypeError: the value holds a float or anything else without an exact JSON form.
        ValueError: a number is not finite, or has more than `ENGINE_DIGITS` digits.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | Decimal):
        return _number(Decimal(value))
    if isinstance(value, Mapping):
        return "{" + ",".join(_member(key, value[key]) for key in sorted(value)) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(exact_json(item) for item in value) + "]"
    msg = f"{type(value).__name__} has no exact JSON form"
    raise TypeError(msg)


def _member(key: object, value: object) -> str:
    if not isinstance(key, str):
        msg = f"a JSON key is text, not {type(key).__name__}"
        raise TypeError(msg)
    return f"{_key(key)}:{exact_json(value)}"


@lru_cache(maxsize=1024)
def _key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _number(number: Decimal) -> str:
    if not number.is_finite():
        msg = f"{number} is not a JSON number"
        raise ValueError(msg)
    text = format(number, "f")
    if len(text.lstrip("-0.").replace(".", "")) > ENGINE_DIGITS:
        msg = f"a number of more than {ENGINE_DIGITS} digits would be rounded by the engine"
        raise ValueError(msg)
    return text
