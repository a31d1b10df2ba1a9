"""The wire types of the contract: amounts, rates, ids, times."""

from __future__ import annotations

import re
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.clock import SHANGHAI
from core.ids import parse_id
from core.money import fen_to_yuan, yuan_to_fen
from core.rest.days import DAY_TOLD, parse_day

RATE_PLACES = Decimal("0.0001")
WHOLE = re.compile(r"-?[0-9]{1,9}")
RATE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?")


@extend_schema_field({"type": "string", "pattern": r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$", "example": "1000.00"})
class AmountField(serializers.Field[int, str, str, Any]):
    """An amount: a string in yuan with two decimals on the wire, integer fen inside."""

    def to_internal_value(self, data: Any) -> int:
        """Read yuan; anything but a plain non-negative number with at most two decimals is refused."""
        if not isinstance(data, str):
            raise serializers.ValidationError('金额须为字符串，如 "1000.00"')
        try:
            fen = yuan_to_fen(data)
        except ValueError as error:
            raise serializers.ValidationError('金额须为不超过两位小数的正数，如 "1000.00"') from error
        if fen < 0:
            raise serializers.ValidationError('金额须为不超过两位小数的正数，如 "1000.00"')
        return fen

    def to_representation(self, value: int) -> str:
        """Write yuan."""
        return fen_to_yuan(value)


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]{1,12}\.[0-9]{2}$", "example": "-20.00"})
class SignedAmountField(AmountField):
    """An amount that may be negative: money out of an account."""


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{1,4}\.[0-9]{4}$", "example": "6.0000"})
class RateField(serializers.Field[Decimal, str, str, Any]):
    """An annual rate in per cent, as a string with four decimals."""

    def to_internal_value(self, data: Any) -> Decimal:
        """Read a rate with at most four decimals, 0 to 1000."""
        rate = Decimal(data) if isinstance(data, str) and RATE.fullmatch(data) else Decimal("NaN")
        if not rate.is_finite() or rate > 1000:  # noqa: PLR2004
            raise serializers.ValidationError('利率须为不超过四位小数的字符串，如 "6.0000"')
        return rate

    def to_representation(self, value: Decimal) -> str:
        """Write four decimals."""
        return str(value.quantize(RATE_PLACES))


@extend_schema_field({"type": "string", "pattern": "^[0-9a-f]{32}$"})
class IdField(serializers.Field[uuid.UUID, str, str, Any]):
    """An id: 32 lower-case hex digits."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Read an id."""
        found = parse_id(data) if isinstance(data, str) else None
        if found is None:
            raise serializers.ValidationError("编号格式不正确")
        return found

    def to_representation(self, value: uuid.UUID) -> str:
        """Write an id."""
        return value.hex


class WholeField(serializers.IntegerField):
    """A whole number in a body that a client sends: JSON's own, or plain digits as a text."""

    def to_internal_value(self, data: Any) -> int:
        """Read it; what only a lenient reader takes for a number (`1_2`, full-width digits) is refused."""
        if isinstance(data, str) and not WHOLE.fullmatch(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class DayField(serializers.DateField):
    """A day in a body that a client sends, in the contract's one form."""

    def to_internal_value(self, value: Any) -> date:
        """Read it; other forms of ISO 8601 are refused, so that nothing is guessed."""
        day = parse_day(value) if isinstance(value, str) else None
        if day is None:
            raise serializers.ValidationError(DAY_TOLD)
        return day


class OneOfField(serializers.ChoiceField):
    """One of a few words, in a body that a client sends; whoever sends another is told which there are."""

    default_error_messages: ClassVar = {"invalid_choice": "没有“{input}”这一项，可选：{words}"}

    def fail(self, key: str, **values: Any) -> NoReturn:
        """Refuse a value."""
        super().fail(key, **values, words="、".join(self.choices))


def on_the_wire(moment: datetime | None) -> str | None:
    """Write a time as ISO 8601 with +08:00, to the second."""
    return None if moment is None else moment.astimezone(SHANGHAI).isoformat(timespec="seconds")


def rate_on_the_wire(rate: Decimal | None) -> str | None:
    """Write a rate with four decimals."""
    return None if rate is None else str(rate.quantize(RATE_PLACES))
