"""Copies between repositories: of whole ones, and of large files that a commit is about to name. No bytes move."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.sharing import share
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import branched, browsing, commits, history, slugs
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.commits import Commit
from strongroom.application.registry.edits import EditCommand
from strongroom.dialects.huggingface.operation import Answer, Asked, command, flow
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.operations.repositories import Name, Word, kind_of, visibility_of
from strongroom.dialects.huggingface.translate import infos, names
from strongroom.domain.artifacts.edits import EDITS_MOST
from strongroom.domain.errors import AlreadyExists, TooLarge
from strongroom.domain.identity.roles import Permission
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

    def look(call: Call) -> tuple[str, str, list[EntryView]]:
        asset = found.asset_of(call, asked, Permission.VERSION_BYTES)
        head = history.get(call, asset.uid, MAIN)
        history.refuse_recalled_file(call, asset, head, None)
        return asset.uid, asset.type, browsing.all_entries(call, asset.uid, f"~{head.digest}", EDITS_MOST + 1)

    def make(call: Call) -> tuple[str, str]:
        path = slugs.path_for(call, space)
        visibility = visibility_of(body.visibility, body.private) or "workspace"
        view = branched.create(call, CreateAsset(asked.kind, slug, path, kind, visibility=visibility))
        return view.uid, names.repo_id(slugs.spoken_of(call, [view.namespace])[view.namespace], view.slug)

    source, kind, entries = await edge.read(look)
    if len(entries) > EDITS_MOST:
        raise TooLarge(
            f"A repository with more than {EDITS_MOST} files is copied version by version.", limit=EDITS_MOST
        )
    files = [entry for entry in entries if entry.sha256 is not None]
    try:
        uid, name = await edge.finish(make)
    except AlreadyExists as error:
        url = infos.page_of(asked.base, asked.kind, names.repo_id(space, slug))
        return Answer({"url": url, "error": error.message}, 409, {"X-Error-Message": error.message})
    if files:
        await edge.command(lambda call: share(call, source, uid, [file.sha256 or "" for file in files]))
        edits = [EditCommand("put", file.path, sha256=file.sha256, size=file.size) for file in files]
        message = f"Duplicate from {names.repo_id(asked.namespace, asked.name)}"
        await commits.commit(edge, uid, Commit(MAIN, edits, message))
    return Answer({"url": infos.page_of(asked.base, asked.kind, name), "name": name})


OPERATIONS = (duplicate_files, duplicate)
