"""References of a version looked at: whether what lies elsewhere still is what was pinned (domain.md N5)."""

import asyncio
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.outside import Look
from strongroom.application.registry import versions
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.pages import TreeRoot
from strongroom.domain.artifacts.pins import Verdict, judge
from strongroom.domain.artifacts.tree import FileEntry, MountEntry, ReferenceEntry

AT_ONCE_MOST: Final = 50
"""References looked at for one answer: each is a request to somebody else's server."""


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """A reference or mount and what a look at it came to: ok, drifted, unreachable, unpinned or unknown.

    `unknown`: it is there with its size, but the place does not tell what the pin is of. `reason` says why something
    is unreachable. `seen_size` is how big it is now.
    """

    path: str
    kind: str
    uri: str
    size: int | None
    pin: str | None
    verdict: str
    reason: str
    seen_size: int | None


async def verify(edge: Edge, version_uid: str, page: PageRequest) -> Page[ReferenceView]:
    """Look at the references and mounts of a version, by path, at most 50 for one page."""
    size = min(page.size, AT_ONCE_MOST)

    def look(call: Call) -> Page[ReferenceEntry | MountEntry]:
        _asset, version = versions.readable(call, version_uid)
        listing = f"references/{version_uid}"
        token = call.sealer.open(listing, page.token)
        root = load_root(call, version.tree or "")
        found = _outside(call, root, str(token[0]) if token else "", size + 1)
        return call.sealer.page(listing, found, size, lambda entry: (entry.path,))

    found = await edge.read(look)
    return Page(list(await asyncio.gather(*(_verify(edge, entry) for entry in found.items))), found.next_page_token)


def _outside(call: Call, root: TreeRoot, after: str, limit: int) -> list[ReferenceEntry | MountEntry]:
    """Entries that are no files; pages of the tree that hold nothing else are not opened."""
    found: list[ReferenceEntry | MountEntry] = []
    mixed = TreeRoot(tuple(page for page in root.pages if page.files < page.entries))
    for entry in iterate(mixed, StoredPages(call.tx.trees), after=after):
        if not isinstance(entry, FileEntry):
            found.append(entry)
            if len(found) == limit:
                break
    return found


async def _verify(edge: Edge, entry: ReferenceEntry | MountEntry) -> ReferenceView:
    size = entry.size if isinstance(entry, ReferenceEntry) else None
    kind = "reference" if isinstance(entry, ReferenceEntry) else "mount"
    if isinstance(entry, MountEntry):
        found = Look(None, "not_listed")
    elif edge.gateway.outside is None:
        found = Look(None, "not_configured")
    else:
        found = await edge.gateway.outside.look(entry.uri)
    verdict = judge(size, entry.pin, found.seen)
    if verdict is Verdict.UNREACHABLE and entry.pin is None:
        verdict = Verdict.UNPINNED
    seen = found.seen.size if found.seen else None
    return ReferenceView(entry.path, kind, entry.uri, size, entry.pin, verdict.value, found.reason, seen)
