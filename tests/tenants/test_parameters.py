"""Parameters: which value is in force, who may move it where, and how staff do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from core.audit.models import AuditEntry
from core.clock import business_date, move_business_date
from core.operations import TransactionRequired
from core.tenancy import PROVINCE_CODE, in_bank
from tenants import parameters
from tenants.catalogue import Present, presently
from tenants.models import BankParameter, PlatformParameter
from tenants.operations import set_bank_parameter, set_platform_parameter
from tenants.parameters import Parameter, ParameterRefused, set_for_bank, tightened, value_of
from tests.tenants.conftest import Browser

pytestmark = pytest.mark.django_db
SPECS = (
    Parameter("test.limit", default=100, meaning="上限", unit="元", source="测试", tighter="lower", low=10, high=500),
    Parameter("test.age", default=18, meaning="最低年龄", unit="岁", source="测试", tighter="higher", low=16, high=60),
    Parameter("test.fixed", default=7, meaning="固定", unit="天", source="测试", tighter="fixed", low=1, high=9),
    Parameter("test.flag", default=True, meaning="开关", source="测试"),
    Parameter("test.who", default="local", meaning="由谁", source="测试", choices=("local", "tencent")),
)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare parameters of the tests' own beside the product's."""
    for spec in SPECS:
        monkeypatch.setitem(parameters.CATALOGUE, spec.name, spec)


def _platform(name: str, value: Any, on: date | None = None) -> None:
    with in_bank(PROVINCE_CODE):
        PlatformParameter.objects.create(name=name, value=value, effective_date=on or date(2020, 1, 1))


def _bank(name: str, value: Any, on: date | None = None) -> None:
    set_bank_parameter(name=name, value=value, effective_date=on or business_date(), actor="lin")


def _shown(name: str) -> Present:
    return next(present for present in presently(business_date(), at_bank=True) if present.spec.name == name)


class TestValueInForce:
    def test_without_rows_it_is_the_default(self, bank_a: str) -> None:
        assert value_of("test.limit", kind=int) == 100
        assert _shown("test.limit").source == "default"

    def test_the_platforms_value_holds_for_every_bank(self, bank_a: str, bank_b: str) -> None:
        _platform("test.limit", 80)
        for bank in (bank_a, bank_b):
            with in_bank(bank):
                assert value_of("test.limit", kind=int) == 80
                assert _shown("test.limit").source == "platform"

    def test_a_banks_tighter_value_holds_at_that_bank_only(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            _bank("test.limit", 50)
            assert value_of("test.limit", kind=int) == 50
            assert _shown("test.limit").source == "bank"
        assert value_of("test.limit", kind=int) == 100

    def test_where_the_platform_becomes_tighter_the_platform_holds(self, bank_a: str) -> None:
        _bank("test.limit", 50)
        _platform("test.limit", 40)
        assert value_of("test.limit", kind=int) == 40
        shown = _shown("test.limit")
        assert (shown.source, shown.value, shown.ineffective) == ("platform", 40, 50)

    def test_the_latest_row_not_after_the_day_holds(self, bank_a: str) -> None:
        today = business_date()
        _bank("test.limit", 90, today)
        _bank("test.limit", 70, today + timedelta(days=10))
        assert value_of("test.limit", kind=int) == 90
        assert value_of("test.limit", kind=int, on=today + timedelta(days=9)) == 90
        assert value_of("test.limit", kind=int, on=today + timedelta(days=10)) == 70
        coming = _shown("test.limit").coming
        assert coming is not None
        assert (coming.value, coming.effective_date) == (70, today + timedelta(days=10))

    def test_it_goes_by_the_business_date(self, bank_a: str) -> None:
        day = business_date() + timedelta(days=3)
        _bank("test.limit", 60, day)
        assert value_of("test.limit", kind=int) == 100
        with transaction.atomic():
            move_business_date(to_date=day)
        assert value_of("test.limit", kind=int) == 60

    def test_a_wrong_kind_or_an_undeclared_name_is_a_defect(self, bank_a: str) -> None:
        with pytest.raises(TypeError):
            value_of("test.limit", kind=str)
        with pytest.raises(KeyError):
            value_of("test.nothing", kind=int)

    @pytest.mark.parametrize(
        ("name", "wide", "narrow", "holds"),
        [
            ("test.limit", 100, 50, 50),
            ("test.limit", 100, 150, 100),
            ("test.age", 18, 22, 22),
            ("test.age", 18, 16, 18),
            ("test.fixed", 7, 8, 7),
            ("test.flag", True, False, False),
            ("test.who", "local", "tencent", "tencent"),
        ],
    )
    def test_the_tighter_of_two_scopes(self, name: str, wide: Any, narrow: Any, holds: Any) -> None:
        assert tightened(parameters.CATALOGUE[name], wide, narrow) == holds


class TestSetForBank:
    def test_it_leaves_a_trace(self, bank_a: str) -> None:
        _bank("test.limit", 50)
        trace = AuditEntry.objects.get(action="parameter.bank_set")
        assert (trace.actor, trace.subject, trace.detail["value"]) == ("lin", "test.limit", 50)
        assert BankParameter.objects.get().created_by == "lin"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("test.nothing", 1),
            ("test.limit", 9),
            ("test.limit", 501),
            ("test.limit", "50"),
            ("test.limit", True),
            ("test.limit", 101),  # looser than the default
            ("test.age", 17),
            ("test.fixed", 8),
            ("test.flag", 0),
            ("test.who", "nobody"),
        ],
    )
    def test_what_is_wrong_or_looser_is_refused_and_nothing_changes(self, bank_a: str, name: str, value: Any) -> None:
        with pytest.raises(ParameterRefused):
            _bank(name, value)
        assert BankParameter.objects.count() == 0
        assert AuditEntry.objects.filter(action="parameter.bank_set").count() == 0

    def test_a_value_looser_than_the_platforms_of_that_date_is_refused(self, bank_a: str) -> None:
        later = business_date() + timedelta(days=30)
        _platform("test.limit", 40, later)
        _bank("test.limit", 60)
        with pytest.raises(ParameterRefused):
            _bank("test.limit", 60, later)

    def test_a_date_that_has_passed_is_refused(self, bank_a: str) -> None:
        with pytest.raises(ParameterRefused):
            _bank("test.limit", 50, business_date() - timedelta(days=1))

    def test_the_inner_operation_runs_within_a_transaction_only(self, bank_a: str) -> None:
        with pytest.raises(TransactionRequired):
            set_for_bank(name="test.limit", value=50, effective_date=business_date(), actor="lin")


