"""Which rows a search may show at all: the workspace, what the caller sees, and the state asked for."""

from typing import Any

from sqlalchemy import Select, exists, false, select, true

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.repositories.namespaces import in_subtree
from strongroom.adapters.sql.search.scope import Sql
from strongroom.adapters.sql.tables import asset, experiment, logged_model, namespace, run, version
from strongroom.application.ports.search import Query
from strongroom.domain.identity.access import Visible
from strongroom.domain.search.schema import Entity

_LIVE = version.c.state == "live"
_STATES: dict[Entity, dict[str, list[Sql]]] = {
    Entity.ASSET: {
        "active": [asset.c.deleted_at.is_(None), asset.c.archived_at.is_(None)],
        "archived": [asset.c.deleted_at.is_(None), asset.c.archived_at.is_not(None)],
        "trashed": [asset.c.deleted_at.is_not(None), asset.c.purged_at.is_(None)],
        "all": [],
    },
    Entity.VERSION: {
        "active": [_LIVE, version.c.archived_at.is_(None)],
        "archived": [_LIVE, version.c.archived_at.is_not(None)],
        "trashed": [version.c.state == "trashed"],
        "all": [version.c.state != "draft"],
    },
    Entity.EXPERIMENT: {
        "active": [experiment.c.deleted_at.is_(None)],
        "trashed": [experiment.c.deleted_at.is_not(None)],
        "all": [],
    },
    Entity.RUN: {
        "active": [run.c.deleted_at.is_(None)],
        "trashed": [run.c.deleted_at.is_not(None)],
        "all": [],
    },
    Entity.TRACE: {"active": [], "all": []},
    Entity.LOGGED_MODEL: {
        "active": [logged_model.c.deleted_at.is_(None)],
        "trashed": [logged_model.c.deleted_at.is_not(None)],
        "all": [],
    },
}


def states(entity: Entity) -> tuple[str, ...]:
    """The states that rows of an entity may be asked for by."""
    return tuple(_STATES[entity])


def conditions(query: Query) -> list[Sql]:
    """What holds of every row that the question may show; experiments of runs and models are asked for apart."""
    state = _STATES[query.entity][query.state]
    match query.entity:
        case Entity.ASSET:
            mine = [asset.c.workspace_id == query.workspace_id, *state]
            if not query.visible.everything:
                here = select(namespace.c.id).where(
                    namespace.c.id == asset.c.namespace_id, visible_where(query.visible)
                )
                mine.append(exists(here.correlate(asset)))
            return mine
        case Entity.VERSION:
            return [version.c.workspace_id == query.workspace_id, *state, _of_visible_asset(query)]
        case Entity.EXPERIMENT:
            return [experiment.c.workspace_id == query.workspace_id, _experiment_where(query.visible), *state]
        case Entity.RUN | Entity.LOGGED_MODEL | Entity.TRACE:
            return list(state)


def _of_visible_asset(query: Query) -> Sql:
    of = select(asset.c.id).where(asset.c.id == version.c.asset_id)
    if not query.visible.everything:
        of = of.join(namespace, namespace.c.id == asset.c.namespace_id).where(visible_where(query.visible))
    if query.state in {"active", "archived"}:
        of = of.where(asset.c.deleted_at.is_(None))
    # a scalar, so that no planner begins with the assets
    return of.correlate(version).scalar_subquery().is_not(None)


def _experiment_where(visible: Visible) -> Sql:
    """As in the repository of experiments: a grant on an asset, or public reading, shows none."""
    if visible.whole_workspace:
        return true()
    if not visible.namespaces:
        return false()
    here = select(namespace.c.id)
    found: Sql = false()
    for path in visible.namespaces:
        found = found | in_subtree(path)
    return experiment.c.namespace_id.in_(here.where(found))


def visible_experiments(query: Query) -> Select[Any]:
    """Ids of the experiments that are searched in when none are named."""
    return select(experiment.c.id).where(
        experiment.c.workspace_id == query.workspace_id,
        experiment.c.deleted_at.is_(None),
        _experiment_where(query.visible),
    )
