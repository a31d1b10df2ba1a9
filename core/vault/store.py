"""Where sealed bytes lie: a small contract, and the file system as its first keeper.

A store knows one bank's objects only. It gets sealed bytes under keys that are never used twice, so it needs
neither locks nor versions, and an object store with the S3 contract fits behind it as well.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from django.conf import settings

from core.tenancy import current_bank

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY: Final = re.compile(r"[0-9a-f]{64}-[0-9a-f]{16}\Z")
FOLDER_DIGITS: Final = 2
DRAFTS: Final = ".drafts"


class ObjectAbsent(Exception):
    """The store has nothing under this key."""


class ObjectStore(Protocol):
    """What the vault asks of a keeper of bytes."""

    def write(self, key: str, blob: bytes) -> None:
        """Keep `blob` under a key that was never used; when this returns it survives a power cut, whole."""

    def read(self, key: str) -> bytes:
        """Return the bytes.

        Raises:
            ObjectAbsent: nothing is kept under the key.
        """

    def delete(self, key: str) -> None:
        """Remove the bytes; nothing happens if they are gone already."""

    def keys_before(self, moment: datetime, *, beginning: str = "") -> Iterator[str]:
        """Name the keys that begin so and were written before `moment`, in any order; drafts as old are removed."""


def object_store() -> ObjectStore:
    """Return the current bank's store."""
    return FileStore(Path(settings.VAULT_ROOT) / current_bank().schema)


class FileStore:
    """Files under `root`, readable by their owner only: `ab/cdef…`, by the first two digits of the key."""

    def __init__(self, root: Path) -> None:
        """Keep objects under `root`, which is made when the first one is written."""
        self._root = root

    def write(self, key: str, blob: bytes) -> None:
        """Write a draft, force it to disk, then give it its name, so that no name ever has half a file."""
        path = self._path(key)
        drafts = self._root / DRAFTS
        for folder in (drafts, path.parent):
            _make_folder(folder)
        draft = drafts / secrets.token_hex(8)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        _sync_folder(path.parent)

    def read(self, key: str) -> bytes:
        """Read the file.

        Raises:
            ObjectAbsent: there is none.
        """
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            msg = f"no file for {key}"
            raise ObjectAbsent(msg) from None

    def delete(self, key: str) -> None:
        """Unlink the file."""
        self._path(key).unlink(missing_ok=True)

    def keys_before(self, moment: datetime, *, beginning: str = "") -> Iterator[str]:
        """Walk the folders; a draft that old belongs to a process that died, and goes."""
        for draft in self._root.glob(f"{DRAFTS}/*"):
            if _written_before(draft, moment):
                draft.unlink(missing_ok=True)
        folder = beginning[:FOLDER_DIGITS] + "[0-9a-f]" * (FOLDER_DIGITS - len(beginning[:FOLDER_DIGITS]))
        for path in self._root.glob(f"{folder}/*"):
            key = path.parent.name + path.name
            if KEY.match(key) and key.startswith(beginning) and _written_before(path, moment):
                yield key

    def _path(self, key: str) -> Path:
        if not KEY.match(key):
            msg = "an object's key is a keyed hash and a nonce"
            raise ValueError(msg)
        return self._root / key[:FOLDER_DIGITS] / key[FOLDER_DIGITS:]


def _written_before(path: Path, moment: datetime) -> bool:
    with suppress(FileNotFoundError):  # removed meanwhile, by its writer or another sweep
        return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC) < moment
    return False


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it; each name is on disk before anything is kept beneath it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
