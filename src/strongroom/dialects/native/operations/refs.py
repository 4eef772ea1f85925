"""Branches, pins, and what is committed, merged and published on them."""

from typing import Annotated, Any, Literal

from msgspec import Meta, structs

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page
from strongroom.application.registry import commits, publication, refs
from strongroom.application.registry.edits import EditCommand
from strongroom.application.registry.refs import HeadView
from strongroom.application.registry.views import RefView
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.wire import ByUid, Name, PagedByUid, Path, Sha256, Size, Time, Uid, time_us
from strongroom.domain.artifacts.edits import EDITS_MOST
from strongroom.domain.artifacts.revision import MESSAGE_LONGEST
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.refs import RefKind

COMMIT_BODY = 16 * 1024 * 1024

Revision = Annotated[
    str,
    Meta(
        max_length=1024,
        description="A branch or pin, the first 8 to 64 digits of a digest, or a selector with its sign "
        "(:3, @alias, ^branch, ~digest); empty is main.",
    ),
]
Parent = Annotated[
    str,
    Meta(
        max_length=64, description="Digest that the branch must stand at, or its first 8 digits; empty: no branch yet."
    ),
]
Message = Annotated[str, Meta(max_length=MESSAGE_LONGEST)]


class RefOf(Struct, frozen=True, kw_only=True):
    """One branch or pin of an asset."""

    uid: Uid
    name: Name


class CreateRef(Struct, frozen=True, kw_only=True):
    """A branch or pin, and the revision that it leads to."""

    name: Name
    revision: Revision = ""


class UpdateRef(Struct, frozen=True, kw_only=True):
    """Whether only those who may protect move it, and nobody deletes it."""

    protected: bool


class EditItem(Struct, frozen=True, kw_only=True):
    """One edit of a commit.

    `put` a file by digest (sha256), a `reference` or `mount` (uri, pin); `delete` a path; `move` source to path; `copy`
    source (of the base, of `revision`, or of `version_uid`) to path; take a `folder` (kind, uid, source) in at path.
    """

    verb: Literal["put", "delete", "copy", "move", "reference", "mount", "folder"]
    path: Path
    sha256: Sha256 | None = None
    size: Size | None = None
    uri: Annotated[str, Meta(max_length=4096)] | None = None
    pin: Annotated[str, Meta(max_length=512)] | None = None
    source: Path | None = None
    revision: Revision | None = None
    version_uid: Uid | None = None
    kind: Literal["run", "draft"] | None = None
    uid: Uid | None = None

    def command(self) -> EditCommand:
        """As the use case takes it."""
        fields = structs.asdict(self)
        kind, uid = fields.pop("kind"), fields.pop("uid")
        return EditCommand(**fields, folder=(kind, uid) if kind and uid else None)


class CommitBody(Struct, frozen=True, kw_only=True):
    """Edits of a branch. `start` says where a branch begins that is not there yet."""

    edits: Annotated[list[EditItem], Meta(max_length=EDITS_MOST)]
    branch: Name = "main"
    message: Message = ""
    parent: Parent | None = None
    start: Revision | None = None
    claimed_at: Time | None = None
    allow_empty: bool = False


class MergeBody(Struct, frozen=True, kw_only=True):
    """A revision to merge into a branch."""

    source: Revision
    branch: Name = "main"
    message: Message = ""
    parent: Parent | None = None
    fast_forward: bool = True


class SquashBody(Struct, frozen=True, kw_only=True):
    """A branch whose history is to become one revision."""

    branch: Name
    message: Message = ""
    parent: Parent | None = None


class SetRule(Struct, frozen=True, kw_only=True):
    """request, pin, commit, quiet(N), pin+commit or pin+quiet(N); null takes the rule of the namespace."""

    rule: Annotated[str, Meta(max_length=64)] | None


class RuleAnswer(Struct, frozen=True, kw_only=True):
    """The rule that holds, and whether it is set here."""

    rule: str
    own: bool


@read(
    "branch.list",
    "/assets/{uid}/branches",
    Permission.ASSET_READ,
    "Branches of an asset, by name",
    params=PagedByUid,
    answer=Page[RefView],
)
def list_branches(call: Call, request: Request[PagedByUid, Any]) -> Page[RefView]:
    return refs.listed(call, request.params.uid, RefKind.BRANCH, request.params.page())


@read(
    "branch.get",
    "/assets/{uid}/branches/{name:path}",
    Permission.ASSET_READ,
    "One branch",
    params=RefOf,
    answer=RefView,
)
def get_branch(call: Call, request: Request[RefOf, Any]) -> RefView:
    return refs.get(call, request.params.uid, RefKind.BRANCH, request.params.name)


@flow(
    "branch.create",
    "POST",
    "/assets/{uid}/branches",
    Permission.VERSION_REGISTER,
    "Make a branch at a revision",
    params=ByUid,
    body=CreateRef,
    answer=HeadView,
    status=201,
)
async def create_branch(edge: Edge, request: Request[ByUid, CreateRef]) -> HeadView:
    b = request.body
    return await refs.create(edge, request.params.uid, RefKind.BRANCH, b.name, b.revision)


@command(
    "branch.update",
    "PATCH",
    "/assets/{uid}/branches/{name:path}",
    Permission.REF_PROTECT,
    "Protect a branch, or end that",
    params=RefOf,
    body=UpdateRef,
    answer=RefView,
)
def update_branch(call: Call, request: Request[RefOf, UpdateRef]) -> RefView:
    p, protected = request.params, request.body.protected
    return refs.protect(call, p.uid, RefKind.BRANCH, p.name, request.etag, protected=protected)


