"""The keys of the current bank: made at its opening, wrapped by the master key, kept in its own schema.

A process keeps opened keys for five minutes at most, so that a rotation or the erasure of a bank's keys
reaches every process in that time without a restart. A key that was read inside a transaction is kept only
once that transaction has committed: a key whose row was rolled back must never seal anything.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection, transaction

from core.crypto.binding import bind
from core.crypto.master import KEY_BYTES, MasterKey, MasterKeyUnavailable, load_master_keys, wrapped_by
from core.crypto.models import ACTIVE, DATA, INDEX, RETIRED, BankKey
from core.operations import forget_remembered, memory, within_transaction
from core.tenancy import current_bank

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_SECONDS: Final = 300.0
KEPT_KEYS: Final = 1024
ACTIVE_VERSION: Final = 0  # stands for "whichever version is active" where a version is named


class NoBankKey(Exception):
    """The current bank has no such key: never opened, an unknown version, or its keys were erased."""


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """A bank's key, unwrapped; lives in memory only."""

    version: int
    secret: bytes = field(repr=False)


class _Cache:
    """Opened keys by (bank code, purpose, version): at most `KEPT_KEYS`, each for `KEPT_SECONDS`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, int], tuple[OpenedKey, float]] = OrderedDict()

    def get(self, name: tuple[str, str, int]) -> OpenedKey | None:
        with self._lock:
            key, kept_at = self._kept.get(name, (None, 0.0))
            if key is None or self._clock() - kept_at > KEPT_SECONDS:
                self._kept.pop(name, None)
                return None
            self._kept.move_to_end(name)
            return key

    def put(self, name: tuple[str, str, int], key: OpenedKey) -> None:
        code, purpose, _ = name
        kept_at = self._clock()
        with self._lock:
            for each in {name, (code, purpose, key.version)}:
                self._kept[each] = (key, kept_at)
                self._kept.move_to_end(each)
            while len(self._kept) > KEPT_KEYS:
                self._kept.popitem(last=False)

    def forget(self, code: str) -> None:
        with self._lock:
            for name in [name for name in self._kept if name[0] == code]:
                del self._kept[name]

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)


_cache = _Cache()


def bank_key(purpose: str, version: int = ACTIVE_VERSION) -> OpenedKey:
    """Return the current bank's key of this purpose, by default the active one.

    Kept by the process once a transaction has committed that saw it; until then by the operation that is at work.

    Raises:
        NoBankKey: the bank has no such key.
        MasterKeyUnavailable: the master key that wrapped it is not at hand.
    """
    code = current_bank().code
    name = (code, purpose, version)
    known, remembered = memory(), f"bank_key:{code}:{purpose}:{version}"
    kept = _cache.get(name) or (None if known is None else known.get(remembered))
    if kept is not None:
        return kept
    rows = BankKey.objects.filter(purpose=purpose)
    row = rows.filter(version=version).first() if version else rows.filter(state=ACTIVE).first()
    if row is None:
        msg = f"bank {code} has no {purpose} key of version {version or 'active'}"
        raise NoBankKey(msg)
    opened = _open(row, code, _master_keys())
    if connection.in_atomic_block:
        transaction.on_commit(lambda: _cache.put(name, opened))
        if known is not None:
            known[remembered] = opened
    else:
        _cache.put(name, opened)
    return opened


def forget_bank_keys() -> None:
    """Drop the current bank's opened keys from this process; the next use reads them again."""
    _cache.forget(current_bank().code)


@within_transaction
def create_bank_keys() -> None:
    """Make the current bank's keys, one a purpose; those that exist stay as they are.

    Raises:
        MasterKeyUnavailable: there is no master key; make one with `create_master_key`.
    """
    code = current_bank().code
    master = _master_keys()[0]
    present = set(BankKey.objects.values_list("purpose", flat=True))
    missing = [purpose for purpose in (DATA, INDEX) if purpose not in present]
    BankKey.objects.bulk_create([_new_row(master, code, purpose, 1) for purpose in missing])
    _cache.forget(code)
    forget_remembered()


@within_transaction
def rotate_bank_key() -> int:
    """Make a new version of the current bank's data key and return it; former versions still unseal.

    Other processes seal with the former version for up to five minutes more. The index key is never rotated.

    Raises:
        NoBankKey: the bank has no data key yet.
    """
    code = current_bank().code
    # The first version is never removed: its row serves two simultaneous rotations as the lock.
    if BankKey.objects.select_for_update().filter(purpose=DATA, version=1).first() is None:
        msg = f"bank {code} has no {DATA} key to rotate"
        raise NoBankKey(msg)
    active = BankKey.objects.get(purpose=DATA, state=ACTIVE)
    BankKey.objects.filter(pk=active.pk).update(state=RETIRED)
    row = _new_row(_master_keys()[0], code, DATA, active.version + 1)
    row.save(force_insert=True)
    _cache.forget(code)
    forget_remembered()
    transaction.on_commit(lambda: _cache.forget(code))
    return row.version


@within_transaction
def rewrap(master_old: MasterKey, master_new: MasterKey) -> int:
    """Wrap all keys of the current bank by another master key; return how many were rewrapped.

    Sealed data stay as they are. Keys that `master_new` wraps already are left alone, so a stopped run is
    repeated.

    Raises:
        MasterKeyUnavailable: a key is wrapped by neither of the two.
    """
    code = current_bank().code
    rows = [row for row in BankKey.objects.select_for_update() if wrapped_by(bytes(row.wrapped)) != master_new.id]
    for row in rows:
        secret = _open(row, code, (master_old,)).secret
        row.wrapped = master_new.wrap(secret, bound_to=_binding(code, row.purpose, row.version))
    BankKey.objects.bulk_update(rows, ["wrapped"])
    return len(rows)


def _new_row(master: MasterKey, code: str, purpose: str, version: int) -> BankKey:
    wrapped = master.wrap(secrets.token_bytes(KEY_BYTES), bound_to=_binding(code, purpose, version))
    return BankKey(purpose=purpose, version=version, wrapped=wrapped)


def _open(row: BankKey, code: str, masters: tuple[MasterKey, ...]) -> OpenedKey:
    wrapped = bytes(row.wrapped)
    wanted = wrapped_by(wrapped)
    master = next((each for each in masters if each.id == wanted), None)
    if master is None:
        msg = f"the keys of bank {code} are wrapped by master key {wanted}, which is not at hand"
        raise MasterKeyUnavailable(msg)
    secret = master.unwrap(wrapped, bound_to=_binding(code, row.purpose, row.version))
    return OpenedKey(version=row.version, secret=secret)


def _binding(code: str, purpose: str, version: int) -> bytes:
    return bind("core.crypto.bank_key", code, purpose, str(version))


def _master_keys() -> tuple[MasterKey, ...]:
    return load_master_keys(Path(settings.MASTER_KEY_FILE))
