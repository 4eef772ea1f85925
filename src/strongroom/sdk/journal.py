"""The journal of one recording: a line for everything that was recorded, and the bytes of files beside it, by digest.

A line is eight hex digits of the CRC-32 of the rest, a space, JSON, a newline. It is written whole before the call that
records it returns, so that a killed process loses nothing that was recorded, or at most the line that it was writing:
that one has no newline or another CRC, and is left out. The disk is told to keep the lines each second and at the end.
"""

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.sdk.errors import Corrupted, Invalid
from strongroom.sdk.localfiles import LocalFile, changed

NAME = "journal.jsonl"
BLOBS = "blobs"
SYNC_SECONDS = 1.0
LINE_LARGEST = 64 * 1024 * 1024
"""Bytes of one line; a longer one is no line of ours."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its number from 1, what it records, when (microseconds since 1970), and the fields of that."""

    number: int
    op: str
    at: int
    fields: Mapping[str, Any]


class Journal:
    """A journal that is being written, by any number of threads of one process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.path = folder / NAME
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        self._lock = threading.Lock()
        self._kept = time.monotonic()
        _sync_folder(folder)
        _sync_folder(folder.parent)

    def write(self, op: str, fields: Mapping[str, Any], *, at: int | None = None, keep: bool = False) -> int:
        """Add a line. :param keep: the disk has it before this returns. :raises Invalid: the journal is closed."""
        when = time.time_ns() // 1000 if at is None else at
        line = encode(op, when, fields)
        with self._lock:
            if self._file < 0:
                raise Invalid("The recording is ended.")
            _write_all(self._file, line)
            if keep or time.monotonic() - self._kept >= SYNC_SECONDS:
                os.fsync(self._file)
                self._kept = time.monotonic()
        return when

    def flush(self) -> None:
        """Have the disk keep every line."""
        with self._lock:
            if self._file >= 0:
                os.fsync(self._file)

    def close(self) -> None:
        """The same, and take no more lines."""
        with self._lock:
            if self._file >= 0:
                os.fsync(self._file)
                os.close(self._file)
                self._file = -1


def _write_all(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def encode(op: str, at: int, fields: Mapping[str, Any]) -> bytes:
    """A line as it is written."""
    text = json.dumps([op, at, fields], separators=(",", ":"), ensure_ascii=True).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def read(path: Path) -> Iterator[Line]:
    """The whole lines of a journal; what a killed process left of a last one is passed over.

    :raises Corrupted: a line before the last is not what was written; its number is in `details`.
    """
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LINE_LARGEST):
            number += 1
            found = _decode(raw)
            if found is None:
                if file.read(1):
                    details = {"line": number, "path": str(path)}
                    raise Corrupted(f"Line {number} of {str(path)!r} is not what was written.", details=details)
                return
            yield Line(number, *found)


def _decode(raw: bytes) -> tuple[str, int, Mapping[str, Any]] | None:
    crc, space, text = raw[:8], raw[8:9], raw[9:-1]
    if not raw.endswith(b"\n") or space != b" " or crc != b"%08x" % zlib.crc32(text):
        return None
    op, at, fields = json.loads(text)
    return op, at, fields


def keep_file(blobs: Path, file: LocalFile) -> None:
    """Copy a file beside the journals under its digest, kept by the disk when this returns.

    :raises FileChanged: its bytes are not those that were hashed.
    """
    target = blob_path(blobs, file.sha256)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        with file.source.open("rb") as source, partial.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1024 * 1024)
            copy.flush()
            os.fsync(copy.fileno())
        if digest_of(partial) != file.sha256:
            raise changed(file.path)
        partial.replace(target)
        _sync_folder(target.parent)
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


def blob_path(blobs: Path, digest: str) -> Path:
    """Where the bytes of a digest lie."""
    return blobs / digest[:2] / digest


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows does not open folders; NTFS journals the entry itself
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
