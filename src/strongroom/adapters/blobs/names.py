"""Which names from outside may become part of a path or key: checked here, before any path is made of them."""

import re
import secrets
import time
from collections.abc import Sequence
from typing import Final

from strongroom.application.artifacts.blobstore import MAX_PART, PartInfo
from strongroom.domain.errors import Invalid

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_UPLOAD: Final = re.compile(r"[a-z0-9-]{1,64}")
_PACK: Final = re.compile(r"[0-9a-f]{12}-[0-9a-f]{16}")
_PACKED: Final = re.compile(rf"p:({_PACK.pattern}):(0|[1-9][0-9]{{0,18}})")

_WITNESS: Final = re.compile(r"[0-9]{16}\.checkpoint|[0-9]{16}\.keys")

WITNESS: Final = "witness"
"""Where checkpoints of the audit log are published."""

OWN_FILE: Final = "f"
"""The place of a blob that is a file or object of its own, named by its digest."""


def is_digest(text: str) -> bool:
    """Tell whether this is a SHA-256: 64 lower-case hex digits and nothing else."""
    return _DIGEST.fullmatch(text) is not None


def is_pack(text: str) -> bool:
    """Tell whether this is the name of a pack, without its suffix."""
    return _PACK.fullmatch(text) is not None


def is_witness(text: str) -> bool:
    """Tell whether this is the name of something published for witnesses."""
    return _WITNESS.fullmatch(text) is not None


def checked_witness(text: str) -> str:
    """Give the name back, or raise Invalid."""
    if not is_witness(text):
        raise Invalid("What is published for witnesses is 16 digits and .checkpoint or .keys.")
    return text


def checked_digest(text: str) -> str:
    """Give the SHA-256 back, or raise Invalid."""
    if not is_digest(text):
        raise Invalid("A SHA-256 is written as 64 lower-case hex digits.")
    return text


def checked_upload(text: str) -> str:
    """Give the upload id back, or raise Invalid."""
    if not _UPLOAD.fullmatch(text):
        raise Invalid("An upload id is made of 1 to 64 of a-z, 0-9 and '-'.")
    return text


def part_name(number: int) -> str:
    """Name the file or object of a part: six digits, so that a listing is in order. Raises Invalid."""
    if not 1 <= number <= MAX_PART:
        raise Invalid(f"Parts are numbered from 1 to {MAX_PART}.", part=number)
    return f"{number:06d}"


def checked_parts(parts: Sequence[PartInfo]) -> Sequence[PartInfo]:
    """Give the list of parts back, or raise Invalid: at least one, none twice, digests and numbers well formed."""
    if not parts:
        raise Invalid("An upload has at least one part.")
    if len({part.number for part in parts}) != len(parts):
        raise Invalid("A part is listed twice.")
    for part in parts:
        part_name(part.number)
        checked_digest(part.sha256)
    return parts


def packed_place(pack: str, offset: int) -> str:
    """Name the place of a record, by its pack and the offset of its header in bytes."""
    return f"p:{pack}:{offset}"


def parse_packed(place: str) -> tuple[str, int] | None:
    """Split the place of a record into pack and offset; None for any other text."""
    match = _PACKED.fullmatch(place)
    return (match[1], int(match[2])) if match else None


def new_pack() -> str:
    """Make the name of a new pack: milliseconds since 1970 as 12 hex digits, 64 random bits. Sorts by age."""
    return f"{time.time_ns() // 1_000_000:012x}-{secrets.token_hex(8)}"


def new_temp() -> str:
    """Make the name of a half file: 128 random bits."""
    return secrets.token_hex(16)
