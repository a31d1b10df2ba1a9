"""What comes round by itself: each bank asked each minute; and what is removed when its time is over."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session as StaffSession
from django.db import connection, transaction

from accounts.models import Session
from config.celery import app
from core import vault
from core.clock import SHANGHAI, now
from core.idempotency.models import IdempotencyRecord
from core.ids import new_id
from core.operations import in_transaction
from core.steps import housekeeping, rounds
from core.steps.models import DONE, LIVE, Step
from core.steps.queue import enqueue
from core.steps.registry import KINDS, Done, Kind
from core.tenancy import PROVINCE_CODE, current_bank, in_bank
from core.vault.models import VaultObject, VaultReference
from tenants import tasks
from tests.lending.applicants import due_now, make_customer
from verification.models import PhoneCode
from verification.models.phone_code import PhoneCodeTries
from verification.operations.factors import FAILED_FACE as SHORT

RunSteps = Callable[..., int]
KIND = "test.round"
NIGHT = datetime(2026, 5, 4, 2, 59, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    registers: tuple[dict[str, Any], ...] = (KINDS, rounds.ROUNDS, housekeeping.CHORES)
    kept = [dict(register) for register in registers]
    yield
    for register, former in zip(registers, kept, strict=True):
        register.clear()
        register.update(former)


@pytest.fixture
def at_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let the rounds see a wall clock of the test's own."""
    return lambda moment: monkeypatch.setattr(rounds, "now", lambda: moment)


def only(owed: Callable[[], str | None]) -> None:
    """Leave one round, of a kind that does nothing."""
    rounds.ROUNDS.clear()
    KINDS[KIND] = Kind(KIND, lambda _: Done())
    rounds.register_round(KIND, owed)


@pytest.mark.django_db
class TestComeRound:
    def test_asks_every_bank_and_the_province_and_each_owes_its_own(self) -> None:
        only(lambda: current_bank().code)
        assert tasks.come_round() == 3
        for code in ("125", "116", PROVINCE_CODE):
            with in_bank(code):
                assert list(Step.objects.filter(kind=KIND).values_list("subject", flat=True)) == [code]

    def test_rung_twice_owes_once(self) -> None:
        only(lambda: "s")
        tasks.come_round()
        tasks.come_round()
        with in_bank("125"):
            assert Step.objects.filter(kind=KIND).count() == 1

    def test_a_bank_that_cannot_be_asked_stops_no_other(self) -> None:
        def owed() -> str:
            if current_bank().code == "116":  # the first in order
                raise ZeroDivisionError
            return "s"

        only(owed)
        assert tasks.come_round() == 2

    def test_asks_with_no_transaction_open_and_writes_nothing_where_nothing_is_owed(self) -> None:
        asked: list[bool] = []

        def owed() -> None:
            asked.append(in_transaction())

        only(owed)
        assert tasks.come_round() == 0
        assert asked == [False] * 3

    def test_is_rung_by_beat_each_minute_on_a_lane_that_workers_serve(self) -> None:
        ring = app.conf.beat_schedule["round"]
        assert (ring["task"], ring["schedule"]) == ("tenants.come_round", 60.0)
        assert ring["options"]["queue"] == "default"
        assert "kwargs" not in ring
        assert "args" not in ring
        app.loader.import_default_modules()
        assert ring["task"] in app.tasks


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestDaily:
    def ring(self) -> int:
        return rounds.owe_what_is_due()

    @pytest.fixture(autouse=True)
    def _one_daily(self) -> None:
        rounds.ROUNDS.clear()
        KINDS[KIND] = Kind(KIND, lambda _: Done())
        rounds.register_daily(KIND, after=time(3))

    def test_is_owed_once_a_day_from_its_time_on(
        self, at_time: Callable[[datetime], None], run_steps: RunSteps
    ) -> None:
        owed = []
        for minutes in (0, 1, 2, 20 * 60):
            at_time(NIGHT + timedelta(minutes=minutes))
            owed.append(self.ring())
            run_steps()
        assert owed == [0, 1, 0, 0]
        at_time(NIGHT + timedelta(days=1, minutes=1))
        assert self.ring() == 1
        assert sorted(Step.objects.values_list("subject", flat=True)) == ["2026-05-04", "2026-05-05"]

    def test_is_owed_late_where_nobody_rang_in_time(self, at_time: Callable[[datetime], None]) -> None:
        at_time(NIGHT + timedelta(hours=20))
        assert self.ring() == 1