class TestSetForPlatform:
    def test_every_bank_feels_it_and_the_province_keeps_the_trace(self, bank_a: str) -> None:
        with in_bank(PROVINCE_CODE):
            set_platform_parameter(name="test.limit", value=60, effective_date=date.today(), actor="lin")  # noqa: DTZ011
            assert AuditEntry.objects.filter(action="parameter.platform_set").count() == 1
        assert value_of("test.limit", kind=int) == 60
        assert AuditEntry.objects.filter(action="parameter.platform_set").count() == 0

    @pytest.mark.parametrize(
        ("name", "value", "day"),
        [
            ("test.nothing", 1, date(2099, 1, 1)),
            ("test.limit", 9, date(2099, 1, 1)),
            ("test.limit", 50, date(2020, 1, 1)),
        ],
    )
    def test_what_is_wrong_is_refused(self, bank_a: str, name: str, value: Any, day: date) -> None:
        with in_bank(PROVINCE_CODE), pytest.raises(ParameterRefused):
            set_platform_parameter(name=name, value=value, effective_date=day, actor="lin")
        with in_bank(PROVINCE_CODE):
            assert PlatformParameter.objects.filter(name=name).count() == 0


class TestAdmin:
    """The page with the catalogue."""

    ADDRESS = "/b/125/admin/tenants/bankparameter/"

    def _set(self, client: Client, name: str, value: Any, day: date) -> str:
        answer = client.post(
            f"{self.ADDRESS}set/{name}/", {"value": value, "effective_date": day.isoformat()}, follow=True
        )
        assert answer.status_code == 200
        return answer.content.decode()

    def test_it_shows_every_parameter_with_value_source_and_bounds(self, boss: Client) -> None:
        page = boss.get(self.ADDRESS).content.decode()
        missing = [name for name, spec in parameters.CATALOGUE.items() if name not in page or spec.meaning not in page]
        assert missing == []
        assert "默认值" in page
        assert "10 至 500" in page
        assert f"{self.ADDRESS}set/test.limit/" in page
        assert f"{self.ADDRESS}set/test.fixed/" not in page

    def test_the_catalogue_is_read_in_a_fixed_number_of_statements(
        self, bank_a: str, django_assert_num_queries: Any
    ) -> None:
        assert BankParameter.objects.count() == 0  # the connection is at the bank now
        with django_assert_num_queries(2):
            presently(date(2026, 1, 1), at_bank=True)

    def test_a_new_value_is_set_and_the_next_reading_feels_it(self, browser: Browser) -> None:
        client = browser(role="风险")
        with in_bank("125"):
            today = business_date()
        assert "新取值已保存" in self._set(client, "test.limit", 55, today)
        with in_bank("125"):
            assert value_of("test.limit", kind=int) == 55
            assert BankParameter.objects.get().created_by == "staff"
        with in_bank("116"):
            assert value_of("test.limit", kind=int) == 100

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("test.limit", "600", "500"),
            ("test.limit", "101", "更严"),
            ("test.limit", "abc", "整数"),
            ("test.who", "nobody", "nobody"),
        ],
    )
    def test_a_refusal_is_shown_on_the_form(self, boss: Client, name: str, value: str, told: str) -> None:
        with in_bank("125"):
            today = business_date()
        assert told in self._set(boss, name, value, today)
        with in_bank("125"):
            assert BankParameter.objects.count() == 0

    def test_a_switch_and_a_choice_have_fields_of_their_kind(self, boss: Client) -> None:
        with in_bank("125"):
            today = business_date()
        self._set(boss, "test.flag", "0", today)
        self._set(boss, "test.who", "tencent", today)
        with in_bank("125"):
            assert value_of("test.flag", kind=bool) is False
            assert value_of("test.who", kind=str) == "tencent"

    def test_a_fixed_parameter_and_an_unknown_one_have_no_form(self, boss: Client) -> None:
        assert boss.get(f"{self.ADDRESS}set/test.fixed/").status_code == 404
        assert boss.get(f"{self.ADDRESS}set/test.nothing/").status_code == 404

    def test_what_was_set_is_listed(self, boss: Client) -> None:
        with in_bank("125"):
            today = business_date()
        self._set(boss, "test.limit", 55, today)
        assert "test.limit" in boss.get(f"{self.ADDRESS}history/").content.decode()

    def test_the_province_sets_platform_values_fixed_ones_too(self, province_boss: Client) -> None:
        address = "/admin/tenants/platformparameter/"
        assert f"{address}set/test.fixed/" in province_boss.get(address).content.decode()
        given = {"value": "5", "effective_date": date.today().isoformat()}  # noqa: DTZ011
        assert province_boss.post(f"{address}set/test.fixed/", given).status_code == 302
        with in_bank("125"):
            assert value_of("test.fixed", kind=int) == 5
