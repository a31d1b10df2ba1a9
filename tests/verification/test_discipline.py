"""ACC-09 in this room: how long joint discipline for telecom fraud lasts, and whom it concerns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from core.clock.models import BusinessDay
from core.tenancy import PUBLIC, at
from tests.accounts.discipline import discipline, entry_of, publish
from tests.verification.conftest import identified
from verification.models import Check, ScreeningAlert, ScreeningMatch, WatchlistVersion
from verification.operations import is_disciplined, screen_subject
from verification.parameters import DISCIPLINE_CONVICTED_YEARS, DISCIPLINE_MOST_YEARS, DISCIPLINE_POLICE_YEARS
from verification.screening.discipline import Listing, Terms, in_force, spells

TERMS = Terms(convicted_years=3, police_years=2, most_years=5)
SINCE = date(2025, 3, 10)


def _spells(*listed: str) -> list[str]:
    listings = [Listing(word.split(" ")[0], date.fromisoformat(word.split(" ")[1])) for word in listed]
    return [f"{first} {end}" for first, end in spells(listings, TERMS)]


class TestAcc09Terms:
    """ACC-09, 联合惩戒办法: three years or two, one after the other, five on end at most."""

    @pytest.mark.parametrize(
        ("listed", "found"),
        [
            ((), []),
            (("police 2025-03-10",), ["2025-03-10 2027-03-10"]),
            (("convicted 2025-03-10",), ["2025-03-10 2028-03-10"]),
            (("convicted 2024-02-29",), ["2024-02-29 2027-03-01"]),
            # Listed again meanwhile: two and two years, two and three, three and three of which five count.
            (("police 2025-03-10", "police 2026-01-01"), ["2025-03-10 2029-03-10"]),
            (("police 2025-03-10", "convicted 2027-03-09"), ["2025-03-10 2030-03-10"]),
            (("convicted 2025-03-10", "convicted 2026-01-01"), ["2025-03-10 2030-03-10"]),
            (("police 2025-03-10", "police 2026-01-01", "police 2027-01-01"), ["2025-03-10 2030-03-10"]),
            # On the day that is free again a new term begins.
            (("police 2025-03-10", "police 2027-03-10"), ["2025-03-10 2027-03-10", "2027-03-10 2029-03-10"]),
            (("police 2027-05-01", "convicted 2022-01-01"), ["2022-01-01 2025-01-01", "2027-05-01 2029-05-01"]),
        ],
    )
    def test_run_one_after_the_other(self, listed: tuple[str, ...], found: list[str]) -> None:
        assert _spells(*listed) == found

    @pytest.mark.parametrize(
        ("on", "limited"),
        [("2025-03-09", False), ("2025-03-10", True), ("2027-03-09", True), ("2027-03-10", False)],
    )
    def test_begin_on_the_day_of_listing_and_end_with_the_day_before_the_anniversary(
        self, on: str, *, limited: bool
    ) -> None:
        assert in_force([Listing("police", SINCE)], TERMS, on_date=date.fromisoformat(on)) is limited

    def test_are_nobodys_to_change(self) -> None:
        years = DISCIPLINE_CONVICTED_YEARS, DISCIPLINE_POLICE_YEARS, DISCIPLINE_MOST_YEARS
        assert [(one.default, one.tighter) for one in years] == [(3, "fixed"), (2, "fixed"), (5, "fixed")]


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestAcc09Listed:
    """Who is listed, told by the ID number alone; it is no watchlist."""

    def _asked(self, subject_id: object, day: date) -> bool:
        BusinessDay.objects.update_or_create(pk=1, defaults={"date": day})
        with transaction.atomic():
            return is_disciplined(subject_id=subject_id, purpose="transfer", business_id="b")  # type: ignore[arg-type]

    @pytest.mark.parametrize(("ground", "end"), [("police", date(2027, 3, 10)), ("convicted", date(2028, 3, 10))])
    def test_is_limited_up_to_the_end_and_on_record_each_time(self, ground: str, end: date) -> None:
        subject_id = identified()
        assert not self._asked(subject_id, SINCE)
        discipline(subject_id, SINCE, ground=ground)
        assert self._asked(subject_id, SINCE)
        assert self._asked(subject_id, date.fromordinal(end.toordinal() - 1))
        assert not self._asked(subject_id, end)
        checks = Check.objects.all()
        assert {(row.kind, row.outcome, row.purpose) for row in checks} == {("watchlist", "hit", "transfer")}
        assert (len(checks), ScreeningAlert.objects.count(), ScreeningMatch.objects.count()) == (2, 2, 2)
        assert set(ScreeningMatch.objects.values_list("list_code", "matched_by")) == {("telecom_fraud", "id_number")}

    def test_a_later_version_of_the_list_counts(self) -> None:
        subject_id = identified()
        discipline(subject_id, SINCE)
        publish(entry_of(subject_id, SINCE), entry_of(subject_id, date(2026, 6, 1), ground="convicted"))
        assert self._asked(subject_id, date(2030, 3, 9))
        assert not self._asked(subject_id, date(2030, 3, 10))
        publish()
        assert not self._asked(subject_id, SINCE)

    def test_the_watchlists_know_nothing_of_it(self) -> None:
        subject_id = identified()
        discipline(subject_id, SINCE)
        with transaction.atomic():
            assert screen_subject(subject_id=subject_id, purpose="apply", business_id="b") == "clear"
        assert Check.objects.get().detail == {"lists": {}}

    @pytest.mark.parametrize(
        "line",
        [
            "E1,张伟,,police,2025-03-10",
            "E1,张伟,320583199001010010,,2025-03-10",
            "E1,张伟,320583199001010010,police,",
            "E1,张伟,320583199001010010,suspected,2025-03-10",
            "E1,张伟,320583199001010010,police,March",
        ],
    )
    def test_an_entry_that_tells_no_person_or_no_term_is_not_imported(self, tmp_path: Path, line: str) -> None:
        file = tmp_path / "list.csv"
        file.write_text(f"entry,name,id_number,ground,listed_date\n{line}\n", encoding="utf-8")
        with pytest.raises(CommandError):
            call_command("import_watchlist", str(file), "--list", "telecom_fraud")
        with at(PUBLIC):
            assert not WatchlistVersion.objects.exists()
