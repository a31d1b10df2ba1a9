"""The calls of this room over HTTP: fields, codes, idempotency, and nothing for strangers."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from accounts.models import Customer, Session
from core.clock import now
from core.crypto import blind_index
from core.ids import new_id
from core.tenancy import in_bank
from tenants.parameters import set_for_bank
from tests.verification.conftest import (
    BUSINESS,
    OTHER_BUSINESS,
    PERSON,
    PHONE,
    Business,
    FakeVendors,
    RunSteps,
    consent,
    identified,
    picture,
)
from tests.verification.sounds import wav
from verification.models import ActToken, Consent, FaceCheck, IdCardReading, PhoneCode, Subject, Upload, VoiceCheck
from verification.operations import enrol_subject
from verification.operations.act_tokens import consume_face_token
from verification.operations.phone_codes import digits_of

if TYPE_CHECKING:
    from django.http import HttpResponse


@dataclass
class Phone:
    """A customer's phone: a token, and calls of the contract."""

    customer_id: uuid.UUID
    token: str
    bank: str = "125"

    def call(self, method: str, path: str, body: object = None, **headers: str) -> HttpResponse:
        sent = {"HTTP_AUTHORIZATION": f"Bearer {self.token}", **headers}
        address = f"/b/{self.bank}/api/v1/{path}"
        with in_bank("125"):
            if method == "GET":
                return Client().get(address, body or {}, **sent)  # type: ignore[arg-type, return-value]
            return Client().post(address, body, content_type="application/json", **sent)  # type: ignore[arg-type, return-value]

    def get(self, path: str, **query: str) -> Any:
        answer = self.call("GET", path, query)
        assert answer.status_code == 200, answer.content
        return answer.json()  # type: ignore[attr-defined]

    def post(self, path: str, body: object = None, *, key: str | None = None) -> HttpResponse:
        return self.call("POST", path, body or {}, HTTP_IDEMPOTENCY_KEY=key or secrets.token_hex(8))

    def upload(self, kind: str, content: bytes) -> HttpResponse:
        file = SimpleUploadedFile("f.jpg", content, content_type="image/jpeg")
        with in_bank("125"):
            return Client().post(  # type: ignore[return-value]
                f"/b/{self.bank}/api/v1/uploads",
                {"kind": kind, "file": file},
                HTTP_AUTHORIZATION=f"Bearer {self.token}",
            )


def _problem(answer: HttpResponse, status: int, code: str) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()  # type: ignore[attr-defined]
    assert (answer.status_code, document["code"]) == (status, code), document
    assert answer["Content-Type"] == "application/problem+json"
    return document


def _logged_in(customer_id: uuid.UUID) -> Phone:
    token = secrets.token_urlsafe(32)
    Customer.objects.create(id=customer_id, openid="o", openid_index=blind_index(customer_id.hex, domain="test.openid"))
    Session.objects.create(
        customer_id=customer_id,
        token_sha256=hashlib.sha256(token.encode()).digest(),
        device_id="d1",
        expires_at=now() + timedelta(hours=1),
    )
    return Phone(customer_id, token)


def _phone() -> Phone:
    customer_id = new_id()
    with transaction.atomic():
        enrol_subject(subject_id=customer_id)
    return _logged_in(customer_id)


NewPhone = Callable[[], Phone]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


