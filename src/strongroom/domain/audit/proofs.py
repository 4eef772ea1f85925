"""Checking Merkle proofs against a root one trusts (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

Proofs come from outside: whatever is wrong with one, the answer is ``False``, never an exception.
"""

from collections.abc import Sequence

from strongroom.domain.audit.hashing import EMPTY_ROOT, HASH_SIZE, node_hash

MAX_PROOF = 128
"""Hashes beyond which no proof of a tree with up to 2**63 leaves goes."""


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` (a leaf hash, 32 bytes) is leaf `index` (from 0) of the tree of `size` leaves with that root."""
    if not 0 <= index < size or not _hashes(proof, leaf, root):
        return False
    place, last, digest = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            digest = node_hash(sibling, digest)
            place, last = _climb(place, last)
        else:
            digest = node_hash(digest, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and digest == root


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `new_size` leaves begins with the tree of `old_size` leaves (roots of 32 bytes).

    Every tree begins with the empty one, whose root is then still compared; equal sizes need equal roots.
    """
    if not 0 <= old_size <= new_size or not _hashes(proof, old_root, new_root):
        return False
    if old_size in (0, new_size):
        return not proof and old_root == (new_root if old_size == new_size else EMPTY_ROOT)
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old, new = path[0], path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            place, last = _climb(place, last)
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _climb(place: int, last: int) -> tuple[int, int]:
    """Skip the levels at which the node has no sibling, being the last of its row."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _hashes(proof: Sequence[bytes], *others: bytes) -> bool:
    return len(proof) <= MAX_PROOF and all(len(one) == HASH_SIZE for one in (*proof, *others))
