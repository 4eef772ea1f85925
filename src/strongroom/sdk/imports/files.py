"""Artifacts of one owner: brought into its folder, those that are missing there, and compared afterwards."""

import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from strongroom.sdk.errors import FileChanged, Invalid
from strongroom.sdk.imports.model import Wrong
from strongroom.sdk.imports.places import Found, Place
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.source import SourceError
from strongroom.sdk.imports.target import Target, accepted
from strongroom.sdk.localfiles import LocalFile, hash_file
from strongroom.sdk.models import Entry
from strongroom.sdk.progress import Silent
from strongroom.sdk.upload import Folder, send_bytes

KIND = "artifacts"
BATCH_BYTES = 64 * 1024 * 1024
BATCH_FILES = 500
_SILENT = Silent()


class Files:
    """Brings files from places of the source to folders of the server; keeps few of them on this disk at a time."""

    def __init__(self, target: Target, report: Report) -> None:
        self._target, self._report = target, report
        self._room = Path(tempfile.mkdtemp(prefix="strongroom-import-"))
        self._numbers = count(1)

    def close(self) -> None:
        """Remove what was fetched."""
        shutil.rmtree(self._room, ignore_errors=True)

    def count(self, place: Place, name: str) -> None:
        """Only look what there is."""
        for one in place.files():
            self._report.found(KIND)
            if isinstance(one, Wrong):
                self._report.refuse(KIND, f"{name}/{one.name}", one.reason)
            else:
                self._report.bytes.source += one.size or 0

    def bring(self, place: Place, folder: Folder, name: str, *, fresh: bool) -> int:
        """Bring all files of a place that the folder lacks, then compare; returns how many it has of them.

        :param name: what the owner is called in the report. :param fresh: the folder was made just now.
        """
        present = {} if fresh else self._listed(folder)
        wanted: dict[str, tuple[str, int]] = {}
        batch: list[LocalFile] = []
        new = 0
        for one in place.files():
            self._report.found(KIND)
            if isinstance(one, Wrong):
                self._report.refuse(KIND, f"{name}/{one.name}", one.reason)
                continue
            file = self._fetched(place, one, name)
            if file is None:
                continue
            path = unicodedata.normalize("NFC", file.path)
            wanted[path] = (file.sha256, file.size)
            if present.get(path) == wanted[path]:
                self._drop(file)
                self._report.there(KIND)
                continue
            batch.append(file)
            if len(batch) >= BATCH_FILES or sum(file.size for file in batch) >= BATCH_BYTES:
                new += self._send(folder, batch, wanted, name)
                batch = []
        new += self._send(folder, batch, wanted, name)
        self._report.imported(KIND, new)
        return self._compare(folder, wanted, name)

    def _fetched(self, place: Place, one: Found, name: str) -> LocalFile | None:
        """A file of the source on this disk, hashed; None, and reported, when it cannot be read as it was listed."""
        room = self._room / str(next(self._numbers))
        room.mkdir()
        try:
            source = place.fetch(one.path, room, one.size)
            file = hash_file(one.path, source, _SILENT)
        except (OSError, FileChanged, SourceError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._report.refuse(KIND, f"{name}/{one.path}", f"it cannot be read: {reason}")
            shutil.rmtree(room, ignore_errors=True)
            return None
        if not source.is_relative_to(self._room):
            room.rmdir()
        if one.size is not None and file.size != one.size:
            self._report.note(KIND, f"{name}/{one.path}", f"listed with {one.size} bytes, it has {file.size}")
        return file

    def _send(self, folder: Folder, batch: Sequence[LocalFile], wanted: dict[str, tuple[str, int]], name: str) -> int:
        if not batch:
            return 0
        api = self._target.api

        def refused(entry: dict[str, object], reason: str) -> None:
            self._report.refuse(KIND, f"{name}/{entry['path']}", reason)
            wanted.pop(unicodedata.normalize("NFC", str(entry["path"])), None)

        whole = accepted(
            batch, lambda some: send_bytes(api, folder, some, (), _SILENT), lambda f, why: refused(_entry(f), why)
        )
        entries = [_entry(file) for file in whole]
        taken = accepted(
            entries, lambda some: api.send("folder.put", kind=folder.kind, uid=folder.uid, entries=list(some)), refused
        )
        for file in batch:
            self._drop(file)
        return len(taken)

    def _drop(self, file: LocalFile) -> None:
        """Remove a file that was fetched; one that lies in the source stays."""
        if file.source.is_relative_to(self._room):
            shutil.rmtree(file.source.parent, ignore_errors=True)

    def _compare(self, folder: Folder, wanted: dict[str, tuple[str, int]], name: str) -> int:
        """Look what the server has now, and say of every file whether it is that."""
        has = self._listed(folder) if wanted else {}
        for path, file in sorted(wanted.items()):
            there = has.get(path)
            self._report.file(name, path, file, there)
            if there != file:
                self._report.lack(KIND, f"{name}/{path}", "the server has other bytes" if there else "it is not there")
        return sum(1 for path, file in wanted.items() if has.get(path) == file)

    def _listed(self, folder: Folder) -> dict[str, tuple[str, int]]:
        try:
            entries = self._target.api.every("folder.list", Entry, kind=folder.kind, uid=folder.uid, recursive=True)
            return {one.path: (one.sha256 or "", one.size or 0) for one in entries if one.kind == "file"}
        except Invalid:
            return {}


def _entry(file: LocalFile) -> dict[str, object]:
    return {"path": file.path, "sha256": file.sha256, "size": file.size}
