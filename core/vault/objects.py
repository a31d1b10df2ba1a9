"""Put objects into the vault and read them.

Two beats, so that no file is written while a transaction waits, and a crash at any line leaves at worst an
orphan file:

1. `stage`, before the transaction: seal the bytes and write them under a key that was never used before.
2. `attach`, within the transaction: the row, unless this bank has the content already, and the owner's
   reference.

The key ends in a nonce, so that a file belongs to one attempt. Of two simultaneous first uploads one row wins
and the other's file is an orphan; the sweep can remove orphans by age alone, never a file that somebody is
about to name.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from core.crypto.sealing import SealBroken, blind_index, seal, unseal
from core.errors import NotFound
from core.operations import forbid_transaction, in_transaction, within_transaction
from core.tenancy import current_bank
from core.vault.models import VaultAccess, VaultObject, VaultReference
from core.vault.store import ObjectAbsent, object_store

if TYPE_CHECKING:
    import uuid

UNDECIDED: Final = "undecided"
NONCE_BYTES: Final = 8
SHORTEST_ORPHAN_AGE: Final = timedelta(hours=1)
SWEEP_BATCH: Final = 500


class VaultDamaged(Exception):
    """An object's row is there and its bytes are not what they were: gone, changed or of another bank."""


class StagedObjectGone(Exception):
    """The content that `stage` found in the vault was removed before `attach`; stage it again."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The row that needs an object: what it is ("verification.upload") and its id."""

    kind: str
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class StagedObject:
    """Content whose bytes are in the store already and whose row is not yet written; of one bank."""

    bank_code: str
    sha256: bytes
    keyed_hash: bytes
    size: int
    content_type: str
    stored_key: str | None  # None: this bank has the content, nothing was written


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in the vault, and the SHA-256 of its content."""

    id: uuid.UUID
    sha256: bytes


def stage(content: bytes, *, content_type: str) -> StagedObject:
    """Seal `content` and write it to the store, unless this bank has it; goes before `attach`'s transaction.

    Raises:
        ValueError: the content is empty.
    """
    if not content:
        msg = "an empty object is not kept"
        raise ValueError(msg)
    sha256 = hashlib.sha256(content).digest()
    keyed_hash = _keyed(sha256)
    stored_key = None
    if not VaultObject.objects.filter(sha256=keyed_hash).exists():
        stored_key = f"{keyed_hash.hex()}-{secrets.token_hex(NONCE_BYTES)}"
        object_store().write(stored_key, seal(content, context=_context(stored_key)))
    return StagedObject(
        bank_code=current_bank().code,
        sha256=sha256,
        keyed_hash=keyed_hash,
        size=len(content),
        content_type=content_type,
        stored_key=stored_key,
    )


@within_transaction
def attach(staged: StagedObject, *, kind: str, owner: Owner, retention: str = UNDECIDED) -> StoredObject:
    """Enter a staged object in the caller's transaction, needed by `owner` as `kind` ("id_card_front").

    Content that the bank has already gets a further reference only, and keeps its first content type; the
    same owner and kind twice is one reference.

    Raises:
        ValueError: it was staged at another bank.
        StagedObjectGone: the content was in the vault when staged and is no more.
    """
    if staged.bank_code != current_bank().code:
        msg = f"staged at bank {staged.bank_code}, attached at bank {current_bank().code}"
        raise ValueError(msg)
    if staged.stored_key is not None:
        entry = VaultObject(
            sha256=staged.keyed_hash,
            size=staged.size,
            content_type=staged.content_type,
            stored_key=staged.stored_key,
        )
        VaultObject.objects.bulk_create([entry], ignore_conflicts=True)
    row = VaultObject.objects.select_for_update(no_key=True).filter(sha256=staged.keyed_hash).first()
    if row is None:
        raise StagedObjectGone
    _refer(row.pk, kind, owner, retention)
    return StoredObject(id=row.pk, sha256=staged.sha256)


@within_transaction
def refer(object_id: uuid.UUID, *, kind: str, owner: Owner, retention: str = UNDECIDED) -> None:
    """Give an object that is in the vault a further reason to stay; the same owner and kind twice is one.

    Raises:
        NotFound: this bank has no such object, or has it no more.
    """
    if not VaultObject.objects.select_for_update(no_key=True).filter(pk=object_id).exists():
        raise NotFound
    _refer(object_id, kind, owner, retention)


def _refer(object_id: uuid.UUID, kind: str, owner: Owner, retention: str) -> None:
    reference = VaultReference(
        object_id=object_id,
        owner_kind=owner.kind,
        owner_id=owner.id,
        purpose=kind,
        retention=retention,
    )
    VaultReference.objects.bulk_create([reference], ignore_conflicts=True)


def put(content: bytes, *, content_type: str, kind: str, owner: Owner, retention: str = UNDECIDED) -> StoredObject:
    """Stage and attach in one call: in the caller's transaction if one is open, otherwise in one of its own.

    Inside a transaction the file is written while it is open: fit for a file system, while an operation that
    is to run against a remote store stages first. Its own transaction settles no idempotent request: it is
    not the request's effect.

    Raises:
        ValueError: the content is empty.
    """
    staged = stage(content, content_type=content_type)
    if in_transaction():
        return attach(staged, kind=kind, owner=owner, retention=retention)
    with transaction.atomic(durable=True):
        return attach(staged, kind=kind, owner=owner, retention=retention)


def read(object_id: uuid.UUID, *, purpose: str, actor: str) -> bytes:
    """Return an object's content; who read it and why is committed before a byte is handed out.

    Runs outside of transactions: a rolled back reader would have read without a trace.

    Raises:
        NotFound: this bank has no such object.
        ValueError: nobody reads, or for nothing.
        TransactionForbidden: a transaction is open.
        VaultDamaged: the bytes are not those that were put.
    """
    return open_object(object_id, purpose=purpose, actor=actor)[0]


def open_object(object_id: uuid.UUID, *, purpose: str, actor: str) -> tuple[bytes, str]:
    """Return an object's content and content type, as `read` does, with its guarantees."""
    forbid_transaction("reading from the vault")
    if not purpose or not actor:
        msg = "reading from the vault needs an actor and a purpose"
        raise ValueError(msg)
    row = VaultObject.objects.filter(pk=object_id).first()
    if row is None:
        raise NotFound
    with transaction.atomic(durable=True):  # no operation: it must not settle the request's idempotency claim
        VaultAccess.objects.create(object_id=row.pk, actor=actor, purpose=purpose)
    return _fetch(row), row.content_type


