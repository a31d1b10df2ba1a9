"""IDCardOCR's answer in our words."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from core.gateway import Answer, garbage, unknown_code
from verification.numbers import InvalidIdNumberError, Sex, parse_id_number
from verification.providers.id_card import (
    CardWarning,
    IdCardBack,
    IdCardFront,
    Unreadable,
    UnreadableReason,
)

# Codes of WarnInfos. -9100 is the date in older versions.
WARNINGS: Final = {
    -9100: CardWarning.DATE_INVALID,
    -9101: CardWarning.BORDER_CUT,
    -9102: CardWarning.COPY,
    -9103: CardWarning.RESHOT,
    -9104: CardWarning.TEMPORARY_CARD,
    -9105: CardWarning.OCCLUDED,
    -9106: CardWarning.EDITED,
    -9107: CardWarning.REFLECTION,
    -9108: CardWarning.COPY,
    -9109: CardWarning.DATE_INVALID,
    -9110: CardWarning.ELECTRONIC_CARD,
    -9111: CardWarning.WATERMARK,
}
_SEXES: Final = {"男": Sex.MALE, "女": Sex.FEMALE}
_LEAST_QUALITY: Final = 50
_BIRTH = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})\Z", re.ASCII)
_VALIDITY = re.compile(r"(\d{4})\.(\d{2})\.(\d{2})-(?:(\d{4})\.(\d{2})\.(\d{2})|长期)\Z", re.ASCII)
_UNCLEAR = Unreadable(reason=UnreadableReason.UNCLEAR)


def front(answer: Answer, *, today: date) -> IdCardFront | Unreadable:
    """Read the side with the portrait; sex and birth are those of the number, the print is compared."""
    blurred, warnings = _advanced(answer)
    fields = [answer.any_text(name).strip() for name in ("Name", "Nation", "Address", "IdNum")]
    if blurred or not all(fields):
        return _UNCLEAR
    name, nation, address, number_text = fields
    try:
        number = parse_id_number(number_text, today=today)
    except InvalidIdNumberError:
        return Unreadable(reason=UnreadableReason.ID_NUMBER_INVALID)
    printed = {"sex": _SEXES.get(answer.any_text("Sex").strip()), "birth_date": _birth(answer)}
    stated = {"sex": number.sex, "birth_date": number.birth_date}
    return IdCardFront(
        name=name,
        sex=number.sex,
        ethnicity=nation.removesuffix("族"),
        birth_date=number.birth_date,
        address=address,
        id_number=number.value,
        disagreements=frozenset(field for field, value in printed.items() if value not in (None, stated[field])),
        warnings=warnings,
    )


def back(answer: Answer) -> IdCardBack | Unreadable:
    """Read the side with the emblem."""
    blurred, warnings = _advanced(answer)
    authority = answer.any_text("Authority").strip()
    validity = _VALIDITY.match(answer.any_text("ValidDate").strip())
    if blurred or not authority or validity is None:
        return _UNCLEAR
    valid_from = _date(validity[1], validity[2], validity[3])
    valid_until = _date(validity[4], validity[5], validity[6]) if validity[4] else None
    if valid_from is None or (validity[4] and (valid_until is None or valid_until <= valid_from)):
        return _UNCLEAR
    return IdCardBack(authority=authority, valid_from=valid_from, valid_until=valid_until, warnings=warnings)


def _advanced(answer: Answer) -> tuple[bool, frozenset[CardWarning]]:
    """Read AdvancedInfo, JSON in a string: whether the picture is too poor, and the warnings."""
    text = answer.optional_text("AdvancedInfo")
    if text is None:
        return False, frozenset()
    info = Answer.parse(text, vendor=answer.vendor, operation=answer.operation)
    warnings = set()
    for code in info.integers("WarnInfos"):
        if code not in WARNINGS:
            raise unknown_code(answer.vendor, answer.operation, code)
        warnings.add(WARNINGS[code])
    quality = info.optional_integer("Quality")
    return quality is not None and quality < _LEAST_QUALITY, frozenset(warnings)


def _birth(answer: Answer) -> date | None:
    match = _BIRTH.match(answer.any_text("Birth").strip())
    return _date(match[1], match[2], match[3]) if match else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def unreadable(code: str, answer_of: tuple[str, str]) -> Unreadable:
    """Return the reason that a refusal of the mapping names.

    Raises:
        UnknownOutcome: the refusal names none, which is a defect of the mapping.
    """
    try:
        return Unreadable(reason=UnreadableReason(code))
    except ValueError:
        raise garbage(*answer_of, "reason") from None
