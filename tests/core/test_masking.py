"""Masking by DATA-02: what is shown of each kind of value, and that the unexpected is hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto import masking


class TestMaskPhone:
    @pytest.mark.parametrize(
        ("phone", "shown"),
        [
            ("13812341234", "138****1234"),
            ("+8613812341234", "****"),
            ("1381234123", "****"),
            ("138123412345", "****"),
            ("02583210000", "****"),
            ("1381234123四", "****"),
            ("", "****"),
        ],
    )
    def test_shows_the_first_three_and_last_four_digits_of_a_mobile_number_only(self, phone: str, shown: str) -> None:
        assert masking.mask_phone(phone) == shown


class TestMaskCard:
    @pytest.mark.parametrize(
        ("number", "shown"),
        [
            ("6222021234561234567", "622202*********4567"),
            ("6222021234567890", "622202******7890"),
            ("622202", "****"),
            ("622202 1234567890", "****"),
            ("", "****"),
        ],
    )
    def test_shows_the_first_six_and_last_four_digits(self, number: str, shown: str) -> None:
        assert masking.mask_card(number) == shown


class TestMaskAccount:
    @pytest.mark.parametrize(
        ("number", "shown"),
        [("320411200000012345", "****2345"), ("12345678", "****5678"), ("1234567", "****")],
    )
    def test_shows_the_last_four_digits_of_a_number_that_is_long_enough(self, number: str, shown: str) -> None:
        assert masking.mask_account(number) == shown


class TestMaskIdNumber:
    @pytest.mark.parametrize(
        ("number", "shown", "shown_to_operations"),
        [
            ("320412199001011234", "3****************4", "320412********1234"),
            ("32041219900101123X", "3****************X", "320412********123X"),
            ("320412900101123", "3*************3", "320412*****1123"),
            ("32041219900101123", "****", "****"),
            ("X20412199001011234", "****", "****"),
            ("", "****", "****"),
        ],
    )
    def test_shows_the_ends_and_hides_what_is_no_id_number(
        self, number: str, shown: str, shown_to_operations: str
    ) -> None:
        assert masking.mask_id_number(number) == shown
        assert masking.mask_id_number_for_operations(number) == shown_to_operations


class TestMaskLicence:
    @pytest.mark.parametrize(("number", "shown"), [("91320412MA1ABCDE2F", "9132**********DE2F"), ("91320412", "****")])
    def test_shows_the_first_and_last_four_characters(self, number: str, shown: str) -> None:
        assert masking.mask_licence(number) == shown


class TestMaskName:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("张明", "*明"),
            ("张小明", "**明"),
            ("欧阳小明", "***明"),
            ("买买提·吐尔逊", "******逊"),
            ("张", "*"),
            ("", ""),
        ],
    )
    def test_shows_the_last_character_only(self, name: str, shown: str) -> None:
        assert masking.mask_name(name) == shown


class TestMaskAddress:
    @pytest.mark.parametrize(
        ("address", "shown"),
        [
            ("江苏省常州市武进区湖塘镇花园街1号", "江苏省常州市武进区****"),
            ("江苏省昆山市玉山镇前进中路1号阳光小区3幢", "江苏省昆山市****"),
            ("江苏省苏州市昆山市玉山镇前进中路1号", "江苏省苏州市昆山市****"),
            ("江苏省镇江市丹徒区辛丰镇黄墟村12号", "江苏省镇江市丹徒区****"),
            ("江苏省常州市花园小区3幢", "江苏省常州市****"),
            ("常州市武进区湖塘镇", "常州市武进区****"),
            ("北京市海淀区学院路1号", "北京市海淀区****"),
            ("黑龙江省哈尔滨市道里区中央大街1号", "黑龙江省哈尔滨市道里区****"),
            ("内蒙古自治区呼和浩特市土默特左旗察素齐镇", "内蒙古自治区呼和浩特市土默特左旗****"),
            ("云南省大理白族自治州漾濞彝族自治县苍山西镇", "云南省大理白族自治州漾濞彝族自治县****"),
            ("湖塘镇花园街1号", "****"),
            ("花园小区3幢", "****"),
            ("", ""),
        ],
    )
    def test_shows_the_address_down_to_its_county(self, address: str, shown: str) -> None:
        assert masking.mask_address(address) == shown

    @given(st.text(max_size=40))
    def test_never_shows_a_digit_and_always_hides_something(self, address: str) -> None:
        shown = masking.mask_address(address)
        assert shown == "" if not address else shown.endswith("****")
        assert address.startswith(shown.removesuffix("****"))
        assert not any(character.isdecimal() for character in shown)


class TestEveryMask:
    @given(st.text(st.characters(exclude_characters="*"), max_size=40))
    def test_hides_the_greater_part_of_whatever_it_is_given(self, text: str) -> None:
        for mask in (masking.mask_phone, masking.mask_card, masking.mask_account, masking.mask_id_number):
            assert "*" in mask(text)
            assert not text or text not in mask(text)
