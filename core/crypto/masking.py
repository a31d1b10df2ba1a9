"""Show values of class C2 so that their owner knows them and nobody else learns them (DATA-02).

Every helper is total: what does not have the expected shape is hidden, never shown.
"""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "****"
_ID_NUMBER: Final = re.compile(r"(?:\d{17}[\dXx]|\d{15})\Z", re.ASCII)
_MOBILE: Final = re.compile(r"1\d{10}\Z", re.ASCII)
_CARD: Final = re.compile(r"\d{14,19}\Z", re.ASCII)
_ACCOUNT_SHORTEST: Final = 8
_LICENCE_SHORTEST: Final = 12

# A part's name may begin with any character (镇江市, 道里区); after that the words of streets and villages
# end it, so that a text without a county is cut at the city rather than shown further.
_PART: Final = r"[^\d\s省市县区旗](?:(?![\d\s省市县区旗镇乡街道路村号弄巷组幢栋室]).){0,10}?"
_DIVISIONS: Final = re.compile(
    rf"(?:{_PART}(?:省|自治区|特别行政区))?"
    rf"(?:{_PART}(?:自治州|地区|盟|市(?![场民府])))?"
    rf"(?:{_PART}(?:自治县|自治旗|(?<![小社街])区(?!域)|县(?!城)|旗|市(?![场民府])))?",
)


def mask_phone(phone: str) -> str:
    """Show the first three and last four digits of a mobile number: 138****1234; anything else is hidden."""
    return f"{phone[:3]}****{phone[-4:]}" if _MOBILE.match(phone) else HIDDEN


def mask_card(number: str) -> str:
    """Show the first six and last four digits of a card number; anything else is hidden."""
    return _ends(number, 6, 4) if _CARD.match(number) else HIDDEN


def mask_account(number: str) -> str:
    """Show the last four digits of an account number: ****1234; a number shorter than eight is hidden."""
    return HIDDEN + number[-4:] if len(number) >= _ACCOUNT_SHORTEST else HIDDEN


def mask_id_number(number: str) -> str:
    """Show the first and last character of an ID number, for customers and logs: 3****************4."""
    return _ends(number, 1, 1) if _ID_NUMBER.match(number) else HIDDEN


def mask_id_number_for_operations(number: str) -> str:
    """Show the first six and last four characters of an ID number, for staff whose role allows it.

    What is shown still counts as class C2: some 3,300 numbers remain possible.
    """
    return _ends(number, 6, 4) if _ID_NUMBER.match(number) else HIDDEN


def mask_licence(number: str) -> str:
    """Show the first four and last four characters of a business licence's number; a short one is hidden."""
    return _ends(number, 4, 4) if len(number) >= _LICENCE_SHORTEST else HIDDEN


def mask_name(name: str) -> str:
    """Show the last character of a name, a star for each other: *明, **明; a single character is hidden."""
    return "*" * max(len(name) - 1, 1) + name[1:][-1:] if name else ""


def mask_address(address: str) -> str:
    """Show an address down to its county (or the lowest division above it that it names), hide the rest.

    江苏省常州市武进区湖塘镇花园街1号 becomes 江苏省常州市武进区****.
    """
    if not address:
        return ""
    found = _DIVISIONS.match(address)
    return (found.group() if found else "") + HIDDEN


def _ends(text: str, first: int, last: int) -> str:
    return text[:first] + "*" * (len(text) - first - last) + text[-last:]
