"""Make numbers that pass their own checks: ID numbers, bank cards, mobile phones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.people.regions import BANK_PLACES

if TYPE_CHECKING:
    from datetime import date
    from random import Random

    from sandbox.people.person import Carrier, Sex

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"

# The segments that belong to one carrier beyond doubt: no virtual operators, none decided by a fourth digit.
SEGMENTS: Final[dict[Carrier, str]] = {
    "mobile": "135 136 137 138 139 147 150 151 152 157 158 159 172 178 182 183 184 187 188 195 197 198",
    "unicom": "130 131 132 145 155 156 166 175 176 185 186 196",
    "telecom": "133 153 173 177 180 181 189 190 191 193 199",
    "broadnet": "192",
}
_CARRIER_WEIGHTS: Final[dict[Carrier, int]] = {"mobile": 50, "telecom": 25, "unicom": 22, "broadnet": 3}

UNION_BIN: Final = "622324"
OUTSIDE_BINS: Final = {
    "621799": "邮储样例银行",
    "622848": "农业样例银行",
    "621700": "建设样例银行",
    "622202": "工商样例银行",
}
CLASS_ONE_SERIAL: Final = "1"
CLASS_TWO_SERIAL: Final = "2"


def id_check_digit(first17: str) -> str:
    """Give the 18th character of an ID number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _ID_WEIGHTS, strict=True))
    return _ID_CHECKS[total % 11]


def id_number(rng: Random, *, region: str, birth_date: date, sex: Sex, broken: bool) -> str:
    """Make an ID number of that county, day and sex; with `broken` its check digit cannot be right."""
    serial = rng.randrange(1, 500) * 2 + (-1 if sex == "男" else 0)
    first17 = f"{region}{birth_date:%Y%m%d}{serial:03d}"
    check = id_check_digit(first17)
    if broken:
        check = rng.choice([digit for digit in "0123456789" if digit != check])
    return first17 + check


def luhn_digit(digits: str) -> str:
    """Give the digit that makes `digits` plus itself pass the Luhn check."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - Luhn: the sum of a two-digit product
    return str(-total % 10)


def union_card(bank: str, serial: str) -> str:
    """Make the 19-digit number of a card or account of one bank of the union; `serial` has nine digits."""
    digits = f"{UNION_BIN}{bank}{serial}"
    return digits + luhn_digit(digits)


def class_one_card(rng: Random, bank: str) -> str:
    """Make a Class I card of a bank of the union."""
    return union_card(bank, f"{CLASS_ONE_SERIAL}{rng.randrange(10**8):08d}")


def outside_card(rng: Random) -> str:
    """Make a Class I card of a bank outside the union."""
    digits = f"{rng.choice(sorted(OUTSIDE_BINS))}{rng.randrange(10**12):012d}"
    return digits + luhn_digit(digits)


def issuer_of(card_number: str) -> tuple[str, str]:
    """Tell who issued a card from its number: (bank code of the union or "", display name or "")."""
    if card_number.startswith(UNION_BIN):
        bank = card_number[len(UNION_BIN) : len(UNION_BIN) + 3]
        return bank, f"{BANK_PLACES.get(bank, bank)}样例农商银行"
    return "", OUTSIDE_BINS.get(card_number[:6], "")


def phone_number(rng: Random) -> tuple[str, Carrier]:
    """Make a mobile number and name the carrier that its segment belongs to."""
    carriers = list(_CARRIER_WEIGHTS)
    carrier = rng.choices(carriers, weights=[_CARRIER_WEIGHTS[name] for name in carriers])[0]
    return f"{rng.choice(SEGMENTS[carrier].split())}{rng.randrange(10**8):08d}", carrier
