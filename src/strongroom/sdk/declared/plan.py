"""What differs between declared objects, what was applied last, and what is there. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from strongroom.sdk.api import encode
from strongroom.sdk.declared.objects import ORDER, OWNED, Members, Object, Plain

Action = Literal["create", "change", "delete"]
SHOWN_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Found:
    """An object as the server has it. `more` is what its kind needs to change it, such as its uid."""

    members: Members
    etag: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A member that is to change. `drifted`: it is declared as it was applied last, so somebody else changed it."""

    member: str
    old: Plain
    new: Plain
    drifted: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One object that is to be made, changed or removed. `drifted`: it was applied once, and is gone or different."""

    action: Action
    object: Object
    differences: tuple[Difference, ...]
    found: Found | None = None

    @property
    def drifted(self) -> bool:
        """Whether something was changed besides the declaration."""
        return any(one.drifted for one in self.differences)


@dataclass(frozen=True, slots=True)
class Record:
    """What was applied last, by key. `etag` is that of the alias which says which record it is; 0: there is none."""

    objects: Mapping[str, Object] = field(default_factory=dict)
    etag: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in order.

    :ivar left: applied once and not declared any more; they stay, unless pruned.
    :ivar waiting: aliases whose mark is declared and which do not exist yet. :ivar problems: why it cannot be applied.
    """

    steps: tuple[Step, ...]
    left: tuple[Object, ...]
    waiting: tuple[Object, ...]
    problems: tuple[str, ...]
    declared: tuple[Object, ...]
    record: Record

    @property
    def digest(self) -> str:
        """The same as long as declaration, record and everything that the plan compared are the same."""
        seen: list[Any] = [self.record.etag]
        for one in self.steps:
            changes = [(each.member, each.old, each.new) for each in one.differences]
            etag = one.found.etag if one.found else None
            seen.append((one.action, one.object.key, sorted(one.object.secrets.items()), changes, etag))
        return hashlib.sha256(msgspec.json.encode(seen, order="deterministic", enc_hook=encode)).hexdigest()


def plan(
    wanted: Sequence[Object], found: Mapping[str, Found | None], record: Record, problems: Sequence[str], *, prune: bool
) -> Plan:
    """The steps from what is there to what is declared.

    :param found: by key, of every declared object and of those in the record.
    """
    steps: list[Step] = []
    waiting: list[Object] = []
    for one in wanted:
        there = found[one.key]
        if there is None and one.kind == "alias" and "version" not in one.members:
            waiting.append(one)
            continue
        differences = _differences(one, there, record.objects.get(one.key))
        if there is None or differences:
            steps.append(Step("create" if there is None else "change", one, differences, there))
    keys = {one.key for one in wanted}
    left = [one for key, one in record.objects.items() if key not in keys and found[key] is not None]
    if prune:
        steps += [_deletion(one, found[one.key]) for one in sorted(left, key=_place, reverse=True)]
        left = []
    return Plan(tuple(steps), tuple(left), tuple(waiting), tuple(problems), tuple(wanted), record)


def _place(one: Object) -> int:
    return ORDER.index(one.kind)


def _deletion(one: Object, there: Found | None) -> Step:
    members = there.members if there else {}
    return Step("delete", one, tuple(Difference(name, members.get(name), None) for name in one.members), there)


def _differences(one: Object, there: Found | None, applied: Object | None) -> tuple[Difference, ...]:
    before: Members = applied.members if applied else {}
    now: Members = there.members if there else {}
    taken_back = {name: None for name in before if name.startswith(OWNED) and name not in one.members}
    found = []
    for name, new in sorted({**one.members, **taken_back}.items()):
        old = now.get(name)
        if not same(old, new):
            found.append(Difference(name, old, new, drifted=name in before and same(before[name], new)))
    return tuple(found)


def same(old: Plain, new: Plain) -> bool:
    """Whether two JSON values are one: `1` and `1.0` are, `1` and `true` are not."""
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same, old, new))
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(same(value, new[name]) for name, value in old.items())
    return bool(old == new)


def shown(value: Plain) -> str:
    """A value for people, on one line."""
    if value is None:
        return "(none)"
    said = msgspec.json.encode(value, enc_hook=encode).decode()
    return said if len(said) <= SHOWN_LONGEST else f"{said[:SHOWN_LONGEST]}… ({len(said)} characters)"
