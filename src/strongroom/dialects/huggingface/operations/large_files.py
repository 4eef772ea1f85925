"""Large files of a repository by their digests: which it keeps, and deleting some for good."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import kept_files
from strongroom.dialects.huggingface.operation import Answer, Asked, NoBody, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.paging import next_page, page_size
from strongroom.dialects.huggingface.translate.files import is_large
from strongroom.dialects.huggingface.translate.infos import moment
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission

DELETED_MOST = 1_000
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Deletions(msgspec.Struct, frozen=True, rename="camel"):
    """Files, and whether commits may be changed so that none of them names a file that is gone."""

    sha: Annotated[list[Sha256], Meta(max_length=DELETED_MOST)]
    rewrite_history: bool = True


class Batch(msgspec.Struct, frozen=True):
    """What is to be done with large files."""

    deletions: Deletions


@read("lfs.list", "GET", "/api/{kinds}/{repo}/lfs-files", Permission.VERSION_BYTES)
def listed(call: Call, asked: Asked[NoBody]) -> Answer:
    """Large files of all versions, branches and tags, each once, by digest."""
    asset = found.asset_of(call, asked, Permission.VERSION_BYTES)
    page = kept_files.listed(call, asset.uid, is_large, PageRequest(page_size(asked), asked.get("cursor")))
    items = [
        {
            "fileOid": one.sha256,
            "oid": one.sha256,
            "filename": one.path,
            "size": one.size,
            "pushedAt": moment(one.came_at),
        }
        for one in page.items
    ]
    return Answer(items, headers=next_page(asked, page.next_page_token))


@flow("lfs.delete", "POST", "/api/{kinds}/{repo}/lfs-files/batch", Permission.VERSION_DELETE, Batch)
async def delete(edge: Edge, asked: Asked[Batch]) -> dict[str, Any]:
    """Take files out of all branches for good; those of published versions are refused, with the versions' names."""
    said = asked.body.deletions
    uid = await found.uid_of(edge, asked, Permission.VERSION_DELETE)
    if not said.rewrite_history:
        raise Invalid("No commit names bytes that are gone: delete with rewrite_history=True.")
    branches = await kept_files.forget(edge, uid, said.sha, "Delete large files permanently")
    return {"success": True, "branches": branches}


OPERATIONS = (listed, delete)
