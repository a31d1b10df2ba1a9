"""The second factor of staff: codes by RFC 6238 taken once, recovery codes, locks, and sessions that wait for a code."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client

from core.approvals.operations import SameHands, propose
from core.audit.models import AuditEntry
from core.clock import business_date, now
from core.tenancy import PROVINCE_CODE, in_bank
from tenants import second_factor as factor
from tenants.approvals import RESET_FACTOR
from tenants.models import StaffAccess
from tenants.operations import second_factor as operations
from tenants.operations.second_factor import CodeWrong, begin_enrolment, confirm_enrolment, count_try, prove_factor
from tenants.parameters import set_for_bank, set_for_platform
from tenants.staff import MANAGER, StaffRefused, make_login
from tests.second_person import approve, approve_within
from tests.tenants.conftest import PASSWORD, admin_of

MOMENT = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)


class TestCodes:
    @pytest.mark.parametrize(
        ("seconds", "code"),
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")],
    )
    def test_are_those_of_rfc_6238(self, seconds: int, code: str) -> None:
        secret = base64.b32encode(b"12345678901234567890").decode()
        assert factor.code_at(secret, datetime.fromtimestamp(seconds, UTC)) == code

    @pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
    def test_of_a_neighbouring_step_is_taken_and_no_other(self, steps: int, is_taken: bool) -> None:  # noqa: FBT001
        secret = factor.new_secret()
        step = factor.matching_step(secret, factor.code_at(secret, MOMENT + steps * STEP), at=MOMENT, after=0)
        assert step == (factor.step_of(MOMENT) + steps if is_taken else None)

    @pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６"])
    def test_of_another_form_is_none(self, code: str) -> None:
        assert factor.matching_step(factor.new_secret(), code, at=MOMENT, after=0) is None

    def test_is_not_taken_twice_nor_an_older_one_after_it(self) -> None:
        secret, step = factor.new_secret(), factor.step_of(MOMENT)
        for moment in (MOMENT, MOMENT - STEP):
            assert factor.matching_step(secret, factor.code_at(secret, moment), at=MOMENT, after=step) is None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Let the operations see a clock of the test's own; its one entry is the time."""
    time = [now()]
    monkeypatch.setattr(operations, "now", lambda: time[0])
    return time


def _enrolled(clock: list[datetime], *, role: str = MANAGER, login: str = "lin") -> tuple[str, list[str]]:
    """Give somebody a login with a second factor at the current bank; return secret and recovery codes."""
    make_login(login=login, role=role, password=PASSWORD)
    secret = begin_enrolment(login=login)
    codes = confirm_enrolment(login=login, code=factor.code_at(secret, clock[0]))
    clock[0] += 2 * STEP
    return secret, codes


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestProving:
    def test_a_code_lets_in_once(self, clock: list[datetime]) -> None:
        secret, _ = _enrolled(clock)
        code = factor.code_at(secret, clock[0])
        prove_factor(login="lin", code=f"{code[:3]} {code[3:]}")
        with pytest.raises(CodeWrong):
            prove_factor(login="lin", code=code)

    def test_a_wrong_code_is_refused_and_says_nothing_more(self, clock: list[datetime]) -> None:
        secret, _ = _enrolled(clock)
        wrong = f"{(int(factor.code_at(secret, clock[0])) + 1) % 1_000_000:06d}"
        with pytest.raises(CodeWrong) as refused:
            prove_factor(login="lin", code=wrong)
        assert refused.value.code == "second_factor_wrong"

    def test_a_recovery_code_works_once_however_it_is_typed(self, clock: list[datetime]) -> None:
        _, codes = _enrolled(clock)
        assert len(set(codes)) == 10
        prove_factor(login="lin", code=factor.in_groups(codes[0]).lower())
        with pytest.raises(CodeWrong):
            prove_factor(login="lin", code=codes[0])
        prove_factor(login="lin", code=codes[1])
        assert [
            entry.detail["left"] for entry in AuditEntry.objects.filter(action="staff.recovery_used").order_by("id")
        ] == [9, 8]

    def test_secret_and_recovery_codes_are_not_kept_in_the_clear(self, clock: list[datetime]) -> None:
        secret, codes = _enrolled(clock)
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT secret, recovery_hashes::text FROM tenants_staff_access")
            sealed, hashes = cursor.fetchone()
        assert secret.encode() not in bytes(sealed)
        assert [code for code in codes if code in hashes] == []

    def test_a_factor_is_not_replaced_by_its_owner_alone(self, clock: list[datetime]) -> None:
        _enrolled(clock)
        with pytest.raises(CodeWrong, match="重置"):
            begin_enrolment(login="lin")

    def test_an_unconfirmed_secret_is_no_factor(self, clock: list[datetime]) -> None:
        make_login(login="lin", role=MANAGER, password=PASSWORD)
        secret = begin_enrolment(login="lin")
        with pytest.raises(CodeWrong):
            confirm_enrolment(login="lin", code="000000" if factor.code_at(secret, clock[0]) != "000000" else "000001")
        with pytest.raises(CodeWrong):
            prove_factor(login="lin", code=factor.code_at(secret, clock[0]))
        assert not factor.has_factor(User.objects.get(username="lin"))

    def test_five_failures_lock_for_a_quarter_of_an_hour(self, clock: list[datetime]) -> None:
        make_login(login="lin", role=MANAGER, password=PASSWORD)
        assert [count_try(login="lin") for _ in range(6)] == [True] * 5 + [False]
        assert AuditEntry.objects.get(action="staff.login_locked").subject == "lin"
        clock[0] += timedelta(minutes=15, seconds=1)
        assert count_try(login="lin")
        operations.login_done(login="lin")
        assert StaffAccess.objects.get().failed_tries == 0
        assert count_try(login="nobody")

    def test_it_is_reset_by_two_people_neither_of_whom_is_the_owner_as_checker(self, clock: list[datetime]) -> None:
        _enrolled(clock)
        with pytest.raises(StaffRefused):
            propose(kind=RESET_FACTOR, subject="other", values={}, reason="遗失", actor="admin")
        proposal = propose(kind=RESET_FACTOR, subject="lin", values={}, reason="遗失", actor="admin")
        with pytest.raises(SameHands), transaction.atomic():
            approve_within(proposal_id=proposal.pk, actor="lin", reason="")
        approve(proposal_id=proposal.pk, actor="hegui", reason="")
        assert not factor.has_factor(User.objects.get(username="lin"))
        assert begin_enrolment(login="lin")


