"""The master key: held in a file outside the database, it wraps the keys of every bank and nothing else.

The file has one key a line, `<id> <key in base64>`. The first line wraps; the lines after it only unwrap, so
that a new master key is brought in while processes run: put its line first, `rewrap` every bank, remove the
old line.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from pathlib import Path

ID_BYTES: Final = 8
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FORMAT_AES_256_GCM: Final = 1
HEADER_BYTES: Final = 1 + ID_BYTES
TOO_OPEN: Final = stat.S_IWGRP | stat.S_IRWXO


class MasterKeyUnavailable(Exception):
    """The master key cannot be had: its file is absent, malformed, open to others, or lacks the key's id."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One master key: a public id of 16 hex digits and 32 secret bytes."""

    id: str
    secret: bytes = field(repr=False)

    def wrap(self, plain: bytes, *, bound_to: bytes) -> bytes:
        """Encrypt a bank's key; only the same master key with the same `bound_to` opens it again.

        The result is format byte | master key id | nonce | ciphertext with tag.
        """
        header = bytes([FORMAT_AES_256_GCM]) + bytes.fromhex(self.id)
        nonce = secrets.token_bytes(NONCE_BYTES)
        return header + nonce + AESGCM(self.secret).encrypt(nonce, plain, header + bound_to)

    def unwrap(self, wrapped: bytes, *, bound_to: bytes) -> bytes:
        """Decrypt what `wrap` made.

        Raises:
            MasterKeyUnavailable: it was wrapped by another master key, for something else, or was changed
                since.
        """
        header, nonce = wrapped[:HEADER_BYTES], wrapped[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        if header != bytes([FORMAT_AES_256_GCM]) + bytes.fromhex(self.id):
            msg = f"the key is not wrapped by master key {self.id}"
            raise MasterKeyUnavailable(msg)
        try:
            return AESGCM(self.secret).decrypt(nonce, wrapped[HEADER_BYTES + NONCE_BYTES :], header + bound_to)
        except (InvalidTag, ValueError):
            msg = f"master key {self.id} does not open this key: it was changed or belongs to another bank"
            raise MasterKeyUnavailable(msg) from None


def wrapped_by(wrapped: bytes) -> str:
    """Return the id of the master key that wrapped a bank's key."""
    return wrapped[1:HEADER_BYTES].hex()


def create_master_key(path: Path) -> MasterKey:
    """Make a master key and its file, readable by its owner only (0600); a set-up act, never done at use.

    The file appears whole or not at all, and an existing one is never touched; the parent folder must exist.

    Raises:
        FileExistsError: the file is there already; whoever lost it has lost every bank's data.
    """
    key = MasterKey(id=secrets.token_hex(ID_BYTES), secret=secrets.token_bytes(KEY_BYTES))
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{key.id} {base64.b64encode(key.secret).decode()}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # unlike a rename it refuses to replace a key that another process made meanwhile
    finally:
        draft.unlink()
    return key


def load_master_keys(path: Path) -> tuple[MasterKey, ...]:
    """Read the file; the first key wraps, every key unwraps.

    Raises:
        MasterKeyUnavailable: no file, a malformed line, or a file that others than owner and group can read.
    """
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"master key file {path} cannot be read: {type(error).__name__}"
        raise MasterKeyUnavailable(msg) from None
    if mode & TOO_OPEN:
        msg = f"master key file {path} is open to others (mode {stat.S_IMODE(mode):04o}): chmod 600 it"
        raise MasterKeyUnavailable(msg)
    keys = tuple(_parse(path, number, line) for number, line in enumerate(lines, start=1) if line.strip())
    if not keys:
        msg = f"master key file {path} is empty"
        raise MasterKeyUnavailable(msg)
    return keys


def _parse(path: Path, number: int, line: str) -> MasterKey:
    key_id, _, encoded = line.strip().partition(" ")
    try:
        secret = base64.b64decode(encoded, validate=True)
        well_formed = len(bytes.fromhex(key_id)) == ID_BYTES and len(secret) == KEY_BYTES
    except (ValueError, binascii.Error):
        secret, well_formed = b"", False
    if not well_formed:  # raised out here, because a chained error would show the line
        msg = f"master key file {path}, line {number}: expected '<16 hex digits> <32 bytes in base64>'"
        raise MasterKeyUnavailable(msg)
    return MasterKey(id=key_id.lower(), secret=secret)
