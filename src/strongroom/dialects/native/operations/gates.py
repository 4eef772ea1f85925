"""Policies, what gates say of versions, and what they said."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.gates import breaking, decisions, policies, risks
from strongroom.application.gates.breaking import BreakingView
from strongroom.application.gates.decisions import TARGET_LONGEST
from strongroom.application.gates.risks import RiskView
from strongroom.application.gates.views import CheckView, GateDecisionView, PolicyView, ReplayView
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Uid
from strongroom.domain.identity.roles import Permission

Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Target = Annotated[str, Meta(min_length=1, max_length=TARGET_LONGEST)]


class ApplyPolicy(Struct, frozen=True, kw_only=True):
    """A policy to be put in force. `expected`: the number that its present version must have, 0 for none."""

    document: dict[str, Any]
    expected: Number | None = None


class TryPolicy(Struct, frozen=True, kw_only=True):
    """A policy that is only looked at."""

    document: dict[str, Any]


class PolicyAt(Struct, frozen=True, kw_only=True):
    """A policy, in its present version or another."""

    uid: Uid
    number: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class Way(Struct, frozen=True, kw_only=True):
    """A version on its way. `source`: the stage or environment that it comes from; a stage is known without it."""

    uid: Uid
    kind: Literal["stage", "alias", "environment", "registration"]
    target: Target
    source: Annotated[str, Meta(max_length=TARGET_LONGEST)] | None = None


class Risks(Paged, frozen=True, kw_only=True):
    """All of the workspace, or those of one version (its uid)."""

    version: Uid | None = None


@command(
    "policy.apply",
    "POST",
    "/policies",
    Permission.POLICY_WRITE,
    "Put a policy in force under its name, as its first or next version",
    body=ApplyPolicy,
    answer=PolicyView,
)
def apply(call: Call, request: Request[Any, ApplyPolicy]) -> PolicyView:
    return policies.apply(call, request.body.document, request.body.expected)


@read(
    "policy.try",
    "/policies/try",
    Permission.POLICY_WRITE,
    "What of what stands now a policy would keep back; nothing is changed",
    body=TryPolicy,
    answer=BreakingView,
    method="POST",
)
def try_(call: Call, request: Request[Any, TryPolicy]) -> BreakingView:
    return breaking.of(call, request.body.document)


@read(
    "policy.list",
    "/policies",
    Permission.WORKSPACE_READ,
    "Policies of the workspace",
    params=Paged,
    answer=Page[PolicyView],
)
def list_(call: Call, request: Request[Paged, Any]) -> Page[PolicyView]:
    return policies.listed(call, request.params.page())


@read("policy.get", "/policies/{uid}", Permission.WORKSPACE_READ, "One policy", params=PolicyAt, answer=PolicyView)
def get(call: Call, request: Request[PolicyAt, Any]) -> PolicyView:
    return policies.get(call, request.params.uid, request.params.number)


@read(
    "policy.versions",
    "/policies/{uid}/versions",
    Permission.WORKSPACE_READ,
    "Every version of a policy, the latest first",
    params=PagedByUid,
    answer=Page[PolicyView],
)
def versions(call: Call, request: Request[PagedByUid, Any]) -> Page[PolicyView]:
    return policies.versions(call, request.params.uid, request.params.page())


@command(
    "policy.retire",
    "DELETE",
    "/policies/{uid}",
    Permission.POLICY_WRITE,
    "Put a policy out of force; its versions stay",
    params=ByUid,
    answer=PolicyView,
)
def retire(call: Call, request: Request[ByUid, Any]) -> PolicyView:
    return policies.retire(call, request.params.uid)


@read(
    "gate.check",
    "/versions/{uid}/gates/{kind}/{target}",
    Permission.ASSET_READ,
    "What the gates before a transition say of a version; nothing is changed",
    params=Way,
    answer=CheckView,
)
def check(call: Call, request: Request[Way, Any]) -> CheckView:
    p = request.params
    return decisions.check(call, p.uid, p.kind, p.target, p.source)


@read(
    "gate.decisions",
    "/versions/{uid}/decisions",
    Permission.ASSET_READ,
    "What gates said of a version, the latest first",
    params=PagedByUid,
    answer=Page[GateDecisionView],
)
def list_decisions(call: Call, request: Request[PagedByUid, Any]) -> Page[GateDecisionView]:
    return decisions.listed(call, request.params.uid, request.params.page())


@read("gate.decision", "/decisions/{uid}", Permission.ASSET_READ, "One decision", params=ByUid, answer=GateDecisionView)
def get_decision(call: Call, request: Request[ByUid, Any]) -> GateDecisionView:
    return decisions.get(call, request.params.uid)


@read(
    "gate.replay",
    "/decisions/{uid}/replay",
    Permission.ASSET_READ,
    "A decision asked again, of the same policies about the same evidence",
    params=ByUid,
    answer=ReplayView,
)
def replay(call: Call, request: Request[ByUid, Any]) -> ReplayView:
    return decisions.replay(call, request.params.uid)


@read(
    "gate.risks",
    "/risks",
    Permission.ASSET_READ,
    "Versions that stand where the gates would not let them now: of the workspace, or one version",
    params=Risks,
    answer=Page[RiskView],
)
def list_risks(call: Call, request: Request[Risks, Any]) -> Page[RiskView]:
    return risks.listed(call, request.params.page(), request.params.version)


OPERATIONS = (
    apply,
    try_,
    list_,
    get,
    versions,
    retire,
    check,
    list_decisions,
    get_decision,
    replay,
    list_risks,
)
