"""Copies between repositories: of whole ones, and of large files that a commit is about to name. No bytes move."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.sharing import share
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import assets, branched, browsing, commits, history, slugs
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.application.registry.commits import Commit
from strongroom.application.registry.edits import EditCommand
from strongroom.dialects.huggingface.operation import Answer, Asked, command, flow
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.operations.repositories import Name, Word, kind_of, visibility_of
from strongroom.dialects.huggingface.translate import infos, names
from strongroom.domain.artifacts.edits import EDITS_MOST
from strongroom.domain.errors import AlreadyExists, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.refs import MAIN

FILES_MOST = 1_000
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class LargeFile(msgspec.Struct, frozen=True):
    """A large file of the source."""

    sha256: Sha256
    filename: Annotated[str, Meta(max_length=4096)] = ""


class Target(msgspec.Struct, frozen=True):
    """The repository that is to have the files."""

    name: Name
    type: Word = "model"


class Duplicated(msgspec.Struct, frozen=True):
    """Files, and where to."""

    target: Target
    files: Annotated[list[LargeFile], Meta(max_length=FILES_MOST)]


class Copy(msgspec.Struct, frozen=True):
    """A new repository's id."""

    repository: Name
    visibility: Word | None = None
    private: bool | None = None


@command("lfs.duplicate", "POST", "/api/{kinds}/{repo}/lfs-files/duplicate", Permission.VERSION_BYTES, Duplicated)
def duplicate_files(call: Call, asked: Asked[Duplicated]) -> dict[str, Any]:
    """Let a commit to another repository name large files of this one."""
    asset, target = found.asset_of(call, asked, Permission.VERSION_BYTES), asked.body.target
    space, slug = names.split_id(target.name)
    to = slugs.asset_of(call, space, slug, kind_of(target.type), Permission.VERSION_REGISTER).asset
    absent = set(share(call, asset.uid, to.uid, [file.sha256 for file in asked.body.files]))
    succeeded = [{"sha256": file.sha256} for file in asked.body.files if file.sha256 not in absent]
    failed = [{"sha256": sha256, "error": "The source does not hold this file."} for sha256 in sorted(absent)]
    return {"succeeded": succeeded, "failed": failed}


@flow("repo.duplicate", "POST", "/api/{kinds}/{repo}/duplicate", Permission.ASSET_CREATE, Copy)
async def duplicate(edge: Edge, asked: Asked[Copy]) -> Answer:
    """Make a repository of what `main` of another holds, in one commit."""
    body = asked.body
    space, slug = names.split_id(body.repository)

    def look(call: Call) -> tuple[Asset, list[EntryView]]:
        asset = found.asset_of(call, asked, Permission.VERSION_BYTES)
        head = history.get(call, asset.uid, MAIN)
        history.refuse_recalled_file(call, asset, head, None)
        return asset, browsing.all_entries(call, asset.uid, f"~{head.digest}", EDITS_MOST + 1)

    def make(call: Call) -> tuple[str, str]:
        path = slugs.path_for(call, space)
        visibility = visibility_of(body.visibility, body.private) or source.visibility
        view = branched.create(call, CreateAsset(asked.kind, slug, path, source.type, visibility=visibility))
        if source.gated:  # a copy without it would go round the gate: only who may set gates copies past one
            assets.update(call, view.uid, UpdateAsset(gated=source.gated), None)
        return view.uid, names.repo_id(slugs.spoken_of(call, [view.namespace])[view.namespace], view.slug)

    source, entries = await edge.read(look)
    if len(entries) > EDITS_MOST:
        raise TooLarge(
            f"A repository with more than {EDITS_MOST} files is copied version by version.", limit=EDITS_MOST
        )
    try:
        uid, name = await edge.finish(make)
    except AlreadyExists as error:
        url = infos.page_of(asked.base, asked.kind, names.repo_id(space, slug))
        return Answer({"url": url, "error": error.message}, 409, {"X-Error-Message": error.message})
    try:
        await _filled(edge, source.uid, uid, entries, f"Duplicate from {names.repo_id(asked.namespace, asked.name)}")
    except BaseException:  # also when the client leaves: half a repository is none
        await edge.command(lambda call: branched.withdraw(call, uid))
        raise
    return Answer({"url": infos.page_of(asked.base, asked.kind, name), "name": name})


async def _filled(edge: Edge, source: str, target: str, entries: Sequence[EntryView], message: str) -> None:
    """One commit of everything that another repository has."""
    if not entries:
        return
    digests = [entry.sha256 for entry in entries if entry.sha256 is not None]
    await edge.command(lambda call: share(call, source, target, digests))
    await commits.commit(edge, target, Commit(MAIN, [_edit(entry) for entry in entries], message))


def _edit(entry: EntryView) -> EditCommand:
    if entry.sha256 is not None:
        return EditCommand("put", entry.path, sha256=entry.sha256, size=entry.size)
    return EditCommand(entry.kind, entry.path, size=entry.size, uri=entry.uri, pin=entry.pin)


OPERATIONS = (duplicate_files, duplicate)
