"""The one token: how to make, check and hash it, and how each client spells it (domain.md N14).

``sr_ID_SECRET``: ID is 20 characters ``[A-Z0-9]`` and starts ``SR``; SECRET is 37 random characters base62 and 6 check
characters, the base62 CRC-32 of ID and those 37. A typo, or a look-alike in somebody's source code, is thus told from
a token without asking the server. The check keeps nothing secret and proves nothing.

Spellings, with their sources: Bearer (RFC 6750), Basic (RFC 7617), ClearML's key pair, Comet's
``API_KEY*base64({"baseUrl": ...})``, Neptune's base64 JSON with ``api_address`` and ``api_key``, AWS Signature V4.
Nothing here knows which tokens exist.
"""

import base64
import json
import re
import string
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from zlib import crc32

from strongroom.domain.errors import Invalid

RANDOM_BYTES: Final = 64
"""Bytes of randomness `mint` takes: 512 bits for 313, so that no character is likelier by more than 2**-198."""

TOKEN_LENGTH: Final = 67
"""Characters of ``sr_ID_SECRET``."""

MAX_HEADER: Final = 4096
"""Characters of a header value beyond which it is not looked at."""

_ID = "SR[A-Z0-9]{18}"
_ID_ONLY = re.compile(_ID)
_TOKEN = re.compile(rf"sr_({_ID})_([0-9A-Za-z]{{43}})")
_SIGV4 = re.compile(rf"Credential=({_ID})/")
_BASE36 = string.digits + string.ascii_uppercase
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BODY = 37
_CHECK = 6


@dataclass(frozen=True, slots=True)
class Token:
    """A well-formed token; whether it is known and alive only the store can say.

    :param id: public, 20 characters; names the token in lists and in the audit log.
    :param secret: 43 characters, never printed by ``repr``.
    :raises Invalid: either part has the wrong form, or the check characters do not fit.
    """

    id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.text) or self.secret[_BODY:] != _check(self.id, self.secret[:_BODY]):
            raise Invalid("That is not a token of this system: its form or its check characters are wrong.")

    @property
    def text(self) -> str:
        """The whole token as issued, ``sr_ID_SECRET``. Secret."""
        return f"sr_{self.id}_{self.secret}"


def mint(random_bytes: bytes) -> Token:
    """Turn randomness into a token; the same bytes give the same token.

    :param random_bytes: `RANDOM_BYTES` bytes from the system's source of randomness, used for nothing else.
    :raises ValueError: another number of bytes.
    """
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a token is made from {RANDOM_BYTES} bytes, not {len(random_bytes)}")
    number = int.from_bytes(random_bytes, "big")
    name, number = _digits(number, _BASE36, 18)
    body, _ = _digits(number, _BASE62, _BODY)
    token_id = f"SR{name}"
    return Token(token_id, body + _check(token_id, body))


def parse(text: str) -> Token | None:
    """Read ``sr_ID_SECRET``; anything else, a typo included, is ``None``."""
    return from_pair(text[3:23], text[24:]) if _TOKEN.fullmatch(text) else None


def from_pair(token_id: str, secret: str) -> Token | None:
    """Read a token given as two strings, as ClearML and AWS clients hold it; what is none is ``None``."""
    if len(token_id) + len(secret) > TOKEN_LENGTH:
        return None
    try:
        return Token(token_id, secret)
    except Invalid:
        return None


def is_token_id(text: str) -> bool:
    """Whether this is formed like a token's public id."""
    return _ID_ONLY.fullmatch(text) is not None


def holds_token(text: str) -> bool:
    """Whether a token stands anywhere in the text; what is kept or logged must hold none."""
    return _TOKEN.search(text) is not None


def hash_secret(token: Token) -> bytes:
    """What is stored of a token: SHA-256 of the whole spelling ``sr_ID_SECRET``, 32 bytes.

    No salt and no slow hash: 220 random bits are beyond guessing, and the id inside makes every input unique.
    """
    return sha256(token.text.encode("ascii")).digest()


def bearer(token: Token) -> str:
    """The value of an ``Authorization`` header, ``Bearer sr_...``."""
    return f"Bearer {token.text}"


def basic(token: Token, username: str = "token") -> str:
    """``Basic base64(username:sr_...)``, as git-style and Python clients send it."""
    return "Basic " + _encode(f"{username}:{token.text}")


def basic_pair(token: Token) -> str:
    """``Basic base64(ID:SECRET)``, as ClearML sends its key pair."""
    return "Basic " + _encode(f"{token.id}:{token.secret}")


def pair(token: Token) -> tuple[str, str]:
    """Access key and secret key, ``(ID, SECRET)``, for ClearML's and AWS's configuration."""
    return token.id, token.secret


def comet(token: Token, base_url: str) -> str:
    """A Comet API key that carries the address of the server: ``sr_...*base64({"baseUrl": base_url})``."""
    return f"{token.text}*{_encode(json.dumps({'baseUrl': base_url}))}"


def neptune(token: Token, base_url: str) -> str:
    """A Neptune API token: base64 of JSON with the server's address, twice as their clients read it, and our token."""
    return _encode(json.dumps({"api_address": base_url, "api_url": base_url, "api_key": token.text}))


def from_authorization(header_value: str) -> Token | None:
    """The token in an ``Authorization`` header, or in any vendor's key header, whichever spelling it has.

    Takes ``Bearer X``, ``Basic base64(anyone:X)``, ``Basic base64(ID:SECRET)`` and X alone, where X is ``sr_...``, a
    Comet key or a Neptune token. Schemes are matched without case (RFC 9110, 11.1).

    :returns: ``None`` for what holds no well-formed token, and for more than `MAX_HEADER` characters.
    """
    if len(header_value) > MAX_HEADER:
        return None
    value = header_value.strip(" \t")
    scheme, space, rest = value.partition(" ")
    if not space:
        return _from_key(value)
    if scheme.lower() == "bearer":
        return _from_key(rest.strip(" "))
    return _from_basic(rest.strip(" ")) if scheme.lower() == "basic" else None


def token_id_from_sigv4(header_value: str) -> str | None:
    """The token id in an AWS Signature Version 4 ``Authorization`` header, which never holds the secret itself."""
    if len(header_value) > MAX_HEADER or not header_value.startswith("AWS4-HMAC-SHA256 "):
        return None
    found = _SIGV4.search(header_value)
    return found[1] if found else None


def _from_key(text: str) -> Token | None:
    """A token as one string: plain, Comet's with anything after one asterisk, or Neptune's."""
    plain, _, _ = text.partition("*")
    return parse(plain) or _from_neptune(text)


def _from_basic(encoded: str) -> Token | None:
    username, colon, password = (_decode(encoded) or "").partition(":")
    if not colon:
        return None
    return _from_key(password) or from_pair(username, password)


def _from_neptune(text: str) -> Token | None:
    try:
        content = json.loads(_decode(text) or "")
    except (ValueError, RecursionError):
        return None
    key = content.get("api_key") if isinstance(content, dict) else None
    return parse(key) if isinstance(key, str) else None


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _decode(encoded: str) -> str | None:
    """Standard base64, padding optional, to text; ``None`` if it is not that."""
    bare = encoded.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except ValueError:
        return None


def _check(token_id: str, body: str) -> str:
    return _digits(crc32(f"{token_id}{body}".encode("ascii")), _BASE62, _CHECK)[0]


def _digits(number: int, alphabet: str, length: int) -> tuple[str, int]:
    """The last `length` digits of the number in that alphabet, most significant first, and what is left of it."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(reversed(digits)), number
