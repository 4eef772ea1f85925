"""The Merkle tree against a naive one, against RFC 6962's known vectors, and against every flipped bit."""

import random
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.audit.frontier import Frontier
from strongroom.domain.audit.hashing import EMPTY_ROOT, leaf_hash, node_hash
from strongroom.domain.audit.merkle import completed_subtrees, consistency_proof, frontier, inclusion_proof, root
from strongroom.domain.audit.proofs import verify_consistency, verify_inclusion
from strongroom.domain.errors import Corrupted, Invalid
from tests.domain.audit.support import Nodes, naive_hash

LARGEST = 600
LEAVES = tuple(sha256(one.to_bytes(4, "big")).digest() for one in range(LARGEST))
SIZES = st.integers(1, LARGEST)

# The eight leaves and their roots from the tests of the certificate-transparency reference implementation.
KNOWN_LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


def test_roots_are_those_of_the_reference_implementation() -> None:
    known = Nodes([leaf_hash(bytes.fromhex(one)) for one in KNOWN_LEAVES])
    assert [root(known, size).hex() for size in range(1, 9)] == KNOWN_ROOTS
    assert root(known, 0) == EMPTY_ROOT == sha256(b"").digest()


def test_every_size_has_the_naive_root() -> None:
    nodes, edge = Nodes(LEAVES), Frontier()
    for size, leaf in enumerate(LEAVES, start=1):
        edge.push(leaf)
        assert edge.size == size
        assert edge.root() == root(nodes, size) == naive_hash(LEAVES[:size])


@pytest.mark.parametrize("size", [*range(1, 40), 255, 256, 257, 511, 512, 513, 599])
def test_every_leaf_is_proven_included(size: int) -> None:
    nodes, top = Nodes(LEAVES), naive_hash(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(nodes, index, size)
        assert verify_inclusion(LEAVES[index], index, size, proof, top)
        assert not verify_inclusion(LEAVES[index], index + 1, size, proof, top)


@pytest.mark.parametrize("new", [*range(1, 40), 256, 257, 512, 600])
def test_every_older_tree_is_proven_consistent(new: int) -> None:
    nodes, top = Nodes(LEAVES), naive_hash(LEAVES[:new])
    for old in range(1, new + 1):
        proof = consistency_proof(nodes, old, new)
        assert verify_consistency(old, new, naive_hash(LEAVES[:old]), top, proof)


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_hash(tuple(leaves[split:]))]
    return [*naive_path(index - split, leaves[split:]), naive_hash(tuple(leaves[:split]))]


