"""Approval of versions: asked for, given or refused by people, withdrawn, and what waits for whom."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from strongroom.application.approvals import requests, verdicts
from strongroom.application.approvals.views import ApprovalView, WaitingView
from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Name, Paged, PagedByUid, Sha256
from strongroom.domain.approvals.fields import ASKED_MOST, DAYS_MOST, DAYS_USUAL, NOTE_LONGEST
from strongroom.domain.identity.roles import Permission

Note = Annotated[str, Meta(max_length=NOTE_LONGEST)]
Reason = Annotated[str, Meta(min_length=1, max_length=NOTE_LONGEST)]
Days = Annotated[int, Meta(ge=1, le=DAYS_MOST)]
Tell = Annotated[list[Name], Meta(max_length=ASKED_MOST)]


class AskBody(Struct, frozen=True, kw_only=True):
    """`target` is the stage, alias or environment. `tell` names people and teams who find it in their inboxes.

    `strict`: verdicts stand only as long as nothing else is evaluated, found or flagged. `days`: it waits so long.
    """

    transition: Literal["stage", "alias", "environment"]
    target: Name
    note: Note = ""
    strict: bool = False
    tell: Tell = []
    days: Days = DAYS_USUAL


class GiveBody(Struct, frozen=True, kw_only=True):
    """A verdict that stands for so many `days`; `tree` is the digest that you looked at."""

    verdict: Literal["approve", "reject"]
    note: Note = ""
    tree: Sha256 | None = None
    days: Days = DAYS_USUAL


@command(
    "approval.request",
    "POST",
    "/versions/{uid}/approvals",
    Permission.APPROVAL_ASK,
    "Ask for approval of a version for a stage, an alias or an environment",
    params=ByUid,
    body=AskBody,
    answer=ApprovalView,
    status=201,
)
def ask(call: Call, request: Request[ByUid, AskBody]) -> ApprovalView:
    b = request.body
    said = requests.AskApproval(b.transition, b.target, b.note, b.strict, b.tell, b.days)
    return requests.ask(call, request.params.uid, said)


@read(
    "approval.list",
    "/versions/{uid}/approvals",
    Permission.COMMENT_READ,
    "Approval of a version: what was asked, what was said, and what of it stands",
    params=PagedByUid,
    answer=Page[ApprovalView],
)
def list_(call: Call, request: Request[PagedByUid, Any]) -> Page[ApprovalView]:
    return requests.listed(call, request.params.uid, request.params.page())


@read(
    "approval.waiting",
    "/approvals/waiting",
    Permission.SELF,
    "What waits for your verdict, the latest first; a page may hold less than you ask for",
    params=Paged,
    answer=Page[WaitingView],
)
def waiting(call: Call, request: Request[Paged, Any]) -> Page[WaitingView]:
    return requests.waiting(call, request.params.page())


@read(
    "approval.get",
    "/approvals/{uid}",
    Permission.COMMENT_READ,
    "One request for approval",
    params=ByUid,
    answer=ApprovalView,
)
def get(call: Call, request: Request[ByUid, Any]) -> ApprovalView:
    return requests.get(call, request.params.uid)


@command(
    "approval.give",
    "PUT",
    "/approvals/{uid}/verdict",
    Permission.VERDICT_GIVE,
    "Approve a version, or reject it; authors and requesters do not",
    params=ByUid,
    body=GiveBody,
    answer=ApprovalView,
)
def give(call: Call, request: Request[ByUid, GiveBody]) -> ApprovalView:
    b = request.body
    return verdicts.give(call, request.params.uid, verdicts.GiveVerdict(b.verdict, b.note, b.tree, b.days))


@command(
    "approval.take_back",
    "DELETE",
    "/approvals/{uid}/verdict",
    Permission.VERDICT_GIVE,
    "Take back what you said",
    params=ByUid,
    answer=ApprovalView,
)
def take_back(call: Call, request: Request[ByUid, Any]) -> ApprovalView:
    return verdicts.take_back(call, request.params.uid)


@command(
    "approval.withdraw",
    "POST",
    "/approvals/{uid}/withdraw",
    Permission.APPROVAL_ASK,
    "Ask for approval no more; what was said stands no more either",
    params=ByUid,
    answer=ApprovalView,
)
def withdraw(call: Call, request: Request[ByUid, Any]) -> ApprovalView:
    return requests.withdraw(call, request.params.uid, request.etag)


OPERATIONS = (ask, list_, waiting, get, give, take_back, withdraw)
