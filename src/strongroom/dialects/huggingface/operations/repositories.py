"""Repositories: made, described, moved, deleted."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.call import Call, asset_target
from strongroom.application.edge import Edge
from strongroom.application.lineage import consumption
from strongroom.application.registry import assets, branched, browsing, card_facts, history, slugs
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.application.registry.views import RevisionView
from strongroom.dialects.huggingface.operation import PLACES, Answer, Asked, NoBody, command, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.operations.tree import facts
from strongroom.dialects.huggingface.translate import infos, names
from strongroom.dialects.huggingface.translate.files import sibling
from strongroom.domain.errors import AlreadyExists, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.refs import MAIN

SIBLINGS_MOST = 50_000
_VISIBILITY = {"private": "private", "public": "public", "protected": "workspace"}
Name = Annotated[str, Meta(max_length=300)]
Word = Annotated[str, Meta(max_length=100)]


class CreateRepo(msgspec.Struct, frozen=True):
    """A repository to make; without an organisation it is the caller's own."""

    name: Name
    organization: Name | None = None
    type: Word | None = None
    visibility: Word | None = None
    private: bool | None = None
    sdk: Word | None = None


class NamedRepo(msgspec.Struct, frozen=True):
    """A repository by its parts."""

    name: Name
    organization: Name | None = None
    type: Word | None = None


class MoveRepo(msgspec.Struct, frozen=True, rename="camel"):
    """A repository's old and new id."""

    from_repo: Name
    to_repo: Name
    type: Word = "model"


def kind_of(text: str | None) -> str:
    """The kind of asset that a type of repository is. :raises Invalid: there are none of that type here."""
    kind = text or "model"
    if kind not in PLACES:
        raise Invalid(f"A repository is one of {', '.join(PLACES)}.")
    return kind


def visibility_of(text: str | None, private: bool | None) -> str | None:  # noqa: FBT001 - the field of older clients
    """Our visibility. :raises Invalid: an unknown one."""
    word = text or {True: "private", False: "public", None: ""}[private]
    if word and word not in _VISIBILITY:
        raise Invalid(f"Visibility is one of {', '.join(_VISIBILITY)}.")
    return _VISIBILITY.get(word)


@flow("repo.create", "POST", "/api/repos/create", Permission.ASSET_CREATE, CreateRepo)
async def create(edge: Edge, asked: Asked[CreateRepo]) -> Answer:
    """Make one; the answer names it even when it is there already, which clients rely on."""
    body = asked.body
    kind = kind_of(body.type)

    def address(call: Call) -> str:
        call.require(Permission.SELF)
        return names.slug_path(body.organization) if body.organization else slugs.home_slug(call)

    def make(call: Call) -> str:
        path = slugs.path_for(call, namespace)
        visibility = visibility_of(body.visibility, body.private) or "workspace"
        new = CreateAsset(kind, body.name, path, body.sdk or "", visibility=visibility)
        view = branched.create(call, new)
        return names.repo_id(slugs.spoken_of(call, [view.namespace])[view.namespace], view.slug)

    namespace = await edge.read(address)
    try:
        return Answer(_made(asked.base, kind, await edge.finish(make)))
    except AlreadyExists as error:
        made = _made(asked.base, kind, names.repo_id(namespace, body.name))
        return Answer({**made, "error": error.message}, 409, {"X-Error-Message": error.message})


def _made(base: str, kind: str, name: str) -> dict[str, str]:
    return {"url": infos.page_of(base, kind, name), "name": name, "id": name}


@command("repo.delete", "DELETE", "/api/repos/delete", Permission.ASSET_DELETE, NamedRepo)
def delete(call: Call, asked: Asked[NamedRepo]) -> dict[str, Any]:
    """Move one to the trash, from where the native API restores it."""
    body = asked.body
    space = names.slug_path(body.organization) if body.organization else slugs.home_slug(call)
    asset = slugs.asset_of(call, space, body.name, kind_of(body.type), Permission.ASSET_DELETE).asset
    assets.delete(call, asset.uid, release_aliases=True, etag=None)
    return {}


@command("repo.move", "POST", "/api/repos/move", Permission.ASSET_RENAME, MoveRepo)
def move(call: Call, asked: Asked[MoveRepo]) -> dict[str, Any]:
    """Give one another name or namespace; the old name leads to it."""
    body = asked.body
    space, slug = names.split_id(body.from_repo)
    asset = slugs.asset_of(call, space, slug, kind_of(body.type), Permission.ASSET_RENAME).asset
    to_space, to_slug = names.split_id(body.to_repo)
    branched.rename(call, asset.uid, slugs.path_for(call, to_space), to_slug)
    return {"url": infos.page_of(asked.base, asset.kind, names.repo_id(to_space, to_slug))}


class Settings(msgspec.Struct, frozen=True):
    """Changes; what is left out stays."""

    gated: bool | Word | None = None
    visibility: Word | None = None
    private: bool | None = None


@command("repo.settings", "PUT", "/api/{kinds}/{repo}/settings", Permission.ASSET_SHARE, Settings)
def settings(call: Call, asked: Asked[Settings]) -> dict[str, Any]:
    """Change who may see a repository, and who may read its files."""
    asset, body = found.asset_of(call, asked, Permission.ASSET_SHARE), asked.body
    gate = None if body.gated is None else body.gated or ""
    if gate is True:
        raise Invalid("A gate is auto, manual, or false for none.")
    visibility = visibility_of(body.visibility, body.private)
    view = assets.update(call, asset.uid, UpdateAsset(visibility=visibility, gated=gate), None)
    return {"visibility": body.visibility, "gated": view.gated or False}


def _said(call: Call, asked: Asked[NoBody], asset: Asset, head: RevisionView | None) -> dict[str, Any]:
    view = assets.get(call, asset.uid)
    downloads = consumption.downloads(call, [asset.uid])[asset.uid]
    card = card_facts.said(call, [asset.uid]).get(asset.uid)
    said = infos.info(view, found.id_of(call, asset), head, downloads, card)
    if head is not None and call.allows(Permission.VERSION_BYTES, asset_target(asset)):
        entries = browsing.all_entries(call, asset.uid, f"~{head.digest}", SIBLINGS_MOST + 1)
        if len(entries) > SIBLINGS_MOST:  # a list cut short would be taken for the whole
            return said
        files = facts(call, entries)
        said["siblings"] = [sibling(file, blobs=asked.flag("blobs")) for file in files]
        said["usedStorage"] = sum(file.size for file in files)
    return said


@read("repo.info", "GET", "/api/{kinds}/{repo}", Permission.ASSET_READ)
def get(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """A repository as its main branch, or its latest version, has it."""
    asset = found.asset_of(call, asked, Permission.ASSET_READ)
    try:
        head = history.get(call, asset.uid, MAIN)
    except NotFound:
        return _said(call, asked, asset, None)
    return _said(call, asked, asset, head)


@read("repo.info_at", "GET", "/api/{kinds}/{repo}/revision/{rev}", Permission.ASSET_READ)
def get_at(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """The same as a revision has it."""
    asset = found.asset_of(call, asked, Permission.ASSET_READ)
    return _said(call, asked, asset, found.revision_of(call, asset, asked.path["rev"]))


OPERATIONS = (create, delete, move, settings, get, get_at)
