"""Checkpoints (C2SP tlog-checkpoint): the log's signed statement of its size and root.

While a key is replaced, the old and the new key both sign one checkpoint; that hands the trust on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from strongroom.domain.audit.hashing import HASH_SIZE
from strongroom.domain.audit.note import (
    SignedNote,
    Signer,
    VerifierKey,
    Verify,
    decode,
    encode,
    is_key_name,
    is_plain,
    sign_note,
)
from strongroom.domain.errors import Invalid

MAX_SIZE: Final = 2**63 - 1
"""The largest log."""

MAX_EXTENSIONS: Final = 16
"""Extension lines of one checkpoint, each at most 1,024 characters."""

_MAX_LINE: Final = 1024
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_FIXED_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log states: `size` leaves with Merkle root `root` (32 bytes), under its name `origin`.

    :param origin: the log's name, in the form of a key name: ``registry.example.com/audit``.
    :param extensions: further lines, not empty; kept and signed, not interpreted.
    :raises Invalid: a field outside these bounds.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise Invalid("A log's origin has at most 255 characters and no spaces or plus signs.")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise Invalid("A checkpoint has a size up to 2**63 - 1 and a root of 32 bytes.")
        if len(self.extensions) > MAX_EXTENSIONS or not all(map(_is_extension, self.extensions)):
            raise Invalid(f"A checkpoint has at most {MAX_EXTENSIONS} extension lines, none empty.")

    @property
    def body(self) -> str:
        """The text that is signed: origin, size, base64 root and extensions, a line each."""
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), encode(self.root), *self.extensions))

    @classmethod
    def parse(cls, body: str) -> Self:
        """Read a checkpoint's text.

        :raises Invalid: not of the format, or outside the bounds.
        """
        lines = body.split("\n")
        if len(lines) <= _FIXED_LINES or lines.pop() or not _SIZE.fullmatch(lines[1]):
            raise Invalid("A checkpoint has a line each for origin, size and root.")
        origin, size, root, *extensions = lines
        return cls(origin, int(size), decode(root), tuple(extensions))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with the note it came in; none of its signatures has been checked."""

    checkpoint: Checkpoint
    note: SignedNote

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a published checkpoint; raises `Invalid` for what is none."""
        note = SignedNote.parse(text)
        return cls(Checkpoint.parse(note.text), note)

    def signed_by(self, keys: Sequence[VerifierKey], verify: Verify) -> tuple[VerifierKey, ...]:
        """Which of the keys signed it validly.

        A key of another name than the log's origin does not count: a witness does not speak for the log.
        """
        own = (key for key in keys if key.name == self.checkpoint.origin)
        return tuple(key for key in own if any(self.note.holds(one, key, verify) for one in self.note.signatures))


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> str:
    """Publishable text of a checkpoint, signed by each signer: one as a rule, old and new while a key is replaced.

    :raises Invalid: no signer, or one whose key does not bear the log's origin.
    """
    if any(one.key.name != checkpoint.origin for one in signers):
        raise Invalid("A log's checkpoints are signed under the log's origin.")
    return str(sign_note(checkpoint.body, signers))


def open_checkpoint(text: str, keys: Sequence[VerifierKey], verify: Verify) -> Checkpoint:
    """Read a published checkpoint and insist on a valid signature by one of the keys.

    :raises Invalid: not a checkpoint, or signed by none of them.
    """
    signed = SignedCheckpoint.parse(text)
    if not signed.signed_by(keys, verify):
        raise Invalid("No trusted key of the log has signed this checkpoint.")
    return signed.checkpoint


def _is_extension(line: str) -> bool:
    return 0 < len(line) <= _MAX_LINE and "\n" not in line and is_plain(line)
