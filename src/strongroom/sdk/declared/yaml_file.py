"""YAML to plain values, strictly: YAML 1.2's plain types, no anchors, no tags, no key twice. Needs the extra 'yaml'.

Built from the parser's events and not from PyYAML's own constructors: those read `on`, `1:30` and dates as YAML 1.1
did, follow anchors (of which a few lines become gigabytes), and take the last of two equal keys.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from strongroom.sdk.declared.form import DEPTH_MOST
from strongroom.sdk.errors import Invalid

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

Marks = dict[str, tuple[int, int]]


@dataclass
class _Level:
    """A list or mapping that is being read."""

    path: str
    value: list[Any] | dict[str, Any]
    key: str | None = None
    seen: set[str] = field(default_factory=set)

    def next_path(self) -> str:
        """Where the next value stands."""
        if isinstance(self.value, list):
            return f"{self.path}[{len(self.value)}]"
        return f"{self.path}.{self.key}" if _KEY.fullmatch(self.key or "") else f"{self.path}[{self.key!r}]"

    def take(self, value: Any) -> None:  # noqa: ANN401 - any value
        """The next value."""
        if isinstance(self.value, list):
            self.value.append(value)
        else:
            self.value[self.key or ""] = value
            self.key = None


def parse(name: str, text: str) -> tuple[Any, Marks]:
    """The value, and where each part of it stands. :raises Invalid: it is not YAML, or uses what is not allowed."""
    try:
        return _Builder(name).build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise Invalid(f"{place}: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise Invalid(f"{name}: {error}") from error


class _Builder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: Marks = {}
        self.levels: list[_Level] = []
        self.documents: list[Any] = []

    def build(self, text: str) -> tuple[Any, Marks]:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            match event:
                case yaml.AliasEvent():
                    self._refuse(event, "anchors and aliases are not read here")
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.SequenceStartEvent():
                    self._open(event, [])
                case yaml.MappingStartEvent():
                    self._open(event, {})
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    done = self.levels.pop()
                    self._take(event, done.value)
        if len(self.documents) != 1:
            raise Invalid(f"{self.name}: a file holds one document.")
        return self.documents[0], self.marks

    def _refuse(self, event: Any, why: str) -> None:  # noqa: ANN401 - PyYAML has no types
        mark = event.start_mark
        raise Invalid(f"{self.name}:{mark.line + 1}:{mark.column + 1}: {why}.")

    def _check(self, event: Any) -> None:  # noqa: ANN401
        if event.anchor is not None:
            self._refuse(event, "anchors and aliases are not read here")
        if event.tag is not None and event.tag != "!":
            self._refuse(event, "tags are not read here")

    def _mark(self, event: Any) -> str:  # noqa: ANN401
        """The path of a value that begins; where it stands is noted."""
        path = self.levels[-1].next_path() if self.levels else "$"
        self.marks[path] = (event.start_mark.line + 1, event.start_mark.column + 1)
        return path

    def _awaits_key(self) -> bool:
        level = self.levels[-1] if self.levels else None
        return level is not None and isinstance(level.value, dict) and level.key is None

    def _open(self, event: Any, value: list[Any] | dict[str, Any]) -> None:  # noqa: ANN401
        self._check(event)
        if self._awaits_key():
            self._refuse(event, "a key is a text")
        if len(self.levels) >= DEPTH_MOST:
            self._refuse(event, f"more than {DEPTH_MOST} levels")
        self.levels.append(_Level(self._mark(event), value))

    def _scalar(self, event: Any) -> None:  # noqa: ANN401
        self._check(event)
        if not self._awaits_key():
            self._mark(event)
            self._take(event, _plain(event.value) if event.style is None else event.value)
            return
        level = self.levels[-1]
        if event.value in level.seen:
            self._refuse(event, f"{event.value!r} stands twice in one mapping")
        level.seen.add(event.value)
        level.key = event.value

    def _take(self, event: Any, value: Any) -> None:  # noqa: ANN401
        if self._awaits_key():
            self._refuse(event, "a key is a text")
        if self.levels:
            self.levels[-1].take(value)
        else:
            self.documents.append(value)


def _plain(text: str) -> Any:  # noqa: ANN401 - any value
    """A scalar without quotes, by the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
