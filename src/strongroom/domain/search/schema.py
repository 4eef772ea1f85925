"""Which fields each entity has, of what type, and whether a tree uses them rightly.

`check` is the gate that every tree passes, whoever built it: it bounds the tree and brings literals into the form that
both databases compare alike.
"""

import re
import unicodedata
from dataclasses import replace

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.fields import clean_tag_key
from strongroom.domain.registry.text import clean_line, clean_text
from strongroom.domain.search.ast import (
    MANY,
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
    atoms,
    values_of,
)
from strongroom.domain.search.fields import (
    ATTRIBUTES,
    DATASETS,
    GROUPS,
    PARTS,
    SPAN_ATTRIBUTES,
    SPAN_FIELDS,
    SPAN_TERMS_MOST,
    Attribute,
    Entity,
    Type,
    attribute,
    is_set,
)
from strongroom.domain.search.times import value_time
from strongroom.domain.search.words import asked_words
from strongroom.domain.tracking.assessments import NAME_LONGEST
from strongroom.domain.tracking.values import clean_key

#: The tables of fields are read from here too.
__all__ = [
    "ATTRIBUTES",
    "DATASETS",
    "GROUPS",
    "PARTS",
    "SPAN_ATTRIBUTES",
    "SPAN_FIELDS",
    "SPAN_TERMS_MOST",
    "Attribute",
    "Entity",
    "Type",
    "attribute",
    "is_set",
]

TERMS_MOST = 500
DEPTH_MOST = 50
"""Levels of NOT and parentheses in a text."""
TREE_DEPTH_MOST = 30
"""Levels of AND, OR and NOT in a tree; SQLite's parser has a stack of 100 symbols."""
IN_MOST = 1_000
VALUES_MOST = 8_192
"""Literals in a whole filter; SQLite takes 32,766 variables a statement."""
ORDER_MOST = 5
PATTERN_LONGEST = 1_000
EXPRESSIONS_MOST = 10
"""Regular expressions in a filter."""
MATCHED_LONGEST = 6_000
"""Characters of a text that a regular expression sees."""
TEXT_LONGEST = 6_000
SORTED_LONGEST = 100
"""Characters of a text that ordering looks at; what is equal so far is ordered by age."""

_INTEGER_LARGEST = 2**63 - 1
_OPEN_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")


def check_field(entity: Entity, field: Field) -> Field:
    """The field with its name as it is stored. :raises Invalid: the entity has no such field."""
    if field.group not in GROUPS[entity]:
        raise Invalid(f"A {entity} has no {field.group}.")
    match field.group:
        case Group.ATTRIBUTE:
            attribute(entity, field)
        case Group.TAG | Group.PROPERTY:
            return replace(field, name=clean_tag_key(field.name))
        case Group.PARAM:
            return replace(field, name=clean_key(field.name))
        case Group.METRIC:
            return _check_metric(entity, field)
        case Group.EVALUATION:
            return replace(field, name=clean_key(field.name), on=_check_on(entity, field.on))
        case Group.DATASET:
            return _check_dataset(entity, field)
        case Group.SPAN:
            span_field(field)
        case group if group in SAID:
            return replace(field, name=clean_line(field.name, what="name", longest=NAME_LONGEST, error=Invalid))
        case _:
            return Field(field.group)
    return field


def _check_metric(entity: Entity, field: Field) -> Field:
    if field.part not in PARTS[entity]:
        raise Invalid(f"Of the metrics of a {entity} {', '.join(sorted(PARTS[entity]))} are kept.")
    return replace(field, name=clean_key(field.name), on=_check_on(entity, field.on))


def _check_dataset(entity: Entity, field: Field) -> Field:
    if field.name not in DATASETS[entity]:
        known = ", ".join(f"dataset.{name}" for name in DATASETS[entity])
        raise Invalid(f"A {entity} has {known}; not dataset.{field.name[:40]}.")
    return replace(field, on=_check_on(entity, field.on))


def _check_on(entity: Entity, on: On | None) -> On | None:
    """The data set in the form that it is kept in."""
    if on is None:
        return None
    if entity not in {Entity.LOGGED_MODEL, Entity.VERSION}:
        raise Invalid("Logged models and versions alone are measured on data sets.")

    def clean(text: str) -> str:
        return unicodedata.normalize("NFC", clean_text(text, what="data set", longest=TEXT_LONGEST))

    return On(clean(on.name), clean(on.digest) if on.digest is not None else None)


def span_field(field: Field) -> Attribute | None:
    """What a span has of that name; None of an attribute, which has whatever type. :raises Invalid: nothing."""
    if field.name.startswith(SPAN_ATTRIBUTES) and len(field.name) > len(SPAN_ATTRIBUTES):
        if len(field.name) > TEXT_LONGEST:
            raise Invalid(f"The key of an attribute has at most {TEXT_LONGEST} characters.", limit=TEXT_LONGEST)
        clean_text(field.name, what="key", longest=TEXT_LONGEST)
        return None
    found = SPAN_FIELDS.get(field.name)
    if found is None:
        known = ", ".join(sorted(SPAN_FIELDS))
        raise Invalid(f"A span has no {field.name[:100]!r}; it has {known}, and attributes.KEY.")
    return found


