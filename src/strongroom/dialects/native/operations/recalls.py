"""Recalls: said, lifted, read with all that they reach; exemptions asked for, given and ended."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.recalls import exemptions, impact, recalling
from strongroom.application.recalls.views import AffectedView, ExemptionView, RecallView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Uid
from strongroom.domain.identity.roles import Permission

Said = Annotated[str, Meta(min_length=1, max_length=255)]


class SayRecall(Struct, frozen=True, kw_only=True):
    """What must not be pulled any more: a version by uid, a SHA-256, a data set by uid or digest, a licence.

    `downstream`: nor what came of it.
    """

    kind: Literal["version", "digest", "dataset", "licence"]
    subject: Said
    reason: str
    downstream: bool = False


class LiftRecall(Struct, frozen=True, kw_only=True):
    """Why it may be pulled again."""

    reason: str


class ListRecalls(Paged, frozen=True, kw_only=True):
    """Which recalls to list; `lifted` lists those that were lifted as well."""

    lifted: bool = False


class AskExemption(Struct, frozen=True, kw_only=True):
    """Who is to pull what is recalled nevertheless (you, where neither is named), why, and until when."""

    until: datetime
    reason: str
    principal_uid: Uid | None = None
    team_uid: Uid | None = None


@command(
    "recall.say",
    "POST",
    "/recalls",
    Permission.RECALL_WRITE,
    "Let something not be pulled any more, on every dialect and process",
    body=SayRecall,
    answer=RecallView,
    status=201,
)
def say_recall(call: Call, request: Request[Any, SayRecall]) -> RecallView:
    b = request.body
    return recalling.say(call, recalling.SayRecall(b.kind, b.subject, b.reason, b.downstream))


@read(
    "recall.list",
    "/recalls",
    Permission.RECALL_READ,
    "Recalls of the workspace, the latest first",
    params=ListRecalls,
    answer=Page[RecallView],
)
def list_recalls(call: Call, request: Request[ListRecalls, Any]) -> Page[RecallView]:
    return recalling.listed(call, request.params.page(), lifted=request.params.lifted)


@read("recall.get", "/recalls/{uid}", Permission.RECALL_READ, "One recall", params=ByUid, answer=RecallView)
def get_recall(call: Call, request: Request[ByUid, Any]) -> RecallView:
    return recalling.get(call, request.params.uid)


@command(
    "recall.lift",
    "POST",
    "/recalls/{uid}/lift",
    Permission.RECALL_WRITE,
    "Let what was recalled be pulled again; the recall stays in the history",
    params=ByUid,
    body=LiftRecall,
    answer=RecallView,
)
def lift_recall(call: Call, request: Request[ByUid, LiftRecall]) -> RecallView:
    return recalling.lift(call, request.params.uid, request.body.reason)


@read(
    "recall.impact",
    "/recalls/{uid}/impact",
    Permission.RECALL_READ,
    "What a recall reaches, the nearest first, with aliases, releases, targets, readers and owners",
    params=PagedByUid,
    answer=Page[AffectedView],
)
def impact_of_recall(call: Call, request: Request[PagedByUid, Any]) -> Page[AffectedView]:
    return impact.listed(call, request.params.uid, request.params.page())


@read(
    "exemption.list",
    "/recalls/{uid}/exemptions",
    Permission.RECALL_READ,
    "Exemptions from a recall, the latest first",
    params=PagedByUid,
    answer=Page[ExemptionView],
)
def list_exemptions(call: Call, request: Request[PagedByUid, Any]) -> Page[ExemptionView]:
    return exemptions.listed(call, request.params.uid, request.params.page())


@command(
    "exemption.ask",
    "POST",
    "/recalls/{uid}/exemptions",
    Permission.RECALL_ASK,
    "Ask that somebody may pull what is recalled until a time",
    params=ByUid,
    body=AskExemption,
    answer=ExemptionView,
    status=201,
)
def ask_exemption(call: Call, request: Request[ByUid, AskExemption]) -> ExemptionView:
    b = request.body
    asked = exemptions.AskExemption(b.until, b.reason, b.principal_uid, b.team_uid)
    return exemptions.ask(call, request.params.uid, asked)


@command(
    "exemption.give",
    "POST",
    "/exemptions/{uid}/give",
    Permission.RECALL_WRITE,
    "Give an exemption that somebody else asked for",
    params=ByUid,
    answer=ExemptionView,
)
def give_exemption(call: Call, request: Request[ByUid, Any]) -> ExemptionView:
    return exemptions.give(call, request.params.uid)


@command(
    "exemption.end",
    "POST",
    "/exemptions/{uid}/end",
    Permission.RECALL_WRITE,
    "End an exemption before its time, or refuse one that was asked for",
    params=ByUid,
    answer=ExemptionView,
)
def end_exemption(call: Call, request: Request[ByUid, Any]) -> ExemptionView:
    return exemptions.end(call, request.params.uid)


OPERATIONS = (
    say_recall,
    list_recalls,
    get_recall,
    lift_recall,
    impact_of_recall,
    list_exemptions,
    ask_exemption,
    give_exemption,
    end_exemption,
)
