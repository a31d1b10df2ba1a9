"""What was kept for a time goes when it is over, unless something else needs it; and never from under somebody's hands."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from core import vault
from core.clock import now
from core.errors import NotFound
from core.ids import new_id
from core.operations import TransactionForbidden, TransactionRequired
from core.tenancy import in_bank
from core.vault.models import VaultObject, VaultReference
from core.vault.objects import StagedObjectGone

SHORT, LONG = "failed_face", "identification"
CONTENT = b"\xff\xd8\xff a frame"
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    """A vault of the test's own."""
    settings.VAULT_ROOT = tmp_path / "vault"
    return tmp_path / "vault"


def _owner() -> vault.Owner:
    return vault.Owner("test", new_id())


def _put(content: bytes = CONTENT, retention: str = SHORT, *, age: timedelta = WEEK * 2) -> vault.StoredObject:
    owner = _owner()
    stored = vault.put(content, content_type="image/jpeg", kind="frame", owner=owner, retention=retention)
    VaultReference.objects.filter(owner_id=owner.id).update(created_at=now() - age)
    return stored


def _files(root: Path) -> int:
    return sum(path.is_file() for path in root.rglob("*"))


class TestExpire:
    def test_what_is_older_goes_with_its_file_and_what_is_younger_stays(self, bank_a: str, root: Path) -> None:
        old, young = _put(), _put(b"young", age=timedelta(days=1))
        assert vault.expire(SHORT, before=now() - WEEK) == 1
        assert [row.pk for row in VaultObject.objects.all()] == [young.id]
        assert _files(root) == 1
        with pytest.raises(NotFound):
            vault.read(old.id, purpose="test", actor="test")
        assert vault.read(young.id, purpose="test", actor="test") == b"young"

    def test_what_another_needs_stays_and_only_the_reference_goes(self, bank_a: str, root: Path) -> None:
        stored = _put()
        _put(retention=LONG)
        assert vault.expire(SHORT, before=now()) == 1
        assert vault.read(stored.id, purpose="test", actor="test") == CONTENT
        assert [reference.retention for reference in VaultReference.objects.all()] == [LONG]
        assert _files(root) == 1

    def test_other_classes_and_other_banks_are_left_alone(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            _put()
        with in_bank(bank_b):
            _put(retention=LONG)
            assert vault.expire(SHORT, before=now()) == 0
            assert VaultReference.objects.count() == 1
        with in_bank(bank_a):
            assert VaultReference.objects.count() == 1

    def test_many_go_in_several_batches(self, bank_a: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("core.vault.expiry.BATCH", 2)
        for number in range(5):
            _put(b"frame %d" % number)
        assert vault.expire(SHORT, before=now()) == 5
        assert (VaultObject.objects.count(), _files(root)) == (0, 0)

    def test_it_refuses_to_run_in_a_transaction(self, bank_a: str) -> None:
        with pytest.raises(TransactionForbidden), transaction.atomic():
            vault.expire(SHORT, before=now())

    @pytest.mark.django_db(transaction=True)
    def test_an_object_that_somebody_is_about_to_need_is_not_taken_away(self, bank_a: str) -> None:
        stored = _put()
        referred, expired = threading.Event(), threading.Event()

        def expire() -> None:
            with in_bank(bank_a):
                referred.wait(10)
                vault.expire(SHORT, before=now())
            expired.set()
            connection.close()

        thread = threading.Thread(target=expire)
        thread.start()
        with transaction.atomic():
            vault.refer(stored.id, kind="evidence", owner=_owner(), retention=LONG)
            referred.set()
            assert not expired.wait(0.5)  # it waits for the row that this transaction holds
        thread.join()
        assert vault.read(stored.id, purpose="test", actor="test") == CONTENT
        assert [reference.retention for reference in VaultReference.objects.all()] == [LONG]


class TestRefer:
    def test_the_same_owner_and_kind_twice_is_one_reference(self, bank_a: str) -> None:
        stored, owner = _put(), _owner()
        for _ in range(2):
            with transaction.atomic():
                vault.refer(stored.id, kind="evidence", owner=owner, retention=LONG)
        assert VaultReference.objects.filter(owner_id=owner.id).count() == 1

    def test_what_is_not_there_cannot_be_needed(self, bank_a: str) -> None:
        with pytest.raises(NotFound), transaction.atomic():
            vault.refer(new_id(), kind="evidence", owner=_owner())
        stored = _put()
        with in_bank("116"), pytest.raises(NotFound), transaction.atomic():
            vault.refer(stored.id, kind="evidence", owner=_owner())

    def test_it_runs_within_a_transaction_only(self, bank_a: str) -> None:
        stored = _put()
        with pytest.raises(TransactionRequired):
            vault.refer(stored.id, kind="evidence", owner=_owner())

    def test_content_that_went_after_it_was_staged_must_be_staged_again(self, bank_a: str) -> None:
        _put()
        staged = vault.stage(CONTENT, content_type="image/jpeg")
        vault.expire(SHORT, before=now())
        with pytest.raises(StagedObjectGone), transaction.atomic():
            vault.attach(staged, kind="frame", owner=_owner())
