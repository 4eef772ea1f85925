"""Targets: places that run releases, told what to run and heard of what they run."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.delivery import reporting, watching
from strongroom.application.delivery.reporting import Report
from strongroom.application.delivery.watching import TargetView, WantedView
from strongroom.application.edge import Edge
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.operations.delivery import Slug
from strongroom.dialects.native.wire import ByUid, Sha256, Uid
from strongroom.domain.delivery.names import ABOUT_LONGEST, MESSAGE_LONGEST, NUMBERS_MOST
from strongroom.domain.identity.roles import Permission


class RegisterTarget(Struct, frozen=True, kw_only=True):
    """A place that runs a line in an environment."""

    environment: Slug
    line: Slug
    name: Slug
    description: Annotated[str, Meta(max_length=ABOUT_LONGEST)] = ""


class WantedOf(Struct, frozen=True, kw_only=True):
    """`wait` is seconds to wait while what is to run is still that of `mark`."""

    uid: Uid
    mark: Annotated[str, Meta(max_length=2048)] | None = None
    wait: Annotated[int, Meta(ge=0, le=int(watching.WAIT_LONGEST_S))] = 0


class Heartbeat(Struct, frozen=True, kw_only=True):
    """What a target says of itself; `running` is the digest of the release that it really runs."""

    running: Sha256 | None = None
    health: Literal["healthy", "degraded", "failing"] = "healthy"
    numbers: Annotated[dict[str, float], Meta(max_length=NUMBERS_MOST)] = {}
    message: Annotated[str, Meta(max_length=MESSAGE_LONGEST)] = ""


@command(
    "target.register",
    "POST",
    "/targets",
    Permission.TARGET_WRITE,
    "Register a target; the same name again is the target that there is",
    body=RegisterTarget,
    answer=TargetView,
    status=201,
)
def register_target(call: Call, request: Request[Any, RegisterTarget]) -> TargetView:
    b = request.body
    return watching.register(call, b.environment, b.line, b.name, b.description)


@read("target.get", "/targets/{uid}", Permission.RELEASE_READ, "One target", params=ByUid, answer=TargetView)
def get_target(call: Call, request: Request[ByUid, Any]) -> TargetView:
    return watching.get(call, request.params.uid)


@flow(
    "target.wanted",
    "GET",
    "/targets/{uid}/wanted",
    Permission.RELEASE_READ,
    "What a target is to run; waits for a change when asked to",
    params=WantedOf,
    answer=WantedView,
)
async def wanted_of_target(edge: Edge, request: Request[WantedOf, Any]) -> WantedView:
    p = request.params
    return await watching.awaited(edge, p.uid, p.mark, p.wait)


@command(
    "target.report",
    "POST",
    "/targets/{uid}/report",
    Permission.TARGET_WRITE,
    "Say what a target really runs; answers what it is to run",
    params=ByUid,
    body=Heartbeat,
    answer=WantedView,
)
def report_of_target(call: Call, request: Request[ByUid, Heartbeat]) -> WantedView:
    b = request.body
    return reporting.report(call, request.params.uid, Report(b.running, b.health, b.numbers, b.message))


@command(
    "target.remove",
    "DELETE",
    "/targets/{uid}",
    Permission.TARGET_WRITE,
    "Forget a target",
    params=ByUid,
)
def remove_target(call: Call, request: Request[ByUid, Any]) -> None:
    watching.remove(call, request.params.uid)


OPERATIONS = (register_target, get_target, wanted_of_target, report_of_target, remove_target)
