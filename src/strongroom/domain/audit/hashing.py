"""The two hashes of the log's Merkle tree (RFC 6962 section 2.1, kept by RFC 9162 section 2.1.1)."""

from hashlib import sha256

HASH_SIZE = 32
"""Bytes of every hash in the tree (SHA-256)."""

EMPTY_ROOT = sha256(b"").digest()
"""Root of a tree without leaves: the hash of the empty string."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of ``0x00 || data``: the hash of one record's canonical bytes, 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of ``0x01 || left || right``: the hash over two subtrees (32 bytes each), 32 bytes."""
    return sha256(b"\x01" + left + right).digest()
