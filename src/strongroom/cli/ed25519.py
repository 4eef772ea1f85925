"""Ed25519 for offline proofs: what `strongroom.domain.audit.verify` asks of its caller, without a server package."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature (64 bytes) of the message is by that key (32 bytes) (RFC 8032, 5.1.7); never raises."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