def naive_subproof(old: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2, word for word."""
    if old == len(leaves):
        return [] if whole else [naive_hash(tuple(leaves))]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*naive_subproof(old, leaves[:split], whole), naive_hash(tuple(leaves[split:]))]
    return [*naive_subproof(old - split, leaves[split:], False), naive_hash(tuple(leaves[:split]))]


@given(SIZES, st.data())
def test_proofs_are_the_hashes_that_the_rfc_names(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    nodes = Nodes(LEAVES)
    assert inclusion_proof(nodes, index, size) == naive_path(index, LEAVES[:size])
    assert consistency_proof(nodes, old, size) == naive_subproof(old, LEAVES[:size], True)


@settings(max_examples=25)
@given(SIZES, st.data())
def test_no_flipped_bit_passes_for_inclusion(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, top = inclusion_proof(Nodes(LEAVES), index, size), naive_hash(LEAVES[:size])
    for bit in range(256):
        assert not verify_inclusion(flipped(LEAVES[index], bit), index, size, proof, top)
        assert not verify_inclusion(LEAVES[index], index, size, proof, flipped(top, bit))
        for at, node in enumerate(proof):
            bad = [*proof[:at], flipped(node, bit), *proof[at + 1 :]]
            assert not verify_inclusion(LEAVES[index], index, size, bad, top)


@settings(max_examples=25)
@given(st.integers(2, LARGEST), st.data())
def test_no_flipped_bit_passes_for_consistency(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = consistency_proof(Nodes(LEAVES), old, new)
    before, after = naive_hash(LEAVES[:old]), naive_hash(LEAVES[:new])
    for bit in range(256):
        assert not verify_consistency(old, new, flipped(before, bit), after, proof)
        assert not verify_consistency(old, new, before, flipped(after, bit), proof)
        for at, node in enumerate(proof):
            bad = [*proof[:at], flipped(node, bit), *proof[at + 1 :]]
            assert not verify_consistency(old, new, before, after, bad)


@given(SIZES, st.data())
def test_no_proof_of_another_length_passes(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    proof, top = inclusion_proof(Nodes(LEAVES), index, size), naive_hash(LEAVES[:size])
    assert not verify_inclusion(LEAVES[index], index, size, [*proof, top], top)
    assert not proof or not verify_inclusion(LEAVES[index], index, size, proof[:-1], top)
    consistent, before = consistency_proof(Nodes(LEAVES), old, size), naive_hash(LEAVES[:old])
    assert not verify_consistency(old, size, before, top, [*consistent, top])
    assert not consistent or not verify_consistency(old, size, before, top, consistent[:-1])


def test_proofs_from_outside_never_raise() -> None:
    one = LEAVES[0]
    assert verify_inclusion(one, 0, 1, [], one)
    assert not verify_inclusion(one, 0, 0, [], one)
    assert not verify_inclusion(one, -1, 1, [], one)
    assert not verify_inclusion(one, 0, 2, [], one)
    assert not verify_inclusion(one, 0, 2, [b"short"], one)
    assert not verify_inclusion(one, 0, 2**62, [one] * 1000, one)
    assert verify_consistency(0, 5, EMPTY_ROOT, one, [])
    assert not verify_consistency(0, 5, one, one, [])
    assert verify_consistency(1, 1, one, one, [])
    assert not verify_consistency(1, 1, one, LEAVES[1], [])
    assert not verify_consistency(1, 1, one, one, [one])
    assert not verify_consistency(3, 5, one, one, [])
    assert not verify_consistency(2, 1, one, one, [])


def test_bounds_are_refused_and_holes_are_named() -> None:
    with pytest.raises(Invalid):
        inclusion_proof(Nodes(LEAVES), 5, 5)
    with pytest.raises(Invalid):
        consistency_proof(Nodes(LEAVES), 6, 5)
    with pytest.raises(Invalid):
        root(Nodes(LEAVES), -1)
    with pytest.raises(Corrupted):
        root(Nodes(LEAVES[:10]), 11)
    with pytest.raises(Corrupted):
        root(Nodes([b"short"]), 1)
    with pytest.raises(ValueError, match="no subtree"):
        frontier(Nodes(LEAVES), 1).push(LEAVES[0], 1)
    assert consistency_proof(Nodes(LEAVES), 0, 5) == consistency_proof(Nodes(LEAVES), 5, 5) == []


class Same:
    """A tree of any size whose leaves are all equal: every complete subtree of a height has the same hash."""

    def __init__(self) -> None:
        self.reads = 0
        self._hashes = [LEAVES[0]]
        for _ in range(40):
            self._hashes.append(node_hash(self._hashes[-1], self._hashes[-1]))

    def leaves(self, start: int, count: int) -> Sequence[bytes]:
        return self.tile(0, start, count)

    def tile(self, level: int, start: int, count: int) -> Sequence[bytes]:
        assert 0 < count <= 256
        assert start >= 0
        self.reads += count
        return [self._hashes[8 * level]] * count


@settings(max_examples=200)
@given(st.integers(1, 10**9), st.data())
def test_a_billion_leaves_cost_two_tiles_a_level(size: int, data: st.DataObject) -> None:
    levels = -(-size.bit_length() // 8)
    source = Same()
    top = root(source, size)
    assert source.reads <= 256 * levels
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    source = Same()
    proof = inclusion_proof(source, index, size)
    assert source.reads <= 2 * 256 * levels
    assert verify_inclusion(LEAVES[0], index, size, proof, top)
    source = Same()
    proof = consistency_proof(source, old, size)
    assert source.reads <= 2 * 256 * levels
    assert verify_consistency(old, size, root(Same(), old), top, proof)
    source = Same()
    completed_subtrees(source, size, [LEAVES[0]] * 3)
    assert source.reads <= 256 * levels


@given(st.integers(0, LARGEST), st.data())
def test_an_append_completes_exactly_the_tiles_between(old: int, data: st.DataObject) -> None:
    new = data.draw(st.integers(old, LARGEST))
    nodes = Nodes(LEAVES)
    found = completed_subtrees(nodes, old, LEAVES[old:new])
    assert found == [(1, one, nodes.tile(1, one, 1)[0]) for one in range(old // 256, new // 256)]


def test_a_second_level_completes_after_its_last_tile() -> None:
    found = completed_subtrees(Same(), 65_535, [LEAVES[0]] * 2)
    assert [(one.level, one.position) for one in found] == [(1, 255), (2, 0)]
    assert found[1].hash == root(Same(), 65_536)
    assert [(one.level, one.position) for one in completed_subtrees(Same(), 2**24 - 1, LEAVES[:1])] == [
        (1, 65_535),
        (2, 255),
        (3, 0),
    ]


@given(st.integers(0, LARGEST), st.integers(0, 9))
def test_a_floored_frontier_is_that_of_the_smaller_tree(size: int, height: int) -> None:
    lower = size >> height << height
    assert frontier(Nodes(LEAVES), size).floor(height).root() == root(Nodes(LEAVES), lower)


def test_a_frontier_grows_by_whole_subtrees() -> None:
    shuffled = random.Random(7)  # noqa: S311 - a repeatable walk, no secret
    for _ in range(50):
        size = shuffled.randrange(0, LARGEST, 8)
        edge = frontier(Nodes(LEAVES), size)
        if size + 8 <= LARGEST:
            edge.push(naive_hash(LEAVES[size : size + 8]), 3)
            assert edge.root() == naive_hash(LEAVES[: size + 8])
