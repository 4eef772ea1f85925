"""The server that an import goes to: what is there already, what it refuses, and marks of what is done.

Every object is made together with a handle, an id of the source; so a killed import finds again what it made. What
takes several requests bears a mark (annotation ``import``) only once it is whole.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from strongroom.sdk.api import Api, decode
from strongroom.sdk.errors import Conflict, Invalid
from strongroom.sdk.imports.reading import LATEST_MS

T = TypeVar("T")
DIALECT, IMPORT = "mlflow", "mlflow_import"
"""Ids as MLflow's clients know them; identities that tell what was imported, whatever the source was read from."""
MARK = "import"
AT_ONCE = 200
FOREIGN_LONGEST = 400
ANNOTATED_LONGEST = 4_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JOINERS = "\u200c\u200d"
_REFUSED = {"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"}


class _Found(msgspec.Struct, frozen=True):
    foreign: str
    uid: str
    annotations: Mapping[str, Any] = {}


class _Finds(msgspec.Struct, frozen=True):
    items: list[_Found]


class Made(msgspec.Struct, frozen=True):
    """What was made; of its answer only the uid matters here."""

    uid: str


@dataclass(frozen=True, slots=True)
class Known:
    """An object that an earlier import made; whole when `whole`, with the numbers of its parts."""

    uid: str
    whole: bool = False
    parts: Mapping[str, int] = field(default_factory=dict)


class Target:
    """The server, as the steps of an import see it."""

    def __init__(self, api: Api, source: str) -> None:
        self.api = api
        self._source = source[:ANNOTATED_LONGEST]

    def find(self, dialect: str, kind: str, foreign: Sequence[str]) -> dict[str, Known]:
        """What ids of the source mean here; those that mean nothing are left out."""
        found: dict[str, Known] = {}
        wanted = [text for text in dict.fromkeys(foreign) if is_id(text)]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            answer = self.api.call("handle.find", _Finds, dialect=dialect, kind=kind, foreign=some)
            found.update({one.foreign: _known(one) for one in answer.items})
        return found

    def imported(
        self, handles: Sequence[tuple[str, str, str]], claimed_ms: int | None, said: Mapping[str, object]
    ) -> dict[str, Any]:
        """What is said of an object as it is made.

        :param handles: dialect, kind and id of each. :param said: what has no field of its own here.
        """
        short = {key: _short(value) for key, value in said.items() if value not in (None, "")}
        return {
            "claimed_at": moment(claimed_ms),
            "handles": [{"dialect": d, "kind": k, "foreign": f} for d, k, f in handles],
            "annotations": {DIALECT: short, MARK: self._mark(whole=False, parts={})},
        }

    def put_handle(self, handle: tuple[str, str, str], object_kind: str, uid: str) -> None:
        """Let an id mean an object that was there before."""
        dialect, kind, foreign = handle
        self.api.send("handle.put", dialect=dialect, kind=kind, foreign=foreign, object_kind=object_kind, uid=uid)

    def mark(self, kind: str, uid: str, parts: Mapping[str, int]) -> None:
        """Note that an object is whole; no later import looks at it again."""
        self.api.send("annotation.set", kind=kind, uid=uid, annotations={MARK: self._mark(whole=True, parts=parts)})

    def _mark(self, *, whole: bool, parts: Mapping[str, int]) -> dict[str, Any]:
        return {"from": self._source, "whole": whole, "parts": dict(parts)}

    def make(self, operation: str, **fields: Any) -> str:
        """Make something; its uid."""
        return decode(self.api.send(operation, **fields).body, Made).uid


def accepted(items: Sequence[T], send: Callable[[Sequence[T]], object], refused: Callable[[T, str], None]) -> list[T]:
    """Send items together, all or none; when they are refused, those alone that are to blame are left out.

    :param refused: told of each with the server's reason. :returns: those that were taken.
    """
    if not items:
        return []
    try:
        send(items)
    except (Invalid, Conflict) as error:
        if len(items) == 1:
            refused(items[0], error.detail)
            return []
        half = len(items) // 2
        return [*accepted(items[:half], send, refused), *accepted(items[half:], send, refused)]
    return list(items)


def is_id(text: str) -> bool:
    """Whether a text may be an id of another system."""
    return bool(text) and "\x00" not in text and len(text.encode(errors="replace")) <= FOREIGN_LONGEST


def identity(*parts: object) -> str:
    """One id out of several, the same for the same; cut by a digest when it is long."""
    text = " ".join(map(str, parts))
    if len(text.encode(errors="replace")) <= FOREIGN_LONGEST and text.isprintable():
        return text
    return f"sha256:{hashlib.sha256(text.encode(errors='replace')).hexdigest()}"


def moment(time_ms: int | None) -> str | None:
    """A time as the API takes it; None of one that it does not take."""
    if time_ms is None or not 0 <= time_ms <= LATEST_MS:
        return None
    return (_EPOCH + timedelta(milliseconds=time_ms)).isoformat()


def safe_line(text: str, refused: str = "") -> str:
    """A name that the server takes, as near as can be to one that it does not.

    :param refused: characters that may not stand in it.
    """
    plain = unicodedata.normalize("NFC", text.encode(errors="replace").decode())
    clean = "".join(
        "_" if c in refused or (unicodedata.category(c) in _REFUSED and c not in _JOINERS) else c for c in plain
    )
    clean = clean.strip()[:255].strip()
    return "_" if clean in {"", ".", ".."} else clean


def _known(one: _Found) -> Known:
    mark = one.annotations.get(MARK)
    if not isinstance(mark, Mapping):
        return Known(one.uid)
    parts = mark.get("parts")
    counts = {str(kind): n for kind, n in parts.items() if isinstance(n, int)} if isinstance(parts, Mapping) else {}
    return Known(one.uid, mark.get("whole") is True, counts)


def _short(value: object) -> object:
    return value[:ANNOTATED_LONGEST] if isinstance(value, str) else value
