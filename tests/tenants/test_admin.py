"""The two admin sites: logins that end at their bank's border, roles, pages, guards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory

from config.admin_site import CONTENT_SECURITY_POLICY, bank_admin, province_admin
from config.navigation import BANK, PROVINCE
from core.audit.log import record
from core.audit.models import AuditEntry
from core.ids import new_id
from core.steps.models import LIVE, PARKED, Step
from core.tenancy import PROVINCE_CODE, in_bank
from tenants.models import Bank, BankParameter, Entry, Holiday, LprQuote
from tenants.staff import MANAGER, PROVINCE_ROLES, ROLES, StaffRefused, make_login
from tests.tenants.conftest import PASSWORD, Browser, admin_of, approve_all, log_in

pytestmark = pytest.mark.django_db


def _pages(site: Any) -> Iterator[tuple[str, Any, Any]]:
    """Give every registered page: its address below the admin, its model and itself."""
    for model, page in site._registry.items():
        yield f"{model._meta.app_label}/{model._meta.model_name}/", model, page


def _parked_step() -> Step:
    return Step.objects.create(
        kind="entry.fetch_code", lane="vendor", subject=new_id().hex, state=PARKED, crashes=5, attempt=5
    )


class TestLogin:
    def test_the_admin_asks_for_a_login_and_comes_back_to_the_page(self) -> None:
        answer = Client().get("/b/125/admin/tenants/entry/")
        assert answer.status_code == 302
        assert answer["Location"] == "/b/125/admin/login/?next=/b/125/admin/tenants/entry/"

    @pytest.mark.parametrize("bank", ["125", "116", PROVINCE_CODE])
    def test_a_login_without_a_page_in_mind_ends_at_the_sites_first_page(self, bank: str) -> None:
        with in_bank(bank):
            make_login(login="staff", role=MANAGER, password=PASSWORD)
        answer = Client().post(f"{admin_of(bank)}login/", {"username": "staff", "password": PASSWORD})
        assert answer["Location"] == admin_of(bank)

    def test_cookies_are_kept_to_the_banks_path(self, browser: Browser) -> None:
        client = browser("125", by_form=True)
        assert {cookie["path"] for cookie in client.cookies.values()} == {"/b/125/"}
        assert client.cookies["sessionid"]["httponly"]
        assert client.cookies["csrftoken"]["httponly"]

    def test_the_provinces_cookies_are_kept_to_its_admin_so_that_they_never_hide_a_banks(
        self, browser: Browser
    ) -> None:
        client = browser(PROVINCE_CODE, by_form=True)
        assert {cookie["path"] for cookie in client.cookies.values()} == {"/admin/"}

    def test_logging_out_ends_the_session(self, boss: Client) -> None:
        assert boss.get("/b/125/admin/").status_code == 200
        boss.post("/b/125/admin/logout/")
        assert boss.get("/b/125/admin/").status_code == 302

    def test_a_session_of_one_bank_is_worthless_at_another_and_at_the_province(self, boss: Client) -> None:
        kept = boss.cookies["sessionid"].value
        for address in ("/b/116/admin/", "/admin/"):
            answer = boss.get(address)
            assert answer.status_code == 302
            assert "/login/" in answer["Location"]
        with in_bank("116"):
            assert not Session.objects.filter(pk=kept).exists()
        with in_bank("125"):
            assert Session.objects.filter(pk=kept).exists()

    def test_a_login_of_one_bank_is_nobody_at_another(self, boss: Client) -> None:
        del boss
        answer = Client().post("/b/116/admin/login/", {"username": "boss", "password": PASSWORD})
        assert answer.status_code == 200
        assert "sessionid" not in answer.cookies

    def test_a_login_without_staff_standing_is_refused(self) -> None:
        with in_bank("125"):
            User.objects.create_user("customer", password=PASSWORD)
        answer = Client().post("/b/125/admin/login/", {"username": "customer", "password": PASSWORD})
        assert "sessionid" not in answer.cookies


class TestEveryPage:
    """Walk all registered pages; a bank's lists are opened, with their rows, by `tests/flows/test_admin_pages.py`."""

    def test_of_the_province_has_a_list(self, province_boss: Client) -> None:
        for address, _, _ in _pages(province_admin):
            assert province_boss.get(f"/admin/{address}").status_code == 200, address

    @pytest.mark.parametrize("bank", ["125", PROVINCE_CODE])
    def test_of_a_site_has_a_form_where_it_may_add(self, browser: Browser, bank: str) -> None:
        client = browser(bank, is_superuser=True, login="boss")
        site = province_admin if bank == PROVINCE_CODE else bank_admin
        for address, _, _ in _pages(site):
            added = client.get(f"{admin_of(bank)}{address}add/")
            assert added.status_code in (200, 403), address

    @pytest.mark.parametrize("bank", ["125", PROVINCE_CODE])
    def test_of_a_site_shows_the_rows_that_a_new_database_has(self, browser: Browser, bank: str) -> None:
        client = browser(bank, is_superuser=True, login="boss")
        site = province_admin if bank == PROVINCE_CODE else bank_admin
        shown = 0
        for address, model, _ in _pages(site):
            with in_bank(bank):
                row = model._default_manager.order_by("-pk").first()
            if row is not None:
                answer = client.get(f"{admin_of(bank)}{address}{row.pk}/change/")
                assert answer.status_code == 200, address
                shown += 1
        assert shown >= 4

    def test_of_bank_b_sends_bank_as_session_to_the_login(self, boss: Client) -> None:
        for address, _, _ in _pages(bank_admin):
            for path in (address, f"{address}add/", f"{address}{new_id()}/change/", f"{address}{new_id()}/history/"):
                answer = boss.get(f"/b/116/admin/{path}")
                assert answer.status_code == 302, path
                assert answer["Location"].startswith("/b/116/admin/login/"), path

    def test_of_a_site_stands_in_the_navigation(self) -> None:
        for site, places in ((bank_admin, BANK), (province_admin, PROVINCE)):
            registered = {model._meta.label for _, model, _ in _pages(site)}
            assert registered - set(places) == set(), "give it a place and a symbol in config/navigation.py"

    def test_deletes_nothing(self, boss: Client) -> None:
        for address, model, _ in _pages(bank_admin):
            with in_bank("125"):
                row = model._default_manager.first()
                count = model._default_manager.count()
            if row is not None:
                assert boss.post(f"/b/125/admin/{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403, address
                with in_bank("125"):
                    assert model._default_manager.count() == count, address

    def test_has_a_content_security_policy_the_login_too(self, boss: Client) -> None:
        for path in ("", "tenants/entry/", "tenants/bankparameter/", "auth/user/", "jsi18n/"):
            assert boss.get(f"/b/125/admin/{path}")["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert Client().get("/b/125/admin/login/")["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


class TestForgery:
    def test_bank_bs_token_is_refused_at_bank_a(self, boss: Client) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies["sessionid"] = boss.cookies["sessionid"].value
        client.get("/b/125/admin/")
        other = Client(enforce_csrf_checks=True)
        other.get("/b/116/admin/login/")
        answer = client.post(
            "/b/125/admin/tenants/entry/add/",
            {"branch": "", "csrfmiddlewaretoken": other.cookies["csrftoken"].value},
        )
        assert answer.status_code == 403
        with in_bank("125"):
            assert Entry.objects.count() == 0

    def test_an_act_is_not_done_by_get(self, boss: Client) -> None:
        with in_bank("125"):
            step = _parked_step()
        assert boss.get(f"/b/125/admin/core/step/{step.pk}/retry/").status_code == 200
        with in_bank("125"):
            step.refresh_from_db()
            assert step.state == PARKED


class TestLook:
    def test_it_speaks_chinese_whatever_the_browser_prefers(self) -> None:
        page = Client().get("/b/125/admin/login/", headers={"Accept-Language": "en-US"}).content.decode()
        assert "欢迎登录" in page
        assert "登录" in page
        assert "Welcome" not in page

    def test_each_bank_shows_its_own_name(self, browser: Browser) -> None:
        a, b = browser("125"), browser("116", login="other")
        assert "连云港" in a.get("/b/125/admin/").content.decode()
        page = b.get("/b/116/admin/").content.decode()
        assert "张家港" in page
        assert "连云港" not in page
        assert "/b/125/" not in page

    def test_its_static_files_are_served_and_nothing_comes_from_elsewhere(self, settings: Any, boss: Client) -> None:
        settings.WHITENOISE_USE_FINDERS = True  # as the product has it, see tests/settings.py
        boss.handler.load_middleware()
        page = boss.get("/b/125/admin/").content.decode()
        files = set(re.findall(r'(?:href|src)="([^"]+\.(?:css|js|svg))"', page))
        assert any(file.endswith("config/admin.css") for file in files)
        assert all(file.startswith("/static/") for file in files), files
        for file in files:
            answer = boss.get(file)
            assert answer.status_code == 200, file
            answer.close()

    def test_the_search_for_pages_keeps_to_the_bank(self, browser: Browser) -> None:
        a, b = browser("125", is_superuser=True), browser("116", is_superuser=True)
        assert "/b/125/admin/tenants/entry/" in a.get("/b/125/admin/search/?s=推广码").content.decode()
        found = b.get("/b/116/admin/search/?s=推广码").content.decode()
        assert "/b/116/admin/tenants/entry/" in found
        assert "/b/125/" not in found
        with in_bank("125"):
            key = cache.make_key("unfold_search")
        with in_bank("116"):
            assert cache.make_key("unfold_search") != key  # the theme's own key names the user's number only

    def test_every_word_of_the_theme_is_translated(self) -> None:
        import unfold
        from django.utils.translation import gettext, override

        marked = re.compile(r"""(?:{%\s*trans(?:late)?\s+|\b_\()(?:"([^"]+)"|'([^']+)')""")
        words = {
            double or single
            for file in Path(unfold.__file__).parent.glob("templates/**/*.html")
            for double, single in marked.findall(file.read_text(encoding="utf-8"))
        }
        assert len(words) > 80
        with override("zh-hans"):
            assert [word for word in sorted(words) if gettext(word) == word] == []


class TestRoles:
    def test_every_bank_has_the_roles(self) -> None:
        for bank in ("125", "116"):
            with in_bank(bank):
                assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
        with in_bank(PROVINCE_CODE):
            assert set(Group.objects.values_list("name", flat=True)) == set(PROVINCE_ROLES)

    @pytest.mark.parametrize(("bank", "roles"), [("125", ROLES), (PROVINCE_CODE, PROVINCE_ROLES)])
    def test_every_pattern_of_a_role_means_a_right_that_exists(self, bank: str, roles: dict[str, list[str]]) -> None:
        from fnmatch import fnmatchcase

        with in_bank(bank):
            known = [
                f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")
            ]
        idle = {
            (role, pattern)
            for role, patterns in roles.items()
            for pattern in patterns
            if not any(fnmatchcase(right, pattern.removeprefix("!")) for right in known)
        }
        assert idle == set()

    def test_a_role_sees_its_pages_and_no_others(self, browser: Browser) -> None:
        accountant = browser("125", role="会计")
        assert accountant.get("/b/125/admin/accounts/journalentry/").status_code == 200
        assert accountant.get("/b/125/admin/accounts/customer/").status_code == 403
        assert accountant.get("/b/125/admin/tenants/entry/").status_code == 403
        assert accountant.get("/b/125/admin/auth/user/").status_code == 403
        page = accountant.get("/b/125/admin/").content.decode()
        assert "会计分录" in page
        assert "推广码" not in page

    def test_a_role_that_may_only_look_is_refused_every_act(self, browser: Browser) -> None:
        auditor = browser("125", role="审计")
        with in_bank("125"):
            step = _parked_step()
        assert auditor.post(f"/b/125/admin/core/step/{step.pk}/retry/").status_code == 403
        assert auditor.post("/b/125/admin/tenants/entry/add/", {"branch": "x"}).status_code == 403
        refused = auditor.post(
            "/b/125/admin/tenants/bankparameter/set/face.token_seconds/", {"value": 60, "effective_date": "2099-01-01"}
        )
        assert refused.status_code == 404
        with in_bank("125"):
            step.refresh_from_db()
            assert (step.state, Entry.objects.count(), BankParameter.objects.count()) == (PARKED, 0, 0)


class TestMakeStaff:
    def test_it_prints_the_password_that_it_made_as_the_last_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("make_staff", "--bank", "125", "--login", "lin", "--role", "产品经理")
        password = capsys.readouterr().out.splitlines()[-1]
        with in_bank("125"):
            user = User.objects.get(username="lin")
            assert user.check_password(password)
            assert (user.is_staff, user.is_superuser) == (True, False)
            assert [group.name for group in user.groups.all()] == ["产品经理"]
            assert AuditEntry.objects.filter(action="staff.login_made", subject="lin").count() == 1

    def test_a_given_password_is_not_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("make_staff", "--bank", "125", "--login", "lin", "--role", "运营", "--password", PASSWORD)
        assert PASSWORD not in capsys.readouterr().out

    def test_twice_is_a_new_password_and_one_more_role(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("make_staff", "--bank", "province", "--login", "lin", "--role", "运营")
        first = capsys.readouterr().out.splitlines()[-1]
        call_command("make_staff", "--bank", "province", "--login", "lin", "--role", "审计", "--superuser")
        second = capsys.readouterr().out.splitlines()[-1]
        with in_bank(PROVINCE_CODE):
            user = User.objects.get(username="lin")
            assert not user.check_password(first)
            assert user.check_password(second)
            assert user.is_superuser
            assert user.groups.count() == 2

    @pytest.mark.parametrize(
        ("bank", "role", "password", "told"),
        [
            ("999", "运营", PASSWORD, "is not open"),
            ("125", "行长", PASSWORD, "没有“行长”这一角色"),
            ("125", "运营", "12345", "密码"),
        ],
    )
    def test_it_refuses_and_says_why(self, bank: str, role: str, password: str, told: str) -> None:
        with pytest.raises(CommandError, match=told):
            call_command("make_staff", "--bank", bank, "--login", "lin", "--role", role, "--password", password)
        with in_bank("125"):
            assert not User.objects.filter(username="lin").exists()

    def test_the_operation_raises_a_problem(self) -> None:
        with in_bank("125"), pytest.raises(StaffRefused):
            make_login(login="lin", role="行长", password=PASSWORD)


class TestUsers:
    def test_a_manager_makes_a_login_which_has_no_role_by_that(self, browser: Browser) -> None:
        manager = browser("125", role=MANAGER)
        with in_bank("125"):
            role = Group.objects.get(name="客服")
        answer = manager.post(
            "/b/125/admin/auth/user/add/",
            {
                "username": "wang", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD,
                "is_staff": "on", "groups": [role.pk],
            },
        )  # fmt: skip
        assert answer.status_code == 302
        log_in(Client(), "125", "wang")
        with in_bank("125"):
            assert User.objects.get(username="wang").groups.count() == 0

    def test_a_manager_cannot_make_anybody_a_superuser_nor_touch_one(self, browser: Browser, boss: Client) -> None:
        del boss
        manager = browser("125", role=MANAGER)
        with in_bank("125"):
            own, other = User.objects.get(username="staff"), User.objects.get(username="boss")
        manager.post(
            f"/b/125/admin/auth/user/{own.pk}/change/",
            {"username": "staff", "is_active": "on", "is_staff": "on", "is_superuser": "on"},
        )
        changed = manager.post(
            f"/b/125/admin/auth/user/{other.pk}/password/",
            {"password1": "Another-Pass-2026", "password2": "Another-Pass-2026"},
        )
        assert changed.status_code == 403
        with in_bank("125"):
            own.refresh_from_db()
            other.refresh_from_db()
            assert not own.is_superuser
            assert other.check_password(PASSWORD)


class TestSteps:
    def test_a_parked_step_is_taken_up_again_with_a_trace(self, boss: Client) -> None:
        with in_bank("125"):
            step = _parked_step()
        answer = boss.post(f"/b/125/admin/core/step/{step.pk}/retry/", follow=True)
        assert "任务已重新排队" in answer.content.decode()
        with in_bank("125"):
            step.refresh_from_db()
            assert (step.state, step.crashes, step.attempt) == (LIVE, 0, 5)
            trace = AuditEntry.objects.get(action="step.retried")
            assert (trace.actor, trace.subject) == ("boss", step.pk.hex)

    def test_a_step_that_is_not_parked_offers_no_retry(self, boss: Client) -> None:
        with in_bank("125"):
            step = _parked_step()
            Step.objects.filter(pk=step.pk).update(state=LIVE)
        assert "/retry/" not in boss.get(f"/b/125/admin/core/step/{step.pk}/change/").content.decode()
        assert boss.post(f"/b/125/admin/core/step/{step.pk}/retry/").status_code == 403
        with in_bank("125"):
            assert not AuditEntry.objects.filter(action="step.retried").exists()

    def test_parked_steps_are_counted_on_the_first_page(self, boss: Client) -> None:
        with in_bank("125"):
            _parked_step()
        page = boss.get("/b/125/admin/").content.decode()
        assert "待人工处理 1 项" in page


class TestLists:
    @pytest.mark.parametrize("term", ["abc", "2026", "' OR 1=1 --", "0" * 32, "核验"])
    def test_search_takes_any_words(self, db: None, term: str) -> None:
        request = RequestFactory().get("", {"q": term})
        with in_bank("125"):
            request.user = User.objects.create_superuser("boss")
            for address, _, page in _pages(bank_admin):
                if page.search_fields:
                    found = page.get_changelist_instance(request)
                    assert (found.query, len(found.result_list)) == (term, found.result_count), address

    def test_what_was_searched_for_is_shown(self, boss: Client) -> None:
        """On one page of each way to draw a list: that a search is answered on all pages is the test before."""
        searched = {
            (page.change_list_template, type(page).changelist_view): address
            for address, _, page in _pages(bank_admin)
            if page.search_fields
        }
        assert searched
        for address in searched.values():
            answer = boss.get(f"/b/125/admin/{address}", {"q": "核验"})
            assert answer.status_code == 200, address
            assert 'value="核验"' in answer.content.decode(), address

    def test_the_audit_log_shows_who_did_what(self, boss: Client) -> None:
        with in_bank("125"):
            from django.db import transaction

            with transaction.atomic():
                record("entry.made", actor="lin", subject="125-x", detail={"branch": "花园支行"})
        page = boss.get("/b/125/admin/core/auditentry/").content.decode()
        assert "entry.made" in page
        assert "branch 花园支行" in page


class TestProvince:
    def _bank(self, code: str = "125") -> Bank:
        with in_bank(PROVINCE_CODE):
            return Bank.objects.get(code=code)

    def test_a_bank_is_suspended_and_comes_back_to_its_stage(self, province_boss: Client) -> None:
        address = f"/admin/tenants/bank/{self._bank().pk}/"
        assert province_boss.post(f"{address}suspend/", {"reason": "演练"}).status_code == 302
        assert self._bank().stage == "suspended"
        banks = Client().get("/api/v1/banks").json()["items"]
        assert [bank["code"] for bank in banks] == ["116"]
        assert province_boss.post(f"{address}resume/", {"reason": "演练结束"}).status_code == 302
        assert self._bank().stage == "suspended", "it takes a second person"
        assert approve_all(PROVINCE_CODE) == 1
        assert self._bank().stage == "live"
        with in_bank(PROVINCE_CODE):
            assert list(AuditEntry.objects.filter(action="bank.moved").order_by("id").values_list("detail__to", flat=True)) == [
                "suspended", "live",
            ]  # fmt: skip

    def test_a_move_that_the_stage_does_not_allow_is_not_offered(self, province_boss: Client) -> None:
        address = f"/admin/tenants/bank/{self._bank().pk}/"
        assert province_boss.post(f"{address}begin_pilot/", {"reason": "x"}).status_code == 403
        assert self._bank().stage == "live"

    def test_a_move_needs_a_reason(self, province_boss: Client) -> None:
        answer = province_boss.post(f"/admin/tenants/bank/{self._bank().pk}/suspend/", {"reason": ""})
        assert answer.status_code == 200
        assert self._bank().stage == "live"

    def test_a_quote_is_entered_once_and_corrected_only_on_confirmation(self, province_boss: Client) -> None:
        assert self._quote(province_boss).status_code == 302
        with in_bank(PROVINCE_CODE):
            assert not LprQuote.objects.filter(pk="2026-10-20").exists(), "the maker alone has no effect"
        assert approve_all(PROVINCE_CODE) == 1
        again = self._quote(province_boss, one_year_rate="2.95")
        assert "该日已有报价" in again.content.decode()
        assert self._quote(province_boss, one_year_rate="2.95", confirmed="on").status_code == 302
        approve_all(PROVINCE_CODE)
        with in_bank(PROVINCE_CODE):
            assert str(LprQuote.objects.get(pk="2026-10-20").one_year_rate) == "2.9500"
            actors = AuditEntry.objects.filter(action="lpr.entered").values_list("actor", flat=True)
            assert list(actors) == ["boss+checker"] * 2

    def _quote(self, client: Client, **changed: str) -> Any:
        quote = {"published_date": "2026-10-20", "one_year_rate": "3.00", "five_year_rate": "3.50", "reason": "公布"}
        return client.post("/admin/tenants/lprquote/add/", {**quote, **changed})

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"one_year_rate": "3.01"}, "整数倍"),
            ({"one_year_rate": "0.00"}, "之间"),
            ({"one_year_rate": "4.00"}, "50 个基点"),
            ({"published_date": "2099-01-20"}, "不得晚于今天"),
        ],
    )
    def test_an_implausible_quote_is_refused(self, province_boss: Client, changed: dict[str, str], told: str) -> None:
        assert told in self._quote(province_boss, **changed).content.decode()
        assert approve_all(PROVINCE_CODE) == 0
        with in_bank(PROVINCE_CODE):
            assert not LprQuote.objects.filter(published_date__year__gte=2026).exists()

    def test_the_calendar_holds_the_published_years_and_takes_new_days(self, province_boss: Client) -> None:
        with in_bank(PROVINCE_CODE):
            assert not Holiday.objects.get(pk="2026-10-01").is_working_day
            assert Holiday.objects.get(pk="2026-10-10").is_working_day
            assert not Holiday.objects.filter(pk="2026-11-23").exists()
        day = {"day": "2099-01-01", "is_working_day": "0", "name": "元旦", "reason": "通知"}
        assert province_boss.post("/admin/tenants/holiday/add/", day).status_code == 302
        with in_bank(PROVINCE_CODE):
            assert not Holiday.objects.filter(pk="2099-01-01").exists(), "the maker alone has no effect"
        approve_all(PROVINCE_CODE)
        with in_bank(PROVINCE_CODE):
            assert Holiday.objects.get(pk="2099-01-01").name == "元旦"
        past = {**day, "day": "2024-01-03"}
        assert "已经过去" in province_boss.post("/admin/tenants/holiday/add/", past).content.decode()
