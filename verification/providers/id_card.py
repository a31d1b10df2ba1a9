"""What reading an ID card gives, whoever reads it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from verification.numbers import Sex

# GB/T 3304-1991, the 56 ethnic groups as they are printed on the card.
_NAMES = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 "
    "傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 "
    "布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 "
    "保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺 "
)
ETHNICITIES = frozenset(_NAMES.split())


class UnreadableReason(enum.StrEnum):
    """Why a picture gave no card. All but the last ask the customer for another picture."""

    NOT_AN_IMAGE = "not_an_image"
    TOO_LARGE = "too_large"
    NOT_A_CARD = "not_a_card"
    WRONG_SIDE = "wrong_side"
    UNCLEAR = "unclear"
    ID_NUMBER_INVALID = "id_number_invalid"


class CardWarning(enum.StrEnum):
    """What a reader noticed about the picture itself; what follows from it is the bank's rule."""

    DATE_INVALID = "date_invalid"
    BORDER_CUT = "border_cut"
    COPY = "copy"
    RESHOT = "reshot"
    TEMPORARY_CARD = "temporary_card"
    OCCLUDED = "occluded"
    EDITED = "edited"
    REFLECTION = "reflection"
    ELECTRONIC_CARD = "electronic_card"
    WATERMARK = "watermark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The picture gave no card, for this reason."""

    reason: UnreadableReason


@dataclass(frozen=True, slots=True, kw_only=True)
class IdCardFront:
    """The side with the portrait.

    `sex` and `birth_date` are those of the checksummed number; `disagreements` names which of them the print
    says otherwise, which a genuine card never does. `confidences` maps a field to 0..1 where the reader
    tells.

    PII: every field; values stay out of `repr`. The caller seals what it keeps.
    """

    name: str = field(repr=False)
    sex: Sex = field(repr=False)
    ethnicity: str = field(repr=False)
    birth_date: date = field(repr=False)
    address: str = field(repr=False)
    id_number: str = field(repr=False)
    disagreements: frozenset[str] = frozenset()
    warnings: frozenset[CardWarning] = frozenset()
    confidences: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdCardBack:
    """The side with the emblem; `valid_until` is None for a card without an end (长期).

    PII: the issuing authority and the dates; values stay out of `repr`.
    """

    authority: str = field(repr=False)
    valid_from: date = field(repr=False)
    valid_until: date | None = field(repr=False)
    warnings: frozenset[CardWarning] = frozenset()
    confidences: Mapping[str, float] = field(default_factory=dict)


class IdCardReader(Protocol):
    """Reads the two sides of a resident identity card from a picture."""

    def read_front(self, image: bytes, *, request_id: str) -> IdCardFront | Unreadable:
        """Read the side with the portrait.

        Raises:
            GatewayError: the reader is a vendor and the call failed.
        """
        ...

    def read_back(self, image: bytes, *, request_id: str) -> IdCardBack | Unreadable:
        """Read the side with the emblem.

        Raises:
            GatewayError: the reader is a vendor and the call failed.
        """
        ...