@pytest.mark.django_db
class TestSessions:
    def _client(self, bank: str = "125", login: str = "lin") -> tuple[Client, str]:
        client = Client()
        answer = client.post(f"{admin_of(bank)}login/", {"username": login, "password": PASSWORD})
        return client, answer.get("Location", answer.content.decode())

    def _require(self, bank: str) -> None:
        with in_bank(bank), transaction.atomic():
            if bank == PROVINCE_CODE:
                set_for_platform(name=factor.REQUIRED.name, value=True, effective_date=business_date(), actor="test")
            else:
                set_for_bank(name=factor.REQUIRED.name, value=True, effective_date=business_date(), actor="test")

    @pytest.mark.parametrize("bank", ["125", PROVINCE_CODE])
    def test_who_has_none_where_it_is_required_sets_one_up_before_anything_else(self, bank: str) -> None:
        with in_bank(bank):
            make_login(login="lin", role=MANAGER, password=PASSWORD)
        self._require(bank)
        client, _ = self._client(bank)
        admin = admin_of(bank)
        for path in ("", "core/auditentry/", "auth/user/add/", "search/?s=1", "password_change/", "jsi18n/"):
            assert client.get(f"{admin}{path}").status_code == 302, path
        asked = client.get(f"{admin}second-factor/")
        assert (asked.status_code, asked["Location"]) == (302, f"{admin}second-factor/enrol/")
        assert "开始绑定" in client.get(f"{admin}second-factor/enrol/").content.decode()
        page = client.post(f"{admin}second-factor/enrol/")
        shown = page.content.decode()
        found = re.search(r"text-sm\">([A-Z2-7 ]{39})</p>", shown)
        assert found is not None
        assert "data:image/svg+xml;base64," in shown
        assert "no-store" in page["Cache-Control"]
        code = factor.code_at(found.group(1).replace(" ", ""), now())
        done = client.post(f"{admin}second-factor/enrol/", {"code": code}).content.decode()
        assert len(re.findall(r"<li>[A-Z2-7 ]{19}</li>", done)) == 10
        assert client.get(admin).status_code == 200
        assert "已启用" in client.get(f"{admin}second-factor/enrol/").content.decode()

    def test_a_session_without_the_second_factor_reaches_nothing_and_one_with_it_what_was_asked_for(
        self, clock: list[datetime]
    ) -> None:
        with in_bank("125"):
            secret, _ = _enrolled(clock)
        client, _ = self._client()
        wanted = "/b/125/admin/core/auditentry/"
        step = client.get(client.get(wanted)["Location"])
        assert unquote(step["Location"]) == f"/b/125/admin/second-factor/?next={wanted}"
        assert client.get("/b/125/admin/second-factor/enrol/").status_code == 302
        assert "动态码不正确" in client.post(step["Location"], {"code": "abc"}).content.decode()
        former = client.cookies["sessionid"].value
        answer = client.post(step["Location"], {"code": factor.code_at(secret, clock[0])})
        assert (answer.status_code, answer["Location"]) == (302, wanted)
        assert client.cookies["sessionid"].value != former
        assert client.get(wanted).status_code == 200
        outside = client.get("/b/125/admin/second-factor/?next=https://example.com/")
        assert outside["Location"] == "/b/125/admin/"

    def test_the_parameter_reaches_sessions_that_were_let_in_without_one(self) -> None:
        with in_bank("125"):
            make_login(login="lin", role=MANAGER, password=PASSWORD)
        client, _ = self._client()
        assert client.get("/b/125/admin/").status_code == 200
        self._require("125")
        assert client.get("/b/125/admin/").status_code == 302

    def test_passwords_and_codes_are_locked_together(self, clock: list[datetime]) -> None:
        with in_bank("125"):
            secret, _ = _enrolled(clock)
        client, _ = self._client()
        for _ in range(4):
            client.post("/b/125/admin/second-factor/", {"code": "000000000"})
        page = client.post("/b/125/admin/second-factor/", {"code": factor.code_at(secret, clock[0])})
        assert "已锁定" in page.content.decode()
        assert "已锁定" in self._client()[1]
        clock[0] += timedelta(minutes=16)
        assert self._client()[1] == "/b/125/admin/"

    def test_a_wrong_password_counts_and_a_right_one_forgets(self) -> None:
        with in_bank("125"):
            make_login(login="lin", role=MANAGER, password=PASSWORD)
        for _ in range(4):
            Client().post("/b/125/admin/login/", {"username": "lin", "password": "wrong"})
        assert self._client()[1] == "/b/125/admin/"
        with in_bank("125"):
            assert StaffAccess.objects.get().failed_tries == 0

    def test_nobody_comes_to_its_pages_without_a_password(self) -> None:
        for path in ("second-factor/", "second-factor/enrol/"):
            for answer in (Client().get(f"/b/125/admin/{path}"), Client().post(f"/b/125/admin/{path}", {"code": "1"})):
                assert answer["Location"] == "/b/125/admin/login/"
