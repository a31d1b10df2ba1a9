"""Voice checks, and the tokens of a face and a voice that a stepped-up act takes together (A2-15, A2-16, SEC-03)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from core import vault
from core.clock import now
from core.errors import InvalidRequest, NotFound, StateConflict, TooManyRequests
from core.evidence.models import EvidenceLeaf
from core.gateway import Unavailable
from core.tenancy import in_bank
from core.vault.models import VaultReference
from tenants.parameters import set_for_bank
from tests.verification.conftest import (
    BUSINESS,
    OTHER_BUSINESS,
    PERSON,
    Business,
    FakeVendors,
    RunSteps,
    consent,
    due_now,
    enrolled,
    identified,
    upload,
)
from tests.verification.sounds import aac, wav
from verification import queries
from verification.models import ActToken, Check, FaceCheck, Subject, VoiceCheck
from verification.operations import (
    ConsentMissing,
    FaceTokenMismatch,
    FaceTokenUsed,
    UploadUnknown,
    VoiceLocked,
    VoiceRecordingUsed,
    VoiceTokenExpired,
    VoiceTokenMismatch,
    VoiceTokenUsed,
    complete_voice_check,
    consume_face_token,
    consume_step_up,
    receive_upload,
    start_voice_check,
    withdraw_consent,
)
from verification.operations.act_tokens import issue_act_token
from verification.operations.factors import FACE
from verification.operations.voice_checks import DIGITS
from verification.providers.voice import VoiceAnswer, VoiceResult

if TYPE_CHECKING:
    import uuid

    from tests.running_sandbox import Sandbox

MATCH = VoiceAnswer(result=VoiceResult.MATCH, similarity=Decimal("96.40"))


def _customer(business: Business, **more: Any) -> uuid.UUID:
    subject_id = identified(**more)
    consent(subject_id, "voice")
    business.owners[BUSINESS] = business.owners[OTHER_BUSINESS] = subject_id
    return subject_id


def _start(subject_id: uuid.UUID, action: str = "bind_card", business_id: str = BUSINESS) -> VoiceCheck:
    return start_voice_check(subject_id=subject_id, action=action, business_id=business_id)


def _record(subject_id: uuid.UUID, content: bytes | None = None) -> uuid.UUID:
    return receive_upload(subject_id=subject_id, kind="voice", content=content or wav()).id


def _ended(
    subject_id: uuid.UUID, run_steps: RunSteps, business_id: str = BUSINESS, content: bytes | None = None
) -> VoiceCheck:
    """Go through a voice check, however it ends."""
    check = _start(subject_id, business_id=business_id)
    complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=_record(subject_id, content))
    run_steps()
    check.refresh_from_db()
    return check


def _face_token(subject_id: uuid.UUID, business_id: str = BUSINESS) -> str:
    check = FaceCheck.objects.create(
        subject_id=subject_id, expected_id=subject_id, action="bind_card", business_id=business_id, status="passed",
        provider="tencent", finished_at=now(),
    )  # fmt: skip
    with transaction.atomic():
        issue_act_token(factor=FACE, check=check)
    return str(check.token.token)


def _voice_token(check: VoiceCheck) -> str:
    return str(ActToken.objects.get(voice_check=check).token)


def _step_up(face_token: str, voice_token: str, subject_id: uuid.UUID, business_id: str = BUSINESS) -> Any:
    with transaction.atomic():
        return consume_step_up(
            face_token=face_token, voice_token=voice_token, subject_id=subject_id, action="bind_card",
            business_id=business_id,
        )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestStartVoiceCheck:
    def test_it_begins_with_random_digits_to_read_and_a_time_to_do_it(self, business: Business) -> None:
        subject_id = _customer(business)
        checks = [_start(subject_id) for _ in range(20)]
        assert {check.status for check in checks} == {"started"}
        assert len({check.text for check in checks}) == 20
        for check in checks:
            assert re.fullmatch(f"[{DIGITS}]{{8}}", check.text)
            assert all(one != other for one, other in zip(check.text, check.text[1:], strict=False))
            assert check.text_expires_at - check.created_at == timedelta(seconds=120)

    def test_how_many_digits_and_how_long_is_the_banks_to_say(self, business: Business) -> None:
        with transaction.atomic():
            for name, value in (("voice.text_digits", 12), ("voice.text_seconds", 60)):
                set_for_bank(name=name, value=value, effective_date=date(2020, 1, 1), actor="test")
        check = _start(_customer(business))
        assert len(check.text) == 12
        assert check.text_expires_at - check.created_at == timedelta(seconds=60)

    def test_without_consent_to_voice_checks_there_is_none(self, business: Business) -> None:
        subject_id = identified()
        consent(subject_id, "face")
        business.owners[BUSINESS] = subject_id
        with pytest.raises(ConsentMissing) as caught:
            _start(subject_id)
        assert list(caught.value.errors) == ["voice"]
        assert not VoiceCheck.objects.exists()

    def test_an_object_of_somebody_else_is_not_found(self, business: Business) -> None:
        _customer(business)
        stranger = enrolled()
        consent(stranger, "voice")
        with pytest.raises(NotFound):
            _start(stranger)

    def test_an_object_that_calls_for_no_voice_is_a_conflict(self, business: Business) -> None:
        subject_id = _customer(business)
        business.ready = False
        with pytest.raises(StateConflict):
            _start(subject_id)

    @pytest.mark.parametrize("action", ["dance", "sign", "apply"])
    def test_an_action_that_asks_for_no_voice_is_refused(self, business: Business, action: str) -> None:
        with pytest.raises(InvalidRequest) as caught:
            _start(_customer(business), action)
        assert list(caught.value.errors) == ["action"]

    def test_nobody_known_has_no_voice(self, business: Business) -> None:
        subject_id = enrolled()
        consent(subject_id, "voice")
        business.owners[BUSINESS] = subject_id
        with pytest.raises(StateConflict):
            _start(subject_id)

    def test_too_many_starts_within_a_day_are_refused(self, business: Business) -> None:
        subject_id = _customer(business)
        with transaction.atomic():
            set_for_bank(name="voice.starts_per_day", value=2, effective_date=date(2020, 1, 1), actor="test")
        _start(subject_id)
        _start(subject_id)
        with pytest.raises(TooManyRequests):
            _start(subject_id)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a", "fake_vendors")
class TestCompleteVoiceCheck:
    def test_only_a_started_check_of_ones_own_is_completed_and_only_once(self, business: Business) -> None:
        subject_id = _customer(business)
        check = _start(subject_id)
        recording = _record(subject_id)
        with pytest.raises(NotFound):
            complete_voice_check(voice_check_id=check.id, subject_id=enrolled(), upload_id=recording)
        with in_bank("116"), pytest.raises(NotFound):
            complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=recording)
        done = complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=recording)
        assert (done.status, done.upload_id) == ("checking", recording)
        with pytest.raises(StateConflict):
            complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=_record(subject_id))

    def test_a_picture_somebody_elses_recording_or_one_from_before_is_refused(self, business: Business) -> None:
        subject_id, stranger = _customer(business), enrolled()
        before = _record(subject_id)
        check = _start(subject_id)
        for wrong in (upload(subject_id, "face"), _record(stranger), before):
            with pytest.raises(UploadUnknown):
                complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=wrong)
        assert VoiceCheck.objects.get().status == "started"

    def test_a_recording_serves_one_check_even_uploaded_again(self, business: Business, run_steps: RunSteps) -> None:
        subject_id, content = _customer(business), wav()
        _ended(subject_id, run_steps, content=content)
        check = _start(subject_id)
        with pytest.raises(VoiceRecordingUsed):
            complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=_record(subject_id, content))
        check.refresh_from_db()
        assert (check.status, check.upload_id) == ("started", None)

    def test_a_recording_that_comes_too_late_ends_the_check_and_nobody_is_asked(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        check = _start(subject_id)
        VoiceCheck.objects.update(text_expires_at=now())
        done = complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=_record(subject_id))
        assert (done.status, done.reason_code) == ("failed", "expired")
        run_steps()
        assert not fake_vendors.named("voice")
        assert not Check.objects.filter(kind="voice").exists()

    def test_a_consent_that_is_withdrawn_meanwhile_stops_it(self, business: Business) -> None:
        subject_id = _customer(business)
        check = _start(subject_id)
        withdraw_consent(subject_id=subject_id, consent_id=queries.consents_of(subject_id).get().pk)
        with pytest.raises(ConsentMissing):
            complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=_record(subject_id))
        check.refresh_from_db()
        assert check.status == "started"


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestJudging:
    def test_a_pass_gives_a_token_for_five_minutes_and_keeps_the_recording(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id, content = _customer(business), aac()
        check = _ended(subject_id, run_steps, content=content)
        assert (check.status, check.similarity, check.paid_calls) == ("passed", None, 1)
        (asked,) = fake_vendors.named("voice")
        assert (asked["text"], asked["reference"]) == (check.text, None)
        recording: Any = asked["recording"]
        assert (recording.form, recording.content) == ("aac", content)
        token = ActToken.objects.get()
        assert (token.factor, token.subject_id, token.action, token.business_id) == (
            "voice", subject_id, "bind_card", BUSINESS,
        )  # fmt: skip
        assert token.expires_at - token.created_at == timedelta(seconds=300)
        assert VaultReference.objects.get(owner_id=check.id).retention == "identification"

    def test_the_result_is_a_check_on_record(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        voice_check = _ended(_customer(business), run_steps)
        check = Check.objects.get(kind="voice")
        assert (check.purpose, check.business_id, check.outcome) == ("bind_card", BUSINESS, "passed")
        assert EvidenceLeaf.objects.get(kind="verification.check").id == check.evidence_leaf
        assert check.detail == {"voice_check": voice_check.id.hex, "similarity": None, "compared_with": None}
        assert voice_check.check_row_id == check.id

    @pytest.mark.parametrize(
        ("result", "code"),
        [
            (VoiceResult.TEXT_MISMATCH, "text_mismatch"),
            (VoiceResult.NOT_LIVE, "not_live"),
            (VoiceResult.UNCLEAR, "recording_unclear"),
        ],
    )
    def test_whatever_else_the_vendor_says_fails_it_without_a_token_and_keeps_the_recording_shortly(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps, result: VoiceResult, code: str
    ) -> None:
        fake_vendors.voice = VoiceAnswer(result=result)
        check = _ended(_customer(business), run_steps)
        assert (check.status, check.reason_code) == ("failed", code)
        assert not ActToken.objects.exists()
        assert Check.objects.get(kind="voice").outcome == "failed"
        assert [reference.retention for reference in VaultReference.objects.all()] == ["failed_voice"]

    def test_a_vendor_that_does_not_answer_is_given_up_in_time(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.voice = Unavailable("t", "voice.verify")
        check = _ended(_customer(business), run_steps)
        assert check.status == "checking"
        VoiceCheck.objects.update(completed_at=now() - timedelta(seconds=121))
        due_now()
        run_steps()
        check.refresh_from_db()
        assert (check.status, check.reason_code, check.paid_calls) == ("failed", "vendor_unavailable", 2)
        assert not Check.objects.filter(kind="voice").exists()
        assert Subject.objects.get(pk=check.subject_id).voice_locked_until is None


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestComparing:
    """Whose voice it is: the first that served an act in which the face was seen, too."""

    def _bound(self, business: Business, run_steps: RunSteps) -> tuple[uuid.UUID, VoiceCheck]:
        """Give a customer whose voice has served an act."""
        subject_id = _customer(business)
        first = _ended(subject_id, run_steps)
        _step_up(_face_token(subject_id), _voice_token(first), subject_id)
        return subject_id, first

    def test_the_next_recording_is_compared_with_the_first(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id, first = self._bound(business, run_steps)
        fake_vendors.voice = MATCH
        second = _ended(subject_id, run_steps, OTHER_BUSINESS)
        assert (second.status, second.similarity, second.compared_with_id) == ("passed", Decimal("96.40"), first.id)
        asked: Any = fake_vendors.named("voice")[-1]
        assert first.upload is not None
        assert asked["reference"].content == vault.read(first.upload.object_id, purpose="test", actor="test")
        assert Check.objects.order_by("-pk")[0].detail["compared_with"] == first.id.hex

    def test_a_third_is_compared_with_the_first_and_not_with_the_second(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id, first = self._bound(business, run_steps)
        fake_vendors.voice = MATCH
        second = _ended(subject_id, run_steps, OTHER_BUSINESS)
        _step_up(_face_token(subject_id, OTHER_BUSINESS), _voice_token(second), subject_id, OTHER_BUSINESS)
        assert _ended(subject_id, run_steps).compared_with_id == first.id

    @pytest.mark.parametrize("similarity", [Decimal("79.99"), Decimal("0.00")])
    def test_a_match_below_the_banks_least_similarity_is_none(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps, similarity: Decimal
    ) -> None:
        subject_id, _ = self._bound(business, run_steps)
        fake_vendors.voice = VoiceAnswer(result=VoiceResult.MATCH, similarity=similarity)
        second = _ended(subject_id, run_steps, OTHER_BUSINESS)
        assert (second.status, second.reason_code) == ("failed", "voice_mismatch")

    def test_another_voice_fails(self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps) -> None:
        subject_id, _ = self._bound(business, run_steps)
        fake_vendors.voice = VoiceAnswer(result=VoiceResult.MISMATCH, similarity=Decimal("23.00"))
        second = _ended(subject_id, run_steps, OTHER_BUSINESS)
        assert (second.reason_code, second.similarity) == ("voice_mismatch", Decimal("23.00"))

    def test_a_voice_that_passed_but_served_no_act_is_nobodys(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        assert _ended(subject_id, run_steps).status == "passed"
        assert _ended(subject_id, run_steps, OTHER_BUSINESS).compared_with_id is None

    def test_a_consent_that_was_withdrawn_and_given_again_begins_anew(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id, _ = self._bound(business, run_steps)
        withdraw_consent(subject_id=subject_id, consent_id=queries.consents_of(subject_id).get().pk)
        consent(subject_id, "voice")
        assert _ended(subject_id, run_steps, OTHER_BUSINESS).compared_with_id is None


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestLock:
    def test_five_failures_within_a_day_lock_voices_for_a_day_and_not_faces(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        for result in (VoiceResult.NOT_LIVE, VoiceResult.TEXT_MISMATCH, VoiceResult.NOT_LIVE):
            fake_vendors.voice = VoiceAnswer(result=result)
            _ended(subject_id, run_steps)
        _ended(subject_id, run_steps)
        assert Subject.objects.get(pk=subject_id).voice_locked_until is None
        _ended(subject_id, run_steps)
        with pytest.raises(VoiceLocked) as caught:
            _start(subject_id)
        assert 86_000 < int(str(caught.value.extra["retry_after"])) <= 86_401
        assert Subject.objects.get(pk=subject_id).face_locked_until is None
        Subject.objects.update(voice_locked_until=now())
        assert _start(subject_id).status == "started"

    def test_failures_that_are_nobodys_fault_do_not_count(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        fake_vendors.voice = VoiceAnswer(result=VoiceResult.UNCLEAR)
        for _ in range(6):
            _ended(subject_id, run_steps)
        assert Subject.objects.get(pk=subject_id).voice_locked_until is None

    def test_failures_of_a_day_ago_do_not_count(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        fake_vendors.voice = VoiceAnswer(result=VoiceResult.NOT_LIVE)
        for _ in range(4):
            _ended(subject_id, run_steps)
        VoiceCheck.objects.update(finished_at=now() - timedelta(hours=24, seconds=1))
        _ended(subject_id, run_steps)
        assert Subject.objects.get(pk=subject_id).voice_locked_until is None


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a", "fake_vendors")
class TestConsumeStepUp:
    def test_both_are_used_together_and_once(self, business: Business, run_steps: RunSteps) -> None:
        subject_id = _customer(business)
        check = _ended(subject_id, run_steps)
        face, voice = _face_token(subject_id), _voice_token(check)
        proof = _step_up(face, voice, subject_id)
        assert proof.voice_check_id == check.id
        assert proof.face_check_id == ActToken.objects.get(factor="face").face_check_id
        with pytest.raises(FaceTokenUsed):
            _step_up(face, voice, subject_id)
        with pytest.raises(VoiceTokenUsed):
            _step_up(_face_token(subject_id), voice, subject_id)

    def test_a_voice_that_is_not_good_leaves_the_face_unused(self, business: Business, run_steps: RunSteps) -> None:
        subject_id = _customer(business)
        face = _face_token(subject_id)
        with pytest.raises(VoiceTokenMismatch):
            _step_up(face, "x" * 43, subject_id)
        assert ActToken.objects.get(factor="face").used_at is None
        _step_up(face, _voice_token(_ended(subject_id, run_steps)), subject_id)

    def test_neither_stands_for_the_other(self, business: Business, run_steps: RunSteps) -> None:
        subject_id = _customer(business)
        face, voice = _face_token(subject_id), _voice_token(_ended(subject_id, run_steps))
        with pytest.raises(FaceTokenMismatch):
            _step_up(voice, voice, subject_id)
        with pytest.raises(VoiceTokenMismatch):
            _step_up(face, face, subject_id)
        with pytest.raises(FaceTokenMismatch), transaction.atomic():
            consume_face_token(token=voice, subject_id=subject_id, action="bind_card", business_id=BUSINESS)
        _step_up(face, voice, subject_id)

    def test_it_is_refused_for_another_object_person_or_bank_and_stays_good(
        self, business: Business, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        voice = _voice_token(_ended(subject_id, run_steps))
        with pytest.raises(VoiceTokenMismatch):
            _step_up(_face_token(subject_id, OTHER_BUSINESS), voice, subject_id, OTHER_BUSINESS)
        stranger = enrolled()
        with pytest.raises(VoiceTokenMismatch):
            _step_up(_face_token(stranger), voice, stranger)
        face = _face_token(subject_id)
        with in_bank("116"), pytest.raises(FaceTokenMismatch):
            _step_up(face, voice, subject_id)
        assert ActToken.objects.get(factor="voice").used_at is None
        _step_up(face, voice, subject_id)

    def test_after_five_minutes_it_has_expired(self, business: Business, run_steps: RunSteps) -> None:
        subject_id = _customer(business)
        voice = _voice_token(_ended(subject_id, run_steps))
        ActToken.objects.update(expires_at=now())
        with pytest.raises(VoiceTokenExpired):
            _step_up(_face_token(subject_id), voice, subject_id)

    def test_a_token_stands_on_exactly_one_check_of_its_factor(self, business: Business, run_steps: RunSteps) -> None:
        from django.db import IntegrityError

        subject_id = _customer(business)
        _ended(subject_id, run_steps)
        for changed in ({"voice_check": None}, {"factor": "face"}):
            with pytest.raises(IntegrityError, match="verification_act_token_one_check"), transaction.atomic():
                ActToken.objects.update(**changed)

    def test_it_is_stored_sealed_and_as_a_hash_only(self, business: Business, run_steps: RunSteps) -> None:
        voice = _voice_token(_ended(_customer(business), run_steps))
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(t)::text FROM verification_act_token t")
            assert voice not in cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestOverTheWire:
    def test_a_person_reads_aloud_and_is_known_again(
        self, vendors: Sandbox, business: Business, run_steps: RunSteps
    ) -> None:
        from dataclasses import replace

        person, other = vendors.people(2, profile="good")
        subject_id = _customer(business, identity=replace(PERSON, name=person["name"], id_number=person["id_number"]))

        def reads(speaker: dict[str, Any], business_id: str = BUSINESS) -> VoiceCheck:
            check = _start(subject_id, business_id=business_id)
            said = vendors.http.get(speaker["voice_url"], params={"text": check.text}).content
            complete_voice_check(voice_check_id=check.id, subject_id=subject_id, upload_id=_record(subject_id, said))
            run_steps()
            check.refresh_from_db()
            return check

        first = reads(person)
        _step_up(_face_token(subject_id), _voice_token(first), subject_id)
        second = reads(person, OTHER_BUSINESS)
        assert (second.status, second.compared_with_id) == ("passed", first.id)
        assert second.similarity is not None
        assert second.similarity > 80
        third = reads(other, OTHER_BUSINESS)
        assert (third.status, third.reason_code) == ("failed", "voice_mismatch")
        calls = vendors.calls(vendor="voice")
        assert [call["outcome"] for call in calls] == ["first", "match", "mismatch"]
        assert {call["bank"] for call in calls} == {"125"}
