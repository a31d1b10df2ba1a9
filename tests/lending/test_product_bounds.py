"""A bank's products lie within what the province allows: numbers by its parameters, regions by the bank's licence (LN-04)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from core.clock import business_date
from core.tenancy import PROVINCE_CODE, in_bank
from lending import operations, queries
from lending.offering import regions_served
from lending.publishing import problems_of
from tenants import directory
from tenants.operations import RegionsRefused, set_bank_parameter, set_licensed_regions, set_platform_parameter
from tenants.parameters import platform_day
from tests.lending.applicants import Outside, change_product, make_customer, start
from tests.lending.product_acts import draft_of, propose_publishing, publish_by_two

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]

BUSINESS: dict[str, Any] = {"kind": "business", "purposes": ["stock"]}


def _license(*regions: str, code: str = "125") -> None:
    with in_bank(PROVINCE_CODE):
        set_licensed_regions(code=code, regions=regions, reason="批复", actor="province")


def _allow(name: str, value: int, days: int = 0) -> None:
    with in_bank(PROVINCE_CODE), transaction.atomic():
        effective_date = platform_day() + timedelta(days=days)  # in the evening tomorrow: banks may be there already
        set_platform_parameter(
            name=f"bounds.{name}", value=value, effective_date=effective_date, proposed_by="one", decided_by="other"
        )


class TestNumbers:
    @pytest.mark.parametrize(
        ("values", "field", "name"),
        [
            ({"max_amount_fen": 200_000_01, "person_cap_fen": 300_000_00}, "max_amount_fen", "consumer_max_amount_yuan"),
            ({"kind": "business", "purposes": ["stock"], "max_amount_fen": 3_000_001_00, "person_cap_fen": 4_000_000_00},
             "max_amount_fen", "business_max_amount_yuan"),
            ({"max_age_at_maturity": 71}, "max_age_at_maturity", "max_age_at_maturity"),
        ],
    )  # fmt: skip
    def test_beyond_a_bound_are_refused_by_its_name_with_what_to_do(
        self, values: dict[str, Any], field: str, name: str
    ) -> None:
        found = problems_of(draft_of(**values))
        assert list(found) == [field]
        assert f"bounds.{name}" in found[field][0]
        assert "请" in found[field][0]

    @pytest.mark.parametrize(
        ("name", "bound", "values", "fits"),
        [
            ("consumer_max_amount_yuan", 100_000, {"max_amount_fen": 100_000_00}, {"max_amount_fen": 99_999_00}),
            ("consumer_max_term_months", 24, {"terms_months": [24, 25]}, {"terms_months": [24]}),
            ("max_rate_bp", 1_500, {"ceiling_rate": Decimal("15.01")}, {"ceiling_rate": Decimal(15)}),
            ("min_age", 23, {"min_age": 22}, {"min_age": 23}),
            ("max_age_at_maturity", 60, {"max_age_at_maturity": 61}, {"max_age_at_maturity": 60}),
        ],
    )
    def test_are_bound_by_the_provinces_value_of_the_day(
        self, name: str, bound: int, values: dict[str, Any], fits: dict[str, Any]
    ) -> None:
        (field,) = values
        day = platform_day()
        beyond = values | ({"max_amount_fen": 100_001_00} if "max_amount_fen" in values else {})
        draft = draft_of(**beyond, effective_date=day)
        assert problems_of(draft) == {}
        _allow(name, bound)
        assert field in problems_of(draft)
        assert field not in problems_of(draft_of(**fits, effective_date=day))

    @pytest.mark.parametrize(
        ("terms", "grounds", "refused"),
        [
            ([13, 60], "", None),
            ([60, 61], "", "bounds.business_max_term_months"),
            ([120], "果树挂果须五年", None),
            ([121], "果树挂果须五年", "bounds.long_cycle_max_term_months"),
        ],
    )
    def test_a_business_whose_money_comes_back_late_borrows_for_ten_years_on_stated_grounds(
        self, terms: list[int], grounds: str, refused: str | None
    ) -> None:
        """LN-03."""
        found = problems_of(draft_of(**BUSINESS, terms_months=terms, long_cycle_grounds=grounds))
        assert list(found) == ([] if refused is None else ["terms_months"])
        assert refused is None or refused in " ".join(found["terms_months"])
        assert grounds or refused is None or "说明" in found["terms_months"][0]

    def test_the_long_terms_of_businesses_are_a_parameter(self) -> None:
        _allow("long_cycle_max_term_months", 84)
        draft = draft_of(
            **BUSINESS, terms_months=[85], long_cycle_grounds="果树挂果须五年", effective_date=platform_day()
        )
        assert "84 个月" in problems_of(draft)["terms_months"][0]

    @pytest.mark.parametrize(("terms", "refused"), [([12, 60], []), ([13, 61], []), ([12, 61], ["terms_months"])])
    def test_int01_no_product_lends_for_up_to_a_year_and_for_more_than_five(
        self, terms: list[int], refused: list[str]
    ) -> None:
        found = problems_of(draft_of(**BUSINESS, terms_months=terms, long_cycle_grounds="果树挂果须五年"))
        assert list(found) == refused
        assert all("请另设产品" in found[field][0] for field in refused)

    def test_consumers_have_no_long_cycle(self) -> None:
        found = problems_of(draft_of(terms_months=[61], long_cycle_grounds="果树挂果须五年"))
        assert set(found) == {"terms_months", "long_cycle_grounds"}
        assert "请清空" in found["long_cycle_grounds"][0]

    def test_are_bound_by_the_day_on_which_the_version_takes_effect(self) -> None:
        _allow("consumer_max_amount_yuan", 100_000, days=5)
        assert problems_of(draft_of()) == {}
        assert list(problems_of(draft_of(effective_date=platform_day() + timedelta(days=5)))) == ["max_amount_fen"]

    def test_are_bound_by_the_banks_own_tighter_value(self) -> None:
        with transaction.atomic():
            set_bank_parameter(
                name="bounds.consumer_max_amount_yuan", value=150_000, effective_date=business_date(), product="",
                proposed_by="one", decided_by="other",
            )  # fmt: skip
        with pytest.raises(operations.ProductRefused) as refusal:
            propose_publishing(draft_of())
        assert list(refusal.value.errors) == ["max_amount_fen"]
        with in_bank("116"):
            assert problems_of(draft_of()) == {}


class TestRegions:
    def test_begin_as_the_city_of_the_banks_seat(self) -> None:
        card = directory.card_of("125")
        assert card is not None
        assert card.lends_in == ("3207",)

    @pytest.mark.parametrize(
        ("licence", "named", "outside"),
        [
            (["3207"], ["3207"], []),
            (["3207"], ["320706", "320700"], []),
            (["3207"], ["3207", "3205"], ["3205"]),
            (["3207"], ["32"], ["32"]),
            (["320706", "320703"], ["320706"], []),
            (["320706"], ["3207"], ["3207"]),
            (["320700"], ["3207"], []),
        ],
    )
    def test_only_shrink(self, licence: list[str], named: list[str], outside: list[str]) -> None:
        _license(*licence)
        found = problems_of(draft_of(service_regions=named)).get("service_regions", [])
        assert bool(found) is bool(outside)
        assert all(region in found[0] and "请删除" in found[0] for region in outside)

    def test_that_the_province_takes_away_are_served_no_more_though_a_version_names_them(
        self, outside: Outside
    ) -> None:
        version = queries.version_in_force("XF01")
        assert regions_served(version) == ["3207"]
        assert start(make_customer(region="320703")).status == "checking"
        _license("320706")
        assert regions_served(version) == ["320706"]
        assert start(make_customer(region="320703")).reason_codes == ["region_not_served"]
        assert start(make_customer(region="320706")).status == "checking"

    def test_that_the_province_adds_are_served_once_a_version_names_them(self, outside: Outside) -> None:
        _license("3207", "3208")
        assert start(make_customer(region="320804")).reason_codes == ["region_not_served"]
        publish_by_two(draft_of(service_regions=["3207", "320804"]))
        assert start(make_customer(region="320804")).status == "checking"
        change_product("XF03", service_regions=["3208"])

    @pytest.mark.parametrize("regions", [[], [""], ["江苏"], ["32070"], ["0207"]])
    def test_of_a_licence_are_codes(self, regions: list[str]) -> None:
        with pytest.raises(RegionsRefused) as refusal:
            _license(*regions)
        assert refusal.value.code == "regions_refused"
