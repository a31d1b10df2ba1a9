"""Contract numbers."""

from __future__ import annotations

import pytest

from lending.contracts.errors import ContractNumberError
from lending.contracts.numbers import (
    ContractNumber,
    format_contract_number,
    is_contract_number,
    parse_contract_number,
)

PARTS = [
    (("125", 2026, "XF01", 1), "1252026XF0100000001"),
    (("101", 2099, "JY", 99_999_999), "1012099JY99999999"),
    (("158", 2030, "A2345678", 12_345_678), "1582030A234567812345678"),
]


class TestFormatContractNumber:
    @pytest.mark.parametrize(("parts", "number"), PARTS)
    def test_it_writes_the_parts_in_order(self, parts: tuple[str, int, str, int], number: str) -> None:
        bank_code, year, product_code, sequence = parts
        made = format_contract_number(bank_code=bank_code, year=year, product_code=product_code, sequence=sequence)
        assert made == number

    @pytest.mark.parametrize(
        ("bank_code", "year", "product_code", "sequence"),
        [
            ("12", 2026, "XF01", 1),
            ("1250", 2026, "XF01", 1),
            ("12a", 2026, "XF01", 1),
            ("125", 26, "XF01", 1),
            ("125", 2126, "XF01", 1),
            ("125", 2026, "xf01", 1),
            ("125", 2026, "1XF0", 1),
            ("125", 2026, "X", 1),
            ("125", 2026, "XF0123456", 1),
            ("125", 2026, "XF01", 0),
            ("125", 2026, "XF01", -1),
            ("125", 2026, "XF01", 100_000_000),
            ("１２５", 2026, "XF01", 1),
        ],
    )
    def test_it_refuses_parts_that_do_not_fit(
        self, bank_code: str, year: int, product_code: str, sequence: int
    ) -> None:
        with pytest.raises(ContractNumberError):
            format_contract_number(bank_code=bank_code, year=year, product_code=product_code, sequence=sequence)


class TestParseContractNumber:
    @pytest.mark.parametrize(("parts", "number"), PARTS)
    def test_it_reads_back_what_was_written(self, parts: tuple[str, int, str, int], number: str) -> None:
        bank_code, year, product_code, sequence = parts
        assert parse_contract_number(number) == ContractNumber(
            bank_code=bank_code, year=year, product_code=product_code, sequence=sequence
        )

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "125202XF0100000001",
            "1252026X00000001",
            "1252026XF0100000000",
            "1252026XF0100000001\n",
            " 1252026XF0100000001",
            "125-2026-XF01-00000001",
            "1252026xf0100000001",
            "1252026XF01٠٠٠٠٠٠٠١",
        ],
    )
    def test_it_refuses_anything_else(self, text: str) -> None:
        assert not is_contract_number(text)
        with pytest.raises(ContractNumberError):
            parse_contract_number(text)

    def test_it_knows_a_number_when_it_sees_one(self) -> None:
        assert is_contract_number("1252026XF0100000001")