class TestAgreements:
    def test_anybody_may_read_the_texts_in_force(self) -> None:
        answer = Client().get("/b/125/api/v1/agreements", {"purpose": "privacy"})
        assert answer.status_code == 200
        (item,) = answer.json()["items"]
        assert set(item) == {"id", "purpose", "version", "title", "text", "sha256"}
        assert item["sha256"] == hashlib.sha256(item["text"].encode()).hexdigest()
        assert len(Client().get("/b/125/api/v1/agreements").json()["items"]) == 10

    def test_with_a_business_object_a_token_is_needed_and_the_text_names_it(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        phone = _logged_in(subject_id)
        (item,) = phone.get("agreements", purpose="credit_query", subject=BUSINESS)["items"]
        assert PERSON.name in item["text"]
        anonymous = Client().get("/b/125/api/v1/agreements", {"subject": BUSINESS})
        _problem(anonymous, 401, "unauthenticated")  # type: ignore[arg-type]
        _problem(_phone().call("GET", "agreements", {"subject": BUSINESS}), 404, "not_found")
        _problem(phone.call("GET", "agreements", {"subject": "nonsense"}), 404, "not_found")

    def test_an_unknown_purpose_is_an_invalid_request(self) -> None:
        _problem(Client().get("/b/125/api/v1/agreements", {"purpose": "all"}), 400, "invalid_request")  # type: ignore[arg-type]


def _consent_body(phone: Phone, purpose: str, subject: str | None = None) -> dict[str, Any]:
    query = {"purpose": purpose, **({"subject": subject} if subject else {})}
    (item,) = phone.get("agreements", **query)["items"]
    return {
        "agreement_id": item["id"], "sha256": item["sha256"], "read_seconds": 9,
        **({"subject": subject} if subject else {}),
    }  # fmt: skip


class TestConsents:
    def test_agreeing_is_answered_with_what_was_agreed_to(self) -> None:
        phone = _phone()
        answer = phone.post("consents", _consent_body(phone, "privacy"))
        assert answer.status_code == 201
        document = answer.json()  # type: ignore[attr-defined]
        assert document["purpose"] == "privacy"
        assert document["granted_at"].endswith("+08:00")
        assert (document["withdrawn_at"], document["subject"]) == (None, None)
        assert [item["id"] for item in phone.get("consents")["items"]] == [document["id"]]

    def test_the_same_key_again_is_the_same_answer_and_without_one_there_is_none(self) -> None:
        phone = _phone()
        body = _consent_body(phone, "privacy")
        first, second = phone.post("consents", body, key="k1"), phone.post("consents", body, key="k1")
        assert first.json() == second.json()  # type: ignore[attr-defined]
        assert second["Idempotent-Replayed"] == "true"
        _problem(phone.post("consents", {**body, "read_seconds": 1}, key="k1"), 409, "idempotency_key_reused")
        _problem(phone.call("POST", "consents", body), 400, "idempotency_key_required")

    def test_a_wrong_hash_is_agreement_changed(self) -> None:
        phone = _phone()
        body = {**_consent_body(phone, "privacy"), "sha256": "0" * 64}
        _problem(phone.post("consents", body), 409, "agreement_changed")
        assert not Consent.objects.exists()

    @pytest.mark.parametrize(
        "changed",
        [{"agreement_id": "x"}, {"sha256": "x"}, {"read_seconds": -1}, {"read_seconds": None}, {"subject": "x"}],
    )
    def test_an_ill_formed_field_is_an_invalid_request(self, changed: dict[str, object]) -> None:
        phone = _phone()
        document = _problem(phone.post("consents", {**_consent_body(phone, "face"), **changed}), 400, "invalid_request")
        assert set(document["errors"]) == set(changed)

    def test_an_authorisation_is_given_for_one_business(self, business: Business) -> None:
        subject_id = identified()
        business.owners[BUSINESS] = subject_id
        phone = _logged_in(subject_id)
        answer = phone.post("consents", _consent_body(phone, "credit_query", BUSINESS))
        assert answer.json()["subject"] == BUSINESS  # type: ignore[attr-defined]
        without = _consent_body(phone, "credit_query")
        document = _problem(phone.post("consents", without), 400, "invalid_request")
        assert "subject" in document["errors"]
        stranger = _phone()
        _problem(stranger.post("consents", {**without, "subject": BUSINESS}), 404, "not_found")

    def test_withdrawing_is_answered_with_when(self) -> None:
        phone = _phone()
        with in_bank("125"):
            consent_id = consent(phone.customer_id, "marketing").hex
        answer = phone.post(f"consents/{consent_id}/withdraw")
        assert answer.status_code == 200
        assert answer.json()["withdrawn_at"] is not None  # type: ignore[attr-defined]
        _problem(_phone().post(f"consents/{consent_id}/withdraw"), 404, "not_found")
        _problem(phone.post("consents/nonsense/withdraw"), 404, "not_found")


class TestUploads:
    def test_a_picture_is_answered_with_its_id_and_hash(self) -> None:
        phone, content = _phone(), picture()
        answer = phone.upload("id_card_front", content)
        assert answer.status_code == 201
        document = answer.json()  # type: ignore[attr-defined]
        assert document["sha256"] == hashlib.sha256(content).hexdigest()
        assert Upload.objects.get(pk=uuid.UUID(document["id"])).subject_id == phone.customer_id

    @pytest.mark.parametrize(
        ("kind", "content", "code"),
        [
            ("id_card_front", b"text", "upload_not_readable"),
            ("id_card_front", b"", "upload_not_readable"),
            ("passport", b"\xff\xd8\xff", "upload_kind_unknown"),
            ("face", b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), "upload_too_large"),
            ("face", bytes(10 * 1024 * 1024 + 128 * 1024), "upload_too_large"),
        ],
    )
    def test_what_cannot_be_taken_says_why(self, kind: str, content: bytes, code: str) -> None:
        _problem(_phone().upload(kind, content), 422, code)

    def test_anything_but_a_form_is_refused(self) -> None:
        _problem(_phone().call("POST", "uploads", {"kind": "face"}), 415, "unsupported_media_type")

    def test_a_form_without_a_file_is_an_invalid_request(self) -> None:
        phone = _phone()
        answer = Client().post("/b/125/api/v1/uploads", {"kind": "face"}, HTTP_AUTHORIZATION=f"Bearer {phone.token}")
        assert "file" in _problem(answer, 400, "invalid_request")["errors"]  # type: ignore[arg-type]

    def test_a_form_that_is_large_beside_its_file_is_refused(self) -> None:
        phone = _phone()
        answer = Client().post(
            "/b/125/api/v1/uploads", {"kind": "x" * 1_100_000}, HTTP_AUTHORIZATION=f"Bearer {phone.token}"
        )
        _problem(answer, 413, "payload_too_large")  # type: ignore[arg-type]

    def test_too_many_a_day_are_told_when_to_come_again(self) -> None:
        with transaction.atomic():
            set_for_bank(name="upload.per_customer_day", value=1, effective_date=date(2020, 1, 1), actor="test")
        phone = _phone()
        assert phone.upload("face", picture()).status_code == 201
        answer = phone.upload("face", picture())
        _problem(answer, 429, "too_many_requests")
        assert answer["Retry-After"]


