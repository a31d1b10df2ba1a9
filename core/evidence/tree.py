"""The Merkle tree of RFC 9162, section 2.1, as pure functions over full subtrees; no Django here.

A full subtree is named (level, index): it covers the leaves [index << level, (index + 1) << level). Once all
of these leaves are there its hash never changes, so it is stored once. Whatever a proof needs is the hash of
a range of leaves, which is folded from the few full subtrees that make it up:

    ranges of a proof -> full subtrees of each range -> stored hashes -> one hash per range
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Subtree = tuple[int, int]
Range = tuple[int, int]

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf: SHA-256(0x00 || data)."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


def full_subtrees(start: int, end: int) -> list[Subtree]:
    """Cover the leaves [start, end) with the fewest full subtrees, from left to right."""
    cover = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        cover.append((level, start >> level))
        start += 1 << level
    return cover


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Name the ranges whose hashes are the inclusion path of leaf `index` among `size`, lowest first.

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        msg = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(msg)
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(size_a: int, size_b: int) -> list[Range]:
    """Name the ranges whose hashes prove that `size_b` leaves extend the first `size_a`, lowest first.

    Empty where there is nothing to prove: equal sizes, or an empty former tree.

    Raises:
        ValueError: the sizes are not 0 <= size_a <= size_b.
    """
    if not 0 <= size_a <= size_b:
        msg = f"a tree of {size_b} leaves does not extend one of {size_a}"
        raise ValueError(msg)
    if size_a in {0, size_b}:
        return []
    ranges = []
    start, end = 0, size_b
    while end != size_a:
        middle = start + _split(end - start)
        if size_a <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))
    return ranges[::-1]


def needed(ranges: Iterable[Range]) -> set[Subtree]:
    """Name all full subtrees whose hashes `hashes_of` needs for these ranges."""
    return {subtree for start, end in ranges for subtree in full_subtrees(start, end)}


def hashes_of(ranges: Iterable[Range], stored: Mapping[Subtree, bytes]) -> list[bytes]:
    """Hash each range, given the hashes of its full subtrees.

    Raises:
        KeyError: the hash of a full subtree is not there.
    """
    return [fold([stored[subtree] for subtree in full_subtrees(start, end)]) for start, end in ranges]


def fold(hashes: Sequence[bytes]) -> bytes:
    """Hash a range from the hashes of its full subtrees, left to right; nothing gives the empty root."""
    if not hashes:
        return EMPTY_ROOT
    *rest, folded = hashes
    for left in reversed(rest):
        folded = node_hash(left, folded)
    return folded


def grow(size: int, frontier: Mapping[Subtree, bytes], leaves: Iterable[bytes]) -> dict[Subtree, bytes]:
    """Return every full subtree that appending `leaves` (hashes) to a tree of `size` leaves completes.

    `frontier` holds the hashes of the tree's own `full_subtrees(0, size)`; nothing else of it is needed. The
    leaves themselves are among the result, at level 0.
    """
    complete: dict[Subtree, bytes] = {}
    edge = dict(frontier)
    for index, leaf in enumerate(leaves, start=size):
        level, position, value = 0, index, leaf
        complete[0, index] = edge[0, index] = value
        while position & 1:
            value = node_hash(edge[level, position - 1], value)
            level, position = level + 1, position >> 1
            complete[level, position] = edge[level, position] = value
    return complete


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `path` proves that the hash `leaf` is number `index` of the `size` leaves under `root`.

    RFC 9162, section 2.1.3.2. Never raises for what a stranger sent.
    """
    if not 0 <= index < size:
        return False
    number, last = index, size - 1
    computed = leaf
    for sibling in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            computed = node_hash(sibling, computed)
            number, last = _climb_from_right(number, last)
        else:
            computed = node_hash(computed, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(*, size_a: int, root_a: bytes, size_b: int, root_b: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether `path` proves that the tree (size_b, root_b) extends (size_a, root_a) unchanged.

    RFC 9162, section 2.1.4.2; and of the cases that it leaves out: every tree extends the empty one, and a
    tree of the same size only itself, both by an empty path. Never raises for what a stranger sent.
    """
    if not 0 <= size_a <= size_b:
        return False
    if size_a == 0:
        return root_a == EMPTY_ROOT and not path and (size_b > 0 or root_b == EMPTY_ROOT)
    if size_a == size_b:
        return root_a == root_b and not path
    hashes = [root_a, *path] if size_a & (size_a - 1) == 0 else list(path)
    if not path or not hashes:
        return False
    number, last = size_a - 1, size_b - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    former = latter = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            former, latter = node_hash(sibling, former), node_hash(sibling, latter)
            number, last = _climb_from_right(number, last)
        else:
            latter = node_hash(latter, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and former == root_a and latter == root_b


def _split(count: int) -> int:
    """Return the largest power of two below `count`, where RFC 9162 splits a range of so many leaves."""
    return 1 << ((count - 1).bit_length() - 1)


def _climb_from_right(number: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a node at the right edge has no sibling and is taken up as it is."""
    while number and not number & 1:
        number, last = number >> 1, last >> 1
    return number, last
