"""Listings of artifacts in MLflow's words."""

from collections.abc import Iterable

from strongroom.application.artifacts.folders import EntryView
from strongroom.dialects.mlflow.wire.artifacts import FileInfo


def files(entries: Iterable[EntryView], *, below: str = "") -> list[FileInfo]:
    """What lies in a directory. :param below: the directory, when paths are wanted relative to it."""
    start = len(below) + 1 if below else 0
    found = []
    for entry in entries:
        is_dir = entry.path.endswith("/")
        path = entry.path.rstrip("/")[start:]
        found.append(FileInfo(path=path, is_dir=is_dir, file_size=None if is_dir else entry.size))
    return found
