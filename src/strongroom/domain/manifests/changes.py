"""What differs between two manifests: by field, members from one digest to another, texts line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from typing import Final

from strongroom.domain.manifests.canonical import dumps
from strongroom.domain.manifests.document import ROOT, Plain, below
from strongroom.domain.manifests.manifest import Manifest

CHANGES_MOST: Final = 2_000
LINES_MOST: Final = 300
"""Lines of each text that are compared one by one, beside those that both begin or end with; else all are replaced."""
CONTEXT: Final = 3
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs: added, removed, changed, or a member that is another one now.

    :ivar lines: of a text of several lines: each begins with a blank (kept), ``-`` or ``+``.
    """

    path: str
    change: str
    before: Plain
    after: Plain
    lines: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """All that differs, or as much as may be listed."""

    changes: tuple[Change, ...]
    truncated: bool


def between(before: Manifest, after: Manifest) -> Changes:
    """What differs between two manifests of one kind. Spelling and order of keys are no difference."""
    members = {placed.path for one in (before, after) for placed in one.members}
    return _listed(_differ(before.body, after.body, ROOT, members))


def of_values(before: Mapping[str, Plain], after: Mapping[str, Plain]) -> Changes:
    """What differs between two JSON objects."""
    return _listed(_differ(before, after, ROOT, set()))


def _listed(every: Iterator[Change]) -> Changes:
    found = list(islice(every, CHANGES_MOST + 1))
    return Changes(tuple(found[:CHANGES_MOST]), len(found) > CHANGES_MOST)


def _differ(before: object, after: object, path: str, members: set[str]) -> Iterator[Change]:
    if before is _NOTHING:
        yield Change(path, "added", None, after)  # type: ignore[arg-type]  # a JSON value
    elif after is _NOTHING:
        yield Change(path, "removed", before, None)  # type: ignore[arg-type]
    elif path in members:
        if _digest(before) != _digest(after):
            yield Change(path, "member", before, after)  # type: ignore[arg-type]
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _differ(before.get(key, _NOTHING), after.get(key, _NOTHING), below(path, key), members)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path, members)
    elif _spelt(before) != _spelt(after):
        yield Change(path, "changed", before, after, _lines(before, after))  # type: ignore[arg-type]


def _digest(value: object) -> object:
    return value.get("digest") if isinstance(value, Mapping) else value


def _lists(before: list[Plain], after: list[Plain], path: str, members: set[str]) -> Iterator[Change]:
    """Items that both begin or end with are paired; of the rest, item with item; what is over was added or removed."""
    start, end = _shared([_spelt(one) for one in before], [_spelt(one) for one in after])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for place in range(max(len(old), len(new))):
        one: object = old[place] if place < len(old) else _NOTHING
        other: object = new[place] if place < len(new) else _NOTHING
        yield from _differ(one, other, below(path, start + place), members)


def _spelt(value: object) -> str:
    """What tells ``1`` from ``true``, and not from ``1.0``."""
    return dumps(value)  # type: ignore[arg-type]  # a JSON value


def _shared(before: list[str], after: list[str]) -> tuple[int, int]:
    """How many items both begin with, and then end with."""
    shorter = min(len(before), len(after))
    start = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    rest = shorter - start
    end = next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)
    return start, end


def _lines(before: object, after: object) -> tuple[str, ...] | None:
    if not (isinstance(before, str) and isinstance(after, str)) or "\n" not in before + after:
        return None
    old, new = before.split("\n"), after.split("\n")
    start, end = _shared(old, new)
    head, tail = old[max(start - CONTEXT, 0) : start], old[len(old) - end :][:CONTEXT]
    middle = _middle(old[start : len(old) - end], new[start : len(new) - end])
    return (*(f" {line}" for line in head), *middle, *(f" {line}" for line in tail))


def _middle(old: list[str], new: list[str]) -> Iterator[str]:
    if max(len(old), len(new)) > LINES_MOST:
        yield from (f"-{line}" for line in old)
        yield from (f"+{line}" for line in new)
        return
    for what, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield from (f" {line}" for line in old[a:b])
        else:
            yield from (f"-{line}" for line in old[a:b])
            yield from (f"+{line}" for line in new[c:d])
