"""Signatures as Standard Webhooks wants them, and secrets that are derived."""

import base64
import time

import pytest
from standardwebhooks import Webhook

from strongroom.adapters.webhooks.secrets import DerivedSecrets, signature

SECRETS = DerivedSecrets(b"k" * 32)


def test_the_signature_is_that_of_the_reference_implementation() -> None:
    """Made with the package `standardwebhooks` 1.1.0, `Webhook.sign`."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    assert signature(secret, signed) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_depends_on_key_webhook_and_generation_alone() -> None:
    first = SECRETS.secret("a", 1)
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
    assert first == DerivedSecrets(b"k" * 32).secret("a", 1)
    others = {SECRETS.secret("a", 2), SECRETS.secret("b", 1), DerivedSecrets(b"l" * 32).secret("a", 1)}
    assert len(others) == 3
    assert first not in others
    with pytest.raises(ValueError, match="32 bytes"):
        DerivedSecrets(b"short")


@pytest.mark.parametrize("generation", [1, 2])
def test_the_reference_implementation_verifies_both_secrets_of_a_rotation(generation: int) -> None:
    headers = dict(SECRETS.sign("a", [2, 1], "id", int(time.time()), b'{"x":"\xc3\xa4"}'))
    assert Webhook(SECRETS.secret("a", generation)).verify(b'{"x":"\xc3\xa4"}', headers) == {"x": "ä"}
