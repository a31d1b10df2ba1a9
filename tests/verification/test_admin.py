"""What staff see: every page opens, nothing identifying is shown, a watchlist hit only to who judges it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.test import Client

from core.audit.models import AuditEntry
from core.clock import now
from core.ids import new_id
from core.tenancy import in_bank
from tests.verification.conftest import BUSINESS, PERSON, PHONE, consent, identified, upload
from verification.models import AgreementText, Check, FaceCheck, IdCardReading, PhoneCode, VoiceCheck
from verification.operations import request_phone_code, screen_subject
from verification.operations.agreement_texts import AgreementTextRefused, publish_agreement_text
from verification.operations.phone_codes import digits_of
from verification.screening.readers import ListedEntry
from verification.screening.versions import import_version

if TYPE_CHECKING:
    import uuid

PAGES = (
    "subject", "check", "facecheck", "idcardreading", "consent", "agreementtext", "screeningalert", "phonecode",
    "upload", "voicecheck", "watchlistversion",
)  # fmt: skip
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def _staff(*permissions: str, superuser: bool = False, bank: str = "125") -> Client:
    with in_bank(bank):
        user = User.objects.create_user(f"s{new_id().hex[-20:]}", password="x", is_staff=True, is_superuser=superuser)
        for name in permissions:
            user.user_permissions.add(Permission.objects.get(content_type__app_label="verification", codename=name))
        client = Client()
        client.force_login(user)
    return client


def _read(client: Client, path: str) -> str:
    answer = client.get(f"/b/125/admin/verification/{path}")
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


@pytest.fixture
def customer() -> uuid.UUID:
    """A customer with something on every page."""
    subject_id = identified()
    front, back = upload(subject_id), upload(subject_id, "id_card_back")
    IdCardReading.objects.create(
        subject_id=subject_id, front_upload_id=front, back_upload_id=back, status="read", provider="local",
        fields=PERSON.to_json(), finished_at=now(),
    )  # fmt: skip
    Check.objects.create(
        subject_id=subject_id, kind="carrier", purpose="register", business_id=BUSINESS, status="answered",
        outcome="match", answered_at=now(),
        asked={"name": PERSON.name, "id_number": PERSON.id_number, "phone": PHONE},
    )  # fmt: skip
    FaceCheck.objects.create(
        subject_id=subject_id, expected_id=subject_id, action="apply", business_id=BUSINESS, provider="tencent",
        status="started", start_token="SECRET-TOKEN", start_url="https://secret", similarity=Decimal("90.00"),
    )  # fmt: skip
    VoiceCheck.objects.create(
        subject_id=subject_id, action="bind_card", business_id=BUSINESS, provider="gateway", status="started",
        text="三七零九二八五一", text_expires_at=now(),
    )  # fmt: skip
    consent(subject_id, "privacy")
    request_phone_code(subject_id=subject_id, phone=PHONE, action="register")
    import_version(
        list_code="test",
        entries=[ListedEntry(entry="E1", names=("林样例",), births=((date(1990, 1, 1), date(1990, 1, 1)),))],
        source=b"1",
    )
    with transaction.atomic():
        screen_subject(subject_id=subject_id, purpose="apply", business_id=BUSINESS)
    return subject_id


class TestPages:
    @pytest.mark.parametrize("page", PAGES)
    def test_list_and_row_open_and_show_nothing_identifying(self, customer: uuid.UUID, page: str) -> None:
        client = _staff(superuser=True)
        code = PhoneCode.objects.get()
        listed = _read(client, f"{page}/")
        model = {model.__name__.lower(): model for model in _models()}[page]
        row = model.objects.first()
        assert row is not None
        shown = listed + _read(client, f"{page}/{row.pk}/change/")
        for value in (
            PERSON.name,
            PERSON.id_number,
            PERSON.address,
            PHONE,
            "SECRET-TOKEN",
            "三七零九二八五一",
            digits_of(code),
        ):
            assert value not in shown

    def test_a_customer_is_found_by_whole_numbers_only(self, customer: uuid.UUID) -> None:
        client = _staff(superuser=True)
        identified(replace(PERSON, id_number="321181198511152328"), phone="13700000000")
        for term in (PERSON.id_number, PHONE, customer.hex, f" {PHONE} "):
            page = _read(client, f"subject/?q={term}")
            assert customer.hex in page
            assert "137****0000" not in page
        for term in (PERSON.id_number[:10], "139", "nobody", "-"):
            assert customer.hex not in _read(client, f"subject/?q={term}")

    def test_nothing_can_be_added_changed_or_deleted(self, customer: uuid.UUID) -> None:
        client = _staff(superuser=True)
        for page in PAGES:
            assert client.get(f"/b/125/admin/verification/{page}/add/").status_code == 403
        row = Check.objects.first()
        assert row is not None
        assert client.post(f"/b/125/admin/verification/check/{row.pk}/change/", {"outcome": "x"}).status_code == 403
        assert client.post(f"/b/125/admin/verification/check/{row.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_a_login_of_another_bank_is_sent_to_log_in(self, customer: uuid.UUID) -> None:
        client = _staff(superuser=True, bank="116")
        for page in PAGES:
            assert client.get(f"/b/125/admin/verification/{page}/").status_code == 302

    def test_the_province_sees_no_customer(self, customer: uuid.UUID) -> None:
        with in_bank("province"):
            user = User.objects.create_user("p1", password="x", is_staff=True, is_superuser=True)
            client = Client()
            client.force_login(user)
        assert client.get("/admin/verification/subject/").status_code == 404


def _models() -> list[Any]:
    from verification.admin import bank_pages

    return [model for model, _ in bank_pages]


class TestScreeningIsConfidential:
    def test_who_sees_the_room_sees_neither_alert_nor_check(self, customer: uuid.UUID) -> None:
        client = _staff("view_check", "view_watchlistversion")
        watchlist = Check.objects.get(kind="watchlist")
        listed = _read(client, "check/")
        assert str(Check.objects.get(kind="carrier").pk) in listed
        assert str(watchlist.pk) not in listed
        assert str(watchlist.pk) not in _read(client, "check/?kind__exact=watchlist")
        assert client.get("/b/125/admin/verification/screeningalert/").status_code == 403
        answer = client.get(f"/b/125/admin/verification/check/{watchlist.pk}/change/")
        assert answer.status_code in {302, 403, 404}

    @pytest.mark.parametrize("right", ["view_screeningalert", "change_screeningalert"])
    def test_who_judges_or_was_named_to_read_sees_what_matched(self, customer: uuid.UUID, right: str) -> None:
        client = _staff("view_check", right)
        assert "待甄别" in _read(client, "check/")
        alert = _read(client, "screeningalert/")
        assert "待甄别" in alert
        from verification.models import ScreeningAlert

        row = ScreeningAlert.objects.get()
        assert "test 第1版 E1：姓名与出生日期 95" in _read(client, f"screeningalert/{row.pk}/change/")


class TestPublishAgreementText:
    GOOD = "致{bank}：{person}同意。"

    def test_the_next_version_is_in_force_and_audited(self) -> None:
        published = publish_agreement_text(purpose="privacy", title="新版", text=self.GOOD, actor="s1")
        assert published.version == 2
        entry = AuditEntry.objects.get(action="agreement_text.published")
        assert (entry.actor, entry.subject) == ("s1", published.id.hex)

    @pytest.mark.parametrize(
        ("purpose", "title", "text", "said"),
        [
            ("everything", "t", GOOD, "没有用途"),
            ("privacy", " ", GOOD, "标题"),
            ("privacy", "t", "{bank}{person}{date}", "date"),
            ("privacy", "t", "{bank}", "{person}"),
            ("credit_query", "t", GOOD, "{business}"),
        ],
    )
    def test_a_text_that_will_not_do_is_refused(self, purpose: str, title: str, text: str, said: str) -> None:
        with pytest.raises(AgreementTextRefused, match=said):
            publish_agreement_text(purpose=purpose, title=title, text=text, actor="s1")
        assert AgreementText.objects.count() == 10

    def test_staff_publish_it_from_the_page(self) -> None:
        client = _staff("view_agreementtext", "change_agreementtext")
        standing = AgreementText.objects.get(purpose="privacy")
        path = f"/b/125/admin/verification/agreementtext/{standing.pk}/publish/"
        shown = client.get(path)
        assert shown.status_code == 200
        refused = client.post(path, {"heading": "新版", "text": "谁也不提"})
        assert "文本须包含占位" in refused.content.decode()
        done = client.post(path, {"heading": "新版", "text": self.GOOD})
        assert done.status_code == 302
        assert AgreementText.objects.filter(purpose="privacy", version=2, title="新版").exists()

    def test_who_may_only_view_cannot_publish(self) -> None:
        client = _staff("view_agreementtext")
        standing = AgreementText.objects.get(purpose="privacy")
        client.post(
            f"/b/125/admin/verification/agreementtext/{standing.pk}/publish/", {"heading": "x", "text": self.GOOD}
        )
        assert AgreementText.objects.count() == 10
