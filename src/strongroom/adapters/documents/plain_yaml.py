"""YAML as plain values, built from the parser's events: no constructor of the library ever runs.

Every tag is refused. An alias stands for what it names, and counts for as much: a page of them may not stand for
gigabytes. Depth, values and characters are bounded while reading, so that nothing is built to be refused afterwards.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import yaml

from strongroom.application.ports.documents import LARGEST, UnreadableDocumentError

DEEPEST: Final = 32
VALUES_MOST: Final = 50_000
INTEGER_LARGEST: Final = 2**53 - 1
_SAID_MOST: Final = 200

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""As YAML 1.2 has it. In YAML 1.1 `no`, Norwegian in a card's languages, was false; who wrote that quoted the text."""
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,15})")
_FLOAT: Final = re.compile(r"[-+]?([0-9]{1,40}\.[0-9]{0,40}|\.[0-9]{1,40}|[0-9]{1,40}(?=[eE]))([eE][-+]?[0-9]{1,4})?")


class PlainYaml:
    """See :class:`strongroom.application.ports.documents.LoadYaml`."""

    def load(self, data: bytes) -> object:
        if len(data) > LARGEST:
            _refuse(f"it has more than {LARGEST} bytes")
        try:
            return _Reading(yaml.parse(data.decode(), Loader=_LOADER)).document()
        except UnicodeDecodeError:
            _refuse("it is no UTF-8")
        except yaml.YAMLError as error:
            _refuse(f"it is no YAML: {' '.join(str(error).split())[:_SAID_MOST]}")


def _refuse(reason: str) -> NoReturn:
    """:raises UnreadableDocumentError: always."""
    raise UnreadableDocumentError(f"{reason}.")


class _Reading:
    """One document on its way from events to values; counts what was read, aliases as what they stand for."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._values = self._characters = 0
        self._named: dict[str, tuple[object, int, int]] = {}

    def document(self) -> object:
        found: object = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    _refuse("it is more than one document")
                if event.tags or event.version:
                    _refuse("it has directives")
                found = self._value(next(self._events), DEEPEST)
        return found

    def _count(self, values: int, characters: int) -> None:
        self._values += values
        self._characters += characters
        if self._values > VALUES_MOST:
            _refuse(f"it has more than {VALUES_MOST} values")
        if self._characters > LARGEST:
            _refuse(f"it stands for more than {LARGEST} characters")

    def _value(self, event: Any, depth: int) -> object:  # noqa: ANN401 - an event of the library
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor)
        if event.tag is not None:
            _refuse("it has tags")
        values, characters = self._values, self._characters
        self._count(1, 0)
        found = self._built(event, depth)
        if event.anchor is not None:
            self._named[event.anchor] = found, self._values - values, self._characters - characters
        return found

    def _alias(self, name: str) -> object:
        if name not in self._named:  # one inside what it names, too
            _refuse("an alias names nothing before it")
        found, values, characters = self._named[name]
        self._count(values, characters)
        return found

    def _built(self, event: Any, depth: int) -> object:  # noqa: ANN401 - an event of the library
        if isinstance(event, yaml.ScalarEvent):
            self._count(0, len(event.value))
            return _scalar(event.value) if event.implicit[0] else event.value
        if not depth:
            _refuse(f"lists and mappings stand inside one another more than {DEEPEST} deep")
        if isinstance(event, yaml.SequenceStartEvent):
            return list(self._items(depth - 1))
        return self._mapping(depth - 1)

    def _items(self, depth: int) -> Iterator[object]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._value(event, depth)

    def _mapping(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
                _refuse("a key is no plain text")
            if event.value in found:
                _refuse(f"the key {event.value[:_SAID_MOST]!r} stands twice")
            self._count(1, len(event.value))
            found[event.value] = self._value(next(self._events), depth)
        return found


def _scalar(text: str) -> object:
    """What a text without quotes stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = int(text)
        return number if abs(number) <= INTEGER_LARGEST else text
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else text
    return text
