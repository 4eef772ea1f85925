"""Paths inside a tree or folder: plain, relative, one spelling each.

A path is what remains after the transport decoded its escapes once. Names that only Windows dislikes (``CON``,
``ab:c``, a last dot, case twins) are allowed: the store keys by text; a client that writes files checks its own disk.
Paths sort by code point, which is the order of their UTF-8 bytes.
"""

import re
import unicodedata
from collections.abc import Iterator

from strongroom.domain.errors import BadPath

PATH_LONGEST = 1024
"""Bytes of UTF-8 in a whole path."""
SEGMENT_LONGEST = 255
"""Bytes of UTF-8 between two slashes (what file systems hold)."""
PATH_DEEPEST = 64

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_REFUSED = re.compile(f"[\x00-\x1f\x7f-\x9f\\\\\u2028\u2029\ud800-\udfff{_BIDI}]")
_ESCAPED = re.compile(r"%(?:25)*(?:00|2e|2f|5c|c0|c1)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:")


def clean_path(text: str) -> str:
    """A path in NFC: segments joined by ``/``, none empty, none ``.`` or ``..``.

    :raises BadPath: empty; absolute; a backslash, drive letter, control, surrogate or bidirectional character; an
        escaped dot, slash, backslash or NUL still inside (encoded twice); a segment above 255 bytes, the whole above
        1,024 bytes, or more than 64 segments.
    """
    path = unicodedata.normalize("NFC", text)
    if _REFUSED.search(path):
        raise BadPath("A path may not contain backslashes, control, surrogate or bidirectional characters.")
    if _ESCAPED.search(path):
        raise BadPath("A path may not contain escaped dots, slashes or NULs: it was encoded twice.")
    if _DRIVE.match(path):
        raise BadPath("A path may not begin with a drive letter.")
    if len(path.encode()) > PATH_LONGEST:
        raise BadPath(f"A path has at most {PATH_LONGEST} bytes.", limit=PATH_LONGEST)
    segments = path.split("/")
    if len(segments) > PATH_DEEPEST:
        raise BadPath(f"A path has at most {PATH_DEEPEST} segments.", limit=PATH_DEEPEST)
    for segment in segments:
        if segment in {"", ".", ".."}:
            raise BadPath("A path is relative and has no empty, '.' or '..' segment.")
        if len(segment.encode()) > SEGMENT_LONGEST:
            raise BadPath(f"A segment of a path has at most {SEGMENT_LONGEST} bytes.", limit=SEGMENT_LONGEST)
    return path


def clean_directory(text: str) -> str:
    """A directory: ``""`` is the root; one slash at the end is dropped, otherwise as `clean_path`.

    :raises BadPath: as `clean_path`.
    """
    return clean_path(text.removesuffix("/")) if text else ""


def parents(path: str) -> Iterator[str]:
    """The directories above a path, nearest first, without the root: ``a/b/c`` gives ``a/b``, ``a``."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def is_under(path: str, directory: str) -> bool:
    """Whether a path lies in a directory (``""`` holds all), at any depth; a directory is not under itself."""
    return not directory or path.startswith(directory + "/")


class AscendingPaths:
    """Checks sorted paths one by one, refusing what cannot be one tree. Needs memory only for nested prefixes.

    Paths must be clean already: NFC twins are then equal and show as a repeated path.
    """

    __slots__ = ("_last", "_prefixes")

    def __init__(self) -> None:
        self._last: str | None = None
        self._prefixes: list[str] = []

    def check(self, path: str) -> None:
        """Take the next path.

        :raises BadPath: not in ascending order, a path twice, or a file where another path needs a directory.
        """
        if self._last is not None and path <= self._last:
            same = path == self._last
            raise BadPath("The same path occurs twice." if same else "Paths are not in ascending order.", path=path)
        prefixes = self._prefixes
        while prefixes and not path.startswith(prefixes[-1]):
            prefixes.pop()
        if prefixes and (not prefixes[-1] or path[len(prefixes[-1])] == "/"):
            raise BadPath("One path is a file and also a directory of another.", path=prefixes[-1], other=path)
        prefixes.append(path)
        self._last = path
