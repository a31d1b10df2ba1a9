"""Parameters: which value is in force, who may move it where, and how staff do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from core.approvals.models import Proposal
from core.approvals.operations import SameHands, propose
from core.audit.models import AuditEntry
from core.clock import business_date, move_business_date
from core.operations import TransactionRequired
from core.tenancy import PROVINCE_CODE, in_bank
from tenants import parameters
from tenants.approvals import BANK_PARAMETER, PLATFORM_PARAMETER, subject_of
from tenants.catalogue import Present, presently
from tenants.models import BankParameter, PlatformParameter
from tenants.parameters import (
    LOCKED,
    Locked,
    Parameter,
    ParameterRefused,
    lock,
    platform_day,
    set_for_bank,
    tightened,
    value_of,
)
from tests.second_person import approve_within
from tests.tenants.conftest import Browser, approve_all

pytestmark = pytest.mark.django_db
SPECS = (
    Parameter("test.limit", default=100, meaning="上限", unit="元", source="测试", tighter="lower", low=10, high=500),
    Parameter("test.age", default=18, meaning="最低年龄", unit="岁", source="测试", tighter="higher", low=16, high=60),
    Parameter("test.fixed", default=7, meaning="固定", unit="天", source="测试", tighter="fixed", low=1, high=9),
    Parameter("test.flag", default=True, meaning="开关", source="测试"),
    Parameter("test.who", default="local", meaning="由谁", source="测试", choices=("local", "tencent")),
    Parameter(
        "test.only", default="a,b,c", meaning="范围", source="测试", tighter="subset", choices=("a", "b", "c", "d")
    ),
    Parameter("test.also", default="a", meaning="要求", source="测试", tighter="superset"),
    Parameter("test.on", default=True, meaning="必须", source="测试", tighter="higher"),
    Parameter(
        "test.of",
        default=9,
        meaning="按产品",
        unit="天",
        source="测试",
        tighter="lower",
        low=1,
        high=9,
        by_product=True,
    ),
    Parameter("test.later", default=5, meaning="需提前", unit="天", source="测试", low=1, high=9, notice_days=3),
)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare parameters of the tests' own beside the product's."""
    for spec in SPECS:
        monkeypatch.setitem(parameters.CATALOGUE, spec.name, spec)


def _platform(name: str, value: Any, on: date | None = None) -> None:
    with in_bank(PROVINCE_CODE):
        PlatformParameter.objects.create(name=name, value=value, effective_date=on or date(2020, 1, 1))


def _bank(name: str, value: Any, on: date | None = None, product: str = "") -> None:
    with transaction.atomic():
        set_for_bank(name=name, value=value, effective_date=on or business_date(), actor="lin", product=product)


def _propose(name: str, value: Any, on: date | None = None, *, product: str = "", actor: str = "maker") -> Proposal:
    given = {"value": value, "effective_date": (on or business_date()).isoformat()}
    return propose(kind=BANK_PARAMETER, subject=subject_of(name, product), values=given, reason="理由", actor=actor)


def _approve(proposal: Proposal, actor: str = "checker") -> None:
    with transaction.atomic():
        approve_within(proposal_id=proposal.pk, actor=actor, reason="同意")


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
            ("test.only", "a,b,c", "c,a", "a,c"),
            ("test.only", "a,b,c", "c,d", "c"),
            ("test.also", "a,b", "b,c", "a,b,c"),
            ("test.on", True, False, True),
        ],
    )
    def test_the_tighter_of_two_scopes(self, name: str, wide: Any, narrow: Any, holds: Any) -> None:
        assert tightened(parameters.CATALOGUE[name], wide, narrow) == holds


