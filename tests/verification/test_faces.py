"""Face checks and their single-use tokens (A4-17, SEC-03)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from core.clock import now
from core.errors import InvalidRequest, NotFound, StateConflict, TooManyRequests
from core.evidence.models import EvidenceLeaf
from core.gateway import Rejected, Unavailable
from core.ids import new_id
from core.tenancy import in_bank
from core.vault import put, read
from core.vault.models import VaultReference
from core.vault.objects import Owner
from tenants.parameters import set_for_bank
from tests.at_once import at_once, told
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
    picture,
)
from verification import queries
from verification.models import ActToken, Check, FaceCheck, IdCardReading, Subject, Upload
from verification.operations import (
    ConsentMissing,
    FaceLocked,
    FaceResultUnknown,
    FaceTokenExpired,
    FaceTokenMismatch,
    FaceTokenUsed,
    FaceUploadNotAccepted,
    complete_face_check,
    consume_face_token,
    receive_upload,
    start_face_check,
    withdraw_consent,
)
from verification.providers.face import FaceOutcome, FaceResult

if TYPE_CHECKING:
    import uuid

    from tests.running_sandbox import Sandbox


def _with_card(subject_id: uuid.UUID, content: bytes | None = None) -> bytes:
    """Give a subject an ID card that was read."""
    content = content or picture()
    front = receive_upload(subject_id=subject_id, kind="id_card_front", content=content).id
    back = receive_upload(subject_id=subject_id, kind="id_card_back", content=picture()).id
    IdCardReading.objects.create(
        id=new_id(), subject_id=subject_id, front_upload_id=front, back_upload_id=back, status="read",
        provider="local", fields=PERSON.to_json(), finished_at=now(),
    )  # fmt: skip
    return content


def _customer(business: Business, **more: Any) -> uuid.UUID:
    subject_id = identified(**more)
    _with_card(subject_id)
    consent(subject_id, "face")
    business.owners[BUSINESS] = subject_id
    return subject_id


def _start(subject_id: uuid.UUID, action: str = "apply", business_id: str = BUSINESS) -> FaceCheck:
    return start_face_check(subject_id=subject_id, action=action, business_id=business_id)


def _passed(business: Business, run_steps: RunSteps, action: str = "apply") -> tuple[uuid.UUID, ActToken]:
    subject_id = _customer(business)
    face_check = _start(subject_id, action)
    run_steps()
    complete_face_check(face_check_id=face_check.id, subject_id=subject_id)
    run_steps()
    return subject_id, ActToken.objects.get(face_check=face_check)


def _failed(subject_id: uuid.UUID, run_steps: RunSteps) -> FaceCheck:
    face_check = _start(subject_id)
    run_steps()
    complete_face_check(face_check_id=face_check.id, subject_id=subject_id)
    run_steps()
    face_check.refresh_from_db()
    return face_check


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestStartFaceCheck:
    def test_without_consent_to_face_checks_there_is_none(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        with pytest.raises(ConsentMissing) as caught:
            _start(subject_id)
        assert list(caught.value.errors) == ["face"]
        assert not FaceCheck.objects.exists()

    def test_a_withdrawn_consent_stops_it(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        withdraw_consent(subject_id=subject_id, consent_id=consent(subject_id, "face"))
        with pytest.raises(ConsentMissing):
            _start(subject_id)

    def test_an_object_of_somebody_else_is_not_found(self, business: Business) -> None:
        business.owners[BUSINESS] = identified()
        stranger = enrolled()
        consent(stranger, "face")
        with pytest.raises(NotFound):
            _start(stranger)

    def test_an_object_that_calls_for_no_face_is_a_conflict(self, business: Business) -> None:
        subject_id = _customer(business)
        business.ready = False
        with pytest.raises(StateConflict):
            _start(subject_id)

    def test_an_action_that_no_room_offers_is_not_found_and_an_unknown_one_is_refused(self, business: Business) -> None:
        subject_id = _customer(business)
        with pytest.raises(InvalidRequest):
            _start(subject_id, "dance")
        from verification import acts

        acts._ACTS.pop("drawdown")
        with pytest.raises(NotFound):
            _start(subject_id, "drawdown")

    def test_nobody_known_has_no_face_to_compare_with(self, business: Business) -> None:
        subject_id = enrolled()
        consent(subject_id, "face")
        business.owners[BUSINESS] = subject_id
        with pytest.raises(StateConflict):
            _start(subject_id)

    def test_too_many_starts_within_a_day_are_refused(self, business: Business) -> None:
        subject_id = _customer(business)
        with transaction.atomic():
            set_for_bank(name="face.starts_per_day", value=2, effective_date=date(2020, 1, 1), actor="test")
        _start(subject_id)
        _start(subject_id)
        with pytest.raises(TooManyRequests):
            _start(subject_id)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestStartStep:
    def test_the_face_is_compared_with_the_portrait_of_the_national_system(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        check = Check.objects.create(
            subject_id=subject_id,
            kind="id_check",
            purpose="apply",
            status="answered",
            outcome="match",
            answered_at=now(),
        )
        stored = put(b"\xff\xd8\xffportrait", content_type="image/jpeg", kind="id_photo", owner=Owner("test", check.id))
        Check.objects.filter(pk=check.id).update(photo_id=stored.id)
        face_check = _start(subject_id)
        run_steps()
        (asked,) = fake_vendors.named("face_start")
        assert asked["photo"] == b"\xff\xd8\xffportrait"
        assert (asked["name"], asked["id_number"]) == (PERSON.name, PERSON.id_number)
        face_check.refresh_from_db()
        assert (face_check.status, face_check.base_photo) == ("started", "id_check")
        assert (face_check.start_token, face_check.start_url) == ("BIZ-1", "https://face/BIZ-1")

    def test_without_one_it_is_compared_with_the_picture_of_the_card(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = identified()
        content = _with_card(subject_id, picture("PNG"))
        consent(subject_id, "face")
        business.owners[BUSINESS] = subject_id
        _start(subject_id)
        run_steps()
        sent = fake_vendors.named("face_start")[0]["photo"]
        assert isinstance(sent, bytes)
        assert content.startswith(b"\x89PNG")
        assert sent.startswith(b"\xff\xd8\xff")
        assert FaceCheck.objects.get().base_photo == "id_card"

    def test_without_any_picture_it_fails_and_says_so(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = identified()
        consent(subject_id, "face")
        business.owners[BUSINESS] = subject_id
        face_check = _start(subject_id)
        run_steps()
        assert queries.face_check(face_check.id).reason_code == "no_photo"
        assert fake_vendors.calls == []

    def test_a_portrait_that_cannot_be_decoded_fails_it_before_anybody_is_asked(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        check = Check.objects.create(
            subject_id=subject_id, kind="id_check", purpose="apply", status="answered", outcome="match",
            answered_at=now(),
        )  # fmt: skip
        broken = b"\xff\xd8\xff" + bytes(3 * 1024 * 1024)
        stored = put(broken, content_type="image/jpeg", kind="id_photo", owner=Owner("test", check.id))
        Check.objects.filter(pk=check.id).update(photo_id=stored.id)
        face_check = _start(subject_id)
        run_steps()
        assert queries.face_check(face_check.id).reason_code == "photo_unusable"
        assert fake_vendors.calls == []

    def test_a_photo_that_the_vendor_refuses_fails_it(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.face_start = Rejected("t", "DetectAuth", code="photo_unusable")
        face_check = _start(_customer(business))
        run_steps()
        assert queries.face_check(face_check.id).reason_code == "photo_unusable"

    def test_a_vendor_that_is_down_is_asked_again_and_given_up_in_time(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.face_start = Unavailable("t", "DetectAuth")
        face_check = _start(_customer(business))
        run_steps()
        assert queries.face_check(face_check.id).status == "starting"
        FaceCheck.objects.update(created_at=now() - timedelta(seconds=121))
        due_now()
        run_steps()
        view = queries.face_check(face_check.id)
        assert (view.status, view.reason_code) == ("failed", "vendor_unavailable")

    def test_who_moves_to_another_wechat_must_show_the_known_persons_face(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        known = identified()
        content = _with_card(known)
        stranger = enrolled()
        consent(stranger, "face")
        business.owners[BUSINESS], business.identities[BUSINESS] = stranger, known
        face_check = _start(stranger, "relink")
        run_steps()
        (asked,) = fake_vendors.named("face_start")
        assert (asked["photo"], asked["name"]) == (content, PERSON.name)
        complete_face_check(face_check_id=face_check.id, subject_id=stranger)
        run_steps()
        token = ActToken.objects.get()
        with transaction.atomic():
            consume_face_token(token=str(token.token), subject_id=stranger, action="relink", business_id=BUSINESS)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestCompleteFaceCheck:
    def test_a_pass_gives_a_token_for_five_minutes_and_keeps_the_best_frame(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id, token = _passed(business, run_steps)
        assert (token.subject_id, token.action, token.business_id) == (subject_id, "apply", BUSINESS)
        assert token.expires_at - token.created_at == timedelta(seconds=300)
        face_check = FaceCheck.objects.get()
        assert (face_check.status, face_check.similarity) == ("passed", Decimal("92.10"))
        assert face_check.frame_id is not None
        assert read(face_check.frame_id, purpose="t", actor="t") == b"\xff\xd8\xffframe"
        assert VaultReference.objects.get(owner_id=face_check.id).retention == "identification"

    def test_the_result_is_a_check_on_record(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        _passed(business, run_steps, "open_account")
        check = Check.objects.get(kind="face")
        assert (check.purpose, check.business_id, check.outcome) == ("open_account", BUSINESS, "passed")
        assert EvidenceLeaf.objects.get(kind="verification.check").id == check.evidence_leaf
        assert check.detail["similarity"] == "92.10"

    def test_the_token_is_stored_sealed_and_as_a_hash_only(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        _, token = _passed(business, run_steps)
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(t)::text FROM verification_act_token t")
            assert str(token.token) not in cursor.fetchone()[0]

    @pytest.mark.parametrize(
        ("outcome", "code"),
        [
            (FaceOutcome.NOT_LIVE, "not_live"),
            (FaceOutcome.NOT_SAME, "face_mismatch"),
            (FaceOutcome.IDENTITY_MISMATCH, "id_mismatch"),
            (FaceOutcome.NO_REFERENCE, "no_photo"),
            (FaceOutcome.UNCLEAR, "image_unclear"),
            (FaceOutcome.TOO_MANY_TRIES, "too_many_tries"),
            (FaceOutcome.EXPIRED, "expired"),
            (FaceOutcome.ABORTED, "aborted"),
        ],
    )
    def test_whatever_else_the_vendor_says_fails_it_without_a_token(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps, outcome: FaceOutcome, code: str
    ) -> None:
        fake_vendors.face_result = FaceResult(outcome=outcome, code="1")
        face_check = _failed(_customer(business), run_steps)
        assert (face_check.status, face_check.reason_code) == ("failed", code)
        assert not ActToken.objects.exists()
        assert Check.objects.get(kind="face").outcome == "failed"

    @pytest.mark.parametrize("similarity", [Decimal("79.99"), None])
    def test_a_pass_below_the_banks_least_similarity_is_none(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps, similarity: Decimal | None
    ) -> None:
        fake_vendors.face_result = FaceResult(outcome=FaceOutcome.PASSED, code="0", similarity=similarity)
        face_check = _failed(_customer(business), run_steps)
        assert face_check.reason_code == "face_mismatch"

    def test_a_frame_of_a_failure_is_kept_for_a_short_time_only(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.face_result = FaceResult(outcome=FaceOutcome.NOT_SAME, code="2016", best_frame=b"\x89PNG\r\nframe")
        face_check = _failed(_customer(business), run_steps)
        assert VaultReference.objects.get(owner_id=face_check.id).retention == "failed_face"

    def test_a_result_that_the_vendor_does_not_have_yet_is_waited_for_a_moment(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        passed = fake_vendors.face_result
        fake_vendors.face_result = FaceResult(outcome=FaceOutcome.PENDING)
        subject_id = _customer(business)
        face_check = _failed(subject_id, run_steps)
        assert face_check.status == "checking"
        fake_vendors.face_result = passed
        due_now()
        run_steps()
        assert queries.face_check(face_check.id).status == "passed"

    def test_a_check_that_the_customer_did_not_go_through_fails(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.face_result = FaceResult(outcome=FaceOutcome.PENDING)
        face_check = _failed(_customer(business), run_steps)
        FaceCheck.objects.update(completed_at=now() - timedelta(seconds=11))
        due_now()
        run_steps()
        assert queries.face_check(face_check.id).reason_code == "not_finished"

    def test_a_vendor_that_does_not_answer_is_given_up_in_time(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        fake_vendors.face_result = Unavailable("t", "GetDetectInfoEnhanced")
        face_check = _failed(_customer(business), run_steps)
        assert face_check.status == "checking"
        FaceCheck.objects.update(completed_at=now() - timedelta(seconds=121))
        due_now()
        run_steps()
        assert queries.face_check(face_check.id).reason_code == "vendor_unavailable"

    def test_only_a_started_check_of_ones_own_is_completed_and_only_once(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        face_check = _start(subject_id)
        with pytest.raises(StateConflict):
            complete_face_check(face_check_id=face_check.id, subject_id=subject_id)
        run_steps()
        with pytest.raises(NotFound):
            complete_face_check(face_check_id=face_check.id, subject_id=enrolled())
        with in_bank("116"), pytest.raises(NotFound):
            complete_face_check(face_check_id=face_check.id, subject_id=subject_id)
        complete_face_check(face_check_id=face_check.id, subject_id=subject_id)
        with pytest.raises(StateConflict):
            complete_face_check(face_check_id=face_check.id, subject_id=subject_id)

    def test_a_picture_or_the_result_of_another_check_is_refused(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        face_check = _start(subject_id)
        run_steps()
        with pytest.raises(FaceUploadNotAccepted):
            complete_face_check(
                face_check_id=face_check.id, subject_id=subject_id, upload_id=Upload.objects.values_list("pk")[0][0]
            )
        with pytest.raises(FaceResultUnknown):
            complete_face_check(face_check_id=face_check.id, subject_id=subject_id, result_token="BIZ-2")
        assert queries.face_check(face_check.id).status == "started"
        complete_face_check(face_check_id=face_check.id, subject_id=subject_id, result_token="BIZ-1")


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestLock:
    def test_five_failures_within_a_day_lock_for_a_day(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        fake_vendors.face_result = FaceResult(outcome=FaceOutcome.NOT_LIVE, code="1002")
        for _ in range(5):
            _failed(subject_id, run_steps)
        with pytest.raises(FaceLocked) as caught:
            _start(subject_id)
        assert 86_000 < int(str(caught.value.extra["retry_after"])) <= 86_401
        Subject.objects.update(face_locked_until=now())
        assert _start(subject_id).status == "starting"

    def test_failures_that_are_nobodys_fault_do_not_count(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        fake_vendors.face_result = FaceResult(outcome=FaceOutcome.ABORTED, code="1008")
        for _ in range(6):
            _failed(subject_id, run_steps)
        assert Subject.objects.get(pk=subject_id).face_locked_until is None

    def test_failures_of_a_day_ago_do_not_count(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        subject_id = _customer(business)
        fake_vendors.face_result = FaceResult(outcome=FaceOutcome.NOT_SAME, code="2016")
        for _ in range(4):
            _failed(subject_id, run_steps)
        FaceCheck.objects.update(finished_at=now() - timedelta(hours=24, seconds=1))
        _failed(subject_id, run_steps)
        assert Subject.objects.get(pk=subject_id).face_locked_until is None


def _consume(token: str, subject_id: uuid.UUID, action: str = "apply", business_id: str = BUSINESS) -> uuid.UUID:
    with transaction.atomic():
        return consume_face_token(token=token, subject_id=subject_id, action=action, business_id=business_id)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a", "fake_vendors")
class TestConsumeFaceToken:
    def test_it_works_once(self, business: Business, run_steps: RunSteps) -> None:
        subject_id, token = _passed(business, run_steps)
        assert _consume(str(token.token), subject_id) == token.face_check_id
        with pytest.raises(FaceTokenUsed):
            _consume(str(token.token), subject_id)

    def test_it_is_refused_for_another_action_object_person_or_bank_and_stays_good(
        self, business: Business, run_steps: RunSteps
    ) -> None:
        subject_id, row = _passed(business, run_steps)
        token = str(row.token)
        with pytest.raises(FaceTokenMismatch):
            _consume(token, subject_id, action="sign")
        with pytest.raises(FaceTokenMismatch):
            _consume(token, subject_id, business_id=OTHER_BUSINESS)
        with pytest.raises(FaceTokenMismatch):
            _consume(token, enrolled())
        with pytest.raises(FaceTokenMismatch):
            _consume(token + "x", subject_id)
        with in_bank("116"), pytest.raises(FaceTokenMismatch):
            _consume(token, subject_id)
        assert _consume(token, subject_id) == row.face_check_id

    def test_after_five_minutes_it_has_expired(self, business: Business, run_steps: RunSteps) -> None:
        subject_id, token = _passed(business, run_steps)
        ActToken.objects.update(expires_at=now())
        with pytest.raises(FaceTokenExpired):
            _consume(str(token.token), subject_id)

    def test_an_act_that_is_rolled_back_leaves_it_good(self, business: Business, run_steps: RunSteps) -> None:
        subject_id, token = _passed(business, run_steps)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            consume_face_token(token=str(token.token), subject_id=subject_id, action="apply", business_id=BUSINESS)
            raise ZeroDivisionError
        assert _consume(str(token.token), subject_id) == token.face_check_id


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("bank_a", "fake_vendors")
class TestRaces:
    def test_of_twenty_uses_of_one_token_one_wins(self, business: Business, run_steps: RunSteps) -> None:
        subject_id, row = _passed(business, run_steps)
        token = str(row.token)
        uses = at_once("125", [lambda: _consume(token, subject_id)] * 20)
        assert told(uses) == ["done"] + [FaceTokenUsed.code] * 19


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestOverTheWire:
    @pytest.mark.parametrize(
        ("outcome", "status", "code"),
        [("passed", "passed", ""), ("not_live", "failed", "not_live"), ("not_same", "failed", "face_mismatch")],
    )
    def test_a_person_goes_through_the_vendors_page(
        self, vendors: Sandbox, business: Business, run_steps: RunSteps, outcome: str, status: str, code: str
    ) -> None:
        person = vendors.person(profile="good")
        subject_id = identified(replace(PERSON, name=person["name"], id_number=person["id_number"]))
        _with_card(subject_id, vendors.picture(person, "id_card_front"))
        consent(subject_id, "face")
        business.owners[BUSINESS] = subject_id
        face_check = _start(subject_id)
        run_steps()
        face_check.refresh_from_db()
        assert face_check.status == "started"
        walked = {"person": person["person"], "outcome": outcome}
        vendors.json("POST", f"/sandbox/face/{face_check.start_token}/finish", json=walked)
        complete_face_check(face_check_id=face_check.id, subject_id=subject_id, result_token=face_check.start_token)
        run_steps()
        view = queries.face_check(face_check.id)
        assert (view.status, view.reason_code) == (status, code)
        operations = [call["operation"] for call in vendors.calls(vendor="tencent_faceid")]
        assert operations == ["DetectAuth", "GetDetectInfoEnhanced"]
        assert {call["bank"] for call in vendors.calls(vendor="tencent_faceid")} == {"125"}

    def test_somebody_else_before_the_camera_does_not_pass(
        self, vendors: Sandbox, business: Business, run_steps: RunSteps
    ) -> None:
        person, other = vendors.people(2, profile="good")
        subject_id = identified(replace(PERSON, name=person["name"], id_number=person["id_number"]))
        _with_card(subject_id, vendors.picture(person, "id_card_front"))
        consent(subject_id, "face")
        business.owners[BUSINESS] = subject_id
        face_check = _start(subject_id)
        run_steps()
        face_check.refresh_from_db()
        walked = {"person": other["person"], "outcome": "passed"}
        vendors.json("POST", f"/sandbox/face/{face_check.start_token}/finish", json=walked)
        complete_face_check(face_check_id=face_check.id, subject_id=subject_id)
        run_steps()
        assert queries.face_check(face_check.id).reason_code == "face_mismatch"
