"""What an index says of a part of a filter: queries for the ids of the rows that may fit, or none.

Every row that fits the filter is among those of each probe.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, union_all

from strongroom.adapters.sql.search import full_text
from strongroom.adapters.sql.search.asked import Experiments
from strongroom.adapters.sql.search.conditions import holds
from strongroom.adapters.sql.search.values import NO_KEY, TABLES, Scope, Sql
from strongroom.adapters.sql.tables import (
    alias,
    asset,
    object_property,
    packaging,
    run,
    run_param,
    run_value,
    tag,
    version,
)
from strongroom.adapters.sql.tables.base import head
from strongroom.domain.search.ast import And, Atom, Between, Compare, Contains, Expr, Group, In, Op, Or, Part, values_of
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
        case Compare(_, op, _) if op is Op.NE:
            return None
        case Compare() | In() | Between():
            query = _atom(scope, expr, experiments)
            return (
                None
                if query is None
                else Probe(expr, (query,), _is_exact(expr), query if _leads(scope, expr) else None)
            )
    return None


def _leads(scope: Scope, atom: Atom) -> bool:
    if not isinstance(atom, Compare) or atom.op is not Op.EQ:
        return False
    of_version = atom.field.group is Group.ALIAS and scope.entity is Entity.VERSION
    return of_version or atom.field.group is Group.TAG or atom.field.group is Group.PROPERTY


def _is_exact(atom: Atom) -> bool:
    """Whether the index knows all that is asked: not of long texts, nor of which type a property is."""
    if atom.field.group in {Group.TAG, Group.PARAM}:
        return all(not isinstance(found, str) or len(found) < HEAD for found in values_of(atom))
    return atom.field.group in {Group.ALIAS, Group.METRIC}


def _atom(scope: Scope, atom: Atom, experiments: Experiments) -> Select[Any] | None:
    number = kind_of(values_of(atom)[0]) is Type.INTEGER
    if not number and (isinstance(atom, Between) or (isinstance(atom, Compare) and atom.op is not Op.EQ)):
        return None
    match atom.field.group:
        case Group.TAG:
            return _tagged(scope, atom)
        case Group.PROPERTY:
            return _with_property(scope, atom)
        case Group.PARAM | Group.METRIC:
            return _recorded(scope, atom, experiments)
        case Group.ALIAS:
            owner = alias.c.version_id if scope.entity is Entity.VERSION else alias.c.asset_id
            here = select(owner.label("id")).where(holds(scope, alias.c.name, atom), alias.c.valid_to.is_(None))
            return here if scope.at is None else None
    return _attribute(scope, atom)


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
    if fits is None or scope.at is not None:
        return None
    return select(tag.c.owner_id.label("id")).where(
        tag.c.workspace_id == scope.workspace_id,
        tag.c.owner_kind == scope.entity.value,
        tag.c.key_id == scope.key(atom.field),
        tag.c.valid_to.is_(None),
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
    assert experiments is not None  # noqa: S101 - runs have them
    key_id = scope.keys.get(atom.field.name, NO_KEY)
    fits: Sql | None
    if atom.field.group is Group.METRIC:
        if atom.field.part is not Part.LAST:
            return None
        table, fits = run_value, holds(scope, run_value.c.last, atom)
    else:
        number = kind_of(values_of(atom)[0]) is Type.INTEGER
        table = run_param
        fits = holds(scope, table.c.number, atom) if number else _same_head(scope, table.c.text, atom)
    if fits is None:
        return None
    return select(table.c.run_id.label("id")).where(
        table.c.experiment_id.in_(experiments), table.c.key_id == key_id, fits
    )


def _attribute(scope: Scope, atom: Atom) -> Select[Any] | None:
    def of(query: Select[Any], column: Sql) -> Select[Any]:
        return query.where(holds(scope, column, atom))

    match scope.entity, atom.field.name:
        case Entity.ASSET, "name":
            return of(select(asset.c.id).where(asset.c.workspace_id == scope.workspace_id), asset.c.name)
        case Entity.VERSION, "name" | "asset_uid" as name:
            mine = version.c.asset_id.in_(
                of(
                    select(asset.c.id).where(asset.c.workspace_id == scope.workspace_id),
                    asset.c.uid if name == "asset_uid" else asset.c.name,
                )
            )
            return select(version.c.id).where(mine)
        case Entity.VERSION, "run_uid":
            return select(version.c.id).where(version.c.run_id.in_(of(select(run.c.id), run.c.uid)))
        case Entity.VERSION, "flavor" | "python_version" as name:
            said = of(select(packaging.c.tree), packaging.c[name])
            return select(version.c.id).where(version.c.tree.in_(said))
        case (Entity.VERSION, "uid" | "tree") | (Entity.RUN, "uid"):
            table = TABLES[scope.entity]
            return of(select(table.c.id), table.c[atom.field.name])
        case Entity.RUN, "parent_uid":
            parents = run.alias("parents")
            return select(run.c.id).where(run.c.parent_id.in_(of(select(parents.c.id), parents.c.uid)))
    return None
