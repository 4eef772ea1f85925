"""Receipts: the log's signed promise, given with the answer to a command, that its record will be in the log."""

import re
from dataclasses import dataclass
from typing import Final, Self

from strongroom.domain.audit.note import (
    Signature,
    Signer,
    VerifierKey,
    Verify,
    decode,
    encode,
    is_key_name,
    verify_with,
)
from strongroom.domain.errors import Invalid

VERSION_LINE: Final = "strongroom-receipt/v1"
"""First word of a receipt and first line of what it signs, so that no other signature passes for one."""

_FORM = re.compile(r"strongroom-receipt/v1 (\S{1,255}) ([0-9a-f-]{36}) ([0-9a-f]{64}) ([0-9A-Za-z+/]{91}=)")
_KEY_ID: Final = 4
_HASH: Final = 32


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is promised: the record `uid` (UUIDv7) with leaf hash `hash` (32 bytes) is in the log `origin`.

    :param signature: the log key's, over `message`; unchecked until `verified_by` is asked.
    """

    origin: str
    uid: str
    hash: bytes
    signature: Signature

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return message(self.origin, self.uid, self.hash)

    def __str__(self) -> str:
        """One line: ``strongroom-receipt/v1 ORIGIN UID HEX(HASH) BASE64(KEY ID || SIGNATURE)``."""
        signed = encode(self.signature.key_id + self.signature.value)
        return f"{VERSION_LINE} {self.origin} {self.uid} {self.hash.hex()} {signed}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read that line, without or with its line feed; raises `Invalid` for anything else."""
        found = _FORM.fullmatch(text.removesuffix("\n"))
        if not found or not is_key_name(found[1]):
            raise Invalid("That is not a receipt of an audit record.")
        signed = decode(found[4])
        signature = Signature(found[1], signed[:_KEY_ID], signed[_KEY_ID:])
        return cls(found[1], found[2], bytes.fromhex(found[3]), signature)

    def verified_by(self, key: VerifierKey, verify: Verify) -> bool:
        """Whether that key of the log signed this receipt."""
        return self.signature.by(key) and verify_with(key, self.signature.value, self.message, verify)


def message(origin: str, uid: str, digest: bytes) -> bytes:
    """What a receipt's signature covers: version, origin, uid and lower-case hex of the leaf hash, a line each."""
    return f"{VERSION_LINE}\n{origin}\n{uid}\n{digest.hex()}\n".encode()


def issue(uid: str, digest: bytes, signer: Signer) -> Receipt:
    """Sign a receipt for a record.

    :param uid: the record's, a UUIDv7.
    :param digest: its leaf hash, 32 bytes.
    :param signer: the log's current key; its name is the log's origin.
    :raises ValueError: the digest has another length.
    """
    if len(digest) != _HASH:
        raise ValueError("a leaf hash has 32 bytes")
    origin = signer.key.name
    value = signer.sign(message(origin, uid, digest))
    return Receipt(origin, uid, digest, Signature(origin, signer.key.key_id, value))
