"""Objects: sealed, once per content and bank, read with a trace; and what a crash may leave behind."""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core import vault
from core.errors import NotFound
from core.ids import new_id
from core.operations import TransactionForbidden, TransactionRequired
from core.tenancy import in_bank
from core.vault import grants, objects
from core.vault.models import VaultAccess, VaultObject, VaultReference
from core.vault.store import FileStore, ObjectAbsent
from tests.at_once import at_once

PHOTO = b"\xff\xd8\xff\xe0 a photograph of an identity card " * 20
KEY = "ab" + "0" * 62 + "-" + "1" * 16
LONG_AGO = timedelta(hours=2)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    """A vault of the test's own."""
    settings.VAULT_ROOT = tmp_path / "vault"
    return tmp_path / "vault"


def an_owner() -> vault.Owner:
    return vault.Owner("verification.upload", new_id())


def put(content: bytes = PHOTO, *, owner: vault.Owner | None = None, kind: str = "id_card_front") -> vault.StoredObject:
    return vault.put(content, content_type="image/jpeg", kind=kind, owner=owner or an_owner())


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def age(path: Path, by: timedelta) -> None:
    moment = (datetime.now(tz=UTC) - by).timestamp()
    os.utime(path, (moment, moment))


class TestPut:
    def test_what_was_put_is_read(self, bank_a: str) -> None:
        stored = put()
        assert stored.sha256 == hashlib.sha256(PHOTO).digest()
        assert vault.read(stored.id, purpose="registration.read_cards", actor="step") == PHOTO
        row = VaultObject.objects.get()
        assert (row.pk, row.size, row.content_type) == (stored.id, len(PHOTO), "image/jpeg")

    def test_the_content_is_sealed_before_it_leaves_the_process(self, bank_a: str, root: Path) -> None:
        put()
        (file,) = files(root)
        assert PHOTO[:16] not in file.read_bytes()
        assert len(file.read_bytes()) > len(PHOTO)

    def test_neither_path_nor_row_tells_the_hash_of_the_content(self, bank_a: str, root: Path) -> None:
        put()
        (file,) = files(root)
        digest = hashlib.sha256(PHOTO).hexdigest()
        row = VaultObject.objects.get()
        assert digest not in str(file).replace("/", "")
        assert digest not in row.stored_key
        assert bytes.fromhex(digest) != row.sha256
        assert file.relative_to(root) == Path(f"bank_{bank_a}") / row.stored_key[:2] / row.stored_key[2:]

    def test_only_the_owner_of_the_process_can_read_the_file(self, bank_a: str, root: Path) -> None:
        put()
        (file,) = files(root)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in root.rglob("*") if folder.is_dir()} == {0o700}

    def test_the_same_bytes_again_add_a_reference_only(self, bank_a: str, root: Path) -> None:
        owners = [an_owner(), an_owner()]
        first, second = (put(owner=owner) for owner in owners)
        assert first == second
        assert len(files(root)) == VaultObject.objects.count() == 1
        assert set(VaultReference.objects.values_list("object_id", "owner_kind", "owner_id", "purpose")) == {
            (first.id, owner.kind, owner.id, "id_card_front") for owner in owners
        }

    def test_the_same_owner_and_kind_twice_is_one_reference(self, bank_a: str) -> None:
        owner = an_owner()
        put(owner=owner)
        put(owner=owner)
        put(owner=owner, kind="evidence")
        assert VaultReference.objects.count() == 2

    def test_banks_share_nothing(self, bank_a: str, bank_b: str, root: Path) -> None:
        stored = {}
        for bank in (bank_a, bank_b):
            with in_bank(bank):
                stored[bank] = put()
                assert VaultObject.objects.count() == 1
        assert stored[bank_a].id != stored[bank_b].id
        assert len({file.name.split("-")[0] for file in files(root)}) == 2
        with in_bank(bank_b), pytest.raises(NotFound):
            vault.read(stored[bank_a].id, purpose="test", actor="test")

    def test_nothing_is_no_object(self, bank_a: str, root: Path) -> None:
        with pytest.raises(ValueError, match="empty"):
            put(b"")
        assert not files(root)

    def test_in_a_transaction_that_is_rolled_back_no_row_stays(self, bank_a: str, root: Path) -> None:
        with transaction.atomic():
            put()
            transaction.set_rollback(True)
        assert not VaultObject.objects.exists()
        assert len(files(root)) == 1


