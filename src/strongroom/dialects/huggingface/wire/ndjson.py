"""A commit as lines of JSON: bounded line by line, so that no body makes the server hold more than one file."""

import base64
import binascii
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from strongroom.application.registry.edits import EditCommand
from strongroom.domain.artifacts.edits import EDITS_MOST
from strongroom.domain.errors import BadPath, Invalid, TooLarge

LINE_LARGEST: Final = 15 * 1024 * 1024
"""Bytes of a line: a file of 10 MiB in base64 and what is said of it."""
BODY_LARGEST: Final = 1024 * 1024 * 1024

Path = Annotated[str, Meta(max_length=4096)]


class Header(msgspec.Struct, frozen=True, rename="camel"):
    """What is said of the commit."""

    summary: Annotated[str, Meta(max_length=65_536)]
    description: Annotated[str, Meta(max_length=65_536)] = ""
    parent_commit: Annotated[str, Meta(pattern="^[0-9a-f]{7,64}$")] | None = None


class _File(msgspec.Struct, frozen=True):
    path: Path
    content: str
    encoding: str = "base64"


class _LargeFile(msgspec.Struct, frozen=True):
    path: Path
    oid: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    algo: str = "sha256"
    size: Annotated[int, Meta(ge=0)] | None = None


class _Deleted(msgspec.Struct, frozen=True):
    path: Path


class _Line(msgspec.Struct, frozen=True):
    key: str
    value: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Said:
    """One operation of a commit. :param content: of a small file, the bytes whose digest `edit` names."""

    edit: EditCommand
    content: bytes | None = None


class Lines:
    """The operations of a commit, its header among them, as the body comes in.

    :raises TooLarge: the body, a line, or the number of lines is above its limit. :raises Invalid: a line is none.
    """

    def __init__(self, chunks: AsyncIterator[bytes], announced: int | None) -> None:
        if (announced or 0) > BODY_LARGEST:
            raise TooLarge(f"A commit is sent in at most {BODY_LARGEST} bytes.", limit=BODY_LARGEST)
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[Header | Said]:
        """Header and operations, in their order."""
        async for line in self._lines():
            if line.strip():
                yield _parsed(line)

    async def _lines(self) -> AsyncIterator[bytes]:
        buffer, total, count = bytearray(), 0, 0
        async for chunk in self._chunks:
            total += len(chunk)
            if total > BODY_LARGEST:
                raise TooLarge(f"A commit is sent in at most {BODY_LARGEST} bytes.", limit=BODY_LARGEST)
            count += chunk.count(b"\n")  # empty lines too: each costs time
            if count > EDITS_MOST + 1:
                raise TooLarge(f"A commit has at most {EDITS_MOST} operations.", limit=EDITS_MOST)
            *whole, rest = chunk.split(b"\n")
            for part in whole:
                buffer += part
                _must_fit(buffer)
                yield bytes(buffer)
                buffer.clear()
            buffer += rest
            _must_fit(buffer)
        yield bytes(buffer)


def _must_fit(line: bytearray) -> None:
    if len(line) > LINE_LARGEST:
        raise TooLarge("A file in a commit has at most 10 MiB; send larger ones as LFS or Xet.", limit=LINE_LARGEST)


def _parsed(line: bytes) -> Header | Said:
    try:
        said = msgspec.json.decode(line, type=_Line)
        match said.key:
            case "header":
                return msgspec.json.decode(said.value, type=Header)
            case "file":
                return _file(msgspec.json.decode(said.value, type=_File))
            case "lfsFile":
                large = msgspec.json.decode(said.value, type=_LargeFile)
                return Said(EditCommand("put", large.path, sha256=large.oid, size=large.size))
            case "deletedFile" | "deletedFolder":
                gone = msgspec.json.decode(said.value, type=_Deleted)
                return Said(EditCommand("delete", gone.path.removesuffix("/")))
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise Invalid(f"A line of the commit is not what is expected: {error}"[:300]) from None
    raise Invalid(f"A commit knows no {said.key[:64]!r}.")


def _file(file: _File) -> Said:
    if file.encoding not in {"base64", "utf-8"}:
        raise Invalid("The content of a file is base64 or utf-8.")
    try:
        content = base64.b64decode(file.content, validate=True) if file.encoding == "base64" else file.content.encode()
    except (binascii.Error, ValueError):
        raise BadPath("The content of this file is no base64.", path=file.path[:200]) from None
    digest = hashlib.sha256(content).hexdigest()
    return Said(EditCommand("put", file.path, sha256=digest, size=len(content)), content)
