"""Stories of becoming known: S04's first half, S20b's login half, relink, and what goes wrong on the way."""

from __future__ import annotations

import pytest

from scripts.phone import Phone
from tests.flows.conftest import PhoneMaker, set_parameter
from tests.running_sandbox import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def another_reader() -> None:
    """Let the bank have chosen Tencent's reader for ID cards, whose answer comes at once: stories that go on from there."""
    set_parameter("125", "id_card.provider", "tencent")


def _operations(sandbox: Sandbox) -> list[str]:
    return [f"{call['vendor']}:{call['operation']}" for call in sandbox.calls()]


class TestRegistering:
    def test_a_customer_becomes_known_by_card_phone_and_carrier(self, phone: PhoneMaker, sandbox: Sandbox) -> None:
        someone = phone()
        someone.log_in()
        assert someone.customer["stage"] == "new"
        someone.consent("privacy")
        done = someone.register()
        assert done["fields"]["name"] == someone.person["name"]
        assert someone.person["id_number"] not in str(done)
        vendors = [call["vendor"] for call in sandbox.calls()]
        assert vendors.count("carriers") == 2  # who carries the number, and whose it is
        assert "id_check" not in vendors
        assert "bureau" not in vendors
        someone.log_in()
        assert someone.customer["stage"] == "registered"

    def test_without_the_privacy_consent_nothing_is_read(self, phone: PhoneMaker) -> None:
        someone = phone()
        someone.log_in()
        front, back = someone.upload_card()
        answer = someone.call("POST", "registrations", {"id_card_front": front, "id_card_back": back}, expect=422)
        assert answer.json()["code"] == "consent_missing"

    def test_a_picture_that_is_no_card_is_to_be_retaken(self, phone: PhoneMaker, sandbox: Sandbox) -> None:
        someone = phone()
        someone.log_in()
        someone.consent("privacy")
        face = someone.upload("id_card_front", sandbox.picture(someone.person, "face"))
        _, back = someone.upload_card()
        started = someone.post("registrations", {"id_card_front": face, "id_card_back": back}, expect=202)
        ended = someone.until_settled(f"registrations/{started['id']}")
        assert (ended["status"], ended["reason_code"]) == ("retake", "image_unclear")

    @pytest.mark.usefixtures("another_reader")
    def test_a_corrected_name_goes_on_and_is_flagged(self, phone: PhoneMaker) -> None:
        from accounts.models import Registration
        from core.tenancy import in_bank

        someone = phone()
        someone.log_in()
        someone.consent("privacy")
        registration = someone.start_registration()
        someone.until_settled(f"registrations/{registration}", ("confirm",))
        someone.confirm_registration(registration, name="张更正")
        with in_bank("125"):
            row = Registration.objects.get()
            assert row.name_changed
            assert not row.address_changed

    @pytest.mark.usefixtures("another_reader")
    def test_a_carrier_that_says_no_ends_it(self, phone: PhoneMaker) -> None:
        someone = phone(profile="carrier_mismatch")
        someone.log_in()
        someone.consent("privacy")
        registration = someone.start_registration()
        someone.until_settled(f"registrations/{registration}", ("confirm",))
        someone.confirm_registration(registration)
        someone.give_phone(registration)
        ended = someone.until_settled(f"registrations/{registration}")
        assert (ended["status"], ended["reason_code"], ended["retryable"]) == (
            "rejected",
            "carrier_mismatch",
            False,
        )

    @pytest.mark.usefixtures("another_reader")
    def test_a_minor_is_refused(self, phone: PhoneMaker) -> None:
        someone = phone(age=16)
        someone.log_in()
        someone.consent("privacy")
        registration = someone.start_registration()
        ended = someone.until_settled(f"registrations/{registration}")
        assert (ended["status"], ended["reason_code"]) == ("rejected", "too_young")

    @pytest.mark.usefixtures("another_reader")
    def test_wechats_phone_code_serves_instead_of_a_text_message(self, phone: PhoneMaker) -> None:
        someone = phone()
        someone.log_in()
        someone.consent("privacy")
        registration = someone.start_registration()
        someone.until_settled(f"registrations/{registration}", ("confirm",))
        someone.confirm_registration(registration)
        body = {"wechat_phone_code": someone.wechat_code(kind="phone")}
        someone.post(f"registrations/{registration}/phone", body, expect=202)
        assert someone.until_settled(f"registrations/{registration}")["status"] == "registered"


class TestRelink:
    @pytest.mark.usefixtures("another_reader")
    def test_a_second_wechat_account_takes_over_by_face_and_old_phone(self, phone: PhoneMaker) -> None:
        old = phone()
        old.log_in()
        old.consent("privacy", "face")
        old.register()
        known = old.customer["id"]

        new: Phone = phone(person=dict(old.person))
        new.log_in(wechat=2)
        assert new.customer["id"] != known
        new.consent("privacy", "face")
        registration = new.start_registration()
        new.until_settled(f"registrations/{registration}", ("confirm",))
        new.confirm_registration(registration)
        new.give_phone(registration)
        assert new.until_settled(f"registrations/{registration}")["status"] == "relink"

        token = new.face_token("relink", registration)
        code = new.phone_code("relink", subject=registration)
        new.post(f"registrations/{registration}/relink", {"face_token": token, "phone_code": code}, expect=202)
        assert new.until_settled(f"registrations/{registration}")["status"] == "registered"
        old.call("GET", "accounts", expect=401)
        new.call("GET", "accounts", expect=200)
        new.log_in(wechat=2)
        assert new.customer == {"id": known, "stage": "registered"}


class TestLogin:
    def test_a_used_code_is_refused_and_a_new_one_accepted(self, phone: PhoneMaker) -> None:
        someone = phone()
        code = someone.wechat_code()
        body = {"wechat_code": code, "device_id": "d1"}
        someone.post("sessions", body, expect=201)
        assert someone.post("sessions", body, expect=422)["code"] == "wechat_code_invalid"

    def test_wechat_down_is_told_as_such(self, phone: PhoneMaker, sandbox: Sandbox) -> None:
        someone = phone()
        code = someone.wechat_code()
        sandbox.fault("wechat", drop_before=True)
        answer = someone.post("sessions", {"wechat_code": code, "device_id": "d1"}, expect=503)
        assert answer["code"] == "vendor_unavailable"

    def test_a_token_ends_with_logout_and_is_nothing_at_another_bank(self, phone: PhoneMaker) -> None:
        someone = phone()
        someone.log_in()
        someone.call("GET", "accounts", expect=200)
        someone.call("GET", "/b/116/api/v1/accounts", expect=401)
        someone.call("DELETE", "sessions/current", expect=204)
        someone.call("GET", "accounts", expect=401)
