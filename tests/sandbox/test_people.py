"""Synthetic people: their numbers are valid, their traits hold, they survive a restart."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

import pytest
from id_validator import validator
from stdnum import luhn
from stdnum.cn import ric

from sandbox.people import Person, World, control
from sandbox.people.credit import BANDS, band_of
from sandbox.people.drawing.fonts import missing_characters
from sandbox.people.making import years_after
from sandbox.people.names import COMPOUND_SURNAMES, GIVEN_FEMALE, GIVEN_MALE, SURNAMES
from sandbox.people.numbers import SEGMENTS, issuer_of
from sandbox.people.person import PLAIN_TRAITS
from sandbox.people.regions import BANK_PLACES, home_regions
from tests.sandbox.in_process import Doors

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 22)


def new_world(data_dir: Path | None = None, *, first_seed: int = 1) -> World:
    return World(data_dir, first_seed=first_seed, today=lambda: TODAY)


def age_of(person: Person) -> int:
    return max(years for years in range(111) if years_after(person.birth_date, years) <= TODAY)


class TestMake:
    """World.make."""

    def test_the_same_seed_makes_the_same_people(self) -> None:
        assert new_world().make(20) == new_world().make(20)

    def test_another_seed_makes_other_people(self) -> None:
        ours, others = new_world().make(20), new_world(first_seed=1000).make(20)
        assert not {person.id_number for person in ours} & {person.id_number for person in others}

    def test_numbers_pass_the_checks_of_independent_libraries(self) -> None:
        people = new_world().make(300)
        for person in people:
            assert ric.calc_check_digit(person.id_number) == person.id_number[-1]
            assert luhn.is_valid(person.card_number)
            assert len(person.card_number) == 19
            assert person.phone[:3] in SEGMENTS[person.carrier].split()
            assert len(person.phone) == 11
        assert all(validator.is_valid(person.id_number) for person in people[:8])  # slow

    def test_the_id_number_says_what_the_fields_say(self) -> None:
        for person in new_world().make(300):
            assert person.id_number[:6] in home_regions()
            assert person.id_number[6:14] == f"{person.birth_date:%Y%m%d}"
            assert person.sex == ("男" if int(person.id_number[16]) % 2 else "女")
            assert person.address.startswith("江苏省")
            assert 22 <= age_of(person) <= 55

    def test_nobody_shares_a_number_with_anybody(self) -> None:
        people = new_world().make(2000, region="320583", age=30)
        for field in ("person", "id_number", "phone", "card_number"):
            assert len({getattr(person, field) for person in people}) == 2000

    @pytest.mark.parametrize("region", ["320583", "510104", "659001"])
    def test_six_digits_are_taken_as_they_are(self, region: str) -> None:
        (person,) = new_world().make(1, region=region)
        assert person.id_number.startswith(region)

    def test_a_prefix_is_filled_with_a_known_place(self) -> None:
        people = new_world().make(30, region="51")
        assert {person.id_number[:6] for person in people} == {"510104", "510106"}

    @pytest.mark.parametrize("age", [0, 5, 16, 17, 18, 22, 60, 61, 90])
    def test_the_age_is_the_one_asked_for(self, age: int) -> None:
        assert {age_of(person) for person in new_world().make(20, age=age)} == {age}

    def test_the_sex_is_the_one_asked_for(self) -> None:
        assert {person.sex for person in new_world().make(20, sex="女")} == {"女"}

    def test_cards_run_as_long_as_the_law_says(self) -> None:
        people = [person for age in (10, 17, 24, 30, 44, 50) for person in new_world().make(20, age=age)]
        for person in people:
            assert person.birth_date < person.valid_from < TODAY
            if person.valid_until is None:
                assert years_after(person.birth_date, 46) <= person.valid_from
                continue
            assert person.valid_until > TODAY
            term = person.valid_until.year - person.valid_from.year
            assert term in {5, 10, 20}
            assert (term == 20) == (years_after(person.birth_date, 26) <= person.valid_from)
            assert (term == 5) == (person.valid_from < years_after(person.birth_date, 16))

    def test_leap_day_birthdays_end_in_february(self) -> None:
        assert years_after(date(2004, 2, 29), 10) == date(2014, 2, 28)

    @pytest.mark.parametrize(
        "asked",
        [
            {"profile": "rich"},
            {"profile": "class1_at"},
            {"profile": "class1_at:12"},
            {"profile": "good:1"},
            {"region": "3205831"},
            {"region": "99"},
            {"region": "江苏"},
            {"age": 300},
            {"sex": "x"},
        ],
    )
    def test_nonsense_is_refused_and_makes_nobody(self, asked: dict[str, str]) -> None:
        world = new_world()
        with pytest.raises(ValueError, match=r"region|profile|place|years|sex"):
            world.make(3, **asked)  # type: ignore[arg-type]
        assert world.everybody() == []

    def test_every_name_and_place_can_be_printed(self) -> None:
        people = new_world().make(500)
        printed = "".join(person.name + person.address + person.authority for person in people)
        everything = printed + SURNAMES + "".join(COMPOUND_SURNAMES) + GIVEN_MALE + GIVEN_FEMALE
        assert missing_characters("".join(sorted(set(everything)))) == ""


class TestFind:
    """World.get, by_id_number, by_phone, by_card."""

    def test_a_person_is_found_by_every_number(self) -> None:
        world = new_world()
        for person in world.make(10):
            assert world.get(person.person) == person
            assert world.by_id_number(person.id_number) == person
            assert world.by_phone(person.phone) == person
            assert world.by_card(person.card_number) == person

    def test_nobody_is_found_by_numbers_that_nobody_has(self) -> None:
        world = new_world()
        assert world.get("p000001") is None
        assert world.by_id_number("320583199001010010") is None
        assert world.by_phone("13900000000") is None
        assert world.by_card("6223240000000000010") is None


class TestProfiles:
    """What each trait means to the outside."""

    def test_a_plain_person_is_known_everywhere(self) -> None:
        world = new_world()
        (person,) = world.make(1)
        facts = world.facts(person)
        assert (facts.carrier_result, facts.id_check, facts.id_photo) == ("match", "match", "own")
        assert (facts.bound_card, facts.account_class, facts.carrier) == ("match", "I", person.carrier)
        assert facts.bureau["found"] is True

    @pytest.mark.parametrize(
        ("profile", "fact", "value"),
        [
            ("carrier_mismatch", "carrier_result", "mismatch"),
            ("id_mismatch", "id_check", "name_mismatch"),
            ("id_missing", "id_check", "not_found"),
            ("no_id_photo", "id_photo", "none"),
            ("other_id_photo", "id_photo", "other"),
        ],
    )
    def test_a_trait_changes_one_answer(self, profile: str, fact: str, value: str) -> None:
        world = new_world()
        plain, marked = world.make(1)[0], world.make(1, profile=profile)[0]
        assert getattr(world.facts(marked), fact) == value
        assert getattr(world.facts(plain), fact) != value

    def test_a_union_card_names_its_bank(self) -> None:
        (person,) = new_world().make(1, profile="class1_at:125")
        assert person.card_number.startswith("6223241251")
        assert issuer_of(person.card_number) == ("125", "连云港东方样例农商银行")

    def test_an_ordinary_card_is_of_an_outside_bank(self) -> None:
        for person in new_world().make(50):
            bank, name = issuer_of(person.card_number)
            assert (bank, name.endswith("样例银行")) == ("", True)

    def test_there_are_sixty_sample_banks(self) -> None:
        assert (len(BANK_PLACES), BANK_PLACES["101"], BANK_PLACES["160"]) == (60, "紫金", "泗洪")

    def test_an_expired_card_has_expired_lately(self) -> None:
        for person in new_world().make(50, profile="expired"):
            assert person.valid_until is not None
            assert person.valid_until < TODAY

    def test_a_wrong_check_digit_is_wrong(self) -> None:
        for person in new_world().make(50, profile="wrong_check_digit"):
            assert ric.calc_check_digit(person.id_number) != person.id_number[-1]

    def test_traits_combine(self) -> None:
        world = new_world()
        (person,) = world.make(1, profile="thin,carrier_mismatch,class1_at:101")
        facts = world.facts(person)
        assert (facts.bureau["found"], facts.carrier_result) == (False, "mismatch")
        assert issuer_of(person.card_number)[0] == "101"

    @pytest.mark.parametrize("profile", sorted(PLAIN_TRAITS))
    def test_every_trait_makes_a_person(self, profile: str) -> None:
        (person,) = new_world().make(1, profile=profile)
        assert person.profile == profile


class TestCredit:
    """The bureau's and the government's records."""

    def test_they_follow_from_the_id_number_and_the_profile(self) -> None:
        one, other = new_world(), new_world()
        for ours, theirs in zip(one.make(20), other.make(20), strict=True):
            assert one.facts(ours).bureau == other.facts(theirs).bureau
            assert one.facts(ours).government == other.facts(theirs).government

    def test_ordinary_people_spread_over_the_bands_as_documented(self) -> None:
        bands = Counter(band_of(person.id_number) for person in new_world().make(2000))
        for band, ranges in BANDS.items():
            assert abs(bands[band] / 2000 - ranges.weight / 100) < 0.04

    def test_ordinary_people_pass_the_usual_admission_rules(self) -> None:
        world = new_world()
        for person in world.make(500):
            bureau = world.facts(person).bureau
            income = float(world.facts(person).government["social_security"]["monthly_base"])
            assert bureau["overdue_now"] == 0
            assert bureau["overdue_12m"] <= 2
            assert bureau["max_consecutive_24m"] < 3
            assert bureau["total_overdue_24m"] < 6
            assert bureau["queries_3m"] <= 6
            assert bureau["lenders"] <= 5
            assert float(bureau["monthly_debt_payment"]) < income / 2
            low, high = BANDS[band_of(person.id_number)].score
            assert low <= bureau["score"] <= high

    def test_poor_credit_fails_every_rule(self) -> None:
        world = new_world()
        for person in world.make(100, profile="poor_credit"):
            facts = world.facts(person)
            income = float(facts.government["social_security"]["monthly_base"])
            assert facts.bureau["overdue_12m"] > 2
            assert facts.bureau["max_consecutive_24m"] >= 3
            assert facts.bureau["total_overdue_24m"] >= 6
            assert facts.bureau["queries_3m"] > 6
            assert facts.bureau["lenders"] > 5
            assert float(facts.bureau["monthly_debt_payment"]) > income / 2

    def test_overdue_owes_today(self) -> None:
        world = new_world()
        assert all(world.facts(person).bureau["overdue_now"] > 0 for person in world.make(50, profile="overdue"))

    def test_a_thin_file_is_unknown_to_the_bureau_and_works(self) -> None:
        world = new_world()
        (person,) = world.make(1, profile="thin")
        facts = world.facts(person)
        assert (facts.bureau["found"], facts.bureau["score"], facts.bureau["lenders"]) == (False, None, 0)
        assert facts.government["social_security"]["months_paid_24m"] <= 12

    def test_a_student_is_enrolled_and_does_not_work(self) -> None:
        world = new_world()
        for person in world.make(20, profile="student"):
            government = world.facts(person).government
            assert government["student"] == {"enrolled": True}
            assert government["social_security"] is None
            assert 19 <= age_of(person) <= 23

    def test_work_is_where_the_profile_says(self) -> None:
        world = new_world()
        home, away = (
            world.make(1, region="320582")[0],
            world.make(1, region="320582", profile="works_at:320281")[0],
        )
        assert world.facts(home).government["social_security"]["region_code"] == "320582"
        assert world.facts(away).government["social_security"]["region_code"] == "320281"
        assert world.facts(away).government["household"] == {"region_code": "320582"}
        assert world.facts(away).government["social_security"]["employer_name"].startswith("江阴市")


class TestOverride:
    """World.override."""

    def test_an_answer_changes_in_the_middle_of_a_story_and_back(self) -> None:
        world = new_world()
        person, bystander = world.make(2)
        assert world.override(person.person, carrier_result="mismatch").carrier_result == "mismatch"
        assert world.facts(person).carrier_result == "mismatch"
        assert world.facts(bystander).carrier_result == "match"
        world.override(person.person, carrier_result=None)
        assert world.facts(person).carrier_result == "match"

    def test_a_record_is_changed_field_by_field(self) -> None:
        world = new_world()
        (person,) = world.make(1)
        before = world.facts(person).bureau
        after = world.override(person.person, bureau={"queries_3m": 9}).bureau
        assert after == before | {"queries_3m": 9}

    @pytest.mark.parametrize(
        "facts",
        [
            {"mood": "good"},
            {"carrier_result": "maybe"},
            {"bureau": {"colour": 1}},
            {"bureau": 3},
            {"carrier": []},
        ],
    )
    def test_what_no_office_could_answer_is_refused(self, facts: dict[str, object]) -> None:
        world = new_world()
        (person,) = world.make(1)
        before = world.facts(person)
        with pytest.raises(ValueError, match=r"unknown fact|is one of|is an object"):
            world.override(person.person, **facts)
        assert world.facts(person) == before


class TestRestart:
    """A world with a data directory."""

    def test_people_overrides_and_pictures_are_known_again(self, tmp_path: Path) -> None:
        world = new_world(tmp_path)
        people = world.make(3, profile="thin", sex="女") + world.make(2, age=40)
        world.override(people[0].person, id_check="not_found")
        front = world.card_front(people[1])
        again = new_world(tmp_path)
        assert again.everybody() == people
        assert again.facts(people[0]).id_check == "not_found"
        assert again.recognise(front) == (people[1], "front")

    def test_new_people_after_a_restart_are_new(self, tmp_path: Path) -> None:
        before = new_world(tmp_path).make(3)
        after = new_world(tmp_path).make(3)
        assert {person.person for person in before} & {person.person for person in after} == set()

    def test_a_torn_last_line_is_dropped_and_writing_goes_on(self, tmp_path: Path) -> None:
        people = new_world(tmp_path).make(2)
        with (tmp_path / "world.jsonl").open("a", encoding="utf-8") as book:
            book.write('{"recipe": {"seed": 3, "sal')
        torn = new_world(tmp_path)
        assert torn.everybody() == people
        people += torn.make(1)
        assert new_world(tmp_path).everybody() == people

    def test_age_is_counted_from_the_day_a_person_was_made(self, tmp_path: Path) -> None:
        (person,) = new_world(tmp_path).make(1, age=30)
        later = World(tmp_path, today=lambda: date(2031, 1, 1))
        assert later.get(person.person) == person


class TestControl:
    """POST /sandbox/people/{person}/override and GET /sandbox/watchlist.csv."""

    @pytest.fixture
    def world(self) -> World:
        return new_world()

    @pytest.fixture
    def doors(self, world: World) -> Doors:
        return Doors(control.routes(), world=world)

    def test_an_override_answers_all_facts(self, world: World, doors: Doors) -> None:
        (person,) = world.make(1)
        answer = doors.request("POST", f"/sandbox/people/{person.person}/override", json={"carrier": "broadnet"})
        assert answer.status_code == 200
        assert answer.json() == {"person": person.person, "facts": asdict(world.facts(person))}
        assert world.facts(person).carrier == "broadnet"

    @pytest.mark.parametrize(
        ("body", "status"),
        [("{}", 200), ("[]", 400), ("nonsense", 400), ('{"person_id": "x"}', 400), ("", 400)],
    )
    def test_bodies_that_say_nothing(self, world: World, doors: Doors, body: str, status: int) -> None:
        (person,) = world.make(1)
        answer = doors.request("POST", f"/sandbox/people/{person.person}/override", content=body)
        assert answer.status_code == status

    def test_nobody_can_be_overridden_who_is_not_there(self, doors: Doors) -> None:
        assert doors.request("POST", "/sandbox/people/p000009/override", content=json.dumps({})).status_code == 404

    def test_the_watchlist_names_the_listed_and_nobody_else(self, world: World, doors: Doors) -> None:
        world.make(3)
        (listed,) = world.make(1, profile="listed")
        lines = doors.request("GET", "/sandbox/watchlist.csv").text.splitlines()
        assert lines == [
            "entry,name,id_number,birth_date,sex",
            f"SAMPLE-{listed.person},{listed.name},{listed.id_number},{listed.birth_date},{listed.sex}",
        ]
