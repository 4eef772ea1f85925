"""Signing with Ed25519 (RFC 8032) for the audit log."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from strongroom.domain.audit.note import VerifierKey


class Signer:
    """A private key of the log; fulfils `strongroom.domain.audit.note.Signer`. It shows only its public half.

    :param origin: the log's origin, which names its keys.
    :param seed: the private key, 32 bytes (RFC 8032, 5.1.5).
    :raises Invalid: the origin cannot name a key.
    :raises ValueError: the seed has another length.
    """

    def __init__(self, origin: str, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._key = VerifierKey(origin, self._private.public_key().public_bytes_raw())

    @property
    def key(self) -> VerifierKey:
        """The public half; ``str`` of it is the verifier key string to hand out."""
        return self._key

    def sign(self, message: bytes) -> bytes:
        """The signature of the message, 64 bytes."""
        return self._private.sign(message)
