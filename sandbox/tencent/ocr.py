"""IDCardOCR: read one side of an ID card, by knowing the picture again."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageFilter, ImageStat, UnidentifiedImageError

from sandbox.clock import SHANGHAI
from sandbox.tencent.errors import TencentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.calls import Call
    from sandbox.people import ImageSide, Person, World
    from sandbox.tencent.parameters import Parameters

MAX_ENCODED: Final = 10 * 1024 * 1024
EXPIRED: Final = -9109
BORDER: Final = -9101
REFLECTION: Final = -9107
_KNOWN: Final = frozenset(
    {
        "ImageBase64",
        "ImageUrl",
        "CardSide",
        "Config",
        "EnableRecognitionRectify",
        "EnableReflectDetail",
        "EnableDateVerify",
        "CardWarnType",
    }
)
_SIDES: Final[dict[str, ImageSide]] = {"FRONT": "front", "BACK": "back"}

# Which switch of Config makes the vendor look for a warning.
_SWITCH_OF_WARNING: Final = {
    BORDER: "BorderCheckWarn",
    -9102: "CopyWarn",
    -9103: "ReshootWarn",
    -9104: "TempIdWarn",
    -9105: "BorderCheckWarn",
    -9106: "DetectPsWarn",
    REFLECTION: "ReflectWarn",
    -9108: "CopyWarn",
    EXPIRED: "InvalidDateWarn",
    -9110: "DetectPsWarn",
    -9111: "DetectPsWarn",
}
WARNINGS: Final = tuple(_SWITCH_OF_WARNING)
_SWITCHES: Final = frozenset(_SWITCH_OF_WARNING.values()) | {
    "CropIdCard",
    "CropPortrait",
    "Quality",
    "MultiCardDetect",
    "KeyCheck",
    "ValueCheck",
}

# A card needs this many pixels either way to be read, and this much contrast at its edges not to be a blur.
_LEAST_PIXELS: Final = 120
_LEAST_SHARPNESS: Final = 6.0
_SMALLEST_FILTERED: Final = 3
_MOST_PIXELS: Final = 50_000_000
_GOOD_QUALITY: Final = 92


@dataclass(frozen=True, slots=True)
class Marks:
    """What a test wants the vendor to find on somebody's card: warning codes, a quality (0 to 100)."""

    warnings: tuple[int, ...] = ()
    quality: int = _GOOD_QUALITY


@dataclass(slots=True)
class CardReader:
    """Read cards that the world has drawn; anything else is judged by its pixels and refused."""

    world: World
    marks: dict[tuple[str, ImageSide], Marks] = field(default_factory=dict)

    def read(self, parameters: Parameters, call: Call) -> dict[str, object]:
        """Answer IDCardOCR.

        Raises: TencentError FailedOperation.ImageDecodeFailed, IdCardTooSmall, ImageBlur, ImageNoIdCard,
            CardSideError, DownLoadError; InvalidParameter*; LimitExceeded.TooLargeFileError.
        """
        parameters.only(_KNOWN)
        side = parameters.text("CardSide")
        if side and side not in _SIDES:
            raise TencentError("InvalidParameterValue.InvalidParameterValueLimit", "CardSide: FRONT or BACK")
        if parameters.text("CardWarnType") not in ("", "Basic", "Advanced"):
            raise TencentError("InvalidParameterValue.InvalidParameterValueLimit", "CardWarnType: Basic or Advanced")
        switches = _switches(parameters.text("Config"))
        if parameters.text("ImageUrl"):
            raise TencentError("FailedOperation.DownLoadError", "The sandbox fetches nothing.")
        picture = parameters.picture(
            "ImageBase64", most_encoded=MAX_ENCODED, too_large="LimitExceeded.TooLargeFileError"
        )
        if not picture:
            raise TencentError("FailedOperation.EmptyImageError", "The picture is empty.")
        known = self.world.recognise(picture)
        if known is None or known[1] == "portrait":
            raise _unreadable(picture)
        person, actual_side = known
        call.person = person.person
        if side and _SIDES[side] != actual_side:
            raise TencentError("FailedOperation.CardSideError", "The card shows its other side.")
        marks = self.marks.get((person.person, actual_side), Marks())
        answer = _fields(person, actual_side)
        if switches:
            answer["AdvancedInfo"] = self._advanced(person, actual_side, picture, switches, marks)
        return answer

    def _advanced(self, person: Person, side: ImageSide, picture: bytes, switches: frozenset[str], marks: Marks) -> str:
        warnings = set(marks.warnings)
        if side == "back" and person.valid_until and person.valid_until < datetime.now(SHANGHAI).date():
            warnings.add(EXPIRED)
        details: dict[str, object] = {
            "WarnInfos": [code for code in WARNINGS if code in warnings and _SWITCH_OF_WARNING[code] in switches]
        }
        if "CropIdCard" in switches:
            details["IdCard"] = base64.b64encode(picture).decode()
        if "CropPortrait" in switches and side == "front":
            details["Portrait"] = base64.b64encode(self.world.portrait(person)).decode()
        if "Quality" in switches:
            details["Quality"] = marks.quality
        if "BorderCheckWarn" in switches:
            details["BorderCodeValue"] = 80 if BORDER in warnings else 5
        if "KeyCheck" in switches:
            details["IsKeyValid"] = REFLECTION not in warnings
        if "ValueCheck" in switches:
            details["IsValueValid"] = REFLECTION not in warnings
        return json.dumps(details)


