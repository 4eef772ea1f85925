"""Tokens: minted from randomness, read back from every client's spelling, and no typo passes."""

import base64
import json
import string
from collections import Counter
from hashlib import sha256
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.identity import tokens
from strongroom.domain.identity.tokens import MAX_HEADER, RANDOM_BYTES, TOKEN_LENGTH, Token, from_authorization, mint

TOKENS = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES).map(mint)
URLS = st.sampled_from(["https://registry.example.com", "http://127.0.0.1:8080/w/acme"])
TOKEN = mint(bytes(range(RANDOM_BYTES)))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@given(TOKENS)
def test_a_minted_token_has_the_stated_form_and_is_read_back(token: Token) -> None:
    assert len(token.text) == TOKEN_LENGTH == 3 + 20 + 1 + 43
    assert token.text == f"sr_{token.id}_{token.secret}"
    assert token.id.startswith("SR")
    assert tokens.is_token_id(token.id)
    assert tokens.parse(token.text) == token
    assert tokens.hash_secret(token) == sha256(token.text.encode()).digest()
    assert tokens.holds_token(f"https://x/?key={token.text}&y")


@given(TOKENS)
def test_the_check_is_the_crc32_of_id_and_body_in_base62(token: Token) -> None:
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for one in token.secret[-6:]:
        value = value * 62 + digits.index(one)
    assert value == crc32((token.id + token.secret[:-6]).encode())


@given(TOKENS, st.data())
def test_no_single_typo_is_a_token(token: Token, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, TOKEN_LENGTH - 1))
    other = data.draw(st.characters(exclude_characters=token.text[at]))
    typo = token.text[:at] + other + token.text[at + 1 :]
    assert tokens.parse(typo) is None
    assert from_authorization(typo) is None
    assert tokens.parse(token.text[:at] + token.text[at + 1 :]) is None
    assert tokens.parse(token.text + other) is None


@given(st.text(max_size=100))
def test_other_text_is_no_token(text: str) -> None:
    assert tokens.parse(text) is None
    assert from_authorization(text) is None
    assert from_authorization(f"Bearer {text}") is None
    assert from_authorization(f"Basic {text}") is None
    assert from_authorization(f"Basic {encoded(text)}") is None
    assert tokens.from_pair(text, text) is None


@given(TOKENS, URLS, st.text(st.characters(exclude_characters=":", codec="utf-8"), max_size=30))
def test_every_spelling_is_read_back(token: Token, url: str, username: str) -> None:
    comet, neptune = tokens.comet(token, url), tokens.neptune(token, url)
    for value in (
        token.text,
        tokens.bearer(token),
        f"bearer  {token.text}",
        f"\tBEARER {token.text} ",
        tokens.basic(token, username),
        tokens.basic_pair(token),
        comet,
        neptune,
        neptune.rstrip("="),
        f"Bearer {comet}",
        f"Bearer {neptune}",
        f"Basic {encoded(f'user:{comet}')}",
    ):
        assert from_authorization(value) == token
    assert tokens.from_pair(*tokens.pair(token)) == token


@given(TOKENS, URLS)
def test_vendors_clients_find_the_address_in_their_spelling(token: Token, url: str) -> None:
    key, _, payload = tokens.comet(token, url).partition("*")
    assert (key, json.loads(base64.b64decode(payload))) == (token.text, {"baseUrl": url})
    content = json.loads(base64.b64decode(tokens.neptune(token, url)))
    assert content == {"api_address": url, "api_url": url, "api_key": token.text}


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Basic",
        f"Digest {TOKEN.text}",
        f"Basic {TOKEN.text}",
        f"Basic {encoded(TOKEN.text)}",
        f"Basic {encoded(f'{TOKEN.text}:')}",
        f"Basic {encoded(f'{TOKEN.id}:{TOKEN.secret}:')}",
        f"Basic {encoded(f'{TOKEN.secret}:{TOKEN.id}')}",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic A",
        encoded("[1]"),
        encoded('{"api_key": 7}'),
        encoded("[" * 2000),
        encoded('{"api_key": "nothing"}'),
        f"{TOKEN.text}\n",
        f"Bearer {TOKEN.text}\nX: y",
        f"Bearer {TOKEN.text} {TOKEN.text}",
        "Bearer " + TOKEN.text.replace("_", "-"),
    ],
)
def test_what_is_no_spelling_is_nothing(value: str) -> None:
    assert from_authorization(value) is None


def test_a_long_header_is_not_looked_at() -> None:
    padded = f"{TOKEN.text}*" + "A" * (MAX_HEADER - TOKEN_LENGTH - 1)
    assert len(padded) == MAX_HEADER
    assert from_authorization(padded) == TOKEN
    assert from_authorization(padded + "A") is None
    signed = f"AWS4-HMAC-SHA256 Credential={TOKEN.id}/20260101/us-east-1/s3/aws4_request"
    assert tokens.token_id_from_sigv4(signed + " " * MAX_HEADER) is None


def test_signature_v4_names_the_id_only() -> None:
    rest = "/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
    value = f"AWS4-HMAC-SHA256 Credential={TOKEN.id}{rest}"
    assert tokens.token_id_from_sigv4(value) == TOKEN.id
    assert tokens.token_id_from_sigv4(f"AWS4-HMAC-SHA256 Signature=00, Credential={TOKEN.id}{rest}") == TOKEN.id
    assert tokens.token_id_from_sigv4(f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE{rest}") is None
    assert tokens.token_id_from_sigv4(f"Bearer Credential={TOKEN.id}{rest}") is None
    assert from_authorization(value) is None


def test_a_token_does_not_print_its_secret() -> None:
    assert TOKEN.secret not in repr(TOKEN)
    assert TOKEN.secret not in f"{TOKEN}"
    with pytest.raises(Invalid) as caught:
        Token(TOKEN.id, TOKEN.secret[:-1] + "!")
    assert TOKEN.secret[:10] not in str(caught.value)


def test_minting_takes_exactly_its_randomness_and_spreads_it_evenly() -> None:
    for count in (0, RANDOM_BYTES - 1, RANDOM_BYTES + 1):
        with pytest.raises(ValueError, match="bytes"):
            mint(bytes(count))
    minted = [mint(sha256(f"{n}".encode()).digest() + sha256(f"{n}x".encode()).digest()) for n in range(2_000)]
    assert len({one.id for one in minted}) == len({one.secret for one in minted}) == len(minted)
    for letters, expected in (
        ("".join(one.id[2:] for one in minted), 36),
        ("".join(one.secret[:37] for one in minted), 62),
    ):
        counts = Counter(letters)
        assert len(counts) == expected
        mean = len(letters) / expected
        assert all(abs(count - mean) < 6 * mean**0.5 for count in counts.values())
