"""Search, entity by entity: what the caller may see of what fits a filter, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.search import Hit, Query
from strongroom.application.registry.views import AssetView, VersionView, asset_views, version_views
from strongroom.application.tracking import experiments, logged_models
from strongroom.application.tracking.logged_views import LoggedModelView
from strongroom.application.tracking.views import VALUES_LISTED, ExperimentView, RunView, experiment_views, run_views
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.search.ast import Expr, Field, Group, OrderTerm
from strongroom.domain.search.parse import parse_filter, parse_order
from strongroom.domain.search.schema import Entity, check, check_order

T = TypeVar("T")

EXPERIMENTS_MOST = 50
STATES: Mapping[Entity, tuple[str, ...]] = {
    Entity.ASSET: ("active", "archived", "trashed", "all"),
    Entity.VERSION: ("active", "archived", "trashed", "all"),
    Entity.EXPERIMENT: ("active", "trashed", "all"),
    Entity.RUN: ("active", "trashed", "all"),
    Entity.LOGGED_MODEL: ("active", "trashed", "all"),
}
_LATEST = {
    Entity.RUN: (OrderTerm(Field(Group.ATTRIBUTE, "started_at"), descending=True),),
    Entity.LOGGED_MODEL: (OrderTerm(Field(Group.ATTRIBUTE, "created_at"), descending=True),),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for. `where` and `order` are trees, made by a dialect or by `asked`.

    :param order: when empty, the latest first: runs by their start, others as they were made.
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
    hits = _hits(call, Entity.ASSET, question, page)
    found = call.tx.assets.by_ids([hit.id for hit in hits.items])
    return Page(asset_views(call, _in_order(hits, found)), hits.next_page_token)


def versions(call: Call, question: Question, page: PageRequest) -> Page[VersionView]:
    """Versions of assets that the caller may see."""
    call.ask(Permission.ASSET_READ)
    hits = _hits(call, Entity.VERSION, question, page)
    found = _in_order(hits, call.tx.versions.by_ids([hit.id for hit in hits.items]))
    owners = call.tx.assets.by_ids(sorted({version.asset_id for version in found}))
    return Page(version_views(call, owners, found), hits.next_page_token)


def found_experiments(call: Call, question: Question, page: PageRequest) -> Page[ExperimentView]:
    """Experiments in namespaces that the caller may see."""
    call.ask(Permission.RUN_READ)
    hits = _hits(call, Entity.EXPERIMENT, question, page)
    found = _in_order(hits, call.tx.experiments.by_ids([hit.id for hit in hits.items]))
    return Page(experiment_views(call, found), hits.next_page_token)


def runs(call: Call, question: Question, page: PageRequest, most: int = VALUES_LISTED) -> Page[RunView]:
    """Runs of some experiments, or of all that the caller may see.

    :param most: params, and series, shown of each.
    """
    call.ask(Permission.RUN_READ)
    hits = _hits(call, Entity.RUN, question, page, _experiments(call, question))
    found = _in_order(hits, call.tx.runs.by_ids([hit.id for hit in hits.items]))
    owners = call.tx.experiments.by_ids(sorted({run.experiment_id for run in found}))
    return Page(run_views(call, owners, found, most), hits.next_page_token)


def found_logged_models(call: Call, question: Question, page: PageRequest) -> Page[LoggedModelView]:
    """Logged models of some experiments, or of all that the caller may see."""
    call.ask(Permission.RUN_READ)
    hits = _hits(call, Entity.LOGGED_MODEL, question, page, _experiments(call, question))
    found = _in_order(hits, call.tx.logged_models.by_ids([hit.id for hit in hits.items]))
    return Page(logged_models.views_in_order(call, found), hits.next_page_token)


def _experiments(call: Call, question: Question) -> tuple[int, ...] | None:
    """The ids of the experiments that are named. :raises NotFound: there is none such, or not for this caller."""
    if len(question.experiment_uids) > EXPERIMENTS_MOST:
        raise Invalid(f"At most {EXPERIMENTS_MOST} experiments at a time.", limit=EXPERIMENTS_MOST)
    uids = dict.fromkeys(question.experiment_uids)
    return tuple(experiments.by_uid(call, uid, Permission.RUN_READ).id for uid in uids) or None


def _in_order(hits: Page[Hit], found: Mapping[int, T]) -> list[T]:
    return [found[hit.id] for hit in hits.items if hit.id in found]


def _hits(
    call: Call,
    entity: Entity,
    question: Question,
    page: PageRequest,
    experiment_ids: tuple[int, ...] | None = None,
) -> Page[Hit]:
    if question.state not in STATES[entity]:
        raise Invalid(f"State is one of {', '.join(STATES[entity])}.")
    query = Query(
        entity=entity,
        workspace_id=call.workspace.id,
        visible=call.caller.access.visible(call.workspace.id),
        where=check(entity, question.where) if question.where is not None else None,
        order=check_order(entity, question.order) or _LATEST.get(entity, ()),
        state=question.state,
        experiment_ids=experiment_ids,
        at=question.at,
    )
    listing = f"search/{entity}/{call.workspace.id}/{question}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.search.find(query, after, page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda hit: hit.key)