def check_order(entity: Entity, terms: tuple[OrderTerm, ...]) -> tuple[OrderTerm, ...]:
    """What to order by, checked. :raises Invalid: too much, or by aliases, of which a row may have many."""
    if len(terms) > ORDER_MOST:
        raise Invalid(f"At most {ORDER_MOST} things to order by.", limit=ORDER_MOST)
    if any(term.field.group in MANY for term in terms):
        raise Invalid("Nothing can be ordered by text, aliases, data sets or other things of which a row has several.")
    return tuple(OrderTerm(check_field(entity, term.field), term.descending) for term in terms)


def check(entity: Entity, expr: Expr) -> Expr:
    """The tree with its names and literals in the form that is compared.

    :raises Invalid: a field that the entity has not, a literal of the wrong type, too deep, too many terms or values.
    """
    counts = [0, 0]
    expressions = [atom for atom in atoms(expr) if isinstance(atom, Matches)]
    if len(expressions) > EXPRESSIONS_MOST:
        raise Invalid(f"A filter has at most {EXPRESSIONS_MOST} regular expressions.", limit=EXPRESSIONS_MOST)

    def walk(node: Expr, depth: int) -> Expr:
        if depth > TREE_DEPTH_MOST:
            raise Invalid(f"A filter is at most {TREE_DEPTH_MOST} levels deep.", limit=TREE_DEPTH_MOST)
        match node:
            case Not(term):
                return Not(walk(term, depth + 1))
            case And(terms):
                return And(tuple(walk(term, depth + 1) for term in terms))
            case Or(terms):
                return Or(tuple(walk(term, depth + 1) for term in terms))
            case Some(terms):
                return check_some(entity, tuple(leaf(term) for term in terms))
            case _:
                atom = leaf(node)
                return Some((atom,)) if atom.field.group is Group.SPAN else atom

    def leaf(node: Atom) -> Atom:
        counts[0] += 1
        counts[1] += len(values_of(node))
        check_counts(*counts)
        return check_atom(entity, node)

    return walk(expr, 0)


def check_some(entity: Entity, terms: tuple[Atom, ...]) -> Some:
    """Comparisons of one span, each of them checked. :raises Invalid: none, too many, or of something else."""
    if Group.SPAN not in GROUPS[entity]:
        raise Invalid(f"A {entity} has no spans.")
    if not 1 <= len(terms) <= SPAN_TERMS_MOST or any(term.field.group is not Group.SPAN for term in terms):
        raise Invalid(f"SPAN (...) takes 1 to {SPAN_TERMS_MOST} comparisons of spans, joined by AND.")
    return Some(terms)


def check_counts(terms: int, values: int) -> None:
    """:raises Invalid: more than a filter may have."""
    if terms > TERMS_MOST:
        raise Invalid(f"A filter has at most {TERMS_MOST} comparisons.", limit=TERMS_MOST)
    if values > VALUES_MOST:
        raise Invalid(f"A filter has at most {VALUES_MOST} values.", limit=VALUES_MOST)


def check_atom(entity: Entity, atom: Atom) -> Atom:
    """One comparison, checked; see `check`."""
    field = check_field(entity, atom.field)
    if (field.group is Group.TEXT) is not isinstance(atom, Contains):
        raise Invalid("CONTAINS is for text, and text is asked by nothing else.")
    match atom:
        case Compare(_, op, value):
            _check_op(entity, field, op)
            return Compare(field, op, coerce(entity, field, value))
        case In(_, values):
            if not 1 <= len(values) <= IN_MOST:
                raise Invalid(f"IN takes 1 to {IN_MOST} values.", limit=IN_MOST)
            return In(field, _alike(tuple(coerce(entity, field, value) for value in values)))
        case Between(_, low, high):
            _check_op(entity, field, Op.LE)
            low, high = _alike((coerce(entity, field, low), coerce(entity, field, high)))
            return Between(field, low, high)
        case Like(_, pattern, any_case):
            return _check_like(entity, field, pattern, any_case=any_case)
        case Matches(_, pattern):
            return Matches(field, _check_pattern(entity, field, pattern, "MATCHES"))
        case Contains(words):
            return Contains(asked_words(clean_text(words, what="text to look for", longest=PATTERN_LONGEST)))
        case IsNull():
            return IsNull(field)


def _check_op(entity: Entity, field: Field, op: Op) -> None:
    if op in {Op.EQ, Op.NE}:
        return
    if field.group in SETS:
        raise Invalid(f"{field.group} is compared by = and != only, IN and LIKE.")
    if field.group is Group.ATTRIBUTE and attribute(entity, field).type is Type.BOOLEAN:
        raise Invalid(f"{field.name} is true or false: compare it by = and !=.")