class TestProduct:
    def test_a_product_is_tighter_than_its_bank_which_is_tighter_than_the_platform(self, bank_a: str) -> None:
        _bank("test.of", 7)
        _bank("test.of", 5, product="XF01")
        assert (value_of("test.of", kind=int), value_of("test.of", kind=int, product="XF01")) == (7, 5)
        assert value_of("test.of", kind=int, product="JY01") == 7
        _bank("test.of", 4)
        assert value_of("test.of", kind=int, product="XF01") == 4
        _platform("test.of", 3)
        assert value_of("test.of", kind=int, product="XF01") == 3
        assert _shown("test.of").value == 3
        assert [row.value for row in _shown("test.of").products] == [5]

    def test_a_product_cannot_be_looser_than_its_bank_nor_differ_where_the_parameter_knows_no_products(
        self, bank_a: str
    ) -> None:
        _bank("test.of", 7)
        with pytest.raises(ParameterRefused, match="本行取值 7天"):
            _bank("test.of", 8, product="XF01")
        with pytest.raises(ParameterRefused, match="不能按产品"):
            _bank("test.limit", 50, product="XF01")
        with pytest.raises(TypeError):
            value_of("test.limit", kind=int, product="XF01")


WRONG = [
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
    ("test.only", "a,d"),
    ("test.only", "a,x"),
    ("test.only", ""),
    ("test.only", "a,a"),
    ("test.only", "a, b"),
    ("test.also", "b"),
    ("test.on", False),
    ("aml.screening", False),
    ("application.related_party", False),
]


class TestTwoPeople:
    """S25: a new value is one person's proposal and another's approval, and takes effect on its day."""

    def test_the_maker_alone_has_no_effect_and_two_people_leave_both_names(self, bank_a: str) -> None:
        proposal = _propose("test.limit", 50)
        assert (value_of("test.limit", kind=int), BankParameter.objects.count()) == (100, 0)
        _approve(proposal)
        assert value_of("test.limit", kind=int) == 50
        row = BankParameter.objects.get()
        assert (row.created_by, row.approved_by) == ("maker", "checker")
        trace = AuditEntry.objects.get(action="parameter.bank_set")
        assert (trace.actor, trace.subject, trace.detail["value"]) == ("maker+checker", "test.limit", 50)

    def test_who_made_it_cannot_check_it(self, bank_a: str) -> None:
        proposal = _propose("test.limit", 50)
        with pytest.raises(SameHands):
            _approve(proposal, "maker")
        assert (value_of("test.limit", kind=int), BankParameter.objects.count()) == (100, 0)

    def test_a_day_in_the_future_is_respected(self, bank_a: str) -> None:
        day = business_date() + timedelta(days=3)
        _approve(_propose("test.limit", 50, day))
        assert value_of("test.limit", kind=int) == 100
        with transaction.atomic():
            move_business_date(to_date=day)
        assert value_of("test.limit", kind=int) == 50

    def test_the_platforms_cap_cannot_be_exceeded(self, bank_a: str) -> None:
        _platform("test.limit", 60)
        with pytest.raises(ParameterRefused, match="更严"):
            _propose("test.limit", 61)
        waiting = _propose("test.limit", 55)
        _platform("test.limit", 40, date(2020, 1, 2))
        with pytest.raises(ParameterRefused, match="平台取值 40元"):
            _approve(waiting)
        assert value_of("test.limit", kind=int) == 40

    @pytest.mark.parametrize(("name", "value"), WRONG)
    def test_what_is_wrong_looser_or_locked_is_refused_when_it_is_proposed(
        self, bank_a: str, name: str, value: Any
    ) -> None:
        with pytest.raises(ParameterRefused):
            _propose(name, value)

    def test_a_value_looser_than_the_platforms_of_that_date_is_refused(self, bank_a: str) -> None:
        later = business_date() + timedelta(days=30)
        _platform("test.limit", 40, later)
        _propose("test.limit", 60)
        with pytest.raises(ParameterRefused):
            _propose("test.limit", 60, later, actor="other")

    def test_a_date_that_has_passed_is_refused_and_so_is_one_that_passes_before_the_approval(self, bank_a: str) -> None:
        today = business_date()
        with pytest.raises(ParameterRefused, match="不能追溯"):
            _propose("test.limit", 50, today - timedelta(days=1))
        waiting = _propose("test.limit", 50, today)
        with transaction.atomic():
            move_business_date(to_date=today + timedelta(days=1))
        with pytest.raises(ParameterRefused, match=f"请以 {today + timedelta(days=1)} 或之后的日期重新申请"):
            _approve(waiting)
        assert (BankParameter.objects.count(), Proposal.objects.get().status) == (0, "proposed")

    def test_a_parameter_may_need_longer_notice(self, bank_a: str) -> None:
        today = business_date()
        with pytest.raises(ParameterRefused, match=str(today + timedelta(days=3))):
            _propose("test.later", 6, today + timedelta(days=2))
        _approve(_propose("test.later", 6, today + timedelta(days=3)))

    def test_a_product_has_a_proposal_of_its_own(self, bank_a: str) -> None:
        whole, product = _propose("test.of", 7), _propose("test.of", 5, product="XF01")
        _approve(product)
        _approve(whole)
        assert (value_of("test.of", kind=int), value_of("test.of", kind=int, product="XF01")) == (7, 5)

    def test_the_inner_operation_runs_within_a_transaction_only(self, bank_a: str) -> None:
        with pytest.raises(TransactionRequired):
            set_for_bank(name="test.limit", value=50, effective_date=business_date(), actor="lin")


