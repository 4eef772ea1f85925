"""Lineage: walks through the graph, paths, what is affected, what is missing."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.lineage import checking, consumption, graph, impact, paths
from strongroom.application.lineage.checking import CheckView
from strongroom.application.lineage.consumption import ConsumerView
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.impact import ImpactView
from strongroom.application.lineage.paths import PathsView
from strongroom.application.lineage.views import GraphView
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, read
from strongroom.dialects.native.wire import PagedByUid, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage import check as rules
from strongroom.domain.lineage.check import Requirement
from strongroom.domain.lineage.model import EdgeType
from strongroom.domain.lineage.vocabulary import parse_type

Word = Annotated[str, Meta(max_length=255)]
Words = Annotated[list[Annotated[str, Meta(max_length=32)]], Meta(max_length=32)]
Types = Annotated[
    str, Meta(max_length=512, description="Types of edges, with commas between: `input,output,base`; else all.")
]
Depth = Annotated[int, Meta(ge=1, le=graph.DEEPEST)]
Vertices = Annotated[int, Meta(ge=1, le=graph.VERTICES_MOST)]


def types_of(text: str | None) -> list[EdgeType] | None:
    """Types of edges as a query says them."""
    if not text:
        return None
    return sorted({parse_type(word.strip()) for word in text.split(",")})


class Walk(Struct, frozen=True, kw_only=True):
    """Where a walk begins (`kind`: `version`, `run`, `logged_model`, `node`, `principal`) and how far it goes.

    `direction` is `up` (what it came from), `down` (what came of it) or `both`. `consumers` draws who read, too.
    """

    kind: Word
    uid: Uid
    direction: Word = "both"
    types: Types | None = None
    consumers: bool = False
    depth: Depth = 10
    max_vertices: Vertices = graph.VERTICES_MOST


class FindPath(Struct, frozen=True, kw_only=True):
    """Between what to look for a path. `direction` is `down` (along the edges), `up` (against them) or `any`."""

    kind: Word
    uid: Uid
    to_kind: Word
    to_uid: Uid
    direction: Word = "down"
    types: Types | None = None
    longest: Annotated[int, Meta(ge=1, le=paths.LONGEST_MOST)] = paths.LONGEST_MOST
    max_paths: Annotated[int, Meta(ge=1, le=paths.PATHS_MOST)] = 10


class AskImpact(Struct, frozen=True, kw_only=True):
    """What turned out to be bad: a version, run, logged model or node."""

    kind: Word
    uid: Uid
    depth: Depth = graph.DEEPEST
    max_vertices: Vertices = graph.VERTICES_MOST


class Require(Struct, frozen=True, kw_only=True):
    """Somewhere up the graph stands something of one of these forms, reached by an edge of one of these types.

    `forms` are `version`, `run`, `logged_model`, a kind of node, or the kind of a version's asset; `facts` of `digest`,
    `commit`, `live`, `unflagged`. With `every`, all that fit must have the facts; else there must be one that has.
    """

    name: Word
    types: Words = []
    forms: Words = []
    facts: Words = []
    depth: Annotated[int, Meta(ge=1, le=rules.DEPTH_MOST)] = 10
    every: bool = False


class Check(Struct, frozen=True, kw_only=True):
    """Requirements by their names (`dataset_with_digest`, `code_commit` and so on), and ones of your own."""

    version_uid: Uid
    named: Words = []
    requirements: Annotated[list[Require], Meta(max_length=rules.REQUIREMENTS_MOST)] = []


@read(
    "lineage.walk",
    "/lineage/{kind}/{uid}",
    Permission.LINEAGE_READ,
    "What something came from, and what came of it",
    params=Walk,
    answer=GraphView,
)
def walk(call: Call, request: Request[Walk, Any]) -> GraphView:
    p = request.params
    types = types_of(p.types)
    bounds = {"depth": p.depth, "most": p.max_vertices}
    return graph.walk(call, p.kind, p.uid, p.direction, **bounds, types=types, consumers=p.consumers)


@read(
    "lineage.path",
    "/lineage/{kind}/{uid}/path/{to_kind}/{to_uid}",
    Permission.LINEAGE_READ,
    "The shortest paths from one thing to another",
    params=FindPath,
    answer=PathsView,
)
def find_path(call: Call, request: Request[FindPath, Any]) -> PathsView:
    p = request.params
    ends = End(p.kind, p.uid), End(p.to_kind, p.to_uid)
    types = types_of(p.types)
    return paths.path(call, *ends, p.direction, types=types, longest=p.longest, most=p.max_paths)


@read(
    "lineage.impact",
    "/lineage/{kind}/{uid}/impact",
    Permission.LINEAGE_READ,
    "What is affected when something is bad: what came of it, aliases that point there, who consumed it",
    params=AskImpact,
    answer=ImpactView,
)
def ask_impact(call: Call, request: Request[AskImpact, Any]) -> ImpactView:
    p = request.params
    return impact.impact(call, p.kind, p.uid, depth=p.depth, most=p.max_vertices)


@read(
    "lineage.check",
    "/lineage/check",
    Permission.LINEAGE_READ,
    "Which of some requirements on what stands behind a version are not met",
    method="POST",
    body=Check,
    answer=CheckView,
)
def check(call: Call, request: Request[Any, Check]) -> CheckView:
    asked = [checking.requirement(name) for name in request.body.named]
    asked += [
        Requirement(
            own.name,
            frozenset(map(parse_type, own.types)),
            frozenset(own.forms),
            frozenset(own.facts),
            own.depth,
            own.every,
        )
        for own in request.body.requirements
    ]
    return checking.check(call, request.body.version_uid, asked)


@read(
    "version.consumers",
    "/versions/{uid}/consumers",
    Permission.LINEAGE_READ,
    "Who read a version's bytes, and how often",
    params=PagedByUid,
    answer=Page[ConsumerView],
)
def list_consumers(call: Call, request: Request[PagedByUid, Any]) -> Page[ConsumerView]:
    return consumption.consumers(call, request.params.uid, request.params.page())


OPERATIONS = (walk, find_path, ask_impact, check, list_consumers)
