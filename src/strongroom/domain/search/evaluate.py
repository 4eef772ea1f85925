"""What a filter and an order mean, on plain records: the oracle that the databases are tested against."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.search.ast import (
    MEASURED,
    SAID,
    SETS,
    And,
    Atom,
    Between,
    Compare,
    Contains,
    Expr,
    Field,
    Group,
    In,
    IsNull,
    Like,
    Matches,
    Not,
    On,
    Op,
    Or,
    OrderTerm,
    Part,
    Some,
    Value,
    values_of,
)
from strongroom.domain.search.schema import MATCHED_LONGEST, SORTED_LONGEST, Type, kind_of
from strongroom.domain.search.words import contains
from strongroom.domain.tracking.values import spelled_number

_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric's number for each part, and on which data set it was measured, when that is known.

    :param at: orders what was measured on several data sets: the greatest counts.
    :param newest: of an evaluation, whether it is the last on that digest, by whatever name of the data set.
    """

    parts: Mapping[Part, float]
    dataset: str | None = None
    digest: str | None = None
    at: tuple[int, ...] = ()
    newest: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """One row with what is said of it; times are microseconds. `datasets` are told apart by name, digest, context.

    `said` are the values of assessments, None of null; `spans` what each span has, ``attributes.KEY`` too.
    """

    id: int
    attributes: Mapping[str, Value | None]
    tags: Mapping[str, str | None] = field(default_factory=dict)
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    evaluations: Mapping[str, Sequence[Reading]] = field(default_factory=dict)
    datasets: Sequence[Mapping[str, str | None]] = ()
    aliases: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    sets: Mapping[Group, frozenset[str]] = field(default_factory=dict)
    said: Mapping[tuple[Group, str], Sequence[str | float | None]] = field(default_factory=dict)
    spans: Sequence[Mapping[str, Value | None]] = ()


Search = Callable[[str, str], bool]
"""Whether an expression is found in a text."""


def no_expressions(_pattern: str, _text: str) -> bool:
    """For those who have no RE2. :raises Invalid: always."""
    raise Invalid("Regular expressions cannot be used here.")


def evaluate(expr: Expr, record: Record, search: Search = no_expressions) -> bool | None:
    """Whether a checked filter holds; None is unknown."""
    match expr:
        case Not(term):
            inner = evaluate(term, record, search)
            return None if inner is None else not inner
        case And(terms):
            return every([evaluate(term, record, search) for term in terms])
        case Or(terms):
            return _not(every([_not(evaluate(term, record, search)) for term in terms]))
        case Matches(field, pattern):
            if field.group in SAID:
                said = record.said.get((field.group, field.name)) or ()
                return any(isinstance(one, str) and search(pattern, one[:MATCHED_LONGEST]) for one in said)
            text = _value(field, record, Type.TEXT)
            return None if text is None else search(pattern, str(text)[:MATCHED_LONGEST])
        case Contains(asked):
            return contains(record.words, asked)
        case Some(terms):
            return any(every([_of_span(term, span, search) for term in terms]) is True for span in record.spans)
        case _:
            return _atom(expr, record)


def _not(value: bool | None) -> bool | None:  # noqa: FBT001 - a truth value
    return None if value is None else not value


def every(values: Iterable[bool | None]) -> bool | None:
    """AND of truth values."""
    values = list(values)
    if False in values:
        return False
    return None if None in values else True


def _atom(atom: Atom, record: Record) -> bool | None:
    if atom.field.group in SETS:
        found = record.aliases if atom.field.group is Group.ALIAS else record.sets.get(atom.field.group, frozenset())
        return _alias(atom, found)
    if atom.field.group in SAID:
        return _of_said(atom, record.said.get((atom.field.group, atom.field.name)))
    if atom.field.group in {*MEASURED, Group.DATASET}:
        return _any_of(atom, _several(atom.field, record))
    if isinstance(atom, IsNull):
        return _any_value(atom.field, record) is None
    value = _value(atom.field, record, kind_of(values_of(atom)[0]))
    return None if value is None else _holds(atom, value)


def _of_said(atom: Atom, values: Sequence[str | float | None] | None) -> bool:
    """Whether it holds of any valid assessment of the name; never unknown."""
    if isinstance(atom, IsNull):
        return values is None
    texts = kind_of(values_of(atom)[0]) is Type.TEXT
    fitting = [one for one in values or () if one is not None and isinstance(one, str) is texts]
    return any(_holds(atom, one) for one in fitting)


def _of_span(atom: Atom, span: Mapping[str, Value | None], search: Search) -> bool | None:
    found = span.get(atom.field.name)
    if isinstance(atom, IsNull):
        return found is None
    if found is None or kind_of(found) is not kind_of(values_of(atom)[0]):
        return None
    if isinstance(atom, Matches):
        return search(atom.pattern, str(found)[:MATCHED_LONGEST])
    return _holds(atom, found)


def _alias(atom: Atom, aliases: frozenset[str]) -> bool:
    """Aliases are a set: `=` asks whether it holds the name, `!=` whether it does not; never unknown."""
    if isinstance(atom, IsNull):
        return not aliases
    if isinstance(atom, Compare) and atom.op is Op.NE:
        return atom.value not in aliases
    return any(_holds(atom, alias) for alias in aliases)


