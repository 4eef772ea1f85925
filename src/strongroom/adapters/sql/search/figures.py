"""Figures over traces as one grouped statement; percentiles by ranks, alike on both databases."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Float, Select, String, Text, case, cast, distinct, func, literal, select, true

from strongroom.adapters.sql.search.asked import Asked
from strongroom.adapters.sql.search.conditions import holds
from strongroom.adapters.sql.search.of_traces import of_span
from strongroom.adapters.sql.search.scope import Scope, Sql
from strongroom.adapters.sql.tables import assessment, object_property, span, trace
from strongroom.domain.search.ast import Field, Group
from strongroom.domain.tracking.figures import ATTRIBUTES, ROWS, SESSIONS, Figures, Kind, Member, Of, Summary

_NUMBER = Float(53)
_MS, _SECOND = 1_000, 1_000_000
_COLUMNS = {
    Of.TRACE: {"name": trace.c.name, "state": trace.c.state},
    Of.SPAN: {"name": span.c.name, "type": span.c.type, "status": span.c.status},
    Of.ASSESSMENT: {"name": assessment.c.name, "value": assessment.c.value},
}
#: What PostgreSQL reads a number of a JSON text by, which may be no JSON at all; it cannot overflow.
_DIGITS = r'"\s*:\s*(-?\d{1,30}(?:\.\d{1,30})?(?:[eE][-+]?\d{1,2})?)\s*[,}]'


def grouped(asked: Asked, of: Figures, limit: int) -> Select[Any]:
    """The start of the stretch where there are any, what is grouped by, then the figures; in this order."""
    rows = _rows(asked, of)
    groups = [rows.c[f"by{n}"] for n in range(len(of.by) + (of.step_s is not None))]
    if any(one.kind is Kind.PERCENTILE for one in of.summaries):
        ranked = select(
            rows,
            (func.row_number().over(partition_by=groups, order_by=rows.c.value) - 1).label("rank"),
            func.count().over(partition_by=groups).label("last"),
        )
        rows = ranked.subquery("ranked")
        groups = [rows.c[one.name] for one in groups]
    figures = [_figure(rows, one, unique=of.value == SESSIONS) for one in of.summaries]
    return select(*groups, *figures).group_by(*groups).order_by(*groups).limit(limit)


def _rows(asked: Asked, of: Figures) -> Any:  # noqa: ANN401 - a Subquery
    """A row each of what is measured: its groups and its value, none of them absent."""
    scope = asked.scope
    by = [] if of.step_s is None else [_start_s(of) // literal(of.step_s) * of.step_s]
    by += [func.nullif(_group(scope, of.of, one), "") for one in of.by]
    named = [one.label(f"by{n}") for n, one in enumerate(by)]
    found = select(*named, _value(scope, of).label("value")).select_from(_source(of.of))
    found = found.where(*asked.fits(), *asked.within, *_within(of), *_mine(scope, of))
    if isinstance(of.value, Member) or any(one.startswith(ATTRIBUTES) for one in of.by):
        found = found.offset(0)  # a fence: JSON is read once a row, not again for each condition on what it says
    rows = found.subquery("found")
    return select(rows).where(*(column.is_not(None) for column in rows.c)).subquery("rows")


def _source(of: Of) -> Any:  # noqa: ANN401 - a table or a join
    if of is Of.TRACE:
        return trace
    other = span if of is Of.SPAN else assessment
    return trace.join(other, other.c.trace_id == trace.c.id)


def _start_s(of: Figures) -> Sql:
    return span.c.start_ns // literal(_SECOND * _MS) if of.of is Of.SPAN else trace.c.started_at // literal(_SECOND)


def _within(of: Figures) -> list[Sql]:
    at, unit = (span.c.start_ns, _MS) if of.of is Of.SPAN and isinstance(of.value, Member) else (trace.c.started_at, 1)
    mine = [] if of.since is None else [at >= of.since * unit]
    return mine if of.until is None else [*mine, at < (of.until + 1) * unit]


def _mine(scope: Scope, of: Figures) -> list[Sql]:
    if of.of is Of.SPAN:
        return [of_span(scope, atom, holds) for atom in of.spans]
    if of.of is Of.TRACE:
        return []
    mine = [assessment.c.valid == true()]
    mine += [] if of.kind is None else [assessment.c.kind == of.kind.value]
    return mine if of.name is None else [*mine, assessment.c.name == of.name]


def _group(scope: Scope, of: Of, by: str) -> Sql:
    if by.startswith(ATTRIBUTES):
        # clients that write every attribute as JSON have quotes around a text
        return func.trim(_attribute(scope, by.removeprefix(ATTRIBUTES)), '"')
    return _COLUMNS[of][by]


def _value(scope: Scope, of: Figures) -> Sql:
    match of.value:
        case Member(key, name):
            return _member(scope, _attribute(scope, key) if of.of is Of.SPAN else _property(scope, key), name)
        case value if value == ROWS:
            return literal(1)
        case value if value == SESSIONS:
            return trace.c.session
    if of.of is Of.SPAN:
        return (span.c.end_ns - span.c.start_ns) // literal(_SECOND)
    return trace.c.duration_us // literal(_MS) if of.of is Of.TRACE else _judged()


def _judged() -> Sql:
    said = func.lower(func.trim(assessment.c.text))
    return func.coalesce(assessment.c.number, case((said == "yes", 1.0), (said == "no", 0.0)))


def _property(scope: Scope, key: str) -> Sql:
    mine = (object_property.c.owner_kind == "trace", object_property.c.owner_id == trace.c.id)
    of = select(object_property.c.text).where(*mine, object_property.c.key_id == scope.key(Field(Group.PROPERTY, key)))
    return of.correlate(trace).scalar_subquery()


def _attribute(scope: Scope, key: str) -> Sql:
    """An attribute's text, or that of its JSON."""
    if scope.sqlite:
        return func.json_extract(span.c.body, f'$.attributes."{key}"')
    attributes = cast(span.c.body, JSON()).op("->", return_type=JSON())(literal("attributes", String()))
    return attributes.op("->>", return_type=Text())(literal(key, String()))


def _member(scope: Scope, text: Sql, name: str) -> Sql:
    """A number of a JSON object that is a text; NULL of what is none."""
    if scope.sqlite:
        path = f"$.{name}"
        is_number = func.json_type(text, path).in_(("integer", "real"))
        return case((func.json_valid(text) == 0, None), (is_number, cast(func.json_extract(text, path), _NUMBER)))
    return cast(func.substring(text, f'"{name}{_DIGITS}'), _NUMBER)


def _figure(rows: Any, one: Summary, *, unique: bool) -> Sql:  # noqa: ANN401 - a Subquery
    value = rows.c.value
    match one.kind:
        case Kind.COUNT:
            return func.count(distinct(value) if unique else value)
        case Kind.SUM:
            return func.sum(value)
        case Kind.AVERAGE:
            return func.avg(value)
        case Kind.LEAST:
            return func.min(value)
        case Kind.GREATEST:
            return func.max(value)
    # the two values around the place, each by how near it is
    away = func.abs(rows.c.rank - literal(one.percent / 100, _NUMBER) * (rows.c.last - 1))
    return func.sum(case((away < 1, value * (1 - away))))


def numbers(row: Sequence[Any]) -> tuple[float | None, ...]:
    """Figures as floats: PostgreSQL's averages of whole numbers are decimals."""
    return tuple(None if one is None else float(one) for one in row)
