"""Products: drafts, publishing, versions that never change, prices, quotes."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.audit.models import AuditEntry
from core.errors import InvalidRequest, NotFound, StateConflict
from core.tenancy import in_bank
from lending import operations, queries
from lending.decision.policy import PolicyFields
from lending.models import Product, ProductVersion
from lending.models.policy import COLUMNS, DERIVED
from lending.offering import offers_term, policy_of
from lending.publishing import problems_of
from lending.purposes import BANNED_PURPOSES, PERMITTED, PURPOSES, is_banned
from tenants.models import LprQuote
from tenants.queries import LprUnknown, lpr_on
from tests.at_once import at_once, told
from tests.lending.applicants import change_product
from tests.lending.product_acts import close, draft_of, propose_publishing, publish_by_two, reopen
from tests.second_person import approve


class TestPolicyColumns:
    def test_are_the_fields_of_the_policy(self) -> None:
        columns = {field.name for field in ProductVersion._meta.concrete_fields}
        policy = {item.name for item in fields(PolicyFields)}
        assert policy - columns == DERIVED
        assert set(COLUMNS) <= columns

    def test_begin_as_the_policy_does_but_for_the_ceiling_in_whole_basis_points(self) -> None:
        version = ProductVersion(service_regions=["3207"])
        defaults = {item.name: item.default for item in fields(PolicyFields)}
        different = {name for name in COLUMNS if getattr(version, name) != defaults[name]}
        assert different == {"ceiling_rate"}


class TestPurposes:
    def test_are_each_permitted_to_one_kind_or_banned(self) -> None:
        groups = [PERMITTED["consumer"], PERMITTED["business"], frozenset(BANNED_PURPOSES)]
        assert sorted(PURPOSES) == sorted(word for group in groups for word in group)

    @pytest.mark.parametrize(
        "text", ["securities", "购房首付", "炒 股", "偿还房贷", "买理财产品", "转借他人", "参与赌博", "投资 比特币"]
    )
    def test_banned_ones_are_known_in_other_words_too(self, text: str) -> None:
        assert is_banned(text)

    @pytest.mark.parametrize("text", ["consumption", "装修房屋", "孩子学费", "购买家电"])
    def test_ordinary_ones_are_not_banned(self, text: str) -> None:
        assert not is_banned(text)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestFurnishing:
    def test_gives_every_bank_two_open_products_for_its_own_city(self) -> None:
        versions = {version.product.code: version for version in queries.open_versions()}
        assert set(versions) == {"XF01", "XF03"}
        assert all(version.number == 1 and version.service_regions == ["3207"] for version in versions.values())
        assert versions["XF03"].methods == ["interest_only", "bullet", "pay_any_day"]
        with in_bank("116"):
            assert queries.version_in_force("XF01").service_regions == ["3205"]

    def test_products_pass_their_own_rules(self) -> None:
        for version in queries.open_versions():
            assert problems_of(version) == {}


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestDrafts:
    def test_copy_the_version_in_force(self) -> None:
        in_force = queries.version_in_force("XF01")
        draft = draft_of()
        assert (draft.number, draft.published_at) == (None, None)
        assert draft.pk != in_force.pk
        assert policy_of(draft) == policy_of(in_force)
        assert draft.terms_months == in_force.terms_months

    def test_are_one_a_product(self) -> None:
        product = Product.objects.get(code="XF01")
        first = operations.start_draft(product_id=product.pk, actor="pm")
        assert operations.start_draft(product_id=product.pk, actor="other") == first
        with pytest.raises(IntegrityError, match="one_draft"), transaction.atomic():
            ProductVersion.objects.create(product=product, name="x", service_regions=["3207"])

    def test_serve_nobody(self) -> None:
        draft_of(grade_a_spread_bp=150)
        assert queries.version_in_force("XF01").grade_a_spread_bp == 100

    def test_can_be_dropped_but_not_the_first_of_a_product(self) -> None:
        operations.discard_draft(version_id=draft_of().pk, actor="pm")
        assert not ProductVersion.objects.filter(published_at=None).exists()
        with transaction.atomic():
            first = operations.add_product(code="XF09", name="新产品", service_regions=["3207"], actor="pm")
        with pytest.raises(StateConflict):
            operations.discard_draft(version_id=first.pk, actor="pm")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestPublishDraft:
    def test_makes_the_next_version_and_says_who(self) -> None:
        draft = draft_of(grade_a_spread_bp=150)
        assert publish_by_two(draft).number == 2
        version = queries.version_in_force("XF01")
        assert (version.number, version.published_by, version.grade_a_spread_bp) == (2, "pm+checker", 150)
        assert AuditEntry.objects.filter(action="product.published", actor="pm+checker", subject="XF01").count() == 1

    def test_twice_conflicts(self) -> None:
        draft = draft_of()
        publish_by_two(draft)
        with pytest.raises(StateConflict):
            propose_publishing(draft)

    def test_reaches_every_process_at_once(self) -> None:
        change_product("XF01", name="薪享贷")
        assert queries.version_in_force("XF01").name == "薪享贷"

    @pytest.mark.parametrize(
        ("values", "field", "text"),
        [
            ({"methods": ["bullet"], "line_term_months": 13}, "line_term_months", "12 个月"),
            ({"methods": ["equal_instalment", "interest_only"], "line_term_months": 24}, "line_term_months", "LN-01a"),
            ({"compound_penalty": False, "compound_on_penalty": True}, "compound_on_penalty", "同时对逾期利息"),
            ({"min_amount_fen": 200_000_00}, "max_amount_fen", "大于最低"),
            ({"min_amount_fen": 300_000_00}, "max_amount_fen", "不得低于"),
            ({"ceiling_rate": Decimal("24.0000")}, "ceiling_rate", "24%"),
            ({"ceiling_rate": Decimal("24.0100")}, "ceiling_rate", ""),
            ({"ceiling_rate": Decimal("12.3456")}, "ceiling_rate", "两位小数"),
            ({"floor_rate": Decimal("20.0000"), "ceiling_rate": Decimal("15.0000")}, "floor_rate", "上限"),
            ({"terms_months": []}, "terms_months", ""),
            ({"terms_months": [0]}, "terms_months", ""),
            ({"terms_months": [12, 12]}, "terms_months", "重复"),
            ({"methods": []}, "methods", ""),
            ({"methods": ["bullet"], "terms_months": [24, 36]}, "terms_months", "12 个月"),
            ({"purposes": ["turnover"]}, "purposes", "相符"),
            ({"kind": "business"}, "purposes", "相符"),
            (
                {"kind": "business", "purposes": ["turnover"], "early_repayment_fee_percent": Decimal(1)},
                "early_repayment_fee_percent", "手续费",
            ),
            ({"required_consents": ["data_query", "e_sign"]}, "required_consents", "credit_query"),
            ({"service_regions": []}, "service_regions", ""),
            ({"service_regions": ["江苏"]}, "service_regions", "行政区划"),
            ({"grade_b_min_score": 800}, "grade_a_min_score", "依次递减"),
            ({"overdue_markup_percent": Decimal(60)}, "overdue_markup_percent", ""),
            ({"min_age": 17}, "min_age", ""),
            ({"contract_template": "#let broken = ("}, "contract_template", "合同模板有误"),
            ({"contract_template": "没有签章位置"}, "contract_template", "合同模板有误"),
        ],
    )  # fmt: skip
    def test_of_what_breaks_a_rule_is_refused_in_chinese(self, values: dict[str, Any], field: str, text: str) -> None:
        draft = draft_of(**values)
        with pytest.raises(operations.ProductRefused) as refusal:
            propose_publishing(draft)
        assert field in refusal.value.errors
        assert text in "".join(refusal.value.errors[field])
        assert queries.version_in_force("XF01").number == 1

    def test_lets_a_business_product_with_bullet_have_a_longer_line(self) -> None:
        change_product(
            "XF03",
            kind="business",
            purposes=["farming"],
            line_term_months=36,
            methods=["bullet"],
            terms_months=[12, 24],
        )
        version = queries.version_in_force("XF03")
        assert (version.line_term_months, offers_term(version, term_months=24, method="bullet")) == (36, True)

    def test_is_refused_by_the_database_where_the_rule_was_gone_round(self) -> None:
        draft = draft_of(methods=["bullet"], line_term_months=13)
        with pytest.raises(IntegrityError, match="lending_product_version_bullet_line"), transaction.atomic():
            ProductVersion.objects.filter(pk=draft.pk).update(number=9, published_at="2026-01-01T00:00:00+08:00")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestPublishedVersions:
    @pytest.mark.parametrize("change", [{"name": "x"}, {"published_at": None, "number": None}, {"ceiling_rate": 9}])
    def test_never_change(self, change: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            ProductVersion.objects.filter(number=1).update(**change)

    def test_are_never_removed(self) -> None:
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            ProductVersion.objects.filter(number=1)._raw_delete("default")


@pytest.mark.django_db(transaction=True)
class TestPublishingAtOnce:
    def test_gives_one_version(self) -> None:
        with in_bank("125"):
            proposal = propose_publishing(draft_of())
        results = at_once("125", [partial(approve, proposal_id=proposal.pk, actor="checker")] * 6)
        assert told(results) == ["done", *[StateConflict.code] * 5]
        with in_bank("125"):
            assert queries.version_in_force("XF01").number == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestOpenAndClose:
    def test_closed_products_are_not_listed_but_still_shown(self) -> None:
        close("XF03")
        assert [version.product.code for version in queries.open_versions()] == ["XF01"]
        assert queries.version_in_force("XF03").product == Product.objects.get(code="XF03")
        reopen("XF03")
        assert queries.open_versions().count() == 2
        closed, opened = AuditEntry.objects.filter(
            subject="XF03", action__in=["product.closed", "product.opened"]
        ).order_by("id")
        assert (closed.action, closed.actor) == ("product.closed", "pm")
        assert (opened.action, opened.actor) == ("product.opened", "pm+checker")

    def test_what_is_open_is_opened_by_nobody(self) -> None:
        with pytest.raises(StateConflict):
            reopen("XF03")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestInt01PriceRange:
    def test_is_lpr_and_spread_from_the_best_grade_to_the_last(self) -> None:
        price = queries.price_today(queries.version_in_force("XF01"))
        assert (price.lowest_rate, price.highest_rate) == (Decimal("4.0000"), Decimal("7.2000"))

    def test_leaves_out_grades_that_are_not_admitted(self) -> None:
        change_product("XF01", min_score=660)
        price = queries.price_today(queries.version_in_force("XF01"))
        assert price.highest_rate == Decimal("4.8000")

    def test_stays_between_floor_and_ceiling(self) -> None:
        change_product("XF01", floor_rate=Decimal("4.5000"), ceiling_rate=Decimal("6.0000"))
        price = queries.price_today(queries.version_in_force("XF01"))
        assert (price.lowest_rate, price.highest_rate) == (Decimal("4.5000"), Decimal("6.0000"))

    @pytest.mark.parametrize(("terms", "lowest"), [([12, 60], "4.2000"), ([24, 61], "4.7000")])
    def test_of_loans_beyond_five_years_follows_the_five_year_lpr_however_long_the_line(
        self, terms: list[int], lowest: str
    ) -> None:
        change_product(
            "XF03", kind="business", purposes=["farming"], line_term_months=72, terms_months=terms,
            methods=["equal_instalment"], long_cycle_grounds="果树挂果须五年",
        )  # fmt: skip
        assert queries.price_today(queries.version_in_force("XF03")).lowest_rate == Decimal(lowest)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestInt01LprOn:
    @pytest.mark.parametrize(
        ("day", "published", "one_year"),
        [
            (date(2019, 8, 20), date(2019, 8, 20), "4.25"),
            (date(2021, 12, 19), date(2020, 4, 20), "3.85"),
            (date(2025, 5, 19), date(2024, 10, 21), "3.10"),
            (date(2026, 11, 22), date(2025, 5, 20), "3.00"),
        ],
    )
    def test_is_the_last_one_published(self, day: date, published: date, one_year: str) -> None:
        quote = lpr_on(day)
        assert (quote.published_date, quote.one_year_rate) == (published, Decimal(one_year))

    def test_is_unknown_before_the_first(self) -> None:
        with pytest.raises(LprUnknown):
            lpr_on(date(2019, 8, 19))

    def test_is_seeded_once(self) -> None:
        assert LprQuote.objects.count() == 15


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestQuote:
    def _quote(self, code: str = "XF01", **changes: Any) -> queries.Quote:
        asked = {"amount_fen": 100_000_00, "term_months": 12, "method": "equal_instalment", **changes}
        return queries.quote(queries.version_in_force(code), **asked)

    def test_gives_the_published_schedule(self) -> None:
        found = self._quote(start_date=date(2024, 1, 15), annual_rate=Decimal("6.0000"))
        rows = found.schedule.instalments
        assert (rows[0].principal_fen, rows[0].interest_fen) == (8_106_64, 500_00)
        assert found.schedule.total_interest_fen == 3_279_73

    def test_without_a_rate_uses_the_highest_that_may_be_asked(self) -> None:
        assert self._quote().annual_rate == Decimal("7.2000")

    @pytest.mark.parametrize(
        ("amount_fen", "allowed"), [(499_99, False), (500_00, True), (200_000_00, True), (200_000_01, False)]
    )
    def test_lends_within_the_products_amounts(self, amount_fen: int, allowed: object) -> None:
        if allowed:
            assert self._quote(amount_fen=amount_fen).schedule.instalments
        else:
            with pytest.raises(queries.AmountOutOfRange):
                self._quote(amount_fen=amount_fen)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"term_months": 7}, "term"),
            ({"method": "bullet"}, "method"),
            ({"method": "pay_any_day", "term_months": 24}, "term"),
            ({"annual_rate": Decimal("2.9900")}, "annual_rate"),
            ({"annual_rate": Decimal("24.0000")}, "annual_rate"),
        ],
    )
    def test_on_terms_that_are_not_offered_is_refused(self, changes: dict[str, Any], field: str) -> None:
        with pytest.raises(queries.TermsNotOffered) as refusal:
            self._quote(**changes)
        assert list(refusal.value.errors) == [field]

    def test_of_a_consumer_loan_due_at_the_end_runs_a_year_at_most(self) -> None:
        change_product("XF01", methods=["equal_instalment", "bullet"])
        assert self._quote(term_months=24).schedule.instalments
        with pytest.raises(queries.TermsNotOffered):
            self._quote(term_months=24, method="bullet")

    def test_int01_no_loan_costs_more_than_24_percent_a_year_whatever_its_months(self) -> None:
        change_product("XF01", methods=["equal_instalment", "bullet"])
        asked: dict[str, Any] = {"term_months": 3, "method": "bullet", "annual_rate": Decimal("23.6700")}
        # Three twelfths, 5,917.50, are charged for 92 days, then for 89: 24.27 % a year.
        assert self._quote(start_date=date(2026, 3, 1), **asked).schedule.all_in_annual_rate == Decimal("23.9988")
        with pytest.raises(queries.TermsNotOffered) as refusal:
            self._quote(start_date=date(2026, 1, 31), **asked)
        assert "24.2684%" in refusal.value.errors["term"][0]

    def test_from_a_day_no_calendar_reaches_is_unreadable(self) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            self._quote(start_date=date(1900, 1, 1))
        assert list(refusal.value.errors) == ["start"]


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestVersionInForce:
    @pytest.mark.parametrize("code", ["XF99", "xf01", "", "X" * 40, "XF01\x00"])
    def test_of_what_is_no_product_here_is_not_found(self, code: str) -> None:
        with pytest.raises(NotFound):
            queries.version_in_force(code)