class TestPhoneCodes:
    def test_the_answer_never_has_the_code_itself(self) -> None:
        phone = _phone()
        answer = phone.post("phone-codes", {"phone": PHONE, "action": "register"})
        assert answer.status_code == 202
        document = answer.json()  # type: ignore[attr-defined]
        assert set(document) == {"id", "expires_at"}
        row = PhoneCode.objects.get(pk=uuid.UUID(document["id"]))
        assert digits_of(row).encode() not in answer.content
        assert row.subject_id == phone.customer_id

    def test_amount_and_business_object_go_along(self, business: Business) -> None:
        phone = _phone()
        business.owners[BUSINESS] = phone.customer_id
        body = {"phone": PHONE, "action": "sign", "subject": BUSINESS, "amount": "1000.00"}
        assert phone.post("phone-codes", body).status_code == 202
        row = PhoneCode.objects.get()
        assert (row.business_id, row.amount_fen) == (BUSINESS, 100_000)

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"phone": "123"}, "phone"),
            ({"action": "dance"}, "action"),
            ({"subject": "x"}, "subject"),
            ({"amount": "1.234"}, "amount"),
            ({"amount": 5}, "amount"),
            ({"action": "transfer"}, "amount"),
        ],
    )
    def test_an_ill_formed_field_is_an_invalid_request(self, changed: dict[str, object], named: str) -> None:
        body = {"phone": PHONE, "action": "register", **changed}
        assert named in _problem(_phone().post("phone-codes", body), 400, "invalid_request")["errors"]

    def test_too_soon_is_told_when_to_come_again(self) -> None:
        phone = _phone()
        phone.post("phone-codes", {"phone": PHONE, "action": "register"})
        answer = phone.post("phone-codes", {"phone": PHONE, "action": "register"})
        _problem(answer, 429, "too_many_requests")
        assert 50 <= int(answer["Retry-After"]) <= 60

    def test_a_repeated_request_sends_no_second_text(self, fake_vendors: FakeVendors, run_steps: RunSteps) -> None:
        phone = _phone()
        body = {"phone": PHONE, "action": "register"}
        first, second = phone.post("phone-codes", body, key="k"), phone.post("phone-codes", body, key="k")
        assert first.json() == second.json()  # type: ignore[attr-defined]
        run_steps()
        assert len(fake_vendors.named("text")) == 1

    def test_the_business_object_must_be_ones_own_and_call_for_a_code(self, business: Business) -> None:
        body = {"phone": PHONE, "action": "sign", "subject": BUSINESS}
        _problem(_phone().post("phone-codes", body), 404, "not_found")
        phone = _phone()
        business.owners[BUSINESS], business.ready = phone.customer_id, False
        _problem(phone.post("phone-codes", body), 409, "state_conflict")


