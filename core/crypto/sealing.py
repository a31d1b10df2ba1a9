"""Seal and unseal by the current bank's data key, hash by its index key (DATA-04, AES-256-GCM).

A sealed value is format byte | key version (4 bytes) | nonce (12 bytes) | ciphertext with tag. It is bound to
the bank and to a context that the caller names, so that it cannot be moved to another column or another bank
unnoticed. Nonces are random: one key version is good for 2^32 values, then rotate.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.crypto.binding import bind
from core.crypto.keys import NoBankKey, bank_key
from core.crypto.models import DATA, INDEX
from core.tenancy import current_bank

FORMAT_AES_256_GCM: Final = 1
VERSION_BYTES: Final = 4
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
HEADER_BYTES: Final = 1 + VERSION_BYTES
BLIND_INDEX_BYTES: Final = 32


class SealBroken(Exception):
    """A sealed value cannot be opened: changed, of another context or bank, or its key is gone."""


def seal(plain: bytes, *, context: str) -> bytes:
    """Encrypt `plain` under the current bank's active data key, bound to the bank and to `context`.

    `context` names the place of the value ("accounts.customer.phone"); an equal one is needed to unseal.

    Raises:
        ValueError: `context` is empty.
        NoBankKey: the bank has no keys.
    """
    key = bank_key(DATA)
    header = bytes([FORMAT_AES_256_GCM]) + key.version.to_bytes(VERSION_BYTES, "big")
    nonce = secrets.token_bytes(NONCE_BYTES)
    return header + nonce + AESGCM(key.secret).encrypt(nonce, plain, _bound(header, context))


def unseal(blob: bytes, *, context: str) -> bytes:
    """Decrypt what `seal` made at this bank with this context, under whichever version of the key.

    Raises:
        SealBroken: a byte was changed, or context or bank differ, or the key's version is gone.
        ValueError: `context` is empty.
    """
    if len(blob) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES or blob[0] != FORMAT_AES_256_GCM:
        msg = f"not a sealed value (context {context})"
        raise SealBroken(msg)
    header, nonce = blob[:HEADER_BYTES], blob[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
    version = int.from_bytes(header[1:], "big")
    bound = _bound(header, context)
    try:
        if version < 1:
            raise InvalidTag
        return AESGCM(bank_key(DATA, version).secret).decrypt(nonce, blob[HEADER_BYTES + NONCE_BYTES :], bound)
    except (InvalidTag, NoBankKey):
        msg = f"the seal is broken (context {context}, key version {version})"
        raise SealBroken(msg) from None


def blind_index(value: str, *, domain: str) -> bytes:
    """Hash `value` under the bank's index key (HMAC-SHA256, 32 bytes), to find sealed rows by equality.

    The same value gives the same bytes within one bank and `domain` and unrelated bytes elsewhere. The caller
    brings the value to its normal form first (`normalise_id_number`, `normalise_phone`).

    Raises:
        ValueError: `value` or `domain` is empty; all empty values would be found as one.
        NoBankKey: the bank has no keys.
    """
    if not value or not domain:
        msg = "a blind index needs a value and a domain"
        raise ValueError(msg)
    return hmac.digest(bank_key(INDEX).secret, bind("core.crypto.blind_index", domain, value), "sha256")


def _bound(header: bytes, context: str) -> bytes:
    if not context:
        msg = "a sealed value needs a context"
        raise ValueError(msg)
    return bind("core.crypto.seal", header, current_bank().code, context)