class TestPlatform:
    def _propose(self, name: str, value: Any, day: date | None = None) -> Proposal:
        given = {"value": value, "effective_date": (day or platform_day()).isoformat()}
        return propose(kind=PLATFORM_PARAMETER, subject=name, values=given, reason="理由", actor="maker")

    def test_every_bank_feels_it_once_two_people_agreed_and_the_province_keeps_the_trace(self, bank_a: str) -> None:
        with in_bank(PROVINCE_CODE):
            proposal = self._propose("test.limit", 60)
        day = platform_day()
        assert value_of("test.limit", kind=int, on=day) == 100
        with in_bank(PROVINCE_CODE):
            with pytest.raises(SameHands):
                _approve(proposal, "maker")
            _approve(proposal)
            assert AuditEntry.objects.get(action="parameter.platform_set").actor == "maker+checker"
        assert value_of("test.limit", kind=int, on=day) == 60
        assert AuditEntry.objects.filter(action="parameter.platform_set").count() == 0

    @pytest.mark.parametrize(
        ("name", "value", "day"),
        [
            ("test.nothing", 1, date(2099, 1, 1)),
            ("test.limit", 9, date(2099, 1, 1)),
            ("test.limit", 50, date(2020, 1, 1)),
            ("aml.due_diligence", False, date(2099, 1, 1)),
            ("disclosure.reading_floor", 1, date(2099, 1, 1)),
        ],
    )
    def test_what_is_wrong_or_locked_is_refused(self, bank_a: str, name: str, value: Any, day: date) -> None:
        with in_bank(PROVINCE_CODE):
            with pytest.raises(ParameterRefused):
                self._propose(name, value, day)
            assert PlatformParameter.objects.filter(name=name).count() == 0

    def test_the_reading_floor_holds_for_the_platform_too(self, bank_a: str) -> None:
        with in_bank(PROVINCE_CODE), pytest.raises(ParameterRefused, match="不得低于 5秒"):
            self._propose("disclosure.min_read_seconds", 4, date(2099, 1, 1))


class TestLocked:
    def test_what_the_law_demands_is_no_parameter_and_says_why(self) -> None:
        wanted = {"aml.screening", "aml.due_diligence", "disclosure.reading_floor", "application.related_party"}
        assert wanted <= set(LOCKED)
        assert all(item.reason and item.source and item.always for item in LOCKED.values())
        assert set(LOCKED) & set(parameters.CATALOGUE) == set()

    def test_a_parameter_is_not_locked_by_the_way(self) -> None:
        with pytest.raises(ValueError, match="parameter"):
            lock(Locked("test.limit", "", "", "", ""))