@command(
    "branch.delete",
    "DELETE",
    "/assets/{uid}/branches/{name:path}",
    Permission.VERSION_REGISTER,
    "Delete a branch; versions stay",
    params=RefOf,
)
def delete_branch(call: Call, request: Request[RefOf, Any]) -> None:
    refs.delete(call, request.params.uid, RefKind.BRANCH, request.params.name, request.etag)


@flow(
    "revision.commit",
    "POST",
    "/assets/{uid}/commits",
    Permission.VERSION_REGISTER,
    "Commit edits to a branch",
    params=ByUid,
    body=CommitBody,
    answer=HeadView,
    body_largest=COMMIT_BODY,
)
async def commit(edge: Edge, request: Request[ByUid, CommitBody]) -> HeadView:
    b = request.body
    edits = [edit.command() for edit in b.edits]
    said = commits.Commit(b.branch, edits, b.message, b.parent, b.start, time_us(b.claimed_at), b.allow_empty)
    return await commits.commit(edge, request.params.uid, said)


@flow(
    "branch.merge",
    "POST",
    "/assets/{uid}/merges",
    Permission.VERSION_REGISTER,
    "Merge a revision into a branch",
    params=ByUid,
    body=MergeBody,
    answer=HeadView,
)
async def merge(edge: Edge, request: Request[ByUid, MergeBody]) -> HeadView:
    b = request.body
    said = commits.Merge(b.branch, b.source, b.message, b.parent, b.fast_forward)
    return await commits.merge(edge, request.params.uid, said)


@command(
    "branch.squash",
    "POST",
    "/assets/{uid}/squashes",
    Permission.VERSION_REGISTER,
    "Replace a branch's history by one revision with the same files",
    params=ByUid,
    body=SquashBody,
    answer=HeadView,
)
def squash(call: Call, request: Request[ByUid, SquashBody]) -> HeadView:
    b = request.body
    return refs.squash(call, request.params.uid, b.branch, b.message, b.parent)


@read(
    "pin.list",
    "/assets/{uid}/pins",
    Permission.ASSET_READ,
    "Pins of an asset, by name",
    params=PagedByUid,
    answer=Page[RefView],
)
def list_pins(call: Call, request: Request[PagedByUid, Any]) -> Page[RefView]:
    return refs.listed(call, request.params.uid, RefKind.PIN, request.params.page())


@read("pin.get", "/assets/{uid}/pins/{name:path}", Permission.ASSET_READ, "One pin", params=RefOf, answer=RefView)
def get_pin(call: Call, request: Request[RefOf, Any]) -> RefView:
    return refs.get(call, request.params.uid, RefKind.PIN, request.params.name)


@flow(
    "pin.create",
    "POST",
    "/assets/{uid}/pins",
    Permission.VERSION_REGISTER,
    "Pin a revision under a name",
    params=ByUid,
    body=CreateRef,
    answer=HeadView,
    status=201,
)
async def create_pin(edge: Edge, request: Request[ByUid, CreateRef]) -> HeadView:
    b = request.body
    return await refs.create(edge, request.params.uid, RefKind.PIN, b.name, b.revision)


@command(
    "pin.update",
    "PATCH",
    "/assets/{uid}/pins/{name:path}",
    Permission.REF_PROTECT,
    "Protect a pin, or end that",
    params=RefOf,
    body=UpdateRef,
    answer=RefView,
)
def update_pin(call: Call, request: Request[RefOf, UpdateRef]) -> RefView:
    p, protected = request.params, request.body.protected
    return refs.protect(call, p.uid, RefKind.PIN, p.name, request.etag, protected=protected)


@command(
    "pin.delete",
    "DELETE",
    "/assets/{uid}/pins/{name:path}",
    Permission.VERSION_REGISTER,
    "Delete a pin; versions stay",
    params=RefOf,
)
def delete_pin(call: Call, request: Request[RefOf, Any]) -> None:
    refs.delete(call, request.params.uid, RefKind.PIN, request.params.name, request.etag)


@read(
    "publication.get",
    "/assets/{uid}/publication",
    Permission.ASSET_READ,
    "When revisions of an asset become versions by themselves",
    params=ByUid,
    answer=RuleAnswer,
)
def get_rule(call: Call, request: Request[ByUid, Any]) -> RuleAnswer:
    rule, own = publication.get(call, request.params.uid)
    return RuleAnswer(rule=rule, own=own)


@command(
    "publication.set",
    "PUT",
    "/assets/{uid}/publication",
    Permission.PUBLICATION_SET,
    "Say when revisions of an asset become versions by themselves",
    params=ByUid,
    body=SetRule,
    answer=RuleAnswer,
)
def set_rule(call: Call, request: Request[ByUid, SetRule]) -> RuleAnswer:
    rule, own = publication.set_for_asset(call, request.params.uid, request.body.rule, request.etag)
    return RuleAnswer(rule=rule, own=own)


@command(
    "publication.set_default",
    "PUT",
    "/namespaces/{uid}/publication",
    Permission.NAMESPACE_EDIT,
    "The same for all assets of a namespace that say nothing themselves",
    params=ByUid,
    body=SetRule,
    answer=RuleAnswer,
)
def set_default(call: Call, request: Request[ByUid, SetRule]) -> RuleAnswer:
    rule, own = publication.set_for_namespace(call, request.params.uid, request.body.rule)
    return RuleAnswer(rule=rule, own=own)


OPERATIONS = (
    list_branches,
    get_branch,
    create_branch,
    update_branch,
    delete_branch,
    commit,
    merge,
    squash,
    list_pins,
    get_pin,
    create_pin,
    update_pin,
    delete_pin,
    get_rule,
    set_rule,
    set_default,
)