def _check_like(entity: Entity, field: Field, pattern: object, *, any_case: bool) -> Like:
    text = _check_pattern(entity, field, pattern, "LIKE")
    if _OPEN_ESCAPE.search(text):
        raise Invalid("A pattern may not end in the middle of an escape; write \\\\ for a backslash.")
    return Like(field, text, any_case)


def _check_pattern(entity: Entity, field: Field, pattern: object, word: str) -> str:
    several = field.group in MANY - SAID - {Group.SPAN} or (field.group is Group.SPAN and field.name == "content")
    texts = field.group not in MEASURED and (word == "LIKE" or not several)
    if field.group is Group.ATTRIBUTE:
        texts = attribute(entity, field).type is Type.TEXT
    elif field.group is Group.SPAN and (found := span_field(field)) is not None:
        texts = texts and found.type is Type.TEXT
    if not texts:
        raise Invalid(f"{word} is for texts.")
    if not isinstance(pattern, str) or len(pattern) > PATTERN_LONGEST:
        raise Invalid(f"A pattern is a text of at most {PATTERN_LONGEST} characters.", limit=PATTERN_LONGEST)
    return _text(entity, field, pattern)


def _alike(values: tuple[Value, ...]) -> tuple[Value, ...]:
    if len({kind_of(value) for value in values}) > 1:
        raise Invalid("All values of a list or range are of one type.")
    return values


def kind_of(value: Value) -> Type:
    """What a literal is: for a property or param it also says which of its values are meant."""
    if isinstance(value, bool):
        return Type.BOOLEAN
    return Type.TEXT if isinstance(value, str) else Type.INTEGER


def coerce(entity: Entity, field: Field, value: Value) -> Value:  # noqa: C901 - one case a group
    """A literal as it is compared with a field. :raises Invalid: it is of another type, or out of range."""
    kind = kind_of(value)
    match field.group:
        case Group.ATTRIBUTE:
            wanted = attribute(entity, field).type
            if wanted is Type.TIME:
                return value_time(value) if isinstance(value, str) else _integer(value, "time")
            if kind is wanted:
                return _integer(value, "number") if kind is Type.INTEGER else _any(entity, field, value)
            raise Invalid(f"{field.name} is compared with a {wanted}, not a {kind}.".replace("integer", "number"))
        case Group.TAG | Group.ALIAS | Group.RUN | Group.PROMPT | Group.DATASET if kind is not Type.TEXT:
            raise Invalid(f"{field.group} are compared with texts, in single quotes.")
        case Group.SPAN:
            return _of_span(entity, field, value, kind)
        case Group.FEEDBACK | Group.EXPECTATION | Group.ISSUE:
            return _spelled(entity, field, value)
        case Group.PARAM if kind is Type.BOOLEAN:
            raise Invalid("params are texts or numbers: write 'true' for the text.")
        case Group.METRIC | Group.EVALUATION:
            if kind is not Type.INTEGER:
                raise Invalid(f"{field.group} are compared with numbers.")
            if field.part in {Part.COUNT, Part.STEP}:
                return _integer(value, "number")
    return _any(entity, field, value)


def _of_span(entity: Entity, field: Field, value: Value, kind: Type) -> Value:
    wanted = span_field(field)
    if wanted is None:
        return _spelled(entity, field, value)
    if kind is not wanted.type:
        raise Invalid(f"spans.{field.name} is compared with a {wanted.type}.".replace("integer", "number"))
    return _integer(value, "number") if kind is Type.INTEGER else _any(entity, field, value)


def _spelled(entity: Entity, field: Field, value: Value) -> Value:
    """A literal for what is kept as text or number: truth values are texts there."""
    return str(value).lower() if isinstance(value, bool) else _any(entity, field, value)


def _any(entity: Entity, field: Field, value: Value) -> Value:
    if isinstance(value, bool):
        return value
    return _text(entity, field, value) if isinstance(value, str) else _float(value)


def _text(entity: Entity, field: Field, value: str) -> str:
    text = clean_text(value, what="text to compare with", longest=TEXT_LONGEST)
    nfc = field.group in {Group.ALIAS, Group.DATASET, Group.PROMPT} or (
        field.group is Group.ATTRIBUTE and attribute(entity, field).nfc
    )
    return unicodedata.normalize("NFC", text) if nfc else text


def _float(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:
        raise Invalid("A number to compare with is finite.")
    return number


def _integer(value: Value, what: str) -> int | float:
    """A literal for a column of 64-bit integers; a fraction stays one."""
    assert not isinstance(value, str)  # noqa: S101 - narrowed by the callers
    if isinstance(value, float):
        number = _float(value)
        if number != int(number):
            return number
        value = int(number)
    if not -_INTEGER_LARGEST - 1 <= value <= _INTEGER_LARGEST:
        raise Invalid(f"A {what} to compare with fits 64 bits.")
    return int(value)