def removed(run_steps: RunSteps) -> Step:
    """Owe the housekeeping, do it to its end and return the step."""
    with transaction.atomic():
        enqueue(housekeeping.KEEP_HOUSE, now().date().isoformat())
    for _ in range(20):
        run_steps()
        if not Step.objects.filter(kind=housekeeping.KEEP_HOUSE, state=LIVE).exists():
            break
        due_now()
    return Step.objects.get(kind=housekeeping.KEEP_HOUSE)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestHousekeeping:
    def test_is_owed_by_every_bank_and_the_province_once_a_day(self, at_time: Callable[[datetime], None]) -> None:
        at_time(NIGHT + timedelta(minutes=1))
        for name in set(rounds.ROUNDS) - {housekeeping.KEEP_HOUSE}:
            del rounds.ROUNDS[name]
        assert [tasks.come_round(), tasks.come_round()] == [3, 0]
        for code in ("125", "116", PROVINCE_CODE):
            with in_bank(code):
                assert Step.objects.get(kind=housekeeping.KEEP_HOUSE).subject == "2026-05-04"

    def test_removes_answers_after_30_days(self, run_steps: RunSteps) -> None:
        for days in (29, 31):
            IdempotencyRecord.objects.create(
                caller="c", key=str(days), request_sha256=b"0" * 32, created_at=now() - timedelta(days=days)
            )
        assert removed(run_steps).state == DONE
        assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["29"]

    def test_removes_logins_180_days_after_they_ended(self, run_steps: RunSteps) -> None:
        customer = make_customer()
        for days in (400, 181, 179, -1):
            Session.objects.create(
                customer_id=customer, token_sha256=new_id().bytes * 2, device_id=str(days),
                expires_at=now() - timedelta(days=days), ended_at=now() - timedelta(days=400),
            )  # fmt: skip
        removed(run_steps)
        assert sorted(Session.objects.values_list("device_id", flat=True)) == ["-1", "179"]

    def test_removes_codes_and_the_count_of_their_tries_after_180_days(self, run_steps: RunSteps) -> None:
        customer = make_customer()
        codes = {}
        for days in (181, 179):
            moment = now() - timedelta(days=days)
            codes[days] = PhoneCode.objects.create(
                subject_id=customer, phone="13900000000", phone_index=b"0" * 32, action="sign", salt=b"0" * 16,
                created_at=moment, expires_at=moment,
            ).pk  # fmt: skip
            PhoneCodeTries.objects.create(code_id=codes[days], tries=1)
        removed(run_steps)
        assert list(PhoneCode.objects.values_list("pk", flat=True)) == [codes[179]]
        left = PhoneCodeTries.objects.filter(pk__in=codes.values())  # tries are counted apart and outlive other tests
        assert list(left.values_list("pk", flat=True)) == [codes[179]]

    def test_removes_the_admins_sessions_that_are_over(self, run_steps: RunSteps) -> None:
        for name, days in (("over", -1), ("live", 1)):
            StaffSession.objects.create(session_key=name, session_data="", expire_date=now() + timedelta(days=days))
        removed(run_steps)
        assert list(StaffSession.objects.values_list("session_key", flat=True)) == ["live"]

    def test_works_in_small_batches_and_lets_other_work_in_between(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(housekeeping, "AT_ONCE", 2)
        monkeypatch.setattr(housekeeping, "SECONDS", 0.0)
        for number in range(7):
            IdempotencyRecord.objects.create(
                caller="c", key=str(number), request_sha256=b"0" * 32, created_at=now() - timedelta(days=31)
            )
        step = removed(run_steps)
        assert (step.state, step.crashes) == (DONE, 0)
        assert step.attempt == 4  # three full batches, each its own attempt, and the last
        assert not IdempotencyRecord.objects.exists()

    def test_a_chore_that_fails_stops_no_other_and_is_counted(self, run_steps: RunSteps) -> None:
        done: list[str] = []

        def broken(_: int) -> int:
            raise ZeroDivisionError

        def whole(_: int) -> int:
            done.append("whole")
            return 0

        housekeeping.CHORES.clear()
        housekeeping.register_chore("broken")(broken)
        housekeeping.register_chore("whole")(whole)
        with transaction.atomic():
            enqueue(housekeeping.KEEP_HOUSE, "2026-05-04")
        run_steps(1)
        assert done == ["whole"]
        assert (Step.objects.get().state, Step.objects.get().crashes) == (LIVE, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestVault:
    @pytest.fixture(autouse=True)
    def root(self, tmp_path: Path, settings: Any) -> Path:
        settings.VAULT_ROOT = tmp_path / "vault"
        return tmp_path / "vault"

    def files(self, root: Path) -> list[Path]:
        return [path for path in root.rglob("*") if path.is_file()]

    def grow_old(self, root: Path) -> None:
        moment = (datetime.now(tz=UTC) - timedelta(days=2)).timestamp()
        for path in self.files(root):
            os.utime(path, (moment, moment))

    def kept(self, content: bytes, retention: str, *, days: int, owner: uuid.UUID | None = None) -> uuid.UUID:
        stored = vault.put(
            content, content_type="image/jpeg", kind="frame", retention=retention,
            owner=vault.Owner("test", owner or new_id()),
        )  # fmt: skip
        VaultReference.objects.filter(object_id=stored.id, retention=retention).update(
            created_at=now() - timedelta(days=days)
        )
        return stored.id

    def test_every_orphan_is_found_within_sixteen_days(
        self, root: Path, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(40):
            vault.stage(b"orphan %d" % number, content_type="image/jpeg")
        needed = vault.put(b"needed", content_type="image/jpeg", kind="frame", owner=vault.Owner("test", new_id()))
        self.grow_old(root)
        left = []
        for day in range(16):
            monkeypatch.setattr(housekeeping, "now", lambda day=day: NIGHT + timedelta(days=day))
            assert housekeeping.remove_orphans(1000) == 0
            left.append(len(self.files(root)))
        assert left[-1] == 1
        assert left[0] > 20  # a sixteenth of the walk a day
        assert vault.read(needed.id, purpose="test", actor="test") == b"needed"

    def test_pictures_of_failed_faces_go_after_60_days_and_their_files_with_the_orphans(
        self, root: Path, run_steps: RunSteps
    ) -> None:
        old, young = self.kept(b"old", SHORT, days=61), self.kept(b"young", SHORT, days=59)
        passed = self.kept(b"passed", "identification", days=4000)
        both = self.kept(b"both", SHORT, days=61)
        assert self.kept(b"both", "identification", days=61) == both
        removed(run_steps)
        assert set(VaultObject.objects.values_list("pk", flat=True)) == {young, passed, both}
        assert VaultReference.objects.filter(object_id=both).count() == 1
        assert not VaultReference.objects.filter(object_id=old).exists()
        self.grow_old(root)
        assert len(self.files(root)) == 4
        assert vault.sweep_orphans(timedelta(days=1)) == 1
        assert vault.read(both, purpose="test", actor="test") == b"both"

    def test_one_that_is_entered_anew_after_its_row_went_is_kept_again(self) -> None:
        self.kept(b"again", SHORT, days=61)
        assert vault.let_go(retention=SHORT, before=now() - timedelta(days=60), limit=10) == 1
        stored = vault.put(b"again", content_type="image/jpeg", kind="frame", owner=vault.Owner("test", new_id()))
        assert vault.read(stored.id, purpose="test", actor="test") == b"again"

    def test_at_most_so_many_at_once(self) -> None:
        for number in range(5):
            self.kept(b"%d" % number, SHORT, days=61)
        gone = [vault.let_go(retention=SHORT, before=now() - timedelta(days=60), limit=2) for _ in range(4)]
        assert gone == [2, 2, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_a_reference_that_is_being_entered_keeps_its_object(tmp_path: Path, settings: Any) -> None:
    """Somebody enters a further reference and has not committed when the old one's time is over."""
    import threading

    settings.VAULT_ROOT = tmp_path / "vault"
    entered, go_on = threading.Event(), threading.Event()

    def enter() -> None:
        try:
            with in_bank("125"):
                staged = vault.stage(b"frame", content_type="image/jpeg")
                with transaction.atomic():
                    vault.attach(staged, kind="frame", owner=vault.Owner("other", new_id()), retention="kept")
                    connection.check_constraints()  # the foreign key is checked, and its row held, before the commit
                    entered.set()
                    go_on.wait(10)
        finally:
            connection.close()

    with in_bank("125"):
        stored = vault.put(
            b"frame", content_type="image/jpeg", kind="frame", retention=SHORT, owner=vault.Owner("test", new_id())
        )
        thread = threading.Thread(target=enter)
        thread.start()
        assert entered.wait(10)
        threading.Timer(0.3, go_on.set).start()
        assert vault.let_go(retention=SHORT, before=now() + timedelta(days=1), limit=10) == 1
        thread.join()
        assert VaultReference.objects.get(object_id=stored.id).retention == "kept"
        assert vault.read(stored.id, purpose="test", actor="test") == b"frame"
