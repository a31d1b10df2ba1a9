"""Judge what was read from an ID card: a usable identity, or why it is none (A4-13, ACC-12, ACC-13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from verification.identity import Identity
from verification.numbers import InvalidIdNumberError, age_on, id_card_validity_plausible, parse_id_number
from verification.providers.id_card import CardWarning, IdCardBack, IdCardFront, Unreadable, UnreadableReason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

IMAGE_UNCLEAR: Final = "image_unclear"
ID_NUMBER_INVALID: Final = "id_number_invalid"
ID_CARD_EXPIRED: Final = "id_card_expired"
TOO_YOUNG: Final = "too_young"
REASON_OF: Final[Mapping[UnreadableReason, str]] = {
    UnreadableReason.NOT_AN_IMAGE: IMAGE_UNCLEAR,
    UnreadableReason.TOO_LARGE: IMAGE_UNCLEAR,
    UnreadableReason.NOT_A_CARD: IMAGE_UNCLEAR,
    UnreadableReason.WRONG_SIDE: IMAGE_UNCLEAR,
    UnreadableReason.UNCLEAR: IMAGE_UNCLEAR,
    UnreadableReason.ID_NUMBER_INVALID: ID_NUMBER_INVALID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a bank accepts: on which day it is judged, from which age, how sure the reader must be (0 to 100)."""

    today: date
    least_age: int
    least_confidence_percent: int
    refused_warnings: frozenset[str]


def judge(front: IdCardFront | Unreadable, back: IdCardBack | Unreadable | None, *, rules: Rules) -> Identity | str:
    """Return who the card says it is, or the reason code for which it is refused, the first that applies.

    A print that contradicts the number, a term that the holder's age at issue does not call for, a doubtful
    field and a picture of a picture all ask for another photograph (`image_unclear`): the reader may have
    erred, a forger learns nothing.
    """
    if isinstance(front, Unreadable):
        return REASON_OF[front.reason]
    try:
        number = parse_id_number(front.id_number, today=rules.today)
    except InvalidIdNumberError:
        return ID_NUMBER_INVALID
    if back is None or isinstance(back, Unreadable):
        return IMAGE_UNCLEAR if back is None else REASON_OF[back.reason]
    fault = _fault(front, back, number.birth_date, rules)
    if fault:
        return fault
    return Identity(
        name=front.name,
        id_number=number.value,
        sex=number.sex.value,
        ethnicity=front.ethnicity,
        birth_date=number.birth_date,
        address=front.address,
        authority=back.authority,
        valid_from=back.valid_from,
        valid_until=back.valid_until,
    )


def _fault(front: IdCardFront, back: IdCardBack, birth_date: date, rules: Rules) -> str:
    """Return what is wrong with a card that was read on both sides, or nothing."""
    if front.disagreements or _doubtful(front, rules) or _doubtful(back, rules):
        return IMAGE_UNCLEAR
    if back.valid_until is not None and back.valid_until < rules.today:
        return ID_CARD_EXPIRED
    is_past = back.valid_from <= rules.today
    if not is_past or not id_card_validity_plausible(birth_date, back.valid_from, back.valid_until):
        return IMAGE_UNCLEAR
    return TOO_YOUNG if age_on(birth_date, rules.today) < rules.least_age else ""


def _doubtful(side: IdCardFront | IdCardBack, rules: Rules) -> bool:
    """Tell whether the reader is unsure of a field or saw something that the bank does not accept."""
    refused = {warning for warning in CardWarning if warning.value in rules.refused_warnings}
    unsure = any(sure * 100 < rules.least_confidence_percent for sure in side.confidences.values())
    return unsure or bool(side.warnings & refused)
