"""Signed notes (C2SP signed-note): a text, an empty line, and one line for each Ed25519 signature.

The domain has no cryptography: who calls passes in how to verify, and signers that hold their keys.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol, Self

from strongroom.domain.errors import Invalid

Verify = Callable[[bytes, bytes, bytes], bool]
"""``verify(public_key, signature, message)`` with 32, 64 and any number of bytes: whether Ed25519 holds (RFC 8032)."""

MAX_NOTE: Final = 65_536
"""Characters of a whole note."""

MAX_SIGNATURES: Final = 16
"""Signature lines of one note."""

MAX_NAME: Final = 255
"""Characters of a key name."""

_ED25519: Final = b"\x01"
_PUBLIC, _SIGNATURE, _KEY_ID = 32, 64, 4
_MARK = "— "  # an em dash, U+2014, as the format has it


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public Ed25519 key with the name it signs under.

    :param name: at most 255 characters without white space and ``+``; a log's keys bear the log's origin.
    :param public: 32 bytes.
    :raises Invalid: either has another form.
    """

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or len(self.public) != _PUBLIC:
            raise Invalid("A verifier key has a name without spaces or plus signs and an Ed25519 key of 32 bytes.")

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256 of ``name || 0x0A || 0x01 || public``: tells keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_ID]

    def __str__(self) -> str:
        """The verifier key string, ``name+hex(key id)+base64(0x01 || public)``."""
        return f"{self.name}+{self.key_id.hex()}+{encode(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key string.

        :raises Invalid: not one, not Ed25519, or the key id is not that of the key.
        """
        name, _, rest = text.partition("+")
        _, _, encoded = rest.partition("+")
        data = decode(encoded) if len(text) <= 2 * MAX_NAME else b""
        if data[:1] != _ED25519:
            raise Invalid("That is not an Ed25519 verifier key (name+id+key).")
        key = cls(name, data[1:])
        if str(key) != text:
            raise Invalid("The id in that verifier key does not belong to the key.")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who claims to have signed, and the Ed25519 signature, 64 bytes in ours."""

    name: str
    key_id: bytes
    value: bytes

    def by(self, key: VerifierKey) -> bool:
        """Whether it claims to be by that key."""
        return self.name == key.name and self.key_id == key.key_id

    @property
    def who(self) -> str:
        """The claimed key, for people: ``name+hex(key id)``."""
        return f"{self.name}+{self.key_id.hex()}"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text that ends in a line feed, and the signatures below it; none has been checked."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> Self:
        """Take a note apart.

        :raises Invalid: not of the format, more than `MAX_NOTE` characters or `MAX_SIGNATURES` signatures, or none.
        """
        text, separator, lines = note.rpartition("\n\n")
        if len(note) > MAX_NOTE or not separator or not lines.endswith("\n") or not is_plain(text):
            raise Invalid("That is not a signed note: a text, an empty line, and lines of signatures.")
        signatures = tuple(_signature(line) for line in lines[:-1].split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise Invalid(f"A signed note has at most {MAX_SIGNATURES} signatures.", limit=MAX_SIGNATURES)
        return cls(f"{text}\n", signatures)

    def __str__(self) -> str:
        """The whole note as published."""
        lines = (f"{_MARK}{one.name} {encode(one.key_id + one.value)}\n" for one in self.signatures)
        return self.text + "\n" + "".join(lines)

    def holds(self, signature: Signature, key: VerifierKey, verify: Verify) -> bool:
        """Whether that signature is the key's and covers this text."""
        return signature.by(key) and verify_with(key, signature.value, self.text.encode(), verify)


class Signer(Protocol):
    """Something that holds a private key."""

    @property
    def key(self) -> VerifierKey:
        """The public half and the name it signs under."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature of the message, 64 bytes (RFC 8032, 5.1.6)."""
        ...


def sign_note(text: str, signers: Sequence[Signer]) -> SignedNote:
    """Sign a text with each signer.

    :param text: lines without control characters; the last ends in a line feed.
    :param signers: at least one, at most `MAX_SIGNATURES`.
    :raises Invalid: the text has another form.
    """
    if not text.endswith("\n") or not is_plain(text[:-1]) or not 1 <= len(signers) <= MAX_SIGNATURES:
        raise Invalid("A note is signed at least once, and its text is plain lines, each with its line feed.")
    signed = (Signature(one.key.name, one.key.key_id, one.sign(text.encode())) for one in signers)
    return SignedNote(text, tuple(signed))


def verify_with(key: VerifierKey, signature: bytes, message: bytes, verify: Verify) -> bool:
    """Whether the signature, of whatever length, is the key's Ed25519 signature of the message."""
    return len(signature) == _SIGNATURE and verify(key.public, signature, message)


def is_key_name(text: str) -> bool:
    """Whether this may name a key: at most `MAX_NAME` characters, no white space, no plus sign, nothing unprintable."""
    return 0 < len(text) <= MAX_NAME and "+" not in text and text.isprintable() and not any(map(str.isspace, text))


def is_plain(text: str) -> bool:
    """Whether the text encodes as UTF-8 and has no ASCII control characters other than line feeds."""
    return not any((ch < " " and ch != "\n") or "\ud800" <= ch <= "\udfff" for ch in text)


def encode(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, 4)."""
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    """Standard base64 in its one spelling; raises `Invalid` for any other."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if encode(data) != text:
        raise Invalid("That is not base64 in its standard form (RFC 4648, section 4).")
    return data


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_MARK).partition(" ")
    data = decode(encoded) if line.startswith(_MARK) and space else b""
    if not is_key_name(name) or len(data) <= _KEY_ID:
        raise Invalid("A signature line of a note is an em dash, a key name and base64.")
    return Signature(name, data[:_KEY_ID], data[_KEY_ID:])
