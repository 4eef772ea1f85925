"""A tree as text of the native language: what `parse_filter` reads back as the same tree."""

import re

from strongroom.domain.search.ast import (
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
    Or,
    Part,
    Some,
    Value,
)
from strongroom.domain.search.schema import Entity, Type, attribute
from strongroom.domain.search.times import time_text

_PLAIN = re.compile(r"[\w/-]+(?:\.[\w/-]+)*")


def unparse(entity: Entity, expr: Expr) -> str:
    """The text of a checked tree."""
    match expr:
        case And(terms):
            return " AND ".join(_inner(entity, term) for term in terms)
        case Or(terms):
            return " OR ".join(_inner(entity, term) for term in terms)
        case Not(term):
            return f"NOT {_inner(entity, term)}"
        case Some((atom,)):
            return _atom_text(entity, atom)
        case Some(terms):
            return f"SPAN ({' AND '.join(_atom_text(entity, term) for term in terms)})"
        case atom:
            return _atom_text(entity, atom)


def _atom_text(entity: Entity, atom: Atom) -> str:
    return f"{field_text(atom.field)} {_comparison(entity, atom)}"


def _comparison(entity: Entity, atom: Atom) -> str:
    match atom:
        case Compare(field, op, value):
            return f"{op} {_value(entity, field, value)}"
        case In(field, values):
            return f"IN ({', '.join(_value(entity, field, value) for value in values)})"
        case Between(field, low, high):
            return f"BETWEEN {_value(entity, field, low)} AND {_value(entity, field, high)}"
        case Like(_, pattern, any_case):
            return f"{'ILIKE' if any_case else 'LIKE'} {_quoted(pattern)}"
        case Matches(_, pattern):
            return f"MATCHES {_quoted(pattern)}"
        case Contains(words):
            return f"CONTAINS {_quoted(words)}"
        case IsNull():
            return "IS NULL"


def _inner(entity: Entity, term: Expr) -> str:
    text = unparse(entity, term)
    return f"({text})" if isinstance(term, And | Or) else text


def field_text(field: Field) -> str:
    """A field as it is written."""
    if field.group in {*SETS, Group.TEXT}:
        return field.group.value
    if field.group is Group.ATTRIBUTE:
        return field.name
    name = field.name if _PLAIN.fullmatch(field.name) else f"`{field.name.replace('`', '``')}`"
    text = f"{field.group}.{name}"
    text = text if field.part is Part.LAST else f"{field.part}({text})"
    if field.on is None:
        return text
    if field.on.digest is None:
        return f"{text} ON {_quoted(field.on.name)}"
    return f"{text} ON ({_quoted(field.on.name)}, {_quoted(field.on.digest)})"


def _value(entity: Entity, field: Field, value: Value) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return _quoted(value)
    if field.group is Group.ATTRIBUTE and attribute(entity, field).type is Type.TIME:
        return _quoted(time_text(int(value)))
    return repr(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
