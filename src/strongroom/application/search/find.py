"""Search, entity by entity: what the caller may see of what fits a filter, a page at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.application.ports.search import Hit, Query
from strongroom.application.registry.views import AssetView, VersionView, asset_views, version_views, weight
from strongroom.application.tracking import experiments, logged_models
from strongroom.application.tracking.logged_views import LoggedModelView, logged_model_weight
from strongroom.application.tracking.trace_views import TraceView, trace_views, trace_weight
from strongroom.application.tracking.views import (
    VALUES_LISTED,
    ExperimentView,
    RunView,
    experiment_views,
    experiment_weight,
    run_views,
    run_weight,
)
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Version
from strongroom.domain.search.ast import Atom, Expr, Field, Group, OrderTerm
from strongroom.domain.search.parse import parse_filter, parse_order
from strongroom.domain.search.schema import Entity, check, check_atom, check_order, check_some
from strongroom.domain.tracking.figures import GROUPS_MOST, FigureRow, Figures, check_figures
from strongroom.domain.tracking.model import Run
from strongroom.domain.tracking.traces import Trace

T = TypeVar("T")
V = TypeVar("V")

EXPERIMENTS_MOST = 50
STATES: Mapping[Entity, tuple[str, ...]] = {
    Entity.ASSET: ("active", "archived", "trashed", "all"),
    Entity.VERSION: ("active", "archived", "trashed", "all"),
    Entity.EXPERIMENT: ("active", "trashed", "all"),
    Entity.RUN: ("active", "trashed", "all"),
    Entity.TRACE: ("active", "all"),
    Entity.LOGGED_MODEL: ("active", "trashed", "all"),
}
_LATEST = {
    Entity.RUN: (OrderTerm(Field(Group.ATTRIBUTE, "started_at"), descending=True),),
    Entity.LOGGED_MODEL: (OrderTerm(Field(Group.ATTRIBUTE, "created_at"), descending=True),),
    Entity.TRACE: (OrderTerm(Field(Group.ATTRIBUTE, "started_at"), descending=True),),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. `where` and `order` are trees, made by a dialect or by `asked`.

    :param order: when empty, the latest first: runs and traces by their start, others as they were made.
    :param state: active, archived, trashed or all.
    :param at: aliases, stages and tags as they were then (microseconds UTC); what is shown is what they are now.
    """

    where: Expr | None = None
    order: tuple[OrderTerm, ...] = ()
    state: str = "active"
    experiment_uids: tuple[str, ...] = ()
    at: int | None = None


def asked(
    entity: Entity,
    text: str,
    order: Sequence[str] = (),
    state: str = "active",
    experiment_uids: Sequence[str] = (),
    at: int | None = None,
) -> Question:
    """A question in the native language. :raises Invalid: see `domain.search.parse`."""
    where, terms = parse_filter(entity, text), parse_order(entity, order)
    return Question(where, terms, state, tuple(experiment_uids), at)


def assets(call: Call, question: Question, page: PageRequest) -> Page[AssetView]:
    """Assets that the caller may see, in the order asked for."""
    call.ask(Permission.ASSET_READ)
    return _shown(call, Entity.ASSET, question, page, call.tx.assets.by_ids, partial(asset_views, call), weight)


def versions(call: Call, question: Question, page: PageRequest) -> Page[VersionView]:
    """Versions of assets that the caller may see."""
    call.ask(Permission.ASSET_READ)

    def build(found: Sequence[Version]) -> list[VersionView]:
        owners = call.tx.assets.by_ids(sorted({version.asset_id for version in found}))
        return version_views(call, owners, found)

    return _shown(call, Entity.VERSION, question, page, call.tx.versions.by_ids, build, weight)


def found_experiments(call: Call, question: Question, page: PageRequest) -> Page[ExperimentView]:
    """Experiments in namespaces that the caller may see."""
    call.ask(Permission.RUN_READ)
    rows, build = call.tx.experiments.by_ids, partial(experiment_views, call)
    return _shown(call, Entity.EXPERIMENT, question, page, rows, build, experiment_weight)


def runs(call: Call, question: Question, page: PageRequest, most: int = VALUES_LISTED) -> Page[RunView]:
    """Runs of some experiments, or of all that the caller may see.

    :param most: params, and series, shown of each.
    """
    call.ask(Permission.RUN_READ)

    def build(found: Sequence[Run]) -> list[RunView]:
        owners = call.tx.experiments.by_ids(sorted({run.experiment_id for run in found}))
        return run_views(call, owners, found, most)

    within = _experiments(call, question)
    return _shown(call, Entity.RUN, question, page, call.tx.runs.by_ids, build, run_weight, within)


