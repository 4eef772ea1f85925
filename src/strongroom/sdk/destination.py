"""Where files of the server may land on this disk: inside the chosen folder, whatever the server says."""

import re
from collections.abc import Iterable
from pathlib import Path

from strongroom.sdk.errors import BadPath

_REFUSED = re.compile("[\x00-\x1f\x7f\\\\\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")
LONGEST = 1024


def checked(path: str) -> str:
    """A path from outside that is plain and relative, with forward slashes.

    :raises BadPath: absolute, a drive, a backslash, a control character, an empty, ``.`` or ``..`` segment, too long.
    """
    parts = path.split("/")
    plain = not _REFUSED.search(path) and not _DRIVE.match(path) and len(path.encode()) <= LONGEST
    if not plain or any(part in {"", ".", ".."} for part in parts):
        raise BadPath(f"The server named a path that may not be written: {path[:200]!r}.", details={"path": path})
    return path


def local_path(root: Path, path: str) -> Path:
    """Where a path of the server goes below `root` (resolved), with its folders made.

    :raises BadPath: see `checked`; or a link that is there already leads out of the folder.
    """
    target = root.joinpath(*checked(path).split("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.parent.resolve().is_relative_to(root):
        raise BadPath(f"{path!r} would be written outside {str(root)!r}, through a link.", details={"path": path})
    return target


def refuse_twins(root: Path, paths: Iterable[str]) -> None:
    """Refuse paths that are one and the same on a disk that knows no case, where one would replace the other.

    :raises BadPath: there are such paths and the disk of `root` is such a disk.
    """
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.setdefault(path.casefold(), path)
        if other != path and _ignores_case(root):
            raise BadPath(f"{other!r} and {path!r} are the same on this disk.", details={"path": path})


def _ignores_case(root: Path) -> bool:
    probe = root / ".strongroom-CASE"
    probe.touch()
    try:
        return (root / ".strongroom-case").exists()
    finally:
        probe.unlink()
