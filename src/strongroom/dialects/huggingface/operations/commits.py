"""Commits: asked before, made out of lines of JSON, listed."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.artifacts import uploads
from strongroom.application.call import Call
from strongroom.application.collaboration import proposals
from strongroom.application.collaboration.views import DiscussionView
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import browsing, commits, history
from strongroom.application.registry.commits import Commit
from strongroom.application.registry.edits import EditCommand
from strongroom.dialects.huggingface.errors import REVISION, lacking
from strongroom.dialects.huggingface.operation import Answer, Asked, NoBody, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.operations.tree import facts
from strongroom.dialects.huggingface.paging import next_page, page_size
from strongroom.dialects.huggingface.translate import infos, names
from strongroom.dialects.huggingface.translate.files import is_large
from strongroom.dialects.huggingface.wire.ndjson import Header, Lines, Said
from strongroom.domain.collaboration.model import TITLE_LONGEST
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import COMMENT_LONGEST

FILES_ASKED = 256
SHORTEST = 7


class PreuploadFile(msgspec.Struct, frozen=True):
    """A file that the client is about to send."""

    path: Annotated[str, Meta(max_length=4096)]
    size: Annotated[int, Meta(ge=0, le=2**62)]
    sample: Annotated[str, Meta(max_length=4096)] = ""


class Preupload(msgspec.Struct, frozen=True):
    """What the client is about to commit."""

    files: Annotated[list[PreuploadFile], Meta(max_length=FILES_ASKED)]


@read("preupload", "POST", "/api/{kinds}/{repo}/preupload/{rev}", Permission.VERSION_REGISTER, Preupload)
def preupload(call: Call, asked: Asked[Preupload]) -> dict[str, Any]:
    """How each file is to be sent; and what lies at its path, so that what is unchanged need not be."""
    asset = found.asset_of(call, asked, Permission.VERSION_REGISTER)
    head = found.revision_of(call, asset, asked.path["rev"])
    files = asked.body.files
    there = browsing.entries_at(call, asset.uid, f"~{head.digest}", [file.path for file in files])
    known = {file.path: file.etag for file in facts(call, there)}
    return {
        "commitOid": names.sha(head.digest),
        "files": [
            {
                "path": file.path,
                "uploadMode": "lfs" if is_large(file.path, file.size) else "regular",
                "shouldIgnore": False,
                "oid": known.get(file.path),
            }
            for file in files
        ],
    }


@flow("commit", "POST", "/api/{kinds}/{repo}/commit/{rev}", Permission.VERSION_REGISTER)
async def commit(edge: Edge, asked: Asked[NoBody]) -> Answer:
    """Make a commit of lines of JSON; small files come in them and are stored as they come."""
    uid = await found.uid_of(edge, asked, Permission.VERSION_REGISTER)
    header, edits = await _received(edge, uid, asked)
    branch, pull = names.ref_name(asked.path["rev"]), None
    if asked.flag("create_pr"):
        pull = await edge.command(lambda call: _proposed(call, uid, asked, header))
        branch = pull.branch or branch
    message = infos.message_of(header.summary, header.description)
    with lacking(REVISION):
        parent = await edge.read(lambda call: _parent(call, uid, branch, header.parent_commit))
        made = await commits.commit(edge, uid, Commit(branch, edits, message, parent))
    name, sha = await edge.read(lambda call: _named(call, asked)), names.sha(made.revision.digest)
    page = infos.page_of(asked.base, asked.kind, name)
    said = {"success": True, "commitOid": sha, "commitUrl": f"{page}/commit/{sha}", "hookOutput": ""}
    return Answer(said | ({"pullRequestUrl": f"{page}/discussions/{pull.number}"} if pull else {}))


def _proposed(call: Call, uid: str, asked: Asked[NoBody], header: Header) -> DiscussionView:
    start = names.revision(header.parent_commit or asked.path["rev"])
    text = header.description.strip() or header.summary
    return proposals.propose(
        call, uid, infos.title_of(header.summary).strip()[:TITLE_LONGEST], text[:COMMENT_LONGEST], start
    )


def _parent(call: Call, uid: str, branch: str, stated: str | None) -> str | None:
    """The head that the client states. Its shortest form is one digit shorter than ours."""
    if stated is None or len(stated) > SHORTEST:
        return stated
    head = history.get(call, uid, names.revision(branch)).digest
    return head if head.startswith(stated) else stated


def _named(call: Call, asked: Asked[Any]) -> str:
    return found.id_of(call, found.asset_of(call, asked, Permission.VERSION_REGISTER))


async def _received(edge: Edge, uid: str, asked: Asked[NoBody]) -> tuple[Header, list[EditCommand]]:
    header: Header | None = None
    edits: list[EditCommand] = []
    waiting = _Waiting(edge, uid)
    async for said in Lines(asked.chunks, asked.size):
        if isinstance(said, Header):
            header = said
            continue
        edits.append(said.edit)
        await waiting.take(said)
    await waiting.send()
    if header is None:
        raise Invalid("A commit begins with its header.")
    return header, edits


class _Waiting:
    """Small files that came and are not stored yet."""

    def __init__(self, edge: Edge, uid: str) -> None:
        self._edge, self._uid = edge, uid
        self._blobs: list[tuple[str, bytes]] = []
        self._bytes = 0

    async def take(self, said: Said) -> None:
        """Keep a file's bytes until there are enough of them."""
        if said.content is None or said.edit.sha256 is None:
            return
        self._blobs.append((said.edit.sha256, said.content))
        self._bytes += len(said.content)
        if len(self._blobs) >= uploads.SMALL_BLOBS_MOST or self._bytes >= uploads.SMALL_BYTES_MOST:
            await self.send()

    async def send(self) -> None:
        """Store them."""
        if self._blobs:
            await uploads.put_small(self._edge, "asset", self._uid, self._blobs)
        self._blobs, self._bytes = [], 0


@read("commits.list", "GET", "/api/{kinds}/{repo}/commits/{rev}", Permission.ASSET_READ)
def listed(call: Call, asked: Asked[NoBody]) -> Answer:
    """A history, newest first."""
    asset = found.asset_of(call, asked, Permission.ASSET_READ)
    at = f"~{found.revision_of(call, asset, asked.path['rev']).digest}"
    token = asked.get("cursor")
    if token is not None:  # where it began, wherever the branch is now
        token, _, at = token.partition("~")
        at = f"~{at}"
    page = history.listed(call, asset.uid, at, PageRequest(page_size(asked), token), first_parent=False)
    authors = browsing.names_of(call, [one.author for one in page.items])
    formatted = "formatted" in (*asked.query.get("expand[]", ()), *asked.query.get("expand", ()))
    items = [infos.commit_item(one, authors, formatted=formatted) for one in page.items]
    after = f"{page.next_page_token}{at}" if page.next_page_token else None
    return Answer(items, headers=next_page(asked, after))


OPERATIONS = (preupload, commit, listed)
