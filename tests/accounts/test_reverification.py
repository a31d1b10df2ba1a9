"""ACC-08, ACC-13: a face wakes a dormant account; a new ID card, read and found to be the same person's, lifts the rest."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import DepositAccount, Filing, Reverification, Suspension
from accounts.operations.reverification import IdCardRequired, NewCard, reverification_read, reverify_account
from accounts.queries import suspended_for
from core.clock import business_date
from core.errors import NotFound, StateConflict
from core.ids import new_id
from tests.accounts.holders import face_token, make_account, make_customer
from verification import queries as verified
from verification.models import ActToken, IdCardReading, Subject, Upload
from verification.operations import FaceTokenMismatch, UploadUnknown
from verification.operations.id_cards import accept_reading, refuse_reading

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def suspend(account: DepositAccount, *reasons: str) -> None:
    for reason in reasons:
        Suspension.objects.create(account=account, reason=reason, from_date=business_date())


def upload(customer_id: uuid.UUID, kind: str) -> uuid.UUID:
    row = Upload.objects.create(id=new_id(), subject_id=customer_id, kind=kind, object_id=new_id(), size=1)
    return row.pk


def new_card(customer_id: uuid.UUID) -> NewCard:
    return NewCard(
        front_upload_id=upload(customer_id, "id_card_front"), back_upload_id=upload(customer_id, "id_card_back")
    )


def reverify(account: DepositAccount, token: str | None = None, card: NewCard | None = None) -> Reverification:
    return reverify_account(
        account_id=account.pk, customer_id=account.customer_id,
        face_token=token or face_token(account, "reverify"), new_card=card,
    )  # fmt: skip


def read(row: Reverification, **states: Any) -> None:
    """Let the reader tell what it has read: the known identity, with what the new card states otherwise."""
    known = verified.identity(row.account.customer_id)
    assert known is not None
    assert row.reading_id is not None
    reading = IdCardReading.objects.get(pk=row.reading_id)
    with transaction.atomic():
        accept_reading(reading_id=reading.pk, identity=replace(known, **states), warnings=())
        reverification_read(reverification_id=row.pk)
    row.refresh_from_db()


NEW = {"valid_from": date(2026, 11, 1), "valid_until": date(2046, 11, 1)}


class TestAcc08ByFace:
    def test_wakes_a_dormant_account_and_no_other(self) -> None:
        who = make_customer()
        account, other = make_account(who), make_account(who)
        suspend(account, "dormant")
        suspend(other, "dormant")
        row = reverify(account)
        assert (row.status, row.reading_id) == ("verified", None)
        assert (suspended_for(account.pk), suspended_for(other.pk)) == ((), ("dormant",))
        lifted = Suspension.objects.get(account=account)
        assert (lifted.until_date, lifted.lifted_by) == (business_date(), f"customer:{who.hex}")

    def test_asks_for_the_card_where_the_known_one_has_ended(self) -> None:
        who = make_customer(valid_until=business_date() - timedelta(days=1))
        account = make_account(who)
        suspend(account, "dormant", "id_expired")
        with pytest.raises(IdCardRequired):
            reverify(account)
        assert suspended_for(account.pk) == ("dormant", "id_expired")
        assert not Reverification.objects.exists()
        assert ActToken.objects.get().used_at is None

    @pytest.mark.parametrize("status", ["active", "closed", "face", "rejected"])
    def test_is_not_asked_for_where_nothing_waits_for_it(self, status: str) -> None:
        account = make_account(status=status)
        with pytest.raises(StateConflict):
            reverify(account)
        assert not Reverification.objects.exists()

    @pytest.mark.parametrize("action", ["open_account", "close_account"])
    def test_for_another_act_lifts_nothing(self, action: str) -> None:
        account = make_account()
        suspend(account, "dormant")
        with pytest.raises(FaceTokenMismatch):
            reverify(account, face_token(account, action))
        assert suspended_for(account.pk) == ("dormant",)

    def test_of_a_stranger_finds_no_such_account(self) -> None:
        account = make_account()
        suspend(account, "dormant")
        with pytest.raises(NotFound):
            reverify_account(
                account_id=account.pk, customer_id=make_customer(), face_token=face_token(account, "reverify")
            )
        assert suspended_for(account.pk) == ("dormant",)


class TestAcc13ByANewCard:
    def test_takes_it_over_lifts_everything_and_files_the_change(self) -> None:
        who = make_customer(valid_until=business_date() - timedelta(days=100))
        account, other, own = make_account(who), make_account(who), make_account(who, account_class="I", keeper="core")
        for one in (account, other, own):
            suspend(one, "id_expired")
        suspend(account, "dormant")
        suspend(other, "dormant")
        row = reverify(account, card=new_card(who))
        assert row.status == "reading"
        assert suspended_for(account.pk) == ("dormant", "id_expired")
        read(row, **NEW, address="江苏省连云港市海州区样例路2号")
        assert (row.status, row.reason_code) == ("verified", "")
        assert [suspended_for(one.pk) for one in (account, other, own)] == [(), ("dormant",), ()]
        known = verified.identity(who)
        assert known is not None
        assert (known.valid_until, known.address) == (date(2046, 11, 1), "江苏省连云港市海州区样例路2号")
        filed = set(Filing.objects.values_list("account_id", "kind", "changed"))
        assert filed == {(account.pk, "change", "identity"), (other.pk, "change", "identity")}

    def test_may_be_shown_before_the_former_one_ends(self) -> None:
        account = make_account(make_customer(valid_until=business_date() + timedelta(days=20)))
        row = reverify(account, card=new_card(account.customer_id))
        read(row, **NEW)
        assert row.status == "verified"
        assert Filing.objects.count() == 1

    def test_that_states_nothing_new_files_nothing(self) -> None:
        account = make_account()
        suspend(account, "dormant")
        row = reverify(account, card=new_card(account.customer_id))
        read(row)
        assert (row.status, suspended_for(account.pk)) == ("verified", ())
        assert not Filing.objects.exists()

    @pytest.mark.parametrize("states", [{"name": "林样板"}, {"id_number": "320583199001010010"}])
    def test_of_another_person_or_name_changes_nothing(self, states: dict[str, str]) -> None:
        who = make_customer(valid_until=business_date() - timedelta(days=100))
        account = make_account(who)
        suspend(account, "id_expired")
        before = Subject.objects.values().get(pk=who)
        row = reverify(account, card=new_card(who))
        read(row, **NEW, **states)
        assert (row.status, row.reason_code, row.retryable) == ("rejected", "id_mismatch", False)
        assert suspended_for(account.pk) == ("id_expired",)
        assert Subject.objects.values().get(pk=who) == before
        assert not Filing.objects.exists()

    @pytest.mark.parametrize(
        ("code", "retryable"), [("image_unclear", False), ("id_card_expired", False), ("vendor_unavailable", True)]
    )
    def test_that_cannot_be_read_ends_with_the_readers_reason(self, code: str, *, retryable: bool) -> None:
        account = make_account()
        suspend(account, "dormant")
        row = reverify(account, card=new_card(account.customer_id))
        with transaction.atomic():
            refuse_reading(reading_id=row.reading_id or uuid.uuid4(), reason_code=code)
            reverification_read(reverification_id=row.pk)
            reverification_read(reverification_id=row.pk)
        row.refresh_from_db()
        assert (row.status, row.reason_code, row.retryable) == ("rejected", code, retryable)
        assert suspended_for(account.pk) == ("dormant",)

    def test_one_is_read_at_a_time(self) -> None:
        account = make_account()
        reverify(account, card=new_card(account.customer_id))
        with pytest.raises(StateConflict):
            reverify(account, card=new_card(account.customer_id))
        assert Reverification.objects.count() == 1

    def test_a_picture_of_somebody_else_is_unknown(self) -> None:
        account = make_account()
        with pytest.raises(UploadUnknown):
            reverify(account, card=new_card(make_customer()))
        assert not Reverification.objects.exists()
        assert ActToken.objects.get().used_at is None
