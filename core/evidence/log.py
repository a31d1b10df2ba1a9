"""The log of the current bank: give pending leaves their place, and prove what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import connection
from django.db.models import Max

from core.errors import NotFound
from core.evidence import tree
from core.evidence.leaves import LeafData
from core.evidence.models import EvidenceLeaf, EvidenceNode
from core.operations import opens_transaction
from core.tenancy import current_bank

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
PLACE: Final = """
UPDATE core_evidence_leaf AS leaf SET index = placed.index
FROM unnest(%s::uuid[], %s::bigint[]) AS placed (id, index)
WHERE leaf.id = placed.id
"""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Proof that a leaf is number `index` of the `tree_size` leaves under `root` (`verify_inclusion`).

    `path` is the inclusion path, lowest first. `data` is what `leaf_hash` is made of (`leaf_content`).
    """

    data: LeafData
    leaf_hash: bytes
    index: int
    tree_size: int
    root: bytes
    path: tuple[bytes, ...]


def tree_size() -> int:
    """Return how many leaves have their place."""
    last = EvidenceLeaf.objects.aggregate(last=Max("index"))["last"]
    return 0 if last is None else last + 1


def root_at(size: int) -> bytes:
    """Return the root over the first `size` leaves.

    Raises:
        ValueError: there are not so many.
    """
    _check(size)
    subtrees = tree.full_subtrees(0, size)
    stored = _stored(subtrees)
    return tree.fold([stored[subtree] for subtree in subtrees])


@opens_transaction
def sequence(limit: int) -> int:
    """Give up to `limit` pending leaves their place, oldest id first, and return how many got one.

    One sequencer of a bank runs at a time; a second waits for the first to commit. Whatever is killed
    half-way has done nothing, and the next run places the same leaves.

    Raises:
        ValueError: `limit` is less than 1.
    """
    if limit < 1:
        msg = f"cannot sequence {limit} leaves"
        raise ValueError(msg)
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [f"core.evidence.sequence:{current_bank().schema}"])
        pending = list(
            EvidenceLeaf.objects.filter(index__isnull=True).order_by("id").values_list("id", "leaf_hash")[:limit],
        )
        if not pending:
            return 0
        size = tree_size()
        frontier = _stored(tree.full_subtrees(0, size))
        complete = tree.grow(size, frontier, (bytes(leaf) for _, leaf in pending))
        cursor.execute(PLACE, [[leaf_id for leaf_id, _ in pending], list(range(size, size + len(pending)))])
    EvidenceNode.objects.bulk_create(
        [EvidenceNode(level=level, index=index, hash=value) for (level, index), value in complete.items() if level],
        batch_size=1000,
    )
    return len(pending)


def prove(leaf_id: uuid.UUID, *, size: int | None = None) -> InclusionProof | None:
    """Prove that a leaf is in the tree of the first `size` leaves (of a signed head, say), by default of all.

    None while the leaf is pending, or where it lies beyond `size`.

    Raises:
        NotFound: this bank has no such leaf.
        ValueError: there are not `size` leaves.
    """
    row = EvidenceLeaf.objects.filter(pk=leaf_id).first()
    if row is None:
        raise NotFound
    size = tree_size() if size is None else _check(size)
    if row.index is None or row.index >= size:
        return None
    ranges = tree.inclusion_ranges(row.index, size)
    stored = _stored(tree.needed([*ranges, (0, size)]))
    return InclusionProof(
        data=LeafData(row.pk, row.kind, row.subject, bytes(row.content_sha256), bytes(row.salt)),
        leaf_hash=bytes(row.leaf_hash),
        index=row.index,
        tree_size=size,
        root=tree.hashes_of([(0, size)], stored)[0],
        path=tuple(tree.hashes_of(ranges, stored)),
    )


def consistency(size_a: int, size_b: int) -> list[bytes]:
    """Prove that the tree of `size_b` leaves extends that of `size_a` (`verify_consistency`).

    Raises:
        ValueError: not 0 <= size_a <= size_b, or there are not so many leaves.
    """
    ranges = tree.consistency_ranges(size_a, _check(size_b))
    return tree.hashes_of(ranges, _stored(tree.needed(ranges)))


def _check(size: int) -> int:
    if not 0 <= size <= tree_size():
        msg = f"the log has no tree of {size} leaves"
        raise ValueError(msg)
    return size


def _stored(subtrees: Iterable[tree.Subtree]) -> dict[tree.Subtree, bytes]:
    """Read the hashes of full subtrees: those of level 0 are the leaves' own."""
    wanted = set(subtrees)
    leaves = [index for level, index in wanted if level == 0]
    nodes = [subtree for subtree in wanted if subtree[0]]
    stored = {(0, index): value for index, value in _leaf_hashes(leaves)}
    if nodes:
        rows = EvidenceNode.objects.filter(pk__in=nodes).values_list("level", "index", "hash")
        stored |= {(level, index): bytes(value) for level, index, value in rows}
    return stored


def _leaf_hashes(indexes: list[int]) -> Iterable[tuple[int, bytes]]:
    if not indexes:
        return []
    rows = EvidenceLeaf.objects.filter(index__in=indexes).values_list("index", "leaf_hash")
    return [(index, bytes(value)) for index, value in rows if index is not None]