def _known(business: Business) -> Phone:
    subject_id = identified()
    phone = _logged_in(subject_id)
    uploads = [uuid.UUID(phone.upload(kind, picture()).json()["id"]) for kind in ("id_card_front", "id_card_back")]  # type: ignore[attr-defined]
    IdCardReading.objects.create(
        subject_id=subject_id, front_upload_id=uploads[0], back_upload_id=uploads[1], status="read",
        provider="local", fields=PERSON.to_json(), finished_at=now(),
    )  # fmt: skip
    consent(subject_id, "face")
    business.owners[BUSINESS] = subject_id
    return phone


class TestFaceChecks:
    BODY = {"action": "apply", "subject": BUSINESS}

    def test_from_the_start_to_the_token(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        phone = _known(business)
        answer = phone.post("face-checks", self.BODY)
        assert answer.status_code == 202
        document = answer.json()  # type: ignore[attr-defined]
        assert (document["status"], document["start"], document["face_token"]) == ("starting", None, None)
        path = f"face-checks/{document['id']}"
        assert answer["Location"] == f"/b/125/api/v1/{path}"
        assert phone.call("GET", path)["Retry-After"] == "1"
        run_steps()
        started = phone.get(path)
        assert (started["status"], started["provider"]) == ("started", "tencent")
        assert started["start"] == {"token": "BIZ-1", "url": "https://face/BIZ-1"}
        completed = phone.post(f"{path}/complete", {"result_token": "BIZ-1"})
        assert (completed.status_code, completed.json()["status"]) == (202, "checking")  # type: ignore[attr-defined]
        run_steps()
        passed = phone.get(path)
        assert (passed["status"], passed["start"], passed["reason_code"]) == ("passed", None, None)
        assert passed["face_token"] == phone.get(path)["face_token"] == ActToken.objects.get().token
        with transaction.atomic():
            consume_face_token(
                token=passed["face_token"], subject_id=phone.customer_id, action="apply", business_id=BUSINESS
            )
        used = phone.get(path)
        assert (used["status"], used["face_token"], used["expires_at"]) == ("passed", None, None)

    def test_an_expired_token_is_not_shown(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        phone = _known(business)
        path = f"face-checks/{phone.post('face-checks', self.BODY).json()['id']}"  # type: ignore[attr-defined]
        run_steps()
        phone.post(f"{path}/complete")
        run_steps()
        ActToken.objects.update(expires_at=now())
        assert phone.get(path)["face_token"] is None

    def test_without_consent_it_is_refused(self, business: Business) -> None:
        phone = _phone()
        business.owners[BUSINESS] = phone.customer_id
        document = _problem(phone.post("face-checks", self.BODY), 422, "consent_missing")
        assert list(document["errors"]) == ["face"]

    def test_a_locked_customer_is_told_when_to_come_again(self, business: Business) -> None:
        phone = _known(business)
        Subject.objects.update(face_locked_until=now() + timedelta(hours=2))
        answer = phone.post("face-checks", self.BODY)
        _problem(answer, 429, "face_locked")
        assert 7000 < int(answer["Retry-After"]) <= 7201

    @pytest.mark.parametrize("changed", [{"action": "dance"}, {"subject": "x"}, {"subject": None}])
    def test_an_ill_formed_field_is_an_invalid_request(self, business: Business, changed: dict[str, object]) -> None:
        _problem(_phone().post("face-checks", {**self.BODY, **changed}), 400, "invalid_request")

    def test_somebody_elses_object_and_check_are_not_found(self, business: Business) -> None:
        phone, stranger = _known(business), _phone()
        path = f"face-checks/{phone.post('face-checks', self.BODY).json()['id']}"  # type: ignore[attr-defined]
        _problem(stranger.post("face-checks", self.BODY), 404, "not_found")
        _problem(stranger.call("GET", path), 404, "not_found")
        _problem(stranger.post(f"{path}/complete"), 404, "not_found")
        _problem(phone.call("GET", "face-checks/nonsense"), 404, "not_found")
        assert FaceCheck.objects.get().status == "starting"

    def test_completing_too_early_or_with_a_picture_or_another_token_is_refused(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        phone = _known(business)
        path = f"face-checks/{phone.post('face-checks', self.BODY).json()['id']}/complete"  # type: ignore[attr-defined]
        _problem(phone.post(path), 409, "state_conflict")
        run_steps()
        _problem(phone.post(path, {"upload": OTHER_BUSINESS}), 422, "face_upload_not_accepted")
        _problem(phone.post(path, {"result_token": "BIZ-2"}), 422, "face_result_unknown")
        assert phone.post(path).status_code == 202

    def test_a_failed_check_says_why_and_a_vendors_silence_may_be_tried_again(self, business: Business) -> None:
        phone = _known(business)
        check_id = phone.post("face-checks", self.BODY).json()["id"]  # type: ignore[attr-defined]
        for reason, retryable in (("not_live", False), ("vendor_unavailable", True)):
            FaceCheck.objects.update(status="failed", reason_code=reason, finished_at=now())
            document = phone.get(f"face-checks/{check_id}")
            assert (document["reason_code"], document["retryable"]) == (reason, retryable)


class TestVoiceChecks:
    BODY = {"action": "bind_card", "subject": BUSINESS}

    def _known(self, business: Business) -> Phone:
        phone = _known(business)
        consent(phone.customer_id, "voice")
        return phone

    def test_from_the_text_to_the_token(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        phone = self._known(business)
        answer = phone.post("voice-checks", self.BODY)
        assert answer.status_code == 202
        document = answer.json()  # type: ignore[attr-defined]
        path = f"voice-checks/{document['id']}"
        assert answer["Location"] == f"/b/125/api/v1/{path}"
        assert document == phone.get(path)
        assert (document["status"], document["voice_token"]) == ("started", None)
        assert (len(document["text"]), document["text_expires_at"][-6:]) == (8, "+08:00")
        upload_id = phone.upload("voice", wav()).json()["id"]  # type: ignore[attr-defined]
        completed = phone.post(f"{path}/complete", {"upload": upload_id})
        assert (completed.status_code, completed.json()["status"]) == (202, "checking")  # type: ignore[attr-defined]
        assert completed.json()["text"] is None  # type: ignore[attr-defined]
        assert phone.call("GET", path)["Retry-After"] == "1"
        run_steps()
        passed = phone.get(path)
        assert (passed["status"], passed["reason_code"], passed["retryable"]) == ("passed", None, False)
        assert passed["voice_token"] == phone.get(path)["voice_token"] == ActToken.objects.get().token
        ActToken.objects.update(used_at=now())
        used = phone.get(path)
        assert (used["status"], used["voice_token"], used["expires_at"]) == ("passed", None, None)

    def test_the_same_key_again_is_the_same_check_with_the_same_text(self, business: Business) -> None:
        phone = self._known(business)
        first, second = (phone.post("voice-checks", self.BODY, key="k") for _ in range(2))
        assert first.json() == second.json()  # type: ignore[attr-defined]
        assert VoiceCheck.objects.count() == 1

    def test_without_consent_it_is_refused(self, business: Business) -> None:
        document = _problem(_known(business).post("voice-checks", self.BODY), 422, "consent_missing")
        assert list(document["errors"]) == ["voice"]

    def test_a_locked_customer_is_told_when_to_come_again(self, business: Business) -> None:
        phone = self._known(business)
        Subject.objects.update(voice_locked_until=now() + timedelta(hours=2))
        answer = phone.post("voice-checks", self.BODY)
        _problem(answer, 429, "voice_locked")
        assert 7000 < int(answer["Retry-After"]) <= 7201

    @pytest.mark.parametrize("changed", [{"action": "sign"}, {"subject": "x"}, {"subject": None}])
    def test_an_ill_formed_field_is_an_invalid_request(self, business: Business, changed: dict[str, object]) -> None:
        _problem(_phone().post("voice-checks", {**self.BODY, **changed}), 400, "invalid_request")

    def test_somebody_elses_object_and_check_are_not_found(self, business: Business) -> None:
        phone, stranger = self._known(business), _phone()
        path = f"voice-checks/{phone.post('voice-checks', self.BODY).json()['id']}"  # type: ignore[attr-defined]
        _problem(stranger.post("voice-checks", self.BODY), 404, "not_found")
        _problem(stranger.call("GET", path), 404, "not_found")
        _problem(stranger.post(f"{path}/complete", {"upload": BUSINESS}), 404, "not_found")
        assert VoiceCheck.objects.get().status == "started"

    def test_a_recording_is_asked_for_and_must_be_ones_own_and_new(
        self, business: Business, fake_vendors: FakeVendors, run_steps: RunSteps
    ) -> None:
        phone = self._known(business)
        path = f"voice-checks/{phone.post('voice-checks', self.BODY).json()['id']}/complete"  # type: ignore[attr-defined]
        _problem(phone.post(path), 400, "invalid_request")
        _problem(phone.post(path, {"upload": OTHER_BUSINESS}), 422, "upload_unknown")
        content = wav()
        body = {"upload": phone.upload("voice", content).json()["id"]}  # type: ignore[attr-defined]
        assert phone.post(path, body).status_code == 202
        _problem(phone.post(path, body), 409, "state_conflict")
        again = f"voice-checks/{phone.post('voice-checks', self.BODY).json()['id']}/complete"  # type: ignore[attr-defined]
        body = {"upload": phone.upload("voice", content).json()["id"]}  # type: ignore[attr-defined]
        _problem(phone.post(again, body), 409, "voice_recording_used")

    @pytest.mark.parametrize(
        ("content", "code"), [(wav(40, rate=8_000), "voice_length_refused"), (picture(), "upload_not_readable")]
    )
    def test_what_is_no_recording_of_a_text_says_why(self, content: bytes, code: str) -> None:
        _problem(_phone().upload("voice", content), 422, code)


class TestWalls:
    CALLS = (
        ("GET", "consents"),
        ("POST", "consents"),
        ("POST", f"consents/{BUSINESS}/withdraw"),
        ("POST", "uploads"),
        ("POST", "phone-codes"),
        ("POST", "face-checks"),
        ("GET", f"face-checks/{BUSINESS}"),
        ("POST", f"face-checks/{BUSINESS}/complete"),
        ("POST", "voice-checks"),
        ("GET", f"voice-checks/{BUSINESS}"),
        ("POST", f"voice-checks/{BUSINESS}/complete"),
    )

    @pytest.mark.parametrize(("method", "path"), CALLS)
    def test_a_token_of_one_bank_is_worth_nothing_at_another(self, method: str, path: str) -> None:
        phone = replace(_phone(), bank="116")
        _problem(phone.call(method, path, {}, HTTP_IDEMPOTENCY_KEY="k"), 401, "unauthenticated")

    @pytest.mark.parametrize(("method", "path"), CALLS)
    def test_without_a_token_nobody_is_served(self, method: str, path: str) -> None:
        phone = replace(_phone(), token="x" * 40)
        _problem(phone.call(method, path, {}, HTTP_IDEMPOTENCY_KEY="k"), 401, "unauthenticated")

    def test_ids_of_one_bank_are_not_found_at_another(self, business: Business) -> None:
        phone = _phone()
        body = _consent_body(phone, "privacy")
        with in_bank("116"):
            foreign = identified()
            foreign_consent = consent(foreign, "privacy").hex
            agreement = Consent.objects.select_related("agreement").get().agreement_id.hex
            check = FaceCheck.objects.create(
                subject_id=foreign, expected_id=foreign, action="apply", business_id=BUSINESS, provider="tencent"
            )
        _problem(phone.post("consents", {**body, "agreement_id": agreement}), 404, "not_found")
        _problem(phone.post(f"consents/{foreign_consent}/withdraw"), 404, "not_found")
        _problem(phone.call("GET", f"face-checks/{check.id.hex}"), 404, "not_found")
        _problem(phone.post(f"face-checks/{check.id.hex}/complete"), 404, "not_found")
        with in_bank("116"):
            assert Consent.objects.get().withdrawn_at is None
            assert FaceCheck.objects.get().status == "starting"
