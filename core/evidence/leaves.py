"""Put a fact on record: a salted leaf, in the transaction of the fact, with no place in the tree yet."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.crypto.binding import bind
from core.db.rows import insert
from core.evidence.models import EvidenceLeaf
from core.evidence.tree import leaf_hash
from core.ids import new_id
from core.operations import within_transaction

if TYPE_CHECKING:
    import uuid

FORMAT: Final = "evidence-leaf/1"
SHA256_BYTES: Final = 32
SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class LeafData:
    """Everything that a leaf's hash is made of, for whoever is to check it without us."""

    id: uuid.UUID
    kind: str
    subject: str
    content_sha256: bytes
    salt: bytes


def leaf_content(leaf: LeafData) -> bytes:
    """Encode a leaf for hashing: format, id, kind, subject, content hash, salt, each after its length.

    Text is UTF-8, the id 16 bytes, a length 4 bytes, big-endian. This encoding is published: it never changes
    under its format name.
    """
    return bind(FORMAT, leaf.id.bytes, leaf.kind, leaf.subject, leaf.content_sha256, leaf.salt)


@within_transaction
def append(kind: str, subject: str, content_sha256: bytes) -> uuid.UUID:
    """Put on record, in the caller's transaction, that `subject` had this content; return the leaf's id.

    One insert; nobody waits for anybody. The leaf is pending until `sequence` gives it its place.

    Raises:
        ValueError: the hash is not 32 bytes, or kind or subject are empty.
    """
    leaf = new_leaf(kind, subject, content_sha256)
    insert(leaf)
    return leaf.id


def new_leaf(kind: str, subject: str, content_sha256: bytes) -> EvidenceLeaf:
    """Make a leaf that the caller inserts along with the fact that it proves (`core.db.rows.insert`).

    Raises:
        ValueError: the hash is not 32 bytes, or kind or subject are empty.
    """
    if len(content_sha256) != SHA256_BYTES or not kind or not subject:
        msg = "a leaf needs a kind, a subject and a SHA-256 of 32 bytes"
        raise ValueError(msg)
    leaf = LeafData(new_id(), kind, subject, content_sha256, secrets.token_bytes(SALT_BYTES))
    return EvidenceLeaf(
        id=leaf.id,
        kind=kind,
        subject=subject,
        content_sha256=content_sha256,
        salt=leaf.salt,
        leaf_hash=leaf_hash(leaf_content(leaf)),
    )