def found_logged_models(call: Call, question: Question, page: PageRequest) -> Page[LoggedModelView]:
    """Logged models of some experiments, or of all that the caller may see."""
    call.ask(Permission.RUN_READ)
    rows, build = call.tx.logged_models.by_ids, partial(logged_models.views_in_order, call)
    within = _experiments(call, question)
    return _shown(call, Entity.LOGGED_MODEL, question, page, rows, build, logged_model_weight, within)


def traces(call: Call, question: Question, page: PageRequest) -> Page[TraceView]:
    """Traces of some experiments, or of all that the caller may see."""
    call.ask(Permission.RUN_READ)

    def build(found: Sequence[Trace]) -> list[TraceView]:
        owners = call.tx.experiments.by_ids(sorted({trace.experiment_id for trace in found}))
        return trace_views(call, owners, found)

    within = _experiments(call, question)
    return _shown(call, Entity.TRACE, question, page, call.tx.traces.by_ids, build, trace_weight, within)


def count_traces(call: Call, where: Expr | None, experiment_uids: Sequence[str]) -> int:
    """How many traces of some experiments fit. :raises Invalid: it would take too long."""
    call.ask(Permission.RUN_READ)
    question = Question(where, experiment_uids=tuple(experiment_uids))
    return call.tx.search.count(_query(call, Entity.TRACE, question, _experiments(call, question)))


def trace_figures(call: Call, where: Expr | None, experiment_uids: Sequence[str], of: Figures) -> Sequence[FigureRow]:
    """Figures over the traces of some experiments that fit. :raises Invalid: see `check_figures`; it takes too long."""
    call.ask(Permission.RUN_READ)
    question = Question(where, experiment_uids=tuple(experiment_uids))
    of = replace(of, spans=_of_spans(of.spans))
    query = _query(call, Entity.TRACE, question, _experiments(call, question))
    return call.tx.search.figures(query, check_figures(of), GROUPS_MOST)


def _of_spans(terms: Sequence[Atom]) -> tuple[Atom, ...]:
    checked = tuple(check_atom(Entity.TRACE, term) for term in terms)
    return check_some(Entity.TRACE, checked).terms if checked else ()


def _experiments(call: Call, question: Question) -> tuple[int, ...] | None:
    """The ids of the experiments that are named. :raises NotFound: there is none such, or not for this caller."""
    if len(question.experiment_uids) > EXPERIMENTS_MOST:
        raise Invalid(f"At most {EXPERIMENTS_MOST} experiments at a time.", limit=EXPERIMENTS_MOST)
    uids = dict.fromkeys(question.experiment_uids)
    return tuple(experiments.by_uid(call, uid, Permission.RUN_READ).id for uid in uids) or None


def _shown(
    call: Call,
    entity: Entity,
    question: Question,
    page: PageRequest,
    rows: Callable[[Sequence[int]], Mapping[int, T]],
    build: Callable[[Sequence[T]], Sequence[V]],
    weigh: Callable[[V], int],
    experiment_ids: tuple[int, ...] | None = None,
) -> Page[V]:
    """The page of what fits; it ends early when its views grow large."""
    listing = f"search/{entity}/{call.workspace.id}/{question}"
    hits = _hits(call, entity, question, listing, page, experiment_ids)

    def view(some: Sequence[Hit]) -> Sequence[V]:
        found = rows([hit.id for hit in some])
        return build([found[hit.id] for hit in some])  # found in the same snapshot: none is missing

    return within_bytes(hits, view, weigh, lambda hit: call.sealer.seal(listing, hit.key))


def _hits(
    call: Call,
    entity: Entity,
    question: Question,
    listing: str,
    page: PageRequest,
    experiment_ids: tuple[int, ...] | None,
) -> Page[Hit]:
    query = _query(call, entity, question, experiment_ids)
    after = call.sealer.open(listing, page.token)
    rows = call.tx.search.find(query, after, page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda hit: hit.key)


def _query(call: Call, entity: Entity, question: Question, experiment_ids: tuple[int, ...] | None) -> Query:
    if question.state not in STATES[entity]:
        raise Invalid(f"State is one of {', '.join(STATES[entity])}.")
    return Query(
        entity=entity,
        workspace_id=call.workspace.id,
        visible=call.caller.access.visible(call.workspace.id),
        where=check(entity, question.where) if question.where is not None else None,
        order=check_order(entity, question.order) or _LATEST.get(entity, ()),
        state=question.state,
        experiment_ids=experiment_ids,
        at=question.at,
    )
