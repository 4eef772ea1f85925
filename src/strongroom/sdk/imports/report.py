"""The account of an import: what was found, what became of it, and whether the two agree."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

REASONS_KEPT = 1_000
"""Refusals and notes of one kind that are listed; all are counted."""

KINDS = (
    "experiments",
    "runs",
    "points",
    "params",
    "tags",
    "inputs",
    "logged models",
    "measurements",
    "registered models",
    "versions",
    "prompts",
    "prompt versions",
    "aliases",
    "stages",
    "artifacts",
)


@dataclass(slots=True)
class Count:
    """One kind of thing: how many were found, imported now, there already, refused.

    `lacking` counts those that were to be there and were not when it was looked again.
    """

    found: int = 0
    imported: int = 0
    there: int = 0
    refused: int = 0
    lacking: int = 0

    @property
    def agrees(self) -> bool:
        """Whether everything that was found is here."""
        return self.found == self.imported + self.there and not self.lacking


@dataclass(frozen=True, slots=True)
class Named:
    """Something that did not come as it was: refused, changed, or not looked for."""

    kind: str
    name: str
    reason: str


@dataclass(slots=True)
class Bytes:
    """Artifacts: bytes as read at the source and as the server answers for them, with a digest over all of each.

    The digest is the SHA-256 over lines of owner, path, SHA-256 and size, in the order in which they were looked at.
    """

    source: int = 0
    target: int = 0
    source_lines: Any = field(default_factory=hashlib.sha256)
    target_lines: Any = field(default_factory=hashlib.sha256)

    @property
    def agrees(self) -> bool:
        """Whether the same bytes are here."""
        return self.source == self.target and self.source_lines.digest() == self.target_lines.digest()


@dataclass(slots=True)
class Report:
    """What became of an import; several threads may tell it."""

    source: str
    dry_run: bool = False
    counts: dict[str, Count] = field(default_factory=lambda: {kind: Count() for kind in KINDS})
    bytes: Bytes = field(default_factory=Bytes)
    refused: list[Named] = field(default_factory=list)
    notes: list[Named] = field(default_factory=list)
    not_imported: dict[str, int | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def found(self, kind: str, number: int = 1) -> None:
        """So many more were found."""
        with self._lock:
            self.counts[kind].found += number

    def imported(self, kind: str, number: int = 1) -> None:
        """So many more were brought now."""
        with self._lock:
            self.counts[kind].imported += number

    def there(self, kind: str, number: int = 1) -> None:
        """So many more were there already."""
        with self._lock:
            self.counts[kind].there += number

    def refuse(self, kind: str, name: str, reason: str, number: int = 1) -> None:
        """Something could not come: it is named with the reason."""
        with self._lock:
            self.counts[kind].refused += number
            _keep(self.refused, Named(kind, name, reason))

    def lack(self, kind: str, name: str, reason: str, number: int = 1) -> None:
        """Something is not here as it should be, on looking again."""
        with self._lock:
            self.counts[kind].lacking += number
            _keep(self.refused, Named(kind, name, reason))

    def note(self, kind: str, name: str, reason: str) -> None:
        """Something came otherwise than it was: under another name, without its bytes."""
        with self._lock:
            _keep(self.notes, Named(kind, name, reason))

    def file(self, owner: str, path: str, source: tuple[str, int], target: tuple[str, int] | None) -> None:
        """A file of an owner with its SHA-256 and size here and there; None where the server has none."""
        with self._lock:  # the order of both sides is the same, whichever owner comes first
            self.bytes.source += source[1]
            self.bytes.source_lines.update(_line(owner, path, *source))
            if target is not None:
                self.bytes.target += target[1]
                self.bytes.target_lines.update(_line(owner, path, *target))

    @property
    def reconciles(self) -> bool:
        """Whether everything that was found is here, byte for byte. A dry run has nothing to compare."""
        return self.dry_run or (all(count.agrees for count in self.counts.values()) and self.bytes.agrees)

    @property
    def differs(self) -> bool:
        """Whether something is here otherwise than it should be, rather than refused."""
        return not self.dry_run and (any(count.lacking for count in self.counts.values()) or not self.bytes.agrees)

    def as_json(self) -> Mapping[str, Any]:
        """Plain values, for ``--json`` and ``--report``."""
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "reconciles": self.reconciles,
            "counts": {kind: asdict(count) for kind, count in self.counts.items()},
            "bytes": {
                "source": self.bytes.source,
                "target": self.bytes.target,
                "source_digest": f"sha256:{self.bytes.source_lines.hexdigest()}",
                "target_digest": f"sha256:{self.bytes.target_lines.hexdigest()}",
            },
            "refused": [asdict(one) for one in self.refused],
            "notes": [asdict(one) for one in self.notes],
            "not_imported": dict(self.not_imported),
        }


def _keep(listed: list[Named], one: Named) -> None:
    if len(listed) < REASONS_KEPT:
        listed.append(one)


def _line(owner: str, path: str, sha256: str, size: int) -> bytes:
    return f"{owner}\t{path}\t{sha256}\t{size}\n".encode(errors="surrogatepass")
