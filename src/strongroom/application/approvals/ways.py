"""Transitions that approval is asked for: where a version may be taken at all."""

from strongroom.application.call import Call
from strongroom.application.delivery import environments
from strongroom.application.registry.stages import graph_of
from strongroom.domain.approvals.fields import clean_kind
from strongroom.domain.approvals.model import Way
from strongroom.domain.errors import Invalid
from strongroom.domain.gates.policy import TransitionKind
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.names import clean_alias
from strongroom.domain.registry.stages import clean_stage


def clean_way(call: Call, kind: str, target: str) -> Way:
    """A transition from outside. :raises Invalid: no such stage. :raises NotFound: no such environment."""
    of = clean_kind(kind)
    if of is TransitionKind.ALIAS:
        return Way(of, clean_alias(target))
    if of is TransitionKind.ENVIRONMENT:
        return Way(of, environments.by_name(call, target, Permission.RELEASE_READ).name)
    stage, graph = clean_stage(target), graph_of(call.workspace)
    if not graph.is_open and stage not in graph.stages:
        raise Invalid(f"{stage!r} is not a stage of this workspace.", stages=list(graph.stages))
    return Way(of, stage)
