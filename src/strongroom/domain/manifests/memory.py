"""Memories: records of an agent, a file each below ``records/``, and tombstones of those that were taken out.

The id of a record is its path below ``records/``, its digest that of its file. So a snapshot is a version, a fork is a
copy of it, and what differs between two memories is what differs between two trees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.errors import BadPath, Invalid
from strongroom.domain.manifests.cursor import Cursor, Fields
from strongroom.domain.manifests.document import Plain
from strongroom.domain.registry.text import clean_text

FIELDS: Final = ("tombstones", "embedder", "settings", "description")
RECORDS: Final = "records/"
TOMBSTONES_MOST: Final = 5_000
REASON_LONGEST: Final = 500
_TIME_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A record that was redacted: its id and the digest of what it was, who took it out, when (RFC 3339) and why."""

    id: str
    digest: str
    by: str
    at: str
    reason: str

    def plain(self) -> Mapping[str, Plain]:
        """As the manifest writes it."""
        return {"id": self.id, "digest": self.digest, "by": self.by, "at": self.at, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Memory:
    """What a memory says of itself; its records are files."""

    tombstones: tuple[Tombstone, ...]
    settings: Mapping[str, Plain]
    description: str = ""


def read(fields: Fields) -> Memory:
    """A memory. :raises BadManifest: naming the place."""
    stones, embedder = fields.get("tombstones"), fields.get("embedder")
    if embedder:
        embedder.member("model")
    tombstones = tuple(_tombstone(one) for one in stones.items(TOMBSTONES_MOST)) if stones else ()
    return Memory(tombstones, fields.settings(), fields.words())


def _tombstone(cursor: Cursor) -> Tombstone:
    fields = cursor.fields("id", "digest", "by", "at", "reason")
    try:
        id_ = record_id(fields["id"].text(1024))
    except BadPath as error:
        fields["id"].fail(error.message)
    return Tombstone(
        id_,
        fields["digest"].digest(),
        fields["by"].name(),
        fields["at"].text(_TIME_LONGEST),
        fields["reason"].text(REASON_LONGEST),
    )


def record_id(text: str) -> str:
    """The id of a record: a path. :raises BadPath: it is none."""
    return clean_path(RECORDS + text).removeprefix(RECORDS)


def clean_reason(text: str) -> str:
    """Why a record is taken out. :raises Invalid: empty or too long."""
    if not text.strip():
        raise Invalid("Say why the record is taken out.")
    return clean_text(text, what="reason", longest=REASON_LONGEST)
