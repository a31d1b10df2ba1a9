"""What staff see of day ends, and the alarm of a calendar that is missing (INT-07)."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from core.tenancy import PROVINCE_CODE, in_bank
from lending.closing.runner import close_until
from lending.models import DayEndStage
from tenants.models import Holiday
from tenants.queries import missing_calendar_year
from tests.lending.borrowers import lend, make_borrower, set_day

START = date(2024, 1, 15)
ADMIN = "/b/125/admin/lending"


def staff(role: str) -> Client:
    user = User.objects.create_user(f"{role}-{uuid.uuid4().hex[:6]}", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestPages:
    def test_accountants_see_each_stage_with_its_figures_in_chinese(self) -> None:
        set_day(START)
        lend(make_borrower(), 100_000_00)
        set_day(date(2024, 2, 15))
        close_until(to_date=date(2024, 2, 16))
        client = staff("会计")
        listed = client.get(f"{ADMIN}/dayendstage/").content.decode()
        for words in ("计提利息", "切换营业日", "逾期与五级分类", "2024-02-15"):
            assert words in listed
        row = DayEndStage.objects.get(closed_date=date(2024, 2, 15), stage="income")
        shown = client.get(f"{ADMIN}/dayendstage/{row.pk}/change/").content.decode()
        for words in ("XF01", "应收利息", "500.00 元", "1302 应收利息"):
            assert words in shown
        debits = client.get(f"{ADMIN}/autodebit/").content.decode()
        assert "待扣款" in debits

    def test_every_word_of_every_figure_has_a_name(self) -> None:
        from lending.admin.closing import _leaves

        set_day(START)
        lend(make_borrower(), 100_000_00)
        set_day(date(2024, 6, 1))
        close_until(to_date=date(2024, 6, 3))
        names = {
            name for row in DayEndStage.objects.all() for leaf, _ in _leaves(row.figures) for name in leaf
        }  # fmt: skip
        assert {name for name in names if name.isascii()} == {"XF01"}

    def test_who_serves_customers_only_sees_no_day_end(self) -> None:
        assert staff("客户经理").get(f"{ADMIN}/dayendstage/").status_code == 403


@pytest.mark.django_db
class TestCalendar:
    @pytest.mark.parametrize(
        ("day", "year"),
        [(date(2040, 10, 31), 2040), (date(2040, 11, 1), 2041), (date(2040, 12, 31), 2041), (date(2041, 1, 1), 2041)],
    )
    def test_next_years_is_due_from_november_on(self, bank_a: str, day: date, year: int) -> None:
        assert missing_calendar_year(day) == year
        with in_bank(PROVINCE_CODE):
            Holiday.objects.create(date=date(year, 5, 1), is_working_day=False, name="劳动节")
        assert missing_calendar_year(day) is None

    def test_every_day_end_alarms_until_it_is_entered(self, bank_a: str, monkeypatch: pytest.MonkeyPatch) -> None:
        alarms: list[tuple[str, int]] = []
        monkeypatch.setattr("lending.day_end.log.error", lambda event, *, year: alarms.append((event, year)))
        set_day(date(2039, 11, 1))
        close_until(to_date=date(2039, 11, 3))
        assert alarms == [("calendar.year_missing", 2040)] * 2

    def test_the_province_is_warned_on_its_first_page_and_in_the_calendar(
        self, bank_a: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("config.dashboard.missing_calendar_year", lambda _: 2041)
        monkeypatch.setattr("tenants.admin.calendar.missing_calendar_year", lambda _: 2041)
        with in_bank(PROVINCE_CODE):
            client = staff("管理员")
            assert "缺 2041 年" in client.get("/admin/").content.decode()
            assert "尚未录入 2041 年的节假日安排" in client.get("/admin/tenants/holiday/").content.decode()
