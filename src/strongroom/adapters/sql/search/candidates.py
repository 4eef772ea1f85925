"""What an index says of a part of a filter: queries for the ids of the rows that may fit, or none.

Every row that fits the filter is among those of each probe.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, literal_column, select, true, union_all

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.search import full_text, of_traces, several
from strongroom.adapters.sql.search.asked import Experiments
from strongroom.adapters.sql.search.conditions import holds
from strongroom.adapters.sql.search.scope import TABLES, Scope, Sql
from strongroom.adapters.sql.search.values import METRICS, PARAMS
from strongroom.adapters.sql.tables import (
    alias,
    assessment,
    asset,
    edge,
    evaluation_value,
    logged_model_value,
    namespace,
    node,
    object_property,
    packaging,
    run,
    span,
    stage,
    tag,
    trace,
    trace_link,
    version,
)
from strongroom.adapters.sql.tables.base import head
from strongroom.domain.search.ast import (
    SAID,
    And,
    Atom,
    Between,
    Compare,
    Contains,
    Expr,
    Group,
    In,
    Op,
    Or,
    Part,
    Some,
    values_of,
)
from strongroom.domain.search.schema import Entity, Type, kind_of

HEAD = 100
"""Characters of a text that its index holds (`tables.base.head`)."""
UNION_MOST = 20


@dataclass(frozen=True, slots=True)
class Probe:
    """An index's answer to one part of the filter.

    :param part: the part: the filter itself, or one of the terms of its AND.
    :param queries: each of one column, `id`; together they find every row that fits the part, some more than once.
    :param exact: what they find fits the part, which so needs no second look.
    :param led: the query whose index has the ids in order, as those of an equality do; each id once.
    """

    part: Expr
    queries: tuple[Select[Any], ...]
    exact: bool
    led: Select[Any] | None = None

    @property
    def known(self) -> tuple[Expr, ...]:
        """What needs not be asked of the rows that they find."""
        return (self.part,) if self.exact else ()

    @property
    def ids(self) -> Any:  # noqa: ANN401 - a Select, or several as one
        """All that they find."""
        return self.queries[0] if len(self.queries) == 1 else union_all(*self.queries)


def probes(scope: Scope, parts: Iterable[Expr], experiments: Experiments) -> list[Probe]:
    """A probe of each part that an index answers, the likely shortest first: equality before ranges."""
    found = [probe for part in parts if (probe := _probe(scope, part, experiments)) is not None]
    return sorted(found, key=lambda probe: breadth(probe.part))


def breadth(expr: Expr) -> int:
    """A guess at how many rows fit, where they are not counted."""
    match expr:
        case Compare(_, Op.EQ, _):
            return 0
        case In():
            return 1
        case _:
            return 2


def _probe(scope: Scope, expr: Expr, experiments: Experiments) -> Probe | None:
    match expr:
        case Or(terms):
            each = [probe for term in terms if (probe := _probe(scope, term, experiments)) is not None]
            queries = tuple(query for probe in each for query in probe.queries)
            whole = len(each) == len(terms) and len(queries) <= UNION_MOST
            return Probe(expr, queries, all(probe.exact for probe in each)) if whole else None
        case And(terms):
            best = next((probe for term in terms if (probe := _probe(scope, term, experiments)) is not None), None)
            return None if best is None else Probe(expr, best.queries, exact=False)
        case Contains(asked):
            return Probe(expr, (full_text.found(scope, asked),), exact=True)
        case Some(terms):
            return _span(scope, expr, terms, experiments)
        case Compare(_, op, _) if op is Op.NE:
            return None
        case Compare() | In() | Between():
            return _of_atom(scope, expr, experiments)
    return None


def _span(scope: Scope, some: Some, terms: tuple[Atom, ...], experiments: Experiments) -> Probe | None:
    """By the name of a span, which has an index; a trace may be found more than once."""
    names = (one for one in terms if isinstance(one, Compare) and one.op is Op.EQ and one.field.name == "name")
    named = next(names, None)
    if named is None or experiments is None or not isinstance(named.value, str) or not named.value:
        return None
    fits = holds(scope, head(span.c.name), Compare(named.field, Op.EQ, named.value[:HEAD]))
    # not the name itself beside its head: see `_same_head`
    rest = tuple(one for one in terms if one is not named)
    return Probe(some, (of_traces.spans_found(scope, rest, experiments, holds).where(fits),), len(named.value) < HEAD)


def _of_atom(scope: Scope, atom: Atom, experiments: Experiments) -> Probe | None:
    queries = _atom(scope, atom, experiments)
    if not queries:
        return None
    return Probe(atom, queries, _is_exact(atom), queries[0] if _leads(scope, atom) else None)


def _is_sought(atom: Atom) -> bool:
    """Whether an index of texts helps: of one that is equal, or one of several."""
    return isinstance(atom, In) or (isinstance(atom, Compare) and atom.op is Op.EQ)


def _leads(scope: Scope, atom: Atom) -> bool:
    if not isinstance(atom, Compare) or atom.op is not Op.EQ or scope.at is not None:
        return atom.field.group is Group.PROPERTY and isinstance(atom, Compare) and atom.op is Op.EQ
    of_version = atom.field.group is Group.ALIAS and scope.entity is Entity.VERSION
    return of_version or atom.field.group is Group.TAG or atom.field.group is Group.PROPERTY


def _is_exact(atom: Atom) -> bool:
    """Whether the index knows all that is asked: not of long texts, nor of which type a property is."""
    if atom.field.group in {Group.TAG, Group.PARAM}:
        return all(not isinstance(found, str) or len(found) < HEAD for found in values_of(atom))
    return atom.field.group in {Group.ALIAS, Group.METRIC, Group.EVALUATION, Group.DATASET}


def _atom(scope: Scope, atom: Atom, experiments: Experiments) -> tuple[Select[Any], ...]:
    """The queries whose indexes find what an atom is about; none where there is no index for it."""
    if atom.field.group in SAID:
        return _said(scope, atom, experiments)
    if atom.field.group in {Group.RUN, Group.PROMPT}:
        return _of_run(scope, atom) if atom.field.group is Group.RUN and _is_sought(atom) else ()
    if kind_of(values_of(atom)[0]) is not Type.INTEGER and not _is_sought(atom):
        return ()
    found: Select[Any] | None
    match atom.field.group, atom.field.name:
        case Group.TAG, _:
            found = _tagged(scope, atom)
            return () if found is None else _present(scope, tag, found)
        case Group.ALIAS, _:
            owner = alias.c.version_id if scope.entity is Entity.VERSION else alias.c.asset_id
            return _present(scope, alias, select(owner.label("id")).where(holds(scope, alias.c.name, atom)))
        case Group.ATTRIBUTE, "stage":
            found = select(stage.c.version_id.label("id")).where(holds(scope, stage.c.name, atom))
            return _present(scope, stage, found)
        case Group.DATASET, _:
            return _with_dataset(scope, atom)
        case _:
            found = _valued(scope, atom, experiments)
    return () if found is None else (found,)


def _valued(scope: Scope, atom: Atom, experiments: Experiments) -> Select[Any] | None:
    """The query of what has one value or several, and no time at which it held."""
    match atom.field.group:
        case Group.PROPERTY:
            return _with_property(scope, atom)
        case Group.EVALUATION:
            fits = holds(scope, evaluation_value.c.value, atom), *several.evaluated(scope, evaluation_value, atom.field)
            return select(evaluation_value.c.version_id.label("id")).where(*fits)
        case Group.PARAM | Group.METRIC:
            return _recorded(scope, atom, experiments)
    return _of_trace(scope, atom, experiments) if scope.entity is Entity.TRACE else _attribute(scope, atom)


def _present(scope: Scope, table: Any, query: Select[Any]) -> tuple[Select[Any], ...]:  # noqa: ANN401 - temporal
    """The rows of a temporal table that hold now; or that held then: still, or until later. Each has its index."""
    if scope.at is None:
        return (query.where(table.c.valid_to.is_(None)),)
    began = query.where(table.c.valid_from <= scope.at)
    return began.where(table.c.valid_to.is_(None)), began.where(table.c.valid_to > scope.at)


def _same_head(scope: Scope, column: Sql, atom: Atom) -> Sql | None:
    """What the index of a text says of it: those of the same head; None where the index does not hold them.

    Not the text itself beside it: SQLite would put that into the index's expression, and know it no more.
    """
    if any(not isinstance(found, str) or found == "" for found in values_of(atom)):
        return None  # the empty text of a bare word is NULL in the table
    texts = tuple(dict.fromkeys(str(found)[:HEAD] for found in values_of(atom)))
    # SQLite knows an expression of an index again in = and not in IN
    heads = Compare(atom.field, Op.EQ, texts[0]) if len(texts) == 1 else In(atom.field, texts)
    return holds(scope, head(column), heads)


def _tagged(scope: Scope, atom: Atom) -> Select[Any] | None:
    fits = _same_head(scope, tag.c.value, atom)
    if fits is None:
        return None
    return select(tag.c.owner_id.label("id")).where(
        tag.c.workspace_id == scope.workspace_id,
        tag.c.owner_kind == scope.entity.value,
        tag.c.key_id == scope.key(atom.field),
        fits,
    )


def _with_property(scope: Scope, atom: Atom) -> Select[Any] | None:
    table = object_property
    kind = kind_of(values_of(atom)[0])
    if kind is Type.BOOLEAN:
        return None
    number = kind is Type.INTEGER
    fits = holds(scope, table.c.number, atom) if number else _same_head(scope, table.c.text, atom)
    if fits is None:
        return None
    return select(table.c.owner_id.label("id")).where(
        table.c.owner_kind == scope.entity.value, table.c.key_id == scope.key(atom.field), fits
    )


def _recorded(scope: Scope, atom: Atom, experiments: Experiments) -> Select[Any] | None:
    """Runs by a param or a metric, in some experiments."""
    assert experiments is not None  # noqa: S101 - runs and logged models have them
    if atom.field.group is Group.METRIC:
        if atom.field.part is not Part.LAST:
            return None
        table, owner = METRICS[scope.entity]
        fits = [holds(scope, table.c.last, atom)]
        if atom.field.on is not None:
            fits.append(several.on_dataset(scope, table.c.dataset_id, atom.field.on))
    else:
        table, owner = PARAMS[scope.entity]
        number = kind_of(values_of(atom)[0]) is Type.INTEGER
        same = holds(scope, table.c.number, atom) if number else _same_head(scope, table.c.text, atom)
        if same is None:
            return None
        fits = [same]
    mine = table.c.experiment_id.in_(experiments), table.c.key_id == scope.key(atom.field)
    return select(owner.label("id")).where(*mine, *fits)


def _with_dataset(scope: Scope, atom: Atom) -> tuple[Select[Any], ...]:
    """Runs that read a data set of somebody else, or one of ours, by its name or digest; models measured on one."""
    if atom.field.name == "context":
        return ()
    if scope.entity is Entity.LOGGED_MODEL:
        return _measured_on(scope, atom)
    read = select(edge.c.target_id.label("id")).where(edge.c.type == "input", edge.c.target_kind == "run")
    nodes = select(node.c.id).where(
        node.c.workspace_id == scope.workspace_id,
        node.c.kind == several.DATASET,
        holds(scope, node.c[atom.field.name], atom),
    )
    own = holds(scope, asset.c.name if atom.field.name == "name" else version.c.tree, atom)
    versions = (
        select(version.c.id)
        .join(asset, asset.c.id == version.c.asset_id)
        .join(namespace, namespace.c.id == asset.c.namespace_id)
        .where(asset.c.workspace_id == scope.workspace_id, asset.c.kind == several.DATASET, own)
        .where(visible_where(scope.visible))
    )
    return (
        read.where(edge.c.source_kind == "node", edge.c.source_id.in_(nodes)),
        read.where(edge.c.source_kind == "version", edge.c.source_id.in_(versions)),
    )


def _measured_on(scope: Scope, atom: Atom) -> tuple[Select[Any], ...]:
    if atom.field.on is not None:
        return ()
    nodes = select(node.c.id).where(
        node.c.workspace_id == scope.workspace_id,
        node.c.kind == several.DATASET,
        holds(scope, node.c[atom.field.name], atom),
    )
    table = logged_model_value
    return (select(table.c.model_id.label("id")).where(table.c.dataset_id.in_(nodes)),)


def _said(scope: Scope, atom: Atom, experiments: Experiments) -> tuple[Select[Any], ...]:
    """Traces of some experiments of which an assessment of that kind and name says this."""
    number = kind_of(values_of(atom)[0]) is Type.INTEGER
    fits = holds(scope, assessment.c.number, atom) if number else _same_head(scope, assessment.c.text, atom)
    if fits is None or not (number or _is_sought(atom)):
        return ()
    mine = [assessment.c.experiment_id.in_(experiments or ()), assessment.c.kind == atom.field.group.value]
    mine += [assessment.c.name == atom.field.name, assessment.c.valid == true(), fits]
    return (select(assessment.c.trace_id.label("id")).where(*mine),)


def _of_run(scope: Scope, atom: Atom) -> tuple[Select[Any], ...]:
    """Traces made in a run, and those linked with it."""
    runs = select(run.c.id).where(run.c.workspace_id == scope.workspace_id, holds(scope, run.c.uid, atom))
    linked = select(trace_link.c.trace_id.label("id")).where(trace_link.c.kind == "run")
    return select(trace.c.id).where(trace.c.run_id.in_(runs)), linked.where(trace_link.c.target_id.in_(runs))


def _of_trace(scope: Scope, atom: Atom, experiments: Experiments) -> Select[Any] | None:
    match atom.field.name:
        case "uid" | "trace_id" as name:
            here = select(trace.c.id).where(trace.c.workspace_id == scope.workspace_id)
            return here.where(holds(scope, trace.c[name], atom))
        case "session":
            here = select(trace.c.id).where(trace.c.experiment_id.in_(experiments or ()))
            return here.where(holds(scope, trace.c.session, atom))
        case "run_uid":
            runs = select(run.c.id).where(holds(scope, run.c.uid, atom))
            return select(trace.c.id).where(trace.c.run_id.in_(runs))
    return None


def _attribute(scope: Scope, atom: Atom) -> Select[Any] | None:
    def of(query: Select[Any], column: Sql) -> Select[Any]:
        return query.where(holds(scope, column, atom))

    table = TABLES[scope.entity]
    match scope.entity, atom.field.name:
        case Entity.ASSET, "name":
            return of(select(asset.c.id).where(asset.c.workspace_id == scope.workspace_id), asset.c.name)
        case Entity.VERSION, "name" | "asset_uid" as name:
            column = asset.c.uid if name == "asset_uid" else asset.c.name
            mine = of(select(asset.c.id).where(asset.c.workspace_id == scope.workspace_id), column)
            return select(version.c.id).where(version.c.asset_id.in_(mine))
        case Entity.VERSION, "source_uid":
            sources = version.alias("sources")
            shown = version.c.source_id.in_(of(select(sources.c.id), sources.c.uid))
            return select(version.c.id).where(
                shown, version.c.state != literal_column("'purged'"), version.c.source_id.is_not(None)
            )
        case Entity.VERSION, "flavor" | "python_version" as name:
            said = of(select(packaging.c.tree), packaging.c[name])
            return select(version.c.id).where(version.c.tree.in_(said))
        case Entity.VERSION | Entity.LOGGED_MODEL, "run_uid":
            return select(table.c.id).where(table.c.run_id.in_(of(select(run.c.id), run.c.uid)))
        case (Entity.VERSION | Entity.RUN | Entity.LOGGED_MODEL, "uid") | (Entity.VERSION, "tree"):
            return of(select(table.c.id), table.c[atom.field.name])
        case Entity.RUN, "parent_uid":
            parents = run.alias("parents")
            return select(run.c.id).where(run.c.parent_id.in_(of(select(parents.c.id), parents.c.uid)))
    return None
