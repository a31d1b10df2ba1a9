"""The tree against RFC 9162, section 2.1, written down a second time as the RFC has it: recursively."""

from __future__ import annotations

import hashlib
import random

import pytest

from core.evidence import tree

SIZES = range(131)
LEAVES = [tree.leaf_hash(f"leaf {number}".encode()) for number in range(max(SIZES))]


def naive_split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of section 2.1.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = naive_split(len(leaves))
    return hashlib.sha256(b"\x01" + naive_root(leaves[:middle]) + naive_root(leaves[middle:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    middle = naive_split(len(leaves))
    if index < middle:
        return [*naive_path(index, leaves[:middle]), naive_root(leaves[middle:])]
    return [*naive_path(index - middle, leaves[middle:]), naive_root(leaves[:middle])]


def naive_subproof(former: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if former == len(leaves):
        return [] if whole else [naive_root(leaves)]
    middle = naive_split(len(leaves))
    if former <= middle:
        return [*naive_subproof(former, leaves[:middle], whole=whole), naive_root(leaves[middle:])]
    return [*naive_subproof(former - middle, leaves[middle:], whole=False), naive_root(leaves[:middle])]


ROOTS = [naive_root(LEAVES[:size]) for size in SIZES]


@pytest.fixture(scope="module")
def stored() -> dict[tree.Subtree, bytes]:
    """Every full subtree of the largest tree, grown in uneven batches as a sequencer would."""
    nodes: dict[tree.Subtree, bytes] = {}
    size = 0
    batches = random.Random(9162)
    while size < len(LEAVES):
        batch = LEAVES[size : size + batches.randint(1, 17)]
        frontier = {subtree: nodes[subtree] for subtree in tree.full_subtrees(0, size)}
        grown = tree.grow(size, frontier, batch)
        assert not nodes.keys() & grown.keys()
        nodes |= grown
        size += len(batch)
    return nodes


def inclusion_path(index: int, size: int, stored: dict[tree.Subtree, bytes]) -> list[bytes]:
    return tree.hashes_of(tree.inclusion_ranges(index, size), stored)


def consistency_path(size_a: int, size_b: int, stored: dict[tree.Subtree, bytes]) -> list[bytes]:
    return tree.hashes_of(tree.consistency_ranges(size_a, size_b), stored)


def changed(path: list[bytes], position: int) -> list[bytes]:
    """The path with one bit of one hash flipped."""
    broken = bytes([path[position][0] ^ 1]) + path[position][1:]
    return [*path[:position], broken, *path[position + 1 :]]


class TestHashing:
    def test_a_leaf_and_a_node_are_hashed_with_different_prefixes(self) -> None:
        assert tree.leaf_hash(b"ab") == hashlib.sha256(b"\x00ab").digest()
        assert tree.node_hash(b"a", b"b") == hashlib.sha256(b"\x01ab").digest()

    def test_the_empty_tree_has_the_hash_of_nothing_as_its_root(self) -> None:
        assert tree.fold([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @pytest.mark.parametrize(
        ("size", "root"),
        [
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
            (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
            (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
            (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ],
    )
    def test_the_roots_of_the_certificate_transparency_test_vectors_come_out(self, size: int, root: str) -> None:
        data = [
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]  # fmt: skip
        leaves = [tree.leaf_hash(bytes.fromhex(text)) for text in data[:size]]
        nodes = tree.grow(0, {}, leaves)
        assert tree.hashes_of([(0, size)], nodes)[0].hex() == root
        assert naive_root(leaves).hex() == root


class TestGrow:
    @pytest.mark.parametrize("size", SIZES)
    def test_the_root_of_every_size_is_that_of_the_rfc(self, size: int, stored: dict[tree.Subtree, bytes]) -> None:
        assert tree.hashes_of([(0, size)], stored) == [ROOTS[size]]

    def test_every_full_subtree_is_made_exactly_once(self, stored: dict[tree.Subtree, bytes]) -> None:
        count = len(LEAVES)
        expected = {(level, index) for level in range(8) for index in range(count >> level)}
        assert stored.keys() == expected
        assert all(
            value == naive_root(LEAVES[index << level : (index + 1) << level])
            for (level, index), value in stored.items()
        )

    @pytest.mark.parametrize("size", SIZES)
    def test_a_tree_rests_on_as_many_full_subtrees_as_its_size_has_ones(self, size: int) -> None:
        cover = tree.full_subtrees(0, size)
        assert len(cover) == size.bit_count()
        assert [leaf for level, index in cover for leaf in range(index << level, (index + 1) << level)] == list(
            range(size)
        )


class TestInclusion:
    @pytest.mark.parametrize("size", SIZES)
    def test_every_proof_is_that_of_the_rfc_and_verifies(self, size: int, stored: dict[tree.Subtree, bytes]) -> None:
        for index in range(size):
            path = inclusion_path(index, size, stored)
            assert path == naive_path(index, LEAVES[:size])
            assert tree.verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=path, root=ROOTS[size])

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 64, 100, 127, 130])
    def test_a_changed_proof_is_refused(self, size: int, stored: dict[tree.Subtree, bytes]) -> None:
        for index in range(size):
            path, leaf, root = inclusion_path(index, size, stored), LEAVES[index], ROOTS[size]
            wrong = [changed(path, position) for position in range(len(path))]
            wrong += [path[:position] + path[position + 1 :] for position in range(len(path))]
            wrong += [[*path, root], [root, *path], [leaf, *path]]
            assert not any(
                tree.verify_inclusion(leaf=leaf, index=index, size=size, path=each, root=root) for each in wrong
            )
            assert not tree.verify_inclusion(
                leaf=tree.leaf_hash(b"another"), index=index, size=size, path=path, root=root
            )
            assert not tree.verify_inclusion(
                leaf=leaf, index=index, size=size, path=path, root=tree.leaf_hash(b"another")
            )

    @pytest.mark.parametrize("size", [2, 3, 5, 8, 13, 130])
    def test_a_proof_holds_at_its_own_place_only(self, size: int, stored: dict[tree.Subtree, bytes]) -> None:
        for index in range(size):
            path = inclusion_path(index, size, stored)
            places = [
                place
                for place in range(-1, size + 2)
                if tree.verify_inclusion(leaf=LEAVES[index], index=place, size=size, path=path, root=ROOTS[size])
            ]
            assert places == [index]

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3), (6, 5)])
    def test_a_leaf_that_is_not_there_has_no_proof(self, index: int, size: int) -> None:
        with pytest.raises(ValueError, match="has no leaf"):
            tree.inclusion_ranges(index, size)


class TestConsistency:
    @pytest.mark.parametrize("size_b", SIZES)
    def test_every_proof_is_that_of_the_rfc_and_verifies(self, size_b: int, stored: dict[tree.Subtree, bytes]) -> None:
        for size_a in range(size_b + 1):
            path = consistency_path(size_a, size_b, stored)
            if size_a:
                assert path == naive_subproof(size_a, LEAVES[:size_b], whole=True)
            else:
                assert path == []
            assert tree.verify_consistency(
                size_a=size_a, root_a=ROOTS[size_a], size_b=size_b, root_b=ROOTS[size_b], path=path
            )

    @pytest.mark.parametrize("size_b", [1, 2, 3, 7, 8, 9, 64, 100, 127, 130])
    def test_a_changed_proof_is_refused(self, size_b: int, stored: dict[tree.Subtree, bytes]) -> None:
        for size_a in range(1, size_b):
            path = consistency_path(size_a, size_b, stored)
            wrong = [changed(path, position) for position in range(len(path))]
            wrong += [path[:position] + path[position + 1 :] for position in range(len(path))]
            wrong += [[*path, ROOTS[size_b]], [ROOTS[size_a], *path], []]
            assert not any(
                tree.verify_consistency(
                    size_a=size_a, root_a=ROOTS[size_a], size_b=size_b, root_b=ROOTS[size_b], path=each
                )
                for each in wrong
            )

    @pytest.mark.parametrize("size_b", [2, 5, 8, 77, 130])
    def test_a_log_that_changed_one_former_leaf_is_refused(
        self, size_b: int, stored: dict[tree.Subtree, bytes]
    ) -> None:
        for size_a in range(1, size_b):
            rewritten = [tree.leaf_hash(b"rewritten"), *LEAVES[1:size_b]]
            forged = tree.grow(0, {}, rewritten)
            for path in (consistency_path(size_a, size_b, forged), consistency_path(size_a, size_b, stored)):
                assert not tree.verify_consistency(
                    size_a=size_a,
                    root_a=ROOTS[size_a],
                    size_b=size_b,
                    root_b=naive_root(rewritten),
                    path=path,
                )

    def test_a_tree_of_the_same_size_must_be_the_same_tree(self) -> None:
        assert not tree.verify_consistency(size_a=4, root_a=ROOTS[4], size_b=4, root_b=ROOTS[5], path=[])
        assert not tree.verify_consistency(size_a=4, root_a=ROOTS[4], size_b=4, root_b=ROOTS[4], path=[ROOTS[4]])
        assert not tree.verify_consistency(size_a=0, root_a=ROOTS[0], size_b=0, root_b=ROOTS[1], path=[])

    def test_only_the_empty_root_is_extended_from_nothing(self) -> None:
        assert not tree.verify_consistency(size_a=0, root_a=ROOTS[1], size_b=4, root_b=ROOTS[4], path=[])
        assert not tree.verify_consistency(size_a=0, root_a=ROOTS[0], size_b=4, root_b=ROOTS[4], path=[ROOTS[4]])

    @pytest.mark.parametrize(("size_a", "size_b"), [(5, 4), (-1, 4)])
    def test_a_tree_that_shrank_has_no_proof_and_none_verifies(self, size_a: int, size_b: int) -> None:
        with pytest.raises(ValueError, match="does not extend"):
            tree.consistency_ranges(size_a, size_b)
        assert not tree.verify_consistency(
            size_a=size_a, root_a=ROOTS[5], size_b=size_b, root_b=ROOTS[4], path=[ROOTS[4]]
        )