class TestAdmin:
    """The page with the catalogue."""

    ADDRESS = "/b/125/admin/tenants/bankparameter/"

    def _set(self, client: Client, name: str, value: Any, day: date, product: str = "") -> str:
        given = {"value": value, "effective_date": day.isoformat(), "reason": "理由", "product": product}
        answer = client.post(f"{self.ADDRESS}set/{name}/", given, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_it_shows_every_parameter_with_value_source_and_bounds(self, boss: Client) -> None:
        page = boss.get(self.ADDRESS).content.decode()
        missing = [name for name, spec in parameters.CATALOGUE.items() if name not in page or spec.meaning not in page]
        assert missing == []
        assert "默认值" in page
        assert "10 至 500" in page
        assert [
            word for word in ("只能调低", "只能调高", "只能缩小范围", "只能开启", "不可更改") if word not in page
        ] == []
        assert [item.name for item in LOCKED.values() if item.name not in page or item.reason not in page] == []
        assert f"{self.ADDRESS}set/test.limit/" in page
        assert f"{self.ADDRESS}set/test.fixed/" not in page

    def test_the_catalogue_is_read_in_a_fixed_number_of_statements(
        self, bank_a: str, django_assert_num_queries: Any
    ) -> None:
        assert BankParameter.objects.count() == 0  # the connection is at the bank now
        with django_assert_num_queries(2):
            presently(date(2026, 1, 1), at_bank=True)

    def test_a_new_value_waits_for_another_person_and_then_the_next_reading_feels_it(self, browser: Browser) -> None:
        maker, checker = browser(role="风险"), browser(role="合规", login="hegui")
        with in_bank("125"):
            today = business_date()
        assert "已提交" in self._set(maker, "test.limit", 55, today)
        with in_bank("125"):
            assert value_of("test.limit", kind=int) == 100
            proposal = Proposal.objects.get()
        page = f"/b/125/admin/core/proposal/{proposal.pk}/"
        assert maker.post(f"{page}approve/", {"reason": "同意"}).status_code == 403
        shown = checker.get(f"{page}change/").content.decode()
        assert [text for text in ("上限（test.limit）", "现取值：100元", "新取值：55元") if text not in shown] == []
        assert checker.post(f"{page}approve/", {"reason": "同意"}).status_code == 302
        with in_bank("125"):
            assert value_of("test.limit", kind=int) == 55
        with in_bank("116"):
            assert value_of("test.limit", kind=int) == 100
        history = maker.get(f"{self.ADDRESS}show/test.limit/").content.decode()
        assert [text for text in ("55元", "staff", "hegui", "已通过", "理由", "只能调低") if text not in history] == []

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
        self._set(boss, "test.only", "a、c", today)
        self._set(boss, "test.of", 4, today, product="XF01")
        assert approve_all("125") == 4
        with in_bank("125"):
            assert value_of("test.flag", kind=bool) is False
            assert value_of("test.who", kind=str) == "tencent"
            assert value_of("test.only", kind=str) == "a,c"
            assert value_of("test.of", kind=int, product="XF01") == 4
        assert "XF01" in boss.get(f"{self.ADDRESS}show/test.of/").content.decode()

    def test_a_fixed_parameter_and_an_unknown_one_have_no_form(self, boss: Client) -> None:
        assert boss.get(f"{self.ADDRESS}set/test.fixed/").status_code == 404
        for act in ("set", "show"):
            assert boss.get(f"{self.ADDRESS}{act}/test.nothing/").status_code == 404
        assert boss.get(f"{self.ADDRESS}set/aml.screening/").status_code == 404

    def test_what_was_set_is_listed(self, boss: Client) -> None:
        with in_bank("125"):
            today = business_date()
        self._set(boss, "test.limit", 55, today)
        approve_all("125")
        assert "test.limit" in boss.get(f"{self.ADDRESS}history/").content.decode()

    def test_the_province_sets_platform_values_fixed_ones_too(self, province_boss: Client) -> None:
        address = "/admin/tenants/platformparameter/"
        assert f"{address}set/test.fixed/" in province_boss.get(address).content.decode()
        given = {"value": "5", "effective_date": platform_day().isoformat(), "reason": "理由"}
        assert province_boss.post(f"{address}set/test.fixed/", given).status_code == 302
        approve_all(PROVINCE_CODE)
        with in_bank("125"):
            assert value_of("test.fixed", kind=int, on=platform_day()) == 5
