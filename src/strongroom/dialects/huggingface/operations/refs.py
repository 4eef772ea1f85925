"""Branches and tags. A tag is a pin, and where the publication rule says so it makes a version."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import refs
from strongroom.application.registry.views import RefView
from strongroom.dialects.huggingface.errors import REVISION, lacking
from strongroom.dialects.huggingface.operation import Answer, Asked, NoBody, command, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.translate import names
from strongroom.dialects.huggingface.translate.infos import ref_item
from strongroom.domain.errors import AlreadyExists, Forbidden
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.refs import MAIN, REFS_MOST, RefKind

Name = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=65_536)]


class Branch(msgspec.Struct, frozen=True, rename="camel"):
    """Where a branch begins; at `main` when it is not said."""

    starting_point: Name | None = None


class Tag(msgspec.Struct, frozen=True):
    """A tag's name."""

    tag: Name
    message: Text | None = None


class Squash(msgspec.Struct, frozen=True):
    """What is said of the one revision that is left."""

    message: Text = ""


def _all(call: Call, asset_uid: str, kind: RefKind) -> list[RefView]:
    listed: list[RefView] = []
    page: Page[RefView] = refs.listed(call, asset_uid, kind, PageRequest(1_000))
    listed += page.items
    while page.next_page_token and len(listed) < REFS_MOST:
        page = refs.listed(call, asset_uid, kind, PageRequest(1_000, page.next_page_token))
        listed += page.items
    return listed


@read("refs.list", "GET", "/api/{kinds}/{repo}/refs", Permission.ASSET_READ)
def listed(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Branches, tags and, when asked for, pull requests. Where there is no `main`, its stand-in is shown."""
    asset = found.asset_of(call, asked, Permission.ASSET_READ)
    branches = _all(call, asset.uid, RefKind.BRANCH)
    said: dict[str, Any] = {
        "branches": [ref_item(one) for one in branches if not one.name.startswith(names.PULLS)],
        "converts": [],
        "tags": [ref_item(one) for one in _all(call, asset.uid, RefKind.PIN)],
    }
    if asked.flag("include_prs"):
        said["pullRequests"] = [ref_item(one) for one in branches if one.name.startswith(names.PULLS)]
    return said


@flow("branch.create", "POST", "/api/{kinds}/{repo}/branch/{branch}", Permission.VERSION_REGISTER, Branch)
async def create_branch(edge: Edge, asked: Asked[Branch]) -> Answer:
    """Make a branch."""
    uid = await found.uid_of(edge, asked, Permission.VERSION_REGISTER)
    start = names.revision(asked.body.starting_point or MAIN)
    with lacking(REVISION):
        await refs.create(edge, uid, RefKind.BRANCH, _plain(asked.path["branch"]), start)
    return Answer({}, 201)


def _plain(name: str) -> str:
    """The name of a branch that anybody may make. :raises Forbidden: those of pull requests come with these."""
    clean = names.ref_name(name)
    if clean.startswith("refs/"):
        raise Forbidden("Names below refs/ are those of pull requests.")
    return clean


@command("branch.delete", "DELETE", "/api/{kinds}/{repo}/branch/{branch}", Permission.VERSION_REGISTER)
def delete_branch(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Delete a branch; never the one that everybody reads."""
    asset = found.asset_of(call, asked, Permission.VERSION_REGISTER)
    name = names.ref_name(asked.path["branch"])
    if name == MAIN:
        raise Forbidden("The branch main stays.")
    with lacking(REVISION):
        refs.delete(call, asset.uid, RefKind.BRANCH, name, None)
    return {}


@flow("tag.create", "POST", "/api/{kinds}/{repo}/tag/{rev}", Permission.VERSION_REGISTER, Tag)
async def create_tag(edge: Edge, asked: Asked[Tag]) -> Answer:
    """Make a tag. Its message has no place: what is said of a version is its description."""
    uid = await found.uid_of(edge, asked, Permission.VERSION_REGISTER)
    try:
        with lacking(REVISION):
            await refs.create(edge, uid, RefKind.PIN, _plain(asked.body.tag), names.revision(asked.path["rev"]))
    except AlreadyExists:
        raise AlreadyExists("Tag already exists: a branch or tag has this name.") from None
    return Answer({}, 201)


@command("tag.delete", "DELETE", "/api/{kinds}/{repo}/tag/{rev}", Permission.VERSION_REGISTER)
def delete_tag(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Delete a tag; the version that it made stays."""
    asset = found.asset_of(call, asked, Permission.VERSION_REGISTER)
    with lacking(REVISION):
        refs.delete(call, asset.uid, RefKind.PIN, names.ref_name(asked.path["rev"]), None)
    return {}


@command("squash", "POST", "/api/{kinds}/{repo}/super-squash/{branch}", Permission.VERSION_REGISTER, Squash)
def squash(call: Call, asked: Asked[Squash]) -> dict[str, Any]:
    """Put one revision in the place of a branch's history; published versions stay readable."""
    asset = found.asset_of(call, asked, Permission.VERSION_REGISTER)
    with lacking(REVISION):
        message = asked.body.message or "super-squash history"
        made = refs.squash(call, asset.uid, names.ref_name(asked.path["branch"]), message, None)
    return {"commitOid": names.sha(made.revision.digest)}


OPERATIONS = (listed, create_branch, delete_branch, create_tag, delete_tag, squash)
