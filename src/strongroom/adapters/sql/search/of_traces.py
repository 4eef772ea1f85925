"""What a trace has several of: its spans, what is said of it, runs and versions that it is linked with."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import JSON, Float, Select, String, Text, and_, case, cast, exists, func, literal, or_, select, true

from strongroom.adapters.sql.search.scope import TABLES, Scope, Sql
from strongroom.adapters.sql.tables import assessment, asset, run, span, trace, trace_link, version
from strongroom.domain.search.ast import Atom, Field, Group, IsNull, Some, values_of
from strongroom.domain.search.schema import SPAN_ATTRIBUTES, Entity, Type, kind_of

Holds = Callable[[Scope, Sql, Atom], Sql]
"""An atom on the expression of its field's value (`conditions.holds`)."""


def some_span(scope: Scope, some: Some, holds: Holds) -> Sql:
    """Whether some span fits all; never NULL."""
    mine = [span.c.trace_id == scope.id, *(of_span(scope, term, holds) for term in some.terms)]
    return exists(_mine(scope, select(literal(1)).select_from(span).where(and_(*mine))))


def spans_found(scope: Scope, terms: tuple[Atom, ...], experiments: Any, holds: Holds) -> Any:  # noqa: ANN401 - a Select
    """The ids of traces of some experiments by their spans."""
    of = [of_span(scope, term, holds) for term in terms]
    return select(span.c.trace_id.label("id")).where(span.c.experiment_id.in_(experiments), *of)


def of_span(scope: Scope, atom: Atom, holds: Holds) -> Sql:
    """A comparison of a span."""
    if isinstance(atom, IsNull):
        return _span_value(scope, atom.field, None).is_(None)
    return holds(scope, _span_value(scope, atom.field, kind_of(values_of(atom)[0])), atom)


def _span_value(scope: Scope, what: Field, kind: Type | None) -> Sql:
    """The value of a span; of an attribute only where it is of the kind."""
    if what.name.startswith(SPAN_ATTRIBUTES):
        return _attribute(scope, what.name.removeprefix(SPAN_ATTRIBUTES), kind)
    if what.name == "content":
        return span.c.body
    if what.name == "duration_us":
        # whole microseconds, as the domain counts them
        return (span.c.end_ns - span.c.start_ns) // literal(1_000)
    return span.c[what.name]


def _attribute(scope: Scope, key: str, kind: Type | None) -> Sql:
    """A text, the text of a list or map, true and false as texts; or a number."""
    if scope.sqlite:
        each = func.json_each(span.c.body, "$.attributes").table_valued("key", "value", "type").alias("attribute")
        number = case((each.c.type.in_(("integer", "real")), cast(each.c.value, Float(53))))
        text = case(
            (each.c.type.in_(("text", "array", "object")), cast(each.c.value, Text())),
            (each.c.type.in_(("true", "false")), each.c.type),
        )
        chosen = number if kind is Type.INTEGER else text if kind is Type.TEXT else func.coalesce(text, number)
        return select(chosen).select_from(each).where(each.c.key == key).limit(1).correlate(span).scalar_subquery()
    found = cast(span.c.body, JSON()).op("->", return_type=JSON())(literal("attributes", String()))
    text_of = found.op("->>", return_type=Text())(literal(key, String()))
    of_type = func.json_typeof(found.op("->", return_type=JSON())(literal(key, String())))
    if kind is None:
        return text_of
    if kind is Type.INTEGER:
        return case((of_type == "number", cast(text_of, Float(53))))
    return case((of_type.in_(("string", "array", "object", "boolean")), text_of))


def said(scope: Scope, atom: Atom, holds: Holds) -> Sql:
    """Whether a comparison holds of any valid assessment of that kind and name; never NULL."""
    mine = [
        assessment.c.trace_id == scope.id,
        assessment.c.kind == atom.field.group.value,
        assessment.c.name == atom.field.name,
        assessment.c.valid == true(),
    ]
    if not isinstance(atom, IsNull):
        number = kind_of(values_of(atom)[0]) is Type.INTEGER
        mine.append(holds(scope, assessment.c.number if number else assessment.c.text, atom))
    found = exists(_mine(scope, select(literal(1)).select_from(assessment).where(and_(*mine))))
    return ~found if isinstance(atom, IsNull) else found


def texts(scope: Scope, terms: Sequence[Atom], rest: Sequence[Atom], holds: Holds, longest: int) -> Select[Any]:
    """The texts that comparisons are about, cut, a row for each span or valid assessment; before them the trace's id.

    :param terms: of one span, or one of what is said. :param rest: comparisons that hold of the span.
    """
    if terms[0].field.group is Group.SPAN:
        found = [_span_value(scope, term.field, Type.TEXT) for term in terms]
        of = select(trace.c.id, *(func.substr(text, 1, longest) for text in found))
        of = of.select_from(trace.join(span, span.c.trace_id == trace.c.id))
        return of.where(*(text.is_not(None) for text in found), *(of_span(scope, term, holds) for term in rest))
    what = terms[0].field
    mine = (assessment.c.kind == what.group.value, assessment.c.name == what.name, assessment.c.valid == true())
    of = select(trace.c.id, func.substr(assessment.c.text, 1, longest))
    return of.select_from(trace.join(assessment, assessment.c.trace_id == trace.c.id)).where(*mine)


def linked(scope: Scope, group: Group, fits: Callable[[Sql], Sql] | None) -> Sql:
    """Whether a trace is linked with a run (the one that it was made in, too) or version that fits; never NULL."""
    mine = [trace_link.c.trace_id == scope.id]
    if group is Group.RUN:
        of = select(literal(1)).select_from(trace_link.join(run, run.c.id == trace_link.c.target_id))
        of = of.where(*mine, trace_link.c.kind == "run", *([fits(run.c.uid)] if fits else []))
        made = select(literal(1)).select_from(run).where(run.c.id == trace.c.run_id)
        made = made.where(*([fits(run.c.uid)] if fits else []))
        return or_(exists(_mine(scope, of)), exists(made.correlate(trace)))
    joined = trace_link.join(version, version.c.id == trace_link.c.target_id)
    joined = joined.join(asset, asset.c.id == version.c.asset_id)
    name = asset.c.name + "/" + cast(version.c.number, String())
    of = select(literal(1)).select_from(joined).where(*mine, trace_link.c.kind == "version", asset.c.kind == "prompt")
    return exists(_mine(scope, of.where(*([fits(name)] if fits else []))))


def _mine(scope: Scope, query: Any) -> Any:  # noqa: ANN401 - a Select
    leading = [] if scope.leader is None else [scope.leader.table]
    return query.correlate(TABLES[Entity.TRACE], *leading)