def _any_of(atom: Atom, found: Sequence[Value]) -> bool | None:
    """Of what has several values: whether it holds for any; unknown where there is none."""
    if isinstance(atom, IsNull):
        return not found
    return any(_holds(atom, one) for one in found) if found else None


def _several(what: Field, record: Record) -> list[Value]:
    if what.group is Group.DATASET:
        return [value for dataset in record.datasets if (value := dataset.get(what.name)) is not None]
    numbers = [reading.parts[what.part] for reading in _readings(what, record)]
    return [number for number in numbers if not math.isnan(number)]


def _readings(what: Field, record: Record) -> list[Reading]:
    """What was measured of a metric on the data set that is meant, or on any."""
    on = what.on
    if what.group is Group.EVALUATION:
        return [one for one in record.evaluations.get(what.name, ()) if _evaluated_on(one, on)]
    return [
        reading
        for reading in record.metrics.get(what.name, ())
        if on is None or (reading.dataset == on.name and on.digest in {None, reading.digest})
    ]


def _evaluated_on(reading: Reading, on: On | None) -> bool:
    """A data set by its name or its digest; by both when both are given."""
    if on is None:
        return reading.newest
    if on.digest is None:
        return on.name == reading.dataset or (on.name == reading.digest and reading.newest)
    return (on.name, on.digest) == (reading.dataset, reading.digest)


def _any_value(what: Field, record: Record) -> Value | None:
    """The value of a field, of whatever type; of several readings that of the latest."""
    if what.group is Group.PROPERTY:
        return record.properties.get(what.name)
    if what.group in MEASURED:
        readings = _readings(what, record)
        number = max(readings, key=lambda reading: reading.at).parts[what.part] if readings else None
        return None if number is None or math.isnan(number) else number
    return _value(what, record, Type.TEXT)


def _value(what: Field, record: Record, kind: Type) -> Value | None:
    """The value of a field where it is of the type that it is compared with; None otherwise."""
    match what.group:
        case Group.ATTRIBUTE:
            return record.attributes[what.name]
        case Group.TAG:
            return (record.tags[what.name] or "") if what.name in record.tags else None
        case Group.PROPERTY:
            found = record.properties.get(what.name)
            if found is None or kind_of(found) is not kind:
                return None
            return float(found) if kind is Type.INTEGER else found
        case Group.PARAM:
            text = record.params.get(what.name)
            return spelled_number(text) if text is not None and kind is Type.INTEGER else text
        case _:
            raise AssertionError("of these there may be several")


def _holds(atom: Atom, found: Value) -> bool:
    match atom:
        case Compare(_, op, value):
            return _compare(op, found, value)
        case In(_, values):
            return found in values
        case Between(_, low, high):
            return _compare(Op.GE, found, low) and _compare(Op.LE, found, high)
        case Like(_, pattern, any_case):
            text = str(found).translate(_FOLD) if any_case else str(found)
            return _pattern(pattern.translate(_FOLD) if any_case else pattern).fullmatch(text) is not None
        case Matches() | Contains() | IsNull():
            raise AssertionError("not of a value")


def _compare(op: Op, left: Value, right: Value) -> bool:
    """Numbers by size, texts by code points."""
    a: Any = left
    b: Any = right
    match op:
        case Op.EQ:
            return bool(a == b)
        case Op.NE:
            return bool(a != b)
        case Op.LT:
            return bool(a < b)
        case Op.LE:
            return bool(a <= b)
        case Op.GT:
            return bool(a > b)
        case Op.GE:
            return bool(a >= b)


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> re.Pattern[str]:
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    spelled = {"%": ".*", "_": "."}
    return re.compile("".join(spelled.get(piece) or re.escape(piece[-1]) for piece in pieces), re.DOTALL)


def keys_of(term: OrderTerm, record: Record) -> tuple[Value | None, ...]:
    """The values that a term orders by: a number, or the head of a text; of properties either."""
    if term.field.group is Group.PROPERTY:
        found = record.properties.get(term.field.name)
        text = found[:SORTED_LONGEST] if isinstance(found, str) else None
        return None if found is None or isinstance(found, str) else float(found), text
    if term.field.group is Group.PARAM:
        param = record.params.get(term.field.name)
        number = None if param is None else spelled_number(param)
        return number, None if param is None or number is not None else param[:SORTED_LONGEST]
    found = _any_value(term.field, record)
    return (found[:SORTED_LONGEST] if isinstance(found, str) else found,)


def ordered(records: list[Record], order: tuple[OrderTerm, ...]) -> list[Record]:
    """Records in order, without one the latest first: none comes last, ties by id in the first term's direction."""
    found = sorted(records, key=lambda record: record.id, reverse=not order or order[0].descending)
    for term in reversed(order):
        for place in reversed(range(len(keys_of(term, found[0])) if found else 0)):
            having = [record for record in found if keys_of(term, record)[place] is not None]
            missing = [record for record in found if keys_of(term, record)[place] is None]
            having = _stable(having, term, place)
            found = having + missing
    return found


def _stable(records: list[Record], term: OrderTerm, place: int) -> list[Record]:
    """Sorted by one key, equal ones in the order they had."""

    def key(record: Record) -> object:
        return keys_of(term, record)[place]

    return sorted(records, key=key, reverse=term.descending)  # type: ignore[arg-type]  # of one type
