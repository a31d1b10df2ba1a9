"""Pictures and recordings of attempts that came to nothing are deleted when their days are over (DATA-07)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from core import vault
from core.clock import SHANGHAI, now
from core.errors import NotFound
from core.ids import new_id
from core.steps.models import Step
from core.vault.models import VaultObject, VaultReference
from tenants.parameters import set_for_bank
from tests.verification.conftest import FakeVendors, RunSteps, due_now, enrolled, picture
from tests.verification.sounds import wav
from verification.models import FaceCheck, Upload
from verification.operations import receive_upload
from verification.operations.face_checks import FaceVerdict, face_judged
from verification.operations.forgetting import FORGET

if TYPE_CHECKING:
    import uuid

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def _voice() -> uuid.UUID:
    upload_id = receive_upload(subject_id=enrolled(), kind="voice", content=wav()).id
    return Upload.objects.get(pk=upload_id).object_id


def _age(by: timedelta) -> None:
    """Let everything have been kept, and owed, that much earlier."""
    VaultReference.objects.update(created_at=now() - by)
    kept_date = (now() - by).date()
    Step.objects.filter(kind=FORGET).update(subject=kept_date.isoformat())
    due_now()


def _gone(object_id: uuid.UUID) -> bool:
    try:
        vault.read(object_id, purpose="test", actor="test")
    except NotFound:
        return True
    return False


class TestForgetting:
    def test_one_step_a_day_owes_it_at_the_end_of_the_days(self) -> None:
        _voice()
        _voice()
        step = Step.objects.get(kind=FORGET)
        today = now().date()
        assert step.subject == today.isoformat()
        assert step.run_at == datetime.combine(today + timedelta(days=90), time.min, SHANGHAI)

    def test_a_recording_goes_after_ninety_days_and_not_before(self, run_steps: RunSteps) -> None:
        recording = _voice()
        _age(timedelta(days=89))
        run_steps()
        assert not _gone(recording)
        step = Step.objects.get(kind=FORGET)
        assert step.state == "live"
        assert now() < step.run_at <= now() + timedelta(days=1, seconds=1)
        _age(timedelta(days=90))
        run_steps()
        assert _gone(recording)
        assert not VaultObject.objects.exists()
        assert Step.objects.get(kind=FORGET).state == "done"

    def test_one_that_a_passed_check_stands_on_stays(self, run_steps: RunSteps) -> None:
        recording = _voice()
        with transaction.atomic():
            vault.refer(recording, kind="voice", owner=vault.Owner("test", new_id()), retention="identification")
        _age(timedelta(days=200))
        run_steps()
        assert not _gone(recording)
        assert [reference.retention for reference in VaultReference.objects.all()] == ["identification"]

    def test_a_frame_of_a_failed_face_goes_too(self, run_steps: RunSteps, fake_vendors: FakeVendors) -> None:
        subject_id = enrolled()
        check = FaceCheck.objects.create(
            subject_id=subject_id, expected_id=subject_id, action="apply", business_id="x", provider="tencent",
            status="checking",
        )  # fmt: skip
        frame = vault.stage(picture(), content_type="image/jpeg")
        with transaction.atomic():
            face_judged(face_check_id=check.id, verdict=FaceVerdict(reason_code="not_live", frame=frame))
        check.refresh_from_db()
        assert check.frame_id is not None
        _age(timedelta(days=90))
        run_steps()
        assert _gone(check.frame_id)

    def test_a_bank_may_keep_it_for_fewer_days(self, run_steps: RunSteps) -> None:
        with transaction.atomic():
            set_for_bank(name="attempt.failed_days", value=30, effective_date=date(2020, 1, 1), actor="test")
        recording = _voice()
        assert Step.objects.get(kind=FORGET).run_at == datetime.combine(
            now().date() + timedelta(days=30), time.min, SHANGHAI
        )
        _age(timedelta(days=30))
        run_steps()
        assert _gone(recording)
