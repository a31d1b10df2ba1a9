"""ID numbers, ages, terms of cards and carriers of phones, by tables."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verification.numbers import (
    Carrier,
    IdNumberFault,
    InvalidIdNumberError,
    Sex,
    age_on,
    birthday_in,
    carrier_by_segment,
    check_digit_agrees,
    id_card_validity_plausible,
    is_mobile_phone,
    known_regions,
    parse_id_number,
    route_for,
)

TODAY = date(2026, 11, 22)


class TestParseIdNumber:
    @pytest.mark.parametrize(
        ("number", "birth", "sex"),
        [
            ("320583199001010010", date(1990, 1, 1), Sex.MALE),
            ("321181198511152328", date(1985, 11, 15), Sex.FEMALE),
            ("320281199202290048", date(1992, 2, 29), Sex.FEMALE),
            ("320981196012300510", date(1960, 12, 30), Sex.MALE),
            ("32130220090630001X", date(2009, 6, 30), Sex.MALE),
            ("11010519491231002X", date(1949, 12, 31), Sex.FEMALE),
            ("360426199101010071", date(1991, 1, 1), Sex.MALE),
            ("440524188001010014", date(1880, 1, 1), Sex.MALE),  # the standard's own example
            ("810000199408230021", date(1994, 8, 23), Sex.FEMALE),  # residence permit, Hong Kong
            ("830000199201300022", date(1992, 1, 30), Sex.FEMALE),  # residence permit, Taiwan
        ],
    )
    def test_reads_valid_numbers(self, number: str, birth: date, sex: Sex) -> None:
        parsed = parse_id_number(number, today=TODAY)
        assert (parsed.value, parsed.birth_date, parsed.sex, parsed.region_code) == (
            number,
            birth,
            sex,
            number[:6],
        )

    @pytest.mark.parametrize(
        ("number", "fault"),
        [
            ("320583199001010018", IdNumberFault.CHECK_DIGIT),
            ("110105194912310021", IdNumberFault.CHECK_DIGIT),
            ("320281199102290040", IdNumberFault.BIRTH_DATE),
            ("110105209901010012", IdNumberFault.FUTURE_BIRTH),
            ("", IdNumberFault.FORM),
            ("3205831990010100", IdNumberFault.FORM),
            ("32058319900101001A", IdNumberFault.FORM),
            ("X20583199001010010", IdNumberFault.FORM),
            ("320583199001010010\n320583199001010010", IdNumberFault.FORM),
        ],
    )
    def test_names_the_first_fault(self, number: str, fault: IdNumberFault) -> None:
        with pytest.raises(InvalidIdNumberError) as raised:
            parse_id_number(number, today=TODAY)
        assert raised.value.fault is fault
        assert not number or number not in str(raised.value)

    def test_a_region_that_never_was_is_a_fault(self) -> None:
        body = "99999919900101001"
        number = next(body + digit for digit in "0123456789X" if check_digit_agrees(body + digit))
        with pytest.raises(InvalidIdNumberError) as raised:
            parse_id_number(number, today=TODAY)
        assert raised.value.fault is IdNumberFault.REGION

    @pytest.mark.parametrize(
        "text", ["32130220090630001x", " 32130220090630001X ", "３２１３０２２００９０６３０００１Ｘ"]
    )
    def test_ways_of_writing_are_made_one(self, text: str) -> None:
        assert parse_id_number(text, today=TODAY).value == "32130220090630001X"

    def test_born_today_is_not_the_future(self) -> None:
        number = next(
            f"32058320261122001{digit}" for digit in "0123456789X" if check_digit_agrees(f"32058320261122001{digit}")
        )
        assert parse_id_number(number, today=TODAY).birth_date == TODAY
        with pytest.raises(InvalidIdNumberError):
            parse_id_number(number, today=TODAY - timedelta(days=1))

    def test_shows_nothing(self) -> None:
        assert repr(parse_id_number("320583199001010010", today=TODAY)) == "IdNumber()"

    @given(st.text(max_size=24))
    def test_any_text_is_a_number_or_a_named_fault(self, text: str) -> None:
        fault, value = None, ""
        try:
            value = parse_id_number(text, today=TODAY).value
        except InvalidIdNumberError as error:
            fault = error.fault
        assert fault in IdNumberFault if fault else check_digit_agrees(value)

    @given(st.integers(0, 10**17 - 1), st.integers(0, 16), st.integers(1, 9))
    def test_one_wrong_digit_is_always_noticed(self, body: int, place: int, change: int) -> None:
        digits = f"{body:017d}"
        number = next(digits + last for last in "0123456789X" if check_digit_agrees(digits + last))
        wrong = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
        assert not check_digit_agrees(wrong)


class TestKnownRegions:
    @pytest.mark.parametrize("code", ["320684", "321284", "320621", "320614", "321204", "320685", "320583"])
    def test_holds_codes_of_today_and_of_the_past(self, code: str) -> None:
        assert code in known_regions()

    @pytest.mark.parametrize("code", ["320571", "999999", "000000"])
    def test_holds_no_codes_of_statistics_only(self, code: str) -> None:
        assert code not in known_regions()


class TestAgeOn:
    @pytest.mark.parametrize(
        ("birth", "day", "age"),
        [
            (date(2000, 6, 15), date(2018, 6, 14), 17),
            (date(2000, 6, 15), date(2018, 6, 15), 18),
            (date(2008, 2, 29), date(2026, 2, 28), 17),
            (date(2008, 2, 29), date(2026, 3, 1), 18),
            (date(2008, 2, 29), date(2028, 2, 28), 19),
            (date(2008, 2, 29), date(2028, 2, 29), 20),
            (date(2000, 1, 1), date(2000, 1, 1), 0),
        ],
    )
    def test_counts_birthdays(self, birth: date, day: date, age: int) -> None:
        assert age_on(birth, day) == age

    def test_a_leap_days_birthday_is_the_first_of_march_in_common_years(self) -> None:
        assert [birthday_in(date(2008, 2, 29), year) for year in (2026, 2028)] == [
            date(2026, 3, 1),
            date(2028, 2, 29),
        ]

    @given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.integers(0, 40_000))
    def test_grows_by_one_on_birthdays_only(self, birth: date, days: int) -> None:
        day = birth + timedelta(days=days)
        grown = age_on(birth, day + timedelta(days=1)) - age_on(birth, day)
        assert grown == (1 if day + timedelta(days=1) == birthday_in(birth, (day + timedelta(days=1)).year) else 0)


class TestAcc12CardTerm:
    @pytest.mark.parametrize(
        ("birth", "valid_from", "valid_until", "plausible"),
        [
            (date(2010, 6, 15), date(2026, 6, 14), date(2031, 6, 14), True),  # 15: five years
            (date(2010, 6, 15), date(2026, 6, 15), date(2036, 6, 15), True),  # 16: ten
            (date(2010, 6, 15), date(2026, 6, 15), date(2031, 6, 15), False),
            (date(2000, 6, 15), date(2026, 6, 14), date(2036, 6, 14), True),  # 25: ten
            (date(2000, 6, 15), date(2026, 6, 15), date(2046, 6, 15), True),  # 26: twenty
            (date(2000, 6, 15), date(2026, 6, 15), date(2036, 6, 15), False),
            (date(1980, 6, 15), date(2026, 6, 14), date(2046, 6, 14), True),  # 45: twenty
            (date(1980, 6, 15), date(2026, 6, 15), None, True),  # 46: no end
            (date(1980, 6, 15), date(2026, 6, 15), date(2046, 6, 15), False),
            (date(2000, 6, 15), date(2026, 6, 15), None, False),
            (date(1990, 1, 1), date(2016, 5, 1), date(2036, 5, 2), False),  # a day too long
            (date(1994, 1, 1), date(2012, 2, 29), date(2022, 2, 28), True),
            (date(1994, 1, 1), date(2012, 2, 29), date(2022, 3, 1), True),
            (date(1984, 1, 1), date(2012, 2, 29), date(2032, 2, 29), True),
            (date(1984, 1, 1), date(2012, 2, 29), date(2032, 2, 28), False),
            (date(2000, 1, 1), date(1999, 1, 1), date(2004, 1, 1), False),  # older than its holder
        ],
    )
    def test_by_age_at_issue(self, birth: date, valid_from: date, valid_until: date | None, *, plausible: bool) -> None:
        assert id_card_validity_plausible(birth, valid_from, valid_until) is plausible


class TestCarrierOfAPhone:
    @pytest.mark.parametrize(
        ("phone", "carrier"),
        [
            ("13912345678", Carrier.MOBILE),
            ("19512345678", Carrier.MOBILE),
            ("13012345678", Carrier.UNICOM),
            ("18612345678", Carrier.UNICOM),
            ("18912345678", Carrier.TELECOM),
            ("19912345678", Carrier.TELECOM),
            ("19212345678", Carrier.BROADNET),
            ("16212345678", Carrier.TELECOM),
            ("16512345678", Carrier.MOBILE),
            ("16712345678", Carrier.UNICOM),
            ("17412345678", None),
            ("12012345678", None),
            ("1391234567", None),
            ("", None),
        ],
    )
    def test_by_segment(self, phone: str, carrier: Carrier | None) -> None:
        assert carrier_by_segment(phone) is carrier

    def test_what_was_looked_up_goes_before_the_segment(self) -> None:
        assert route_for("13912345678", looked_up=Carrier.TELECOM) is Carrier.TELECOM
        assert route_for("13912345678", looked_up=None) is Carrier.MOBILE

    @pytest.mark.parametrize(
        ("phone", "is_one"),
        [("13912345678", True), ("12912345678", False), ("+8613912345678", False), ("1391234567８", False)],
    )
    def test_form_of_a_mobile_number(self, phone: str, *, is_one: bool) -> None:
        assert is_mobile_phone(phone) is is_one
