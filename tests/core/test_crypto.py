"""Seals, keyed hashes and the keys behind them (DATA-04)."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import isolate_apps

from core import crypto
from core.crypto import keys
from core.crypto.fields import BlindIndexField, SealedJSONField, SealedTextField
from core.crypto.master import MasterKey, load_master_keys
from core.crypto.models import ACTIVE, DATA, INDEX, RETIRED, BankKey
from core.operations import TransactionRequired
from core.tenancy import in_bank
from tests.at_once import at_once
from tests.conftest import URL
from tests.database import owner

CONTEXT = "accounts.customer.phone"


@pytest.fixture(autouse=True)
def _no_kept_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start with no opened keys, and leave none of this file's keys behind."""
    monkeypatch.setattr(keys, "_cache", keys._Cache())


@pytest.fixture
def master_file(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    crypto.create_master_key(path)
    return path


def _erase_the_keys() -> None:
    """Delete the bank's keys as the owner of the tables: the bank's own role may not (DATA-04)."""
    with owner(URL, str(settings.DATABASES["default"]["NAME"])) as connection:
        connection.execute("DELETE FROM bank_125.core_bank_key")


class TestCreateMasterKey:
    def test_makes_a_file_that_only_its_owner_can_read(self, tmp_path: Path) -> None:
        key = crypto.create_master_key(tmp_path / "master.key")
        assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
        assert len(key.secret) == 32
        assert load_master_keys(tmp_path / "master.key") == (key,)
        assert [path.name for path in tmp_path.iterdir()] == ["master.key"]

    def test_never_replaces_a_key(self, master_file: Path) -> None:
        before = master_file.read_bytes()
        with pytest.raises(FileExistsError):
            crypto.create_master_key(master_file)
        assert master_file.read_bytes() == before
        assert [path.name for path in master_file.parent.iterdir()] == ["master.key"]

    def test_of_many_at_once_one_makes_the_key(self, tmp_path: Path) -> None:
        path, made = tmp_path / "master.key", []

        def make() -> None:
            with suppress(FileExistsError):
                made.append(crypto.create_master_key(path))

        at_once(None, [make] * 8)
        assert made == list(load_master_keys(path))


class TestLoadMasterKeys:
    def test_the_first_line_wraps_and_every_line_is_known(self, tmp_path: Path) -> None:
        old = crypto.create_master_key(tmp_path / "old")
        new = crypto.create_master_key(tmp_path / "new")
        both = tmp_path / "both"
        both.touch(0o600)
        both.write_bytes((tmp_path / "new").read_bytes() + (tmp_path / "old").read_bytes())
        assert load_master_keys(both) == (new, old)

    def test_a_file_that_is_absent_is_not_made_up_for(self, tmp_path: Path) -> None:
        with pytest.raises(crypto.MasterKeyUnavailable, match="cannot be read"):
            load_master_keys(tmp_path / "master.key")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("mode", [0o604, 0o644, 0o666, 0o660, 0o602])
    def test_a_file_that_is_open_to_others_is_refused(self, master_file: Path, mode: int) -> None:
        master_file.chmod(mode)
        with pytest.raises(crypto.MasterKeyUnavailable, match="chmod 600"):
            load_master_keys(master_file)

    def test_a_file_mounted_for_a_group_to_read_is_accepted(self, master_file: Path) -> None:
        master_file.chmod(0o440)
        assert len(load_master_keys(master_file)) == 1

    @pytest.mark.parametrize(
        "text",
        ["", "\n\n", "0011223344556677", "0011223344556677 c2hvcnQ=", "xx c2hvcnQ=", "a b c", "密钥"],
        ids=["empty", "blank", "no key", "short key", "no id", "three words", "not ascii"],
    )
    def test_a_malformed_file_is_refused_without_showing_it(self, master_file: Path, text: str) -> None:
        master_file.write_text(text, encoding="utf-8")
        with pytest.raises(crypto.MasterKeyUnavailable) as refused:
            load_master_keys(master_file)
        assert "c2hvcnQ" not in repr(refused.value)


class TestMasterKey:
    def test_its_secret_is_not_shown(self, master_file: Path) -> None:
        key = load_master_keys(master_file)[0]
        assert repr(key) == f"MasterKey(id='{key.id}')"
        assert repr(keys.OpenedKey(version=1, secret=b"\x01" * 32)) == "OpenedKey(version=1)"

    def test_unwraps_what_it_wrapped_for_the_same_thing_only(self, master_file: Path) -> None:
        key = load_master_keys(master_file)[0]
        wrapped = key.wrap(b"k" * 32, bound_to=b"bank 125")
        assert key.unwrap(wrapped, bound_to=b"bank 125") == b"k" * 32
        with pytest.raises(crypto.MasterKeyUnavailable, match="belongs to another bank"):
            key.unwrap(wrapped, bound_to=b"bank 126")
        for position in range(len(wrapped)):
            with pytest.raises(crypto.MasterKeyUnavailable):
                key.unwrap(flipped(wrapped, position), bound_to=b"bank 125")


class TestNormalise:
    @pytest.mark.parametrize(
        "spelling",
        [
            "32041219900101123X",
            "32041219900101123x",
            " 320412 19900101 123X\n",
            "３２０４１２１９９００１０１１２３Ｘ",
        ],
    )
    def test_spellings_of_one_id_number_become_one(self, spelling: str) -> None:
        assert crypto.normalise_id_number(spelling) == "32041219900101123X"

    @pytest.mark.parametrize(
        ("spelling", "number"),
        [
            ("13812341234", "13812341234"),
            ("+86 138-1234-1234", "13812341234"),
            ("008613812341234", "13812341234"),
            ("8613812341234", "13812341234"),
            ("１３８１２３４１２３４", "13812341234"),
            ("86138123412", "86138123412"),
            ("+85261234567", "+85261234567"),
        ],
    )
    def test_spellings_of_one_phone_number_become_one(self, spelling: str, number: str) -> None:
        assert crypto.normalise_phone(spelling) == number


class TestCreateBankKeys:
    def test_makes_one_active_key_a_purpose_and_stores_no_bare_key(self, bank_a: str) -> None:
        rows = list(BankKey.objects.order_by("purpose"))
        assert [(row.purpose, row.version, row.state) for row in rows] == [
            (DATA, 1, ACTIVE),
            (INDEX, 1, ACTIVE),
        ]
        for purpose in (DATA, INDEX):
            secret = keys.bank_key(purpose).secret
            assert len(secret) == 32
            assert not any(secret in bytes(row.wrapped) for row in rows)

    def test_leaves_keys_that_exist_as_they_are(self, bank_a: str) -> None:
        before = list(BankKey.objects.order_by("pk").values())
        with transaction.atomic():
            crypto.create_bank_keys()
        assert list(BankKey.objects.order_by("pk").values()) == before

    def test_runs_within_a_transaction_only(self, bank_a: str) -> None:
        with pytest.raises(TransactionRequired):
            crypto.create_bank_keys()

    @pytest.mark.django_db(transaction=True)
    def test_without_a_master_key_no_bank_gets_keys(self, bank_a: str, settings: Any, tmp_path: Path) -> None:
        _erase_the_keys()
        settings.MASTER_KEY_FILE = tmp_path / "absent"
        with pytest.raises(crypto.MasterKeyUnavailable), transaction.atomic():
            crypto.create_bank_keys()
        assert not BankKey.objects.exists()

    def test_two_active_keys_of_a_purpose_are_refused_by_the_database(self, bank_a: str) -> None:
        with pytest.raises(IntegrityError, match="core_bank_key_one_active"), transaction.atomic():
            BankKey.objects.create(purpose=DATA, version=2, wrapped=b"x")

    def test_banks_have_different_keys(self, bank_a: str, bank_b: str) -> None:
        secrets = set()
        for bank in (bank_a, bank_b):
            with in_bank(bank):
                secrets |= {keys.bank_key(purpose).secret for purpose in (DATA, INDEX)}
        assert len(secrets) == 4

    def test_a_wrapped_key_is_worthless_at_another_bank(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            stolen = BankKey.objects.get(purpose=DATA).wrapped
        with in_bank(bank_b):
            BankKey.objects.filter(purpose=DATA).update(wrapped=stolen)
            with pytest.raises(crypto.MasterKeyUnavailable, match="belongs to another bank"):
                keys.bank_key(DATA)


class TestSeal:
    @pytest.mark.parametrize("plain", [b"", b"13812341234", "张小明".encode(), bytes(100_000)])
    def test_what_was_sealed_comes_back(self, bank_a: str, plain: bytes) -> None:
        assert crypto.unseal(crypto.seal(plain, context=CONTEXT), context=CONTEXT) == plain

    def test_the_same_value_is_sealed_differently_each_time_and_never_visible(self, bank_a: str) -> None:
        one, other = (crypto.seal(b"13812341234", context=CONTEXT) for _ in range(2))
        assert one != other
        assert b"1381234" not in one

    def test_a_blob_names_its_format_and_key_version(self, bank_a: str) -> None:
        blob = crypto.seal(b"value", context=CONTEXT)
        assert blob[:5] == b"\x01\x00\x00\x00\x01"
        assert len(blob) == 1 + 4 + 12 + 5 + 16

    def test_another_context_does_not_open_it(self, bank_a: str) -> None:
        blob = crypto.seal(b"value", context=CONTEXT)
        with pytest.raises(crypto.SealBroken, match=r"accounts\.customer\.name"):
            crypto.unseal(blob, context="accounts.customer.name")

    def test_another_bank_does_not_open_it(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            blob = crypto.seal(b"value", context=CONTEXT)
        with in_bank(bank_b), pytest.raises(crypto.SealBroken):
            crypto.unseal(blob, context=CONTEXT)

    def test_another_bank_with_the_very_same_key_does_not_open_it(
        self, bank_a: str, bank_b: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared = keys.OpenedKey(version=1, secret=b"s" * 32)
        monkeypatch.setattr("core.crypto.sealing.bank_key", lambda *_: shared)
        with in_bank(bank_a):
            blob = crypto.seal(b"value", context=CONTEXT)
            assert crypto.unseal(blob, context=CONTEXT) == b"value"
        with in_bank(bank_b), pytest.raises(crypto.SealBroken):
            crypto.unseal(blob, context=CONTEXT)

    def test_any_flipped_or_missing_byte_breaks_the_seal(self, bank_a: str) -> None:
        blob = crypto.seal(b"13812341234", context=CONTEXT)
        broken = [flipped(blob, position) for position in range(len(blob))]
        broken += [blob[:length] for length in range(len(blob))]
        for each in [*broken, blob + b"\x00"]:
            with pytest.raises(crypto.SealBroken) as refused:
                crypto.unseal(each, context=CONTEXT)
            assert "1381234" not in repr(refused.value)

    def test_a_context_is_demanded(self, bank_a: str) -> None:
        blob = crypto.seal(b"value", context=CONTEXT)
        with pytest.raises(ValueError, match="context"):
            crypto.seal(b"value", context="")
        with pytest.raises(ValueError, match="context"):
            crypto.unseal(blob, context="")

    @pytest.mark.django_db(transaction=True)
    def test_erasing_the_keys_makes_everything_unreadable(self, bank_a: str) -> None:
        blob = crypto.seal(b"value", context=CONTEXT)
        _erase_the_keys()
        crypto.forget_bank_keys()
        with pytest.raises(crypto.SealBroken):
            crypto.unseal(blob, context=CONTEXT)
        with pytest.raises(keys.NoBankKey):
            crypto.seal(b"value", context=CONTEXT)


class TestBlindIndex:
    def test_the_same_value_gives_the_same_32_bytes(self, bank_a: str) -> None:
        one = crypto.blind_index("13812341234", domain="phone")
        assert one == crypto.blind_index("13812341234", domain="phone")
        assert len(one) == 32

    def test_values_domains_and_their_borders_are_told_apart(self, bank_a: str) -> None:
        pairs = [("ab", "c"), ("a", "bc"), ("abc", "d"), ("d", "abc")]
        assert len({crypto.blind_index(value, domain=domain) for value, domain in pairs}) == len(pairs)

    def test_banks_cannot_be_joined_by_it(self, bank_a: str, bank_b: str) -> None:
        hashes = set()
        for bank in (bank_a, bank_b):
            with in_bank(bank):
                hashes.add(crypto.blind_index("13812341234", domain="phone"))
        assert len(hashes) == 2

    @pytest.mark.parametrize(("value", "domain"), [("", "phone"), ("13812341234", "")])
    def test_nothing_is_not_hashed(self, bank_a: str, value: str, domain: str) -> None:
        with pytest.raises(ValueError, match="needs a value and a domain"):
            crypto.blind_index(value, domain=domain)

    def test_a_rotation_of_the_data_key_does_not_change_it(self, bank_a: str) -> None:
        before = crypto.blind_index("13812341234", domain="phone")
        rotate()
        assert crypto.blind_index("13812341234", domain="phone") == before


class TestRotateBankKey:
    def test_new_values_get_the_new_version_and_old_ones_still_open(self, bank_a: str) -> None:
        old = crypto.seal(b"old", context=CONTEXT)
        assert rotate() == 2
        new = crypto.seal(b"new", context=CONTEXT)
        assert (old[4], new[4]) == (1, 2)
        assert crypto.unseal(old, context=CONTEXT) == b"old"
        assert crypto.unseal(new, context=CONTEXT) == b"new"
        states = BankKey.objects.filter(purpose=DATA).order_by("version").values_list("version", "state")
        assert list(states) == [(1, RETIRED), (2, ACTIVE)]

    def test_concerns_this_bank_only(self, bank_a: str, bank_b: str) -> None:
        with in_bank(bank_a):
            rotate()
        with in_bank(bank_b):
            assert BankKey.objects.filter(purpose=DATA).count() == 1
            assert crypto.seal(b"value", context=CONTEXT)[4] == 1

    def test_a_rotation_that_is_rolled_back_leaves_no_trace(self, bank_a: str) -> None:
        with transaction.atomic():
            crypto.rotate_bank_key()
            lost = crypto.seal(b"value", context=CONTEXT)
            transaction.set_rollback(True)
        assert crypto.seal(b"value", context=CONTEXT)[4] == 1
        with pytest.raises(crypto.SealBroken):
            crypto.unseal(lost, context=CONTEXT)

    @pytest.mark.django_db(transaction=True)
    def test_rotations_at_once_follow_each_other(self, bank_a: str) -> None:
        blob = crypto.seal(b"value", context=CONTEXT)
        assert set(at_once(bank_a, [rotate] * 4)) == {2, 3, 4, 5}
        assert crypto.seal(b"value", context=CONTEXT)[4] == 5
        assert crypto.unseal(blob, context=CONTEXT) == b"value"

    @pytest.mark.django_db(transaction=True)
    def test_a_bank_without_keys_has_nothing_to_rotate(self, bank_a: str) -> None:
        _erase_the_keys()
        with pytest.raises(keys.NoBankKey), transaction.atomic():
            crypto.rotate_bank_key()


class TestRewrap:
    def test_the_new_master_key_alone_opens_everything_then(self, bank_a: str, settings: Any, tmp_path: Path) -> None:
        blob, index = crypto.seal(b"value", context=CONTEXT), crypto.blind_index("value", domain="test")
        rotate()
        with transaction.atomic():
            assert crypto.rewrap(current_master(settings), crypto.create_master_key(tmp_path / "new")) == 3
        settings.MASTER_KEY_FILE = tmp_path / "new"
        crypto.forget_bank_keys()
        assert crypto.unseal(blob, context=CONTEXT) == b"value"
        assert crypto.blind_index("value", domain="test") == index

    def test_the_old_master_key_opens_nothing_any_more(self, bank_a: str, settings: Any, tmp_path: Path) -> None:
        with transaction.atomic():
            crypto.rewrap(current_master(settings), crypto.create_master_key(tmp_path / "new"))
        crypto.forget_bank_keys()
        with pytest.raises(crypto.MasterKeyUnavailable, match="not at hand"):
            crypto.seal(b"value", context=CONTEXT)

    def test_a_second_run_finds_nothing_to_do(self, bank_a: str, settings: Any, tmp_path: Path) -> None:
        old, new = current_master(settings), crypto.create_master_key(tmp_path / "new")
        with transaction.atomic():
            crypto.rewrap(old, new)
        with transaction.atomic():
            assert crypto.rewrap(old, new) == 0

    def test_a_stranger_s_master_key_changes_nothing(self, bank_a: str, tmp_path: Path) -> None:
        strangers = [crypto.create_master_key(tmp_path / name) for name in ("one", "other")]
        before = list(BankKey.objects.order_by("pk").values())
        with pytest.raises(crypto.MasterKeyUnavailable), transaction.atomic():
            crypto.rewrap(*strangers)
        assert list(BankKey.objects.order_by("pk").values()) == before


class TestKeptKeys:
    """What a process keeps of opened keys."""

    def test_are_bounded(self) -> None:
        cache = keys._Cache()
        for number in range(keys.KEPT_KEYS + 10):
            cache.put((f"b{number}", DATA, 1), keys.OpenedKey(version=1, secret=b""))
        assert len(cache) == keys.KEPT_KEYS
        assert cache.get(("b0", DATA, 1)) is None
        assert cache.get((f"b{keys.KEPT_KEYS + 9}", DATA, 1)) is not None

    def test_go_after_five_minutes(self) -> None:
        clock = [1000.0]
        cache = keys._Cache(clock=lambda: clock[0])
        cache.put(("125", DATA, 1), keys.OpenedKey(version=1, secret=b""))
        clock[0] += keys.KEPT_SECONDS
        assert cache.get(("125", DATA, 1)) is not None
        clock[0] += 1
        assert cache.get(("125", DATA, 1)) is None
        assert len(cache) == 0

    def test_are_forgotten_bank_by_bank(self) -> None:
        cache = keys._Cache()
        for code in ("125", "126"):
            cache.put((code, DATA, keys.ACTIVE_VERSION), keys.OpenedKey(version=1, secret=b""))
        cache.forget("125")
        assert cache.get(("125", DATA, 1)) is None
        assert cache.get(("126", DATA, 1)) is not None

    def test_a_key_read_in_a_transaction_is_kept_once_that_has_committed(
        self, bank_a: str, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        cache = keys._Cache()
        monkeypatch.setattr(keys, "_cache", cache)
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            crypto.seal(b"value", context=CONTEXT)
            assert len(cache) == 0
        assert cache.get((bank_a, DATA, keys.ACTIVE_VERSION)) is not None
        assert cache.get((bank_a, DATA, 1)) is not None

    def test_a_key_read_in_a_transaction_that_was_rolled_back_is_not_kept(
        self, bank_a: str, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        cache = keys._Cache()
        monkeypatch.setattr(keys, "_cache", cache)
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            crypto.seal(b"value", context=CONTEXT)
            transaction.set_rollback(True)
        assert len(cache) == 0


@pytest.fixture
def card(bank_a: str) -> Any:
    """A model with one field of each kind and its table, for the length of a test."""
    with isolate_apps("core"):

        class Card(models.Model):
            holder = SealedTextField("持卡人", max_length=10, default="")
            note = SealedTextField("备注", null=True)
            details = SealedJSONField("明细", null=True)
            number_index = BlindIndexField("卡号摘要", null=True)

            class Meta:
                app_label = "core"
                db_table = "core_test_card"

        table = (
            "CREATE TEMPORARY TABLE core_test_card (id bigint GENERATED BY DEFAULT AS IDENTITY,"
            " holder bytea NOT NULL, note bytea, details bytea, number_index bytea) ON COMMIT DROP"
        )
        with connection.cursor() as cursor:
            cursor.execute(table)
        yield Card


class TestSealedFields:
    def test_values_come_back_and_are_not_in_the_table(self, card: Any) -> None:
        details = {"发卡": "农商银行", "limits": [1, 2.5, None, True]}
        made = card.objects.create(holder="张小明", note="13812341234", details=details)
        found = card.objects.get(pk=made.pk)
        assert (found.holder, found.note, found.details) == ("张小明", "13812341234", details)
        with connection.cursor() as cursor:
            cursor.execute("SELECT holder, note, details FROM core_test_card")
            stored = [bytes(value) for value in cursor.fetchone()]
        for plain in ("张小明", "13812341234", "农商银行", "limits"):
            assert not any(plain.encode() in value for value in stored)

    def test_null_stays_null_and_can_be_asked_for(self, card: Any) -> None:
        card.objects.create(holder="张小明")
        found = card.objects.get(note__isnull=True, details__isnull=True, holder__isnull=False)
        assert (found.note, found.details) == (None, None)

    def test_an_empty_text_is_a_text(self, card: Any) -> None:
        card.objects.create(note="")
        found = card.objects.get()
        assert (found.holder, found.note) == ("", "")

    def test_a_value_is_changed_by_save_update_and_bulk_update(self, card: Any) -> None:
        made = card.objects.create(holder="张小明", note="one")
        made.note = "two"
        made.save(update_fields=["note"])
        assert card.objects.get().note == "two"
        card.objects.update(note="three")
        assert card.objects.get().note == "three"
        made.note, made.details = "four", [4]
        card.objects.bulk_update([made], ["note", "details"])
        assert card.objects.values_list("holder", "note", "details").get() == ("张小明", "four", [4])

    @pytest.mark.parametrize(
        "lookup",
        ["note", "note__exact", "note__in", "note__contains", "note__gt", "details", "holder__iexact"],
    )
    def test_a_search_by_the_sealed_value_is_refused(self, card: Any, lookup: str) -> None:
        with pytest.raises(FieldError, match="use its BlindIndexField"):
            card.objects.filter(**{lookup: "13812341234"})

    def test_a_value_moved_to_another_column_does_not_open(self, card: Any) -> None:
        card.objects.create(holder="张小明", note="13812341234")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE core_test_card SET holder = note")
        with pytest.raises(crypto.SealBroken, match=r"core\.card\.holder"):
            card.objects.get()

    @pytest.mark.parametrize("value", [b"bytes", 1, ["list"]])
    def test_a_sealed_text_takes_text_only(self, card: Any, value: Any) -> None:
        with pytest.raises(TypeError, match="holds text"):
            card.objects.create(holder=value)

    @pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes"])
    def test_a_sealed_document_takes_json_only(self, card: Any, value: Any) -> None:
        with pytest.raises(TypeError, match="not JSON serializable"):
            card.objects.create(details=value)

    def test_the_length_counts_characters(self, card: Any) -> None:
        holder = card._meta.get_field("holder")
        assert holder.clean("张" * 10, None) == "张" * 10
        with pytest.raises(ValidationError):
            holder.clean("张" * 11, None)

    def test_a_row_is_not_serialised_with_its_plain_values(self, card: Any) -> None:
        with pytest.raises(FieldError, match="not serialised"):
            card._meta.get_field("note").value_to_string(card(note="13812341234"))

    def test_migrations_name_the_fields_by_their_public_path(self, card: Any) -> None:
        for name, path in [
            ("note", "core.crypto.fields.SealedTextField"),
            ("details", "core.crypto.fields.SealedJSONField"),
            ("number_index", "core.crypto.fields.BlindIndexField"),
        ]:
            _, where, args, kwargs = card._meta.get_field(name).deconstruct()
            assert where == path
            assert "editable" not in kwargs
            again = type(card._meta.get_field(name))(*args, **kwargs)
            assert again.deconstruct()[1:] == (where, args, kwargs)

    def test_the_checks_of_django_find_nothing_wrong(self, card: Any) -> None:
        assert [problem for field in card._meta.get_fields() for problem in field.check()] == []


class TestBlindIndexField:
    def test_finds_the_row_by_the_hash_of_the_normal_form(self, card: Any) -> None:
        for number in ("13812341234", "13912341234"):
            card.objects.create(note=number, number_index=phone_index(number))
        assert card.objects.get(number_index=phone_index("+86 138 1234 1234")).note == "13812341234"
        both = [phone_index("13812341234"), phone_index("13912341234")]
        assert card.objects.filter(number_index__in=both).count() == 2

    @pytest.mark.parametrize("value", ["13812341234", b"13812341234", b"x" * 31])
    def test_takes_a_keyed_hash_only(self, card: Any, value: Any) -> None:
        with pytest.raises(TypeError, match="32 bytes"):
            card.objects.create(number_index=value)
        with pytest.raises(TypeError, match="32 bytes"):
            card.objects.filter(number_index=value).exists()


def flipped(blob: bytes, position: int) -> bytes:
    return blob[:position] + bytes([blob[position] ^ 1]) + blob[position + 1 :]


def rotate() -> int:
    with transaction.atomic():
        return crypto.rotate_bank_key()


def current_master(settings: Any) -> MasterKey:
    return load_master_keys(Path(settings.MASTER_KEY_FILE))[0]


def phone_index(number: str) -> bytes:
    return crypto.blind_index(crypto.normalise_phone(number), domain="phone")
