"""Secrets of webhooks and the headers of Standard Webhooks (https://www.standardwebhooks.com).

A secret is HMAC-SHA256(server key, "webhook", uid, generation): it can be made again for signing, and the database
holds nothing of it. The server key is a file beside the audit log's keys. A secret that a client chose is sealed under
a key that is derived from the server key, with AES-256-GCM, and bound to its webhook.
"""

import base64
import hmac
import os
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from strongroom.domain.errors import Corrupted

PREFIX: Final = "whsec_"
_KEY_LEAST: Final = 32
_NONCE: Final = 12


class DerivedSecrets:
    """See :class:`strongroom.application.ports.events.Secrets`.

    :param key: of the server, at least 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_LEAST:
            raise ValueError("the key of webhooks has at least 32 bytes")
        self._key = key
        self._box = AESGCM(hmac.digest(key, b"strongroom/webhook/seal", "sha256"))

    def _raw(self, webhook_uid: str, generation: int) -> bytes:
        return hmac.digest(self._key, f"strongroom/webhook/{webhook_uid}/{generation}".encode(), "sha256")

    def secret(self, webhook_uid: str, generation: int) -> str:
        return PREFIX + base64.b64encode(self._raw(webhook_uid, generation)).decode()

    def sign(
        self, webhook_uid: str, generations: Sequence[int], message_id: str, at: int, body: bytes
    ) -> Mapping[str, str]:
        signed = f"{message_id}.{at}.".encode() + body
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(signature(self._raw(webhook_uid, one), signed) for one in generations),
        }

    def seal(self, webhook_uid: str, secret: str) -> str:
        nonce = os.urandom(_NONCE)
        return base64.b64encode(nonce + self._box.encrypt(nonce, secret.encode(), webhook_uid.encode())).decode()

    def unseal(self, webhook_uid: str, sealed: str) -> str:
        """:raises Corrupted: it was sealed under another key, or for another webhook."""
        raw = base64.b64decode(sealed)
        try:
            return self._box.decrypt(raw[:_NONCE], raw[_NONCE:], webhook_uid.encode()).decode()
        except InvalidTag:
            raise Corrupted("The secret of this webhook cannot be opened.", webhook=webhook_uid) from None


def signature(secret: bytes, signed: bytes) -> str:
    """One signature of ``id.timestamp.body``, version 1."""
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"
