"""What stands at a time, as facts: of the live tables as a server tells them, or of the log as `fold` rebuilds them.

A file of facts has a line of JSON each. Line 1 is the header: ``{"strongroom_state":1,"at":T,"now":T,"kinds":[...],
"size":n,"pending":[uid...]}``: all records below leaf `size`, and those in `pending`, were committed before the first
fact was read. Then facts, ``{"kind":"alias","key":[...],"fields":{...}}``. The last line, ``{"end":m,"facts":k}``, is
there when all facts are: what they show was committed when the log, with what waited for a number, had `m` records.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from strongroom.domain.audit import canonical_json
from strongroom.domain.audit.canonical_json import MAX_INT, Json
from strongroom.domain.errors import Invalid

FORMAT: Final = 1
MAX_LINE_BYTES: Final = 1_048_576
MAX_PENDING: Final = 10_000
"""Records that may wait for a number while facts are read."""


class Kind(StrEnum):
    """What a fact is about; its key in brackets."""

    ALIAS = "alias"  # asset, name
    STAGE = "stage"  # version
    GRANT = "grant"  # grant
    MEMBER = "member"  # team, principal
    TOKEN = "token"  # noqa: S105 - the word for it, no secret; token id
    DISABLED = "disabled"  # principal
    ENVIRONMENT = "environment"  # workspace, name
    RELEASE = "release"  # release
    PLACEMENT = "placement"  # workspace, environment, line, mode
    APPROVAL = "approval"  # request for approval
    VERDICT = "verdict"  # verdict
    WAIVER = "waiver"  # waiver


NO_HISTORY: Final = frozenset({Kind.DISABLED, Kind.ENVIRONMENT})
"""Kinds of which the tables keep the present only."""

Key = tuple[str, ...]
KEY_LONGEST: Final = 4


@dataclass(frozen=True, slots=True)
class Fact:
    """That something stands, and how. Fields that whoever tells does not know are left out."""

    kind: Kind
    key: Key
    fields: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Opening:
    """The header; times in microseconds UTC. :param at: the time that is told of; None: as it is `now`."""

    at: int | None
    now: int
    kinds: tuple[Kind, ...]
    size: int
    pending: frozenset[str]

    @property
    def of(self) -> int:
        """The time that is told of."""
        return self.now if self.at is None else self.at


@dataclass(frozen=True, slots=True)
class Closing:
    """The last line. :param end: how long the log must be to explain the facts. :param facts: how many there are."""

    end: int
    facts: int


def encode(line: Opening | Fact | Closing) -> bytes:
    """A line of a file of facts, with its line feed."""
    value: dict[str, object]
    match line:
        case Opening(at, now, kinds, size, pending):
            value = {"strongroom_state": FORMAT, "at": at, "now": now, "kinds": [kind.value for kind in kinds]}
            value |= {"size": size, "pending": sorted(pending)}
        case Fact(kind, key, fields):
            value = {"kind": kind.value, "key": list(key), "fields": fields}
        case Closing(end, facts):
            value = {"end": end, "facts": facts}
    return json.dumps(value, separators=(",", ":"), default=dict).encode("ascii") + b"\n"


def decode(line: bytes) -> Opening | Fact | Closing:
    """Read a line. :raises Invalid: it is none."""
    try:
        value = json.loads(line) if len(line) <= MAX_LINE_BYTES else None
    except (ValueError, RecursionError):
        value = None
    match value:
        case {
            "strongroom_state": 1,
            "at": at,
            "now": now,
            "kinds": list(kinds),
            "size": size,
            "pending": list(waiting),
        }:
            when = None if at is None else _count(at)
            uids = frozenset(_text(one) for one in waiting[: MAX_PENDING + 1])
            return Opening(when, _count(now), tuple(_kind(one) for one in kinds), _count(size), uids)
        case {"kind": kind, "key": list(key), "fields": dict(fields), **rest} if (
            not rest and 1 <= len(key) <= KEY_LONGEST
        ):
            frozen = canonical_json.freeze(fields)
            assert isinstance(frozen, Mapping)  # noqa: S101 - a frozen dict is one
            return Fact(_kind(kind), tuple(_text(one) for one in key), frozen)
        case {"end": end, "facts": facts, **rest} if not rest:
            return Closing(_count(end), _count(facts))
    raise Invalid("That is not a line of a file of facts, as `strongroom audit state` writes it.")


def _kind(value: object) -> Kind:
    try:
        return Kind(_text(value))
    except ValueError:
        raise Invalid("A file of facts has a kind that this version of Strongroom does not know.") from None


def _text(value: object) -> str:
    frozen = canonical_json.freeze(value)
    if not isinstance(frozen, str):
        raise Invalid("A key in a file of facts is a text.")
    return frozen


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_INT:
        raise Invalid("A number in a file of facts is whole and not negative.")
    return value


NO_FIELDS: Final[Mapping[str, Json]] = MappingProxyType({})
