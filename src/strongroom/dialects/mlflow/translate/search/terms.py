"""Single comparisons of MLflow's filters as terms of the core's tree, refused in MLflow's words."""

import math
from collections.abc import Sequence
from typing import Final

from strongroom.dialects.mlflow.translate.search.filters import Comparison
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import And, Between, Compare, Expr, Field, Group, In, IsNull, Like, Not, Op

NUMBERS: Final = ("!=", "<", "<=", "=", ">", ">=")
TEXTS: Final = ("!=", "=", "LIKE", "ILIKE")
TEXTS_OR_NULL: Final = (*TEXTS, "IS NULL", "IS NOT NULL")
TEXTS_OR_LIST: Final = (*TEXTS, "IN", "NOT IN")

NOTHING: Final[Expr] = And((IsNull(Field(Group.ATTRIBUTE, "uid")), Not(IsNull(Field(Group.ATTRIBUTE, "uid")))))
"""What no row fulfils."""


def attribute(name: str) -> Field:
    """A field of the core by its name."""
    return Field(Group.ATTRIBUTE, name)


def joined(terms: Sequence[Expr]) -> Expr | None:
    """All of these; None of none."""
    return And(tuple(terms)) if len(terms) > 1 else terms[0] if terms else None


def check_op(one: Comparison, allowed: Sequence[str]) -> None:
    """:raises Invalid: the operator is not for this key."""
    if one.op not in allowed:
        raise Invalid(f"Invalid comparator '{one.op}' not one of '{set(allowed)}'")


def text(field: Field, one: Comparison, allowed: Sequence[str] = TEXTS) -> Expr:
    """A comparison with texts. :raises Invalid: with numbers, or by another operator."""
    check_op(one, allowed)
    match one.value:
        case None:
            return IsNull(field) if one.op == "IS NULL" else Not(IsNull(field))
        case tuple(values):
            return In(field, values) if one.op == "IN" else Not(In(field, values))
        case str(value) if one.op in {"LIKE", "ILIKE"}:
            return Like(field, value.replace("\\", "\\\\"), any_case=one.op == "ILIKE")
        case str(value):
            return Compare(field, Op(one.op), value)
    raise Invalid(
        "Parameter value is either not quoted or unidentified quote types used for string value "
        f"{one.value}. Use either single or double quotes. Expected a quoted string value for '{one.key}'."
    )


def number_of(one: Comparison) -> int | float:
    """The number that is compared with. :raises Invalid: a text, or an operator for texts."""
    check_op(one, NUMBERS)
    if isinstance(one.value, int | float):
        return one.value
    raise Invalid(f"Expected numeric value type for numeric attribute: {one.key}. Found '{one.value}'")


def number(field: Field, one: Comparison) -> Expr:
    """A comparison with a number."""
    return Compare(field, Op(one.op) if one.op in NUMBERS else Op.EQ, number_of(one))


def time(field: Field, one: Comparison) -> Expr:
    """A comparison with milliseconds of a time that is kept in microseconds: a whole millisecond is equal."""
    first = _whole(one) * 1000
    last = first + 999
    match one.op:
        case "=":
            return Between(field, first, last)
        case "!=":
            return Not(Between(field, first, last))
        case "<" | ">=":
            return Compare(field, Op(one.op), first)
    return Compare(field, Op(one.op), last)


def _whole(one: Comparison) -> int:
    """Milliseconds. :raises Invalid: more than a double holds."""
    value = number_of(one)
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid(f"Invalid value for attribute '{one.key[:100]}': there is no such time.")
    return int(value)


def bad_key(key: str, valid: Sequence[str]) -> Invalid:
    """A refusal of an attribute that a search does not have."""
    return Invalid(f"Invalid attribute key '{key[:100]}' specified. Valid keys are '{sorted(valid)}'")


def bad_entity(entity: str, valid: Sequence[str]) -> Invalid:
    """A refusal of a word before the dot."""
    return Invalid(f"Invalid entity type '{entity[:100]}'. Valid entity types are {sorted(valid)}")
