"""A tree as an SQL condition. Texts compare by code points, A-Z folds alone: alike on both databases."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, String, and_, bindparam, func, literal, not_, or_

from strongroom.adapters.sql.search import full_text, several
from strongroom.adapters.sql.search.scope import NUMBER, Scope, Sql
from strongroom.adapters.sql.search.values import carries_alias, presence, value
from strongroom.adapters.sql.tables import alias
from strongroom.domain.search.ast import (
    And,
    Atom,
    Between,
    Compare,
    Contains,
    Expr,
    Group,
    In,
    IsNull,
    Like,
    Matches,
    Not,
    Op,
    Or,
    Value,
    values_of,
)
from strongroom.domain.search.schema import is_set, kind_of

_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_GLOB = {"*": "[*]", "?": "[?]", "[": "[[]"}


def condition(scope: Scope, expr: Expr) -> Sql:
    """True exactly where the filter holds, NULL where it is unknown."""
    match expr:
        case Not(term):
            return not_(condition(scope, term))
        case And(terms):
            return and_(*(condition(scope, term) for term in terms))
        case Or(terms):
            return or_(*(condition(scope, term) for term in terms))
        case Contains(asked):
            return full_text.contains(scope, asked)
        case atom:
            return _atom(scope, atom)


def _atom(scope: Scope, atom: Atom) -> Sql:
    if atom.field.group is Group.ALIAS:
        return _alias(scope, atom)
    if is_set(scope.entity, atom.field):
        if isinstance(atom, IsNull):
            return several.missing(scope, atom.field)
        return several.any_of(scope, atom.field, lambda found: holds(scope, found, atom))
    if isinstance(atom, IsNull):
        return presence(scope, atom.field).is_(None)
    kind = kind_of(values_of(atom)[0])
    return holds(scope, value(scope, atom.field, kind), atom)


def _alias(scope: Scope, atom: Atom) -> Sql:
    match atom:
        case IsNull():
            return not_(carries_alias(scope))
        case Compare(field, Op.NE, found):
            return not_(carries_alias(scope, holds(scope, alias.c.name, Compare(field, Op.EQ, found))))
        case _:
            return carries_alias(scope, holds(scope, alias.c.name, atom))


def bound(found: Value) -> Any:  # noqa: ANN401 - a bound literal of the type that it is
    """A literal; its type never follows the column, which would round fractions."""
    match found:
        case bool():
            return literal(found, Boolean())
        case int():
            return literal(found, BigInteger())
        case float():
            return literal(found, NUMBER)
        case str():
            return literal(found, String())


def holds(scope: Scope, expression: Sql, atom: Atom) -> Sql:
    """An atom on the expression of its field's value."""
    match atom:
        case Compare(_, op, found):
            return compared(scope, expression, op, found)
        case In(_, values):
            return expression.in_(_several(values))
        case Between(_, low, high):
            return and_(compared(scope, expression, Op.GE, low), compared(scope, expression, Op.LE, high))
        case Like(_, pattern, any_case):
            return _like(scope, expression, pattern, any_case=any_case)
        case IsNull():
            return expression.is_(None)
        case Matches() | Contains():
            raise AssertionError("not of a value")


def _several(values: tuple[Value, ...]) -> Any:  # noqa: ANN401 - a bound list
    if any(isinstance(found, float) for found in values):
        return bindparam(None, [float(found) for found in values], type_=NUMBER, expanding=True)
    return bindparam(None, list(values), type_=bound(values[0]).type, expanding=True)


def compared(scope: Scope, expression: Sql, op: Op, found: Value) -> Sql:
    """Expression, operator, literal."""
    if isinstance(found, str) and op not in {Op.EQ, Op.NE}:
        expression = by_code_point(scope, expression)
    there: Sql = bound(found)
    match op:
        case Op.EQ:
            return expression == there
        case Op.NE:
            return expression != there
        case Op.LT:
            return expression < there
        case Op.LE:
            return expression <= there
        case Op.GT:
            return expression > there
        case Op.GE:
            return expression >= there


def by_code_point(scope: Scope, text: Sql) -> Sql:
    """A text that compares by the bytes of its UTF-8, which is by code points."""
    return text if scope.sqlite else text.collate("C")


def _like(scope: Scope, expression: Sql, pattern: str, *, any_case: bool) -> Sql:
    if scope.sqlite:
        # LIKE takes no notice of the case of A-Z and GLOB does
        return expression.like(pattern, escape="\\") if any_case else expression.bool_op("GLOB")(_glob(pattern))
    if any_case:
        return func.lower(expression.collate("C")).like(pattern.translate(_FOLD), escape="\\")
    return expression.like(pattern, escape="\\")


def _glob(pattern: str) -> Any:  # noqa: ANN401 - a bound text
    """A LIKE pattern as SQLite's GLOB reads it."""
    found, escaped = [], False
    for char in pattern:
        if escaped or char not in "%_\\":
            found.append(_GLOB.get(char, char))
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            found.append("*" if char == "%" else "?")
    return literal("".join(found), String())
