"""Files of a repository: listings, look-ups by path, bytes."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from strongroom.application.artifacts import reading
from strongroom.application.artifacts.folders import EntryView
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import browsing, history
from strongroom.application.registry.views import RevisionView
from strongroom.dialects.huggingface.errors import ENTRY, lacking
from strongroom.dialects.huggingface.operation import PLACES, Answer, Asked, NoBody, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.paging import next_page, page_size
from strongroom.dialects.huggingface.translate.files import (
    FileFacts,
    directory_item,
    file_headers,
    tree_item,
)
from strongroom.dialects.huggingface.translate.infos import last_commit
from strongroom.dialects.huggingface.translate.names import repo_id, sha
from strongroom.dialects.shared.files import file_response, parse_range
from strongroom.domain.identity.roles import Permission

Path = Annotated[str, Meta(max_length=4096)]
EXPANDED_MOST = 50
"""Items of a page that also tells who changed each last."""


class PathsInfo(msgspec.Struct, frozen=True):
    """Paths to look up, as a form or as JSON."""

    paths: list[Path] | Path = []
    expand: Any = None


def facts(call: Call, entries: Sequence[EntryView]) -> list[FileFacts]:
    """Files among entries, with their other digests; what is kept elsewhere is not shown."""
    files = [entry for entry in entries if entry.sha256 is not None and entry.size is not None]
    others = browsing.digests_of(call, [entry.sha256 or "" for entry in files])
    return [
        FileFacts(entry.path, entry.size or 0, digest, others[digest].git_sha1, others[digest].xet)
        for entry in files
        if (digest := entry.sha256 or "")
    ]


def _items(
    call: Call, entries: Sequence[EntryView], head: RevisionView, changes: Mapping[str, RevisionView]
) -> list[dict[str, Any]]:
    files = {file.path: file for file in facts(call, entries)}
    items = []
    for entry in entries:
        changed = changes.get(entry.path)
        commit = last_commit(changed) if changed else None
        if entry.kind == "directory":
            items.append(directory_item(entry.path, head.tree, commit))
        elif entry.path in files:
            items.append(tree_item(files[entry.path], commit))
    return items


def _listing(call: Call, asked: Asked[NoBody]) -> Answer:
    asset = found.asset_of(call, asked, Permission.VERSION_BYTES)
    head = found.revision_of(call, asset, asked.path["rev"])
    at, expand = f"~{head.digest}", asked.flag("expand")
    page = PageRequest(page_size(asked, EXPANDED_MOST if expand else 1_000), asked.get("cursor"))
    with lacking(ENTRY, sha(head.digest)):
        rows = history.files(call, asset.uid, at, asked.path.get("path", ""), page, recursive=asked.flag("recursive"))
    entries = list(rows.items)
    if asked.flag("recursive"):
        entries = _with_directories(entries, asked.path.get("path", ""))
    changes = browsing.last_changes(call, asset.uid, at, [entry.path for entry in entries]) if expand else {}
    return Answer(_items(call, entries, head, changes), headers=next_page(asked, rows.next_page_token))


def _with_directories(entries: Sequence[EntryView], below: str) -> list[EntryView]:
    """A recursive listing names directories as well, each before the first file in it."""
    shown: list[EntryView] = []
    known = {below.rstrip("/") + "/"}
    for entry in entries:
        parts = entry.path.split("/")
        for count in range(1, len(parts)):
            path = "/".join(parts[:count]) + "/"
            if path not in known and path.startswith(below):
                known.add(path)
                shown.append(EntryView(path, "directory", None, None, None, None, None))
        shown.append(entry)
    return shown


@read("tree.root", "GET", "/api/{kinds}/{repo}/tree/{rev}", Permission.VERSION_BYTES)
def root(call: Call, asked: Asked[NoBody]) -> Answer:
    """What lies at the top of a revision."""
    return _listing(call, asked)


@read("tree.list", "GET", "/api/{kinds}/{repo}/tree/{rev}/{path:path}", Permission.VERSION_BYTES)
def directory(call: Call, asked: Asked[NoBody]) -> Answer:
    """What lies in a directory of a revision."""
    return _listing(call, asked)


@read("tree.paths", "POST", "/api/{kinds}/{repo}/paths-info/{rev}", Permission.VERSION_BYTES, PathsInfo)
def paths_info(call: Call, asked: Asked[PathsInfo]) -> list[dict[str, Any]]:
    """Files and directories by their paths; what is not there is left out."""
    asset = found.asset_of(call, asked, Permission.VERSION_BYTES)
    head = found.revision_of(call, asset, asked.path["rev"])
    body = asked.body
    paths = [body.paths] if isinstance(body.paths, str) else body.paths
    said = body.expand[0] if isinstance(body.expand, list) and body.expand else body.expand
    entries = browsing.entries_at(call, asset.uid, f"~{head.digest}", paths)
    changes: Mapping[str, RevisionView] = {}
    if str(said).lower() in {"1", "true"}:
        changes = browsing.last_changes(call, asset.uid, f"~{head.digest}", [entry.path for entry in entries])
    return _items(call, entries, head, changes)


def _look(call: Call, asked: Asked[NoBody]) -> tuple[str, RevisionView, FileFacts]:
    asset = found.asset_of(call, asked, Permission.VERSION_BYTES)
    head = found.revision_of(call, asset, asked.path["rev"])
    with lacking(ENTRY, sha(head.digest)):
        entry = browsing.file_at(call, asset.uid, f"~{head.digest}", asked.path["path"])
    history.refuse_recalled_file(call, asset, head, entry.sha256)
    return asset.uid, head, facts(call, [entry])[0]


@flow("resolve", "GET", "/{files}{repo}/resolve/{rev}/{path:path}", Permission.VERSION_BYTES)
async def resolve(edge: Edge, asked: Asked[NoBody]) -> Response:
    """The bytes of a file, or what there is to know of them."""
    uid, head, file = await edge.read(lambda call: _look(call, asked))
    headers = file_headers(file, sha(head.digest))
    if file.large and file.xet is not None:
        place = f"{asked.base}/api/{PLACES[asked.kind][0]}/{repo_id(asked.namespace, asked.name)}"
        headers |= {"X-Xet-Hash": file.xet, "Link": f'<{place}/xet-read-token/{sha(head.digest)}>; rel="xet-auth"'}
    if asked.method == "HEAD":
        parse_range(asked.range, file.size)
        return Response(
            status_code=200, headers={**headers, "Content-Length": str(file.size), "Accept-Ranges": "bytes"}
        )
    opened = await reading.open_revision_file(edge, uid, f"~{head.digest}", file.path)
    response = await file_response(edge.store, opened, asked.range)
    response.headers.update(headers)
    return response


OPERATIONS = (root, directory, paths_info, resolve)