def _fields(person: Person, side: ImageSide) -> dict[str, object]:
    """Return what is printed on a side; the fields of the other side are empty."""
    fields: dict[str, object] = dict.fromkeys(
        ("Name", "Sex", "Nation", "Birth", "Address", "IdNum", "Authority", "ValidDate"), ""
    )
    fields["AdvancedInfo"] = "{}"
    fields["ReflectDetailInfos"] = []
    if side == "back":
        until = person.valid_until.strftime("%Y.%m.%d") if person.valid_until else "长期"
        fields["Authority"] = person.authority
        fields["ValidDate"] = f"{person.valid_from:%Y.%m.%d}-{until}"
        return fields
    birth = person.birth_date
    fields.update(
        Name=person.name,
        Sex=person.sex,
        Nation=person.ethnicity,
        Birth=f"{birth.year}/{birth.month}/{birth.day}",
        Address=person.address,
        IdNum=person.id_number,
    )
    return fields


def _switches(config: str) -> frozenset[str]:
    """Return which switches of Config (a JSON object in a string) are on."""
    if not config:
        return frozenset()
    try:
        values = json.loads(config)
    except ValueError as error:
        raise TencentError("InvalidParameter.ConfigFormatError", "Config is not JSON.") from error
    if not isinstance(values, dict) or not all(isinstance(value, bool) for value in values.values()):
        raise TencentError("InvalidParameter.ConfigFormatError", "Config is an object of booleans in a string.")
    if unknown := set(values) - _SWITCHES:
        raise TencentError("InvalidParameter.ConfigFormatError", f"Config does not have {sorted(unknown)}.")
    return frozenset(name for name, value in values.items() if value)


def _unreadable(picture: bytes) -> TencentError:
    """Say why a picture that is no card of this world cannot be read."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            size = opened.size
            if size[0] * size[1] > _MOST_PIXELS:
                return TencentError("FailedOperation.ImageSizeTooLarge", "The picture has too many pixels.")
            grey = opened.convert("L")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return TencentError("FailedOperation.ImageDecodeFailed", "The picture cannot be decoded.")
    if min(size) < _LEAST_PIXELS:
        return TencentError("FailedOperation.IdCardTooSmall", "The card is too small.")
    if _sharpness(grey) < _LEAST_SHARPNESS:
        return TencentError("FailedOperation.ImageBlur", "The picture is blurred.")
    return TencentError("FailedOperation.ImageNoIdCard", "There is no ID card in the picture.")


def _sharpness(grey: Image.Image) -> float:
    grey.thumbnail((640, 640))
    if min(grey.size) < _SMALLEST_FILTERED:
        return 0.0
    edges = grey.filter(ImageFilter.FIND_EDGES)
    # The filter leaves the outermost pixels as they were, which would count as the sharpest of edges.
    inner = edges.crop((1, 1, edges.width - 1, edges.height - 1))
    deviations: Sequence[float] = ImageStat.Stat(inner).stddev
    return deviations[0]
