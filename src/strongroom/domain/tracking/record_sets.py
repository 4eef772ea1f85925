"""Record sets: rows for evaluations, merged by what they ask, until they are frozen into a data set (domain.md N9)."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.text import clean_line

NAME_LONGEST: Final = 500
RECORD_LARGEST: Final = 1024**2
"""Bytes of one record as JSON."""
RECORDS_AT_ONCE: Final = 10_000
RECORDS_MOST: Final = 100_000
BYTES_MOST: Final = 64 * 1024**2
"""Bytes of all records of a set as JSON: so much is read at once when it is frozen."""
DEPTH_MOST: Final = 64
FIELDS_MOST: Final = 1_000
"""Fields of inputs, outputs or expectations whose type is noted."""

Document: TypeAlias = Mapping[str, object]
Schema: TypeAlias = Mapping[str, object]
PARTS: Final = ("inputs", "outputs", "expectations")


@dataclass(frozen=True, slots=True)
class RecordSet:
    """A set of records in a namespace; its name need not be its own.

    :param generation: how often its records changed. :param schema: what types the fields of its records have had.
    """

    id: int
    uid: str
    workspace_id: int
    namespace_id: int
    namespace_path: str
    namespace_slug_path: str
    name: str
    schema: Schema
    records: int
    bytes: int
    generation: int
    etag: int
    created_by: str
    recorded_at: int
    updated_at: int

    @property
    def digest(self) -> str:
        """Eight hex digits that change whenever the records do; of their content it says nothing."""
        return hashlib.sha256(f"{self.uid}/{self.generation}".encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class EvalRecord:
    """One record: what is asked, what came out, what is expected. `key` is the SHA-256 of its inputs.

    :param outputs: any JSON. :param source: where it came from, as its maker says it.
    """

    id: int
    uid: str
    key: str
    inputs: Document
    outputs: object
    expectations: Document | None
    tags: Mapping[str, str]
    source: Document | None
    size: int
    recorded_at: int
    updated_at: int

    def line(self) -> bytes:
        """The record on a line of JSON, as it is frozen; what is not there is left out."""
        said = {"inputs": self.inputs, "outputs": self.outputs, "expectations": self.expectations}
        rest = {"tags": dict(self.tags) or None, "source": self.source}
        return spelled({name: value for name, value in (said | rest).items() if value is not None})


@dataclass(frozen=True, slots=True)
class NewRecord:
    """What is said of a record: it is added, or merged into the one with the same inputs.

    :param has_outputs: whether outputs are said, which may be null; they replace those that were there.
    """

    inputs: Document
    outputs: object = None
    has_outputs: bool = False
    expectations: Document | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    source: Document | None = None


def clean_set_name(text: str) -> str:
    """Name of a record set in NFC, 1 to 500 characters. :raises Invalid: another form."""
    return clean_line(text, what="record set's name", longest=NAME_LONGEST, error=Invalid)


def spelled(value: object) -> bytes:
    """JSON with sorted keys. :raises Invalid: NaN or infinity, no JSON, or nested too deep."""
    try:
        raw = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError, UnicodeEncodeError):
        raise Invalid("A record is JSON: without NaN, infinity, lone surrogates, or endless nesting.") from None
    if _depth(raw) > DEPTH_MOST:
        raise Invalid(f"A record is nested at most {DEPTH_MOST} deep.", limit=DEPTH_MOST)
    return raw


_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


def _depth(raw: bytes) -> int:
    deepest = depth = 0
    for sign in _STRING.sub(b"", raw):
        if sign in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in b"]}":
            depth -= 1
    return deepest


def key_of(inputs: Document) -> str:
    """What tells a record from others of its set."""
    return hashlib.sha256(spelled(inputs)).hexdigest()


def merged(old: EvalRecord | None, new: NewRecord) -> NewRecord:
    """A record with what is new said of it: fields of expectations and tags one by one, outputs as a whole."""
    if old is None:
        return new
    expectations = {**(old.expectations or {}), **(new.expectations or {})}
    return NewRecord(
        old.inputs,
        new.outputs if new.has_outputs else old.outputs,
        has_outputs=True,
        expectations=expectations if expectations or old.expectations is not None else None,
        tags={**old.tags, **new.tags},
        source=old.source if old.source is not None else new.source,
    )


def size_of(record: NewRecord) -> int:
    """Bytes of a record as JSON. :raises TooLarge: too many. :raises Invalid: see `spelled`."""
    said = [record.inputs, record.outputs, record.expectations, dict(record.tags), record.source]
    size = len(spelled(said))
    if size > RECORD_LARGEST:
        raise TooLarge(f"A record has at most {RECORD_LARGEST} bytes.", limit=RECORD_LARGEST)
    return size


def with_fields(schema: Schema, records: Sequence[NewRecord]) -> Schema:
    """The types of all fields seen so far; the first type of a field stays."""
    found: dict[str, object] = {part: _fields(schema.get(part)) for part in PARTS}
    for record in records:
        for part in PARTS:
            value, known = getattr(record, part), found[part]
            if isinstance(value, Mapping) and isinstance(known, dict):
                fresh = [name for name in value if name not in known][: FIELDS_MOST - len(known)]
                known.update({name: type_of(value[name]) for name in fresh})
            elif value is not None and not known:
                found[part] = type_of(value)
    return found


def _fields(known: object) -> object:
    return dict(known) if isinstance(known, Mapping) else known or {}


def type_of(value: object) -> str:
    """JSON's word for the type of a value, floats and integers told apart."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "float"
        case str():
            return "string"
        case list() | tuple():
            return "array"
    return "object"
