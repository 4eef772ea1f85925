"""Secrets of webhooks and the headers of Standard Webhooks (https://www.standardwebhooks.com).

A secret is HMAC-SHA256(server key, "webhook", uid, generation): it can be made again for signing, and the database
holds nothing of it. The server key is a file beside the audit log's keys.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

PREFIX: Final = "whsec_"
_KEY_LEAST: Final = 32


class DerivedSecrets:
    """See :class:`strongroom.application.ports.events.Secrets`.

    :param key: of the server, at least 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_LEAST:
            raise ValueError("the key of webhooks has at least 32 bytes")
        self._key = key

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


def signature(secret: bytes, signed: bytes) -> str:
    """One signature of ``id.timestamp.body``, version 1."""
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, 'sha256')).decode()}"