def sweep_orphans(older_than: timedelta, *, beginning: str = "") -> int:
    """Remove the bank's stored files that no row names and are older than `older_than`; return how many.

    Such files are left by a crash or a roll-back between `stage` and the commit of `attach`, and by `let_go`; drafts
    that a crash cut short go as well. `older_than` must be longer than any transaction may take. `beginning` limits
    the walk to the keys that begin so.

    Raises:
        ValueError: `older_than` is less than an hour.
    """
    if older_than < SHORTEST_ORPHAN_AGE:
        msg = f"an orphan is at least {SHORTEST_ORPHAN_AGE} old; younger files may be about to get their row"
        raise ValueError(msg)
    store = object_store()
    keys = store.keys_before(timezone.now() - older_than, beginning=beginning)
    removed = 0
    while batch := list(itertools.islice(keys, SWEEP_BATCH)):
        named = set(VaultObject.objects.filter(stored_key__in=batch).values_list("stored_key", flat=True))
        for key in batch:
            if key not in named:
                store.delete(key)
                removed += 1
    return removed


def _fetch(row: VaultObject) -> bytes:
    try:
        content = unseal(object_store().read(row.stored_key), context=_context(row.stored_key))
    except (ObjectAbsent, SealBroken) as error:
        msg = f"object {row.pk.hex}: {error}"
        raise VaultDamaged(msg) from error
    if not hmac.compare_digest(_keyed(hashlib.sha256(content).digest()), row.sha256):
        msg = f"object {row.pk.hex}: the content does not have the hash of its row"
        raise VaultDamaged(msg)
    return content


def _keyed(sha256: bytes) -> bytes:
    return blind_index(sha256.hex(), domain="core.vault.sha256")


def _context(stored_key: str) -> str:
    return f"core.vault:{stored_key}"
