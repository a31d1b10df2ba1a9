"""Contract numbers (SIGN-02): bank code, year, product code, and a running number of eight digits.

`1252026XF0100000001` is contract 1 of product XF01 at bank 125 in 2026. The parts have fixed lengths but the
product's, which begins with a letter, so a number can be read back. Where the running number comes from, and
that it is used once, is the database's matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lending.contracts.errors import ContractNumberError

_NUMBER = re.compile(r"(?P<bank>[0-9]{3})(?P<year>20[0-9]{2})(?P<product>[A-Z][A-Z0-9]{1,7})(?P<sequence>[0-9]{8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractNumber:
    """The parts of a contract number; `sequence` counts from 1."""

    bank_code: str
    year: int
    product_code: str
    sequence: int


def format_contract_number(*, bank_code: str, year: int, product_code: str, sequence: int) -> str:
    """Write a contract number.

    Raises:
        ContractNumberError: a part has not the shape that the number gives it room for.
    """
    number = f"{bank_code}{year}{product_code}{sequence:08d}"
    parts = ContractNumber(bank_code=bank_code, year=year, product_code=product_code, sequence=sequence)
    if parse_contract_number(number) != parts:
        raise ContractNumberError(f"编不成合同编号：{bank_code}、{year}、{product_code}、{sequence}")
    return number


def parse_contract_number(text: str) -> ContractNumber:
    """Read a contract number back into its parts; capitals and plain digits only.

    Raises:
        ContractNumberError: the text is no contract number.
    """
    found = _NUMBER.fullmatch(text)
    if found is None or int(found["sequence"]) == 0:
        raise ContractNumberError(f"不是合同编号：{text[:40]}")
    return ContractNumber(
        bank_code=found["bank"],
        year=int(found["year"]),
        product_code=found["product"],
        sequence=int(found["sequence"]),
    )


def is_contract_number(text: str) -> bool:
    """Tell whether the text has the form of a contract number."""
    try:
        parse_contract_number(text)
    except ContractNumberError:
        return False
    return True