class TestAttach:
    def test_runs_within_a_transaction_only(self, bank_a: str) -> None:
        staged = vault.stage(PHOTO, content_type="image/jpeg")
        with pytest.raises(TransactionRequired):
            vault.attach(staged, kind="face", owner=an_owner())
        assert not VaultObject.objects.exists()

    def test_of_two_staged_at_once_one_is_named_and_the_other_is_an_orphan(self, bank_a: str, root: Path) -> None:
        one, other = (vault.stage(PHOTO, content_type="image/jpeg") for _ in range(2))
        assert one.stored_key != other.stored_key
        with transaction.atomic():
            first = vault.attach(one, kind="face", owner=an_owner())
            second = vault.attach(other, kind="face", owner=an_owner())
        assert first == second
        assert VaultObject.objects.get().stored_key == one.stored_key
        assert len(files(root)) == 2
        assert vault.read(second.id, purpose="test", actor="test") == PHOTO

    def test_what_was_staged_at_one_bank_is_refused_at_another(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            staged = vault.stage(PHOTO, content_type="image/jpeg")
        with in_bank(bank_b):
            with pytest.raises(ValueError, match="staged at bank"), transaction.atomic():
                vault.attach(staged, kind="face", owner=an_owner())
            assert not VaultObject.objects.exists()

    def test_content_that_was_removed_after_staging_is_staged_again(self, bank_a: str) -> None:
        put()
        staged = vault.stage(PHOTO, content_type="image/jpeg")
        assert staged.stored_key is None
        VaultReference.objects.all().delete()
        VaultObject.objects.all().delete()
        with pytest.raises(objects.StagedObjectGone), transaction.atomic():
            vault.attach(staged, kind="face", owner=an_owner())
        assert put().id == VaultObject.objects.get().pk

    def test_an_object_that_somebody_refers_to_cannot_be_deleted(self, bank_a: str) -> None:
        stored = put()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute("DELETE FROM core_vault_object WHERE id = %s", [stored.id])

    @pytest.mark.django_db(transaction=True)
    def test_twenty_first_uploads_at_once_are_one_object(self, bank_a: str) -> None:
        stored = at_once(bank_a, [put] * 20)
        assert len(set(stored)) == VaultObject.objects.count() == 1
        assert VaultReference.objects.count() == 20
        assert vault.read(VaultObject.objects.get().pk, purpose="test", actor="test") == PHOTO


class TestRead:
    def test_leaves_a_trace_of_who_and_why(self, bank_a: str) -> None:
        stored = put()
        vault.read(stored.id, purpose="complaint 17", actor="staff:li")
        assert list(VaultAccess.objects.values_list("object_id", "actor", "purpose")) == [
            (stored.id, "staff:li", "complaint 17")
        ]

    def test_a_damaged_object_is_traced_and_not_handed_out(self, bank_a: str, root: Path) -> None:
        stored = put()
        (file,) = files(root)
        blob = bytearray(file.read_bytes())
        blob[len(blob) // 2] ^= 1
        file.write_bytes(blob)
        with pytest.raises(vault.VaultDamaged, match=stored.id.hex):
            vault.read(stored.id, purpose="test", actor="test")
        assert VaultAccess.objects.count() == 1

    def test_a_missing_file_is_a_damage(self, bank_a: str, root: Path) -> None:
        stored = put()
        files(root)[0].unlink()
        with pytest.raises(vault.VaultDamaged, match="no file"):
            vault.read(stored.id, purpose="test", actor="test")

    def test_the_file_of_another_object_in_its_place_is_a_damage(self, bank_a: str, root: Path) -> None:
        stored, other = put(), put(b"another photograph")
        paths = {
            pk: root / f"bank_{bank_a}" / key[:2] / key[2:]
            for pk, key in VaultObject.objects.values_list("pk", "stored_key")
        }
        paths[stored.id].write_bytes(paths[other.id].read_bytes())
        with pytest.raises(vault.VaultDamaged, match="seal is broken"):
            vault.read(stored.id, purpose="test", actor="test")

    def test_content_that_does_not_have_the_hash_of_its_row_is_a_damage(
        self, bank_a: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stored = put()
        monkeypatch.setattr(objects, "unseal", lambda *_, **__: b"forged by somebody with the key")
        with pytest.raises(vault.VaultDamaged, match="hash"):
            vault.read(stored.id, purpose="test", actor="test")

    def test_an_unknown_object_is_not_found_and_leaves_no_trace(self, bank_a: str) -> None:
        with pytest.raises(NotFound):
            vault.read(new_id(), purpose="test", actor="test")
        assert not VaultAccess.objects.exists()

    @pytest.mark.parametrize(("purpose", "actor"), [("", "staff:li"), ("complaint", "")])
    def test_nobody_reads_and_nothing_is_read_for_nothing(self, bank_a: str, purpose: str, actor: str) -> None:
        stored = put()
        with pytest.raises(ValueError, match="actor and a purpose"):
            vault.read(stored.id, purpose=purpose, actor=actor)
        assert not VaultAccess.objects.exists()

    def test_is_refused_inside_a_transaction_whose_rollback_would_take_the_trace(self, bank_a: str) -> None:
        stored = put()
        with pytest.raises(TransactionForbidden), transaction.atomic():
            vault.read(stored.id, purpose="test", actor="test")


class TestGuards:
    @pytest.mark.parametrize(
        ("statement", "guard"),
        [
            ("UPDATE core_vault_access SET actor = 'nobody'", "core_vault_access_append_only"),
            ("DELETE FROM core_vault_access", "core_vault_access_append_only"),
            ("UPDATE core_vault_object SET size = 1", "core_vault_object_immutable"),
        ],
    )
    def test_the_database_refuses_to_rewrite(self, bank_a: str, statement: str, guard: str) -> None:
        vault.read(put().id, purpose="test", actor="test")
        before = [list(model.objects.values()) for model in (VaultObject, VaultAccess)]
        with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert constraint(refused.value) == guard
        assert [list(model.objects.values()) for model in (VaultObject, VaultAccess)] == before

    def test_an_access_without_actor_is_refused_by_the_database(self, bank_a: str) -> None:
        with pytest.raises(IntegrityError, match="core_vault_access_by_whom_and_why"), transaction.atomic():
            VaultAccess.objects.create(object_id=new_id(), actor="", purpose="test")


class TestGrant:
    def test_opens_the_object_in_the_name_of_its_reader(self, bank_a: str) -> None:
        stored = put()
        token = vault.grant(stored.id, seconds=60, purpose="show contract", actor="customer:1")
        opened = vault.open_grant(token)
        assert (opened.id, opened.content, opened.content_type) == (stored.id, PHOTO, "image/jpeg")
        assert list(VaultAccess.objects.values_list("object_id", "actor", "purpose")) == [
            (stored.id, "customer:1", "show contract")
        ]

    def test_is_safe_in_a_url(self, bank_a: str) -> None:
        token = vault.grant(put().id, seconds=60, purpose="查看合同", actor="customer:1")
        assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
        assert vault.open_grant(token).content == PHOTO

    def test_ends_when_its_seconds_are_over(self, bank_a: str, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [datetime(2026, 11, 22, tzinfo=UTC)]
        monkeypatch.setattr(grants, "now", lambda: clock[0])
        token = vault.grant(put().id, seconds=60, purpose="test", actor="test")
        clock[0] += timedelta(seconds=59)
        assert vault.open_grant(token).content == PHOTO
        clock[0] += timedelta(seconds=1)
        with pytest.raises(NotFound):
            vault.open_grant(token)
        assert VaultAccess.objects.count() == 1

    def test_is_worthless_at_another_bank(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            token = vault.grant(put().id, seconds=60, purpose="test", actor="test")
        with in_bank(bank_b):
            put()
            with pytest.raises(NotFound):
                vault.open_grant(token)
            assert not VaultAccess.objects.exists()

    def test_no_character_of_it_can_be_changed_to_another_meaning(self, bank_a: str) -> None:
        stored = put()
        token = vault.grant(stored.id, seconds=60, purpose="test", actor="test")
        body = token.index(".")
        for position in range(body + 1):
            other = "A" if token[position] != "A" else "B"
            with pytest.raises(NotFound):
                vault.open_grant(token[:position] + other + token[position + 1 :])
        assert not VaultAccess.objects.exists()

    @pytest.mark.parametrize("token", ["", ".", "a.b", "....", "AAAA", "AAAA.AAAA", "票.票", "A.AAAA", "W10.AAAA"])
    def test_a_guessed_one_opens_nothing(self, bank_a: str, token: str) -> None:
        with pytest.raises(NotFound):
            vault.open_grant(token)

    @pytest.mark.parametrize("seconds", [0, -1, 901])
    def test_lives_one_second_to_fifteen_minutes(self, bank_a: str, seconds: int) -> None:
        with pytest.raises(ValueError, match="900 seconds"):
            vault.grant(put().id, seconds=seconds, purpose="test", actor="test")

    def test_is_not_given_for_an_unknown_object(self, bank_a: str) -> None:
        with pytest.raises(NotFound):
            vault.grant(uuid.uuid4(), seconds=60, purpose="test", actor="test")


class TestSweepOrphans:
    def test_removes_old_files_without_a_row_and_no_others(self, bank_a: str, root: Path) -> None:
        kept = put()
        young = vault.stage(b"young orphan", content_type="image/jpeg")
        old = vault.stage(b"old orphan", content_type="image/jpeg")
        for file in files(root):
            if young.stored_key is None or not file.name.endswith(young.stored_key[-16:]):
                age(file, LONG_AGO)
        assert vault.sweep_orphans(timedelta(hours=1)) == 1
        assert old.stored_key is not None
        assert not any(file.name.endswith(old.stored_key[-16:]) for file in files(root))
        assert len(files(root)) == 2
        assert vault.read(kept.id, purpose="test", actor="test") == PHOTO
        with transaction.atomic():
            vault.attach(young, kind="face", owner=an_owner())
        assert vault.sweep_orphans(timedelta(hours=1)) == 0

    def test_removes_drafts_that_a_crash_cut_short(self, bank_a: str, root: Path) -> None:
        put()
        drafts = root / f"bank_{bank_a}" / ".drafts"
        for name, by in (("dead", LONG_AGO), ("alive", timedelta(0))):
            (drafts / name).write_bytes(b"half")
            age(drafts / name, by)
        assert vault.sweep_orphans(timedelta(hours=1)) == 0
        assert [path.name for path in drafts.iterdir()] == ["alive"]

    def test_leaves_other_banks_alone(self, bank_a: str, bank_b: str, root: Path) -> None:
        with in_bank(bank_a):
            vault.stage(PHOTO, content_type="image/jpeg")
        age(files(root)[0], LONG_AGO)
        with in_bank(bank_b):
            assert vault.sweep_orphans(timedelta(hours=1)) == 0
        assert len(files(root)) == 1

    def test_files_young_enough_to_get_their_row_yet_are_never_swept(self, bank_a: str) -> None:
        with pytest.raises(ValueError, match="at least"):
            vault.sweep_orphans(timedelta(minutes=59))

    def test_a_vault_that_was_never_used_is_swept_of_nothing(self, bank_a: str) -> None:
        assert vault.sweep_orphans(timedelta(hours=1)) == 0


class TestFileStore:
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return FileStore(tmp_path / "store")

    def test_keeps_reads_names_and_deletes(self, store: FileStore) -> None:
        store.write(KEY, b"blob")
        assert store.read(KEY) == b"blob"
        assert list(store.keys_before(datetime.now(tz=UTC) + timedelta(hours=1))) == [KEY]
        assert list(store.keys_before(datetime.now(tz=UTC) - timedelta(hours=1))) == []
        store.delete(KEY)
        store.delete(KEY)
        with pytest.raises(ObjectAbsent):
            store.read(KEY)

    @pytest.mark.parametrize("key", ["", "../../etc/passwd", KEY.upper(), KEY + "/x", KEY[:-1], KEY + "\n"])
    def test_takes_no_name_that_leads_elsewhere(self, store: FileStore, key: str) -> None:
        for act in (store.read, store.delete, lambda key: store.write(key, b"blob")):
            with pytest.raises(ValueError, match="keyed hash"):
                act(key)

    @pytest.mark.parametrize("beat", ["open", "fsync", "rename"])
    def test_a_crash_while_writing_leaves_no_named_file(
        self, store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beat: str
    ) -> None:
        (tmp_path / "store" / ".drafts").mkdir(parents=True)
        (tmp_path / "store" / "ab").mkdir()

        def crash(*_: Any, **__: Any) -> Any:
            raise OSError("the disk is full")

        monkeypatch.setattr(*{"open": (os, "open"), "fsync": (os, "fsync"), "rename": (Path, "rename")}[beat], crash)
        with pytest.raises(OSError, match="disk is full"):
            store.write(KEY, b"blob")
        monkeypatch.undo()
        with pytest.raises(ObjectAbsent):
            store.read(KEY)
        assert list(store.keys_before(datetime.now(tz=UTC) + timedelta(hours=1))) == []


def constraint(error: IntegrityError) -> str | None:
    """Name the constraint that refused."""
    cause: Any = error.__cause__
    name: str | None = cause.diag.constraint_name
    return name
