"""Stages: where a version stands on the way to production, with the moves that the workspace allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from strongroom.application.call import Call, check_etag
from strongroom.application.gates import passing
from strongroom.application.gates.passing import Crossing
from strongroom.application.registry import versions, workspaces
from strongroom.application.registry.views import StageView, VersionView, stage_view, version_view
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict
from strongroom.domain.gates.policy import Transition, TransitionKind
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import VersionState, Workspace
from strongroom.domain.registry.stages import ARCHIVED, DEFAULT_STAGES, NONE, StageGraph
from strongroom.domain.registry.text import clean_text


def graph_of(workspace: Workspace) -> StageGraph:
    """The stages of a workspace: its own, or the default ones."""
    own = workspace.settings.get("stages")
    if not isinstance(own, Mapping):
        return DEFAULT_STAGES
    edges = cast("Sequence[Sequence[str]]", own["edges"])
    names = cast("Sequence[str]", own["stages"])
    return StageGraph.of(names, [(a, b) for a, b in edges], is_open=bool(own.get("open")))


@dataclass(frozen=True, slots=True)
class StagesView:
    """The stages of a workspace in their order, and the moves it allows; `open`: any name, any move."""

    stages: Sequence[str]
    edges: Sequence[Sequence[str]]
    open: bool
    etag: int


def _view(workspace: Workspace) -> StagesView:
    graph = graph_of(workspace)
    order = {stage: place for place, stage in enumerate(graph.stages)}
    edges = sorted(graph.edges, key=lambda edge: (order[edge[0]], order[edge[1]]))
    return StagesView(graph.stages, [list(edge) for edge in edges], graph.is_open, workspace.etag)


def of_workspace(call: Call, slug: str) -> StagesView:
    """The stages of a workspace: its own, or the default ones."""
    return _view(workspaces.find(call, slug))


def define(
    call: Call, slug: str, names: Sequence[str], edges: Sequence[tuple[str, str]], *, is_open: bool, etag: int | None
) -> StagesView:
    """Give a workspace stages of its own. Versions stay where they are, even at a stage that is no more.

    :raises Invalid: a stage is bad, repeated or missing ("none"), or an edge leads to an unknown one.
    """
    workspace = workspaces.locked(call, slug, etag)
    graph = StageGraph.of(names, edges, is_open=is_open)
    own = {"stages": list(graph.stages), "edges": sorted(map(list, graph.edges)), "open": graph.is_open}
    settings = {**workspace.settings, "stages": own}
    changed = call.tx.workspaces.update(workspace, description=workspace.description, settings=settings)
    details = {"stages": len(graph.stages), "edges": len(graph.edges)}
    replace(call, workspace=changed).record("workspace.stages", Subject("workspace", workspace.uid), details)
    return _view(changed)


def place(call: Call, version_uid: str, name: str, note: str, *, move_others: bool, etag: int | None) -> VersionView:
    """Place a version at a stage.

    :param move_others: move the versions that stand there to "archived" in the same command.
    :raises StageEdgeNotAllowed: the workspace has no such move. :raises GateRefused: a rule keeps it back.
    """
    asset, version = versions.locked(call, version_uid, Permission.STAGE_SET)
    check_etag(etag, version.etag)
    if version.state is not VersionState.LIVE:
        raise Conflict("Only a published version has a stage.", state=version.state.value)
    graph = graph_of(call.workspace)
    to = graph.check_move(version.stage, name)
    why = clean_text(note, what="note", longest=1_000)
    way = Transition(TransitionKind.STAGE, to, version.stage or NONE)
    decisions = passing.require(call, [Crossing(asset, version, way)]) if to != (version.stage or NONE) else []
    asset = call.tx.assets.advance(asset)
    if move_others:
        for other_id in call.tx.stages.at_stage(asset.id, to):
            if other_id != version.id:
                other = call.tx.versions.lock(other_id)
                graph.check_move(other.stage, ARCHIVED)
                call.tx.versions.update(other, stage=ARCHIVED)
                call.tx.stages.place(asset, other, ARCHIVED, "", call.actor.id)
                details = {"from": other.stage, "to": ARCHIVED}
                call.record("stage.set", Subject("version", other.uid), details, asset=asset)
    changed = call.tx.versions.update(version, stage=None if to == NONE else to)
    call.tx.stages.place(asset, changed, None if to == NONE else to, why, call.actor.id)
    said: dict[str, Json] = {"from": version.stage, "to": to, **passing.told(decisions)}
    call.record("stage.set", Subject("version", version.uid), said, asset=asset)
    return version_view(call, asset, changed)


def history(call: Call, version_uid: str) -> list[StageView]:
    """Every stage a version ever stood at, newest first."""
    _asset, version = versions.by_uid(call, version_uid, Permission.ASSET_READ)
    return [stage_view(placement) for placement in call.tx.stages.history(version.id)]
