"""Numbers of accounts opened here, and card numbers."""

from __future__ import annotations

from typing import Final

from django.db import connection
from stdnum import luhn

from core.operations import within_transaction
from core.tenancy import current_bank

PREFIX: Final = "623"
CODE_DIGITS: Final = 4
SERIAL_DIGITS: Final = 11


def is_card_number(number: str) -> bool:
    """Tell whether this is a bank card number: 16 to 19 digits with a right Luhn digit."""
    return number.isascii() and number.isdigit() and 16 <= len(number) <= 19 and bool(luhn.is_valid(number))  # noqa: PLR2004


@within_transaction
def next_account_number() -> str:
    """Return the next number of the current bank: 623, the bank's code, a serial and a Luhn digit, 19 digits in all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('accounts_number_seq')")
        serial = int(cursor.fetchone()[0])
    digits = "".join(char if char.isdigit() else str(ord(char) % 10) for char in current_bank().code)
    body = f"{PREFIX}{digits[-CODE_DIGITS:]:0>{CODE_DIGITS}}{serial:0{SERIAL_DIGITS}d}"
    return body + str(luhn.calc_check_digit(body))
