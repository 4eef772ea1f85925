"""Proposals: discussions with a branch of their own, and the merging of it (domain.md N13)."""

from typing import Final

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.collaboration import discussions
from strongroom.application.collaboration.discussions import CreateDiscussion
from strongroom.application.collaboration.views import DiscussionView
from strongroom.application.edge import Edge
from strongroom.application.registry import assets, commits, locate, refs, revisions
from strongroom.application.registry.commits import Merge
from strongroom.application.registry.refs import HeadView
from strongroom.application.registry.views import RevisionView, revision_views
from strongroom.domain.artifacts import history as graph
from strongroom.domain.artifacts import merging
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.collaboration.model import Status
from strongroom.domain.errors import Conflict
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.refs import MAIN, RefKind, StoredRevision

BRANCHES: Final = "refs/pr/"
COMMITS_SHOWN: Final = 250


def branch_of(number: int) -> str:
    """The branch of a proposal, by its number in the asset."""
    return f"{BRANCHES}{number}"


def propose(call: Call, asset_uid: str, title: str, text: str, start: str) -> DiscussionView:
    """Begin a discussion with a branch of its own, which begins at a revision and waits for commits.

    :param start: see `locate.parse_revision`.
    """
    asset = assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
    to = locate.revision_of(call, asset, locate.parse_revision(start))
    made = discussions.create(call, asset_uid, CreateDiscussion(title, text))
    branch = branch_of(made.number)
    row = call.tx.discussions.by_uid(call.workspace.id, made.uid)
    assert row is not None  # noqa: S101 - it was made in this transaction
    call.tx.discussions.update(row, branch=branch)
    asset = call.tx.assets.by_id(asset.id)
    refs.move(call, asset, RefKind.BRANCH, branch, to, "branch.create", {"discussion": made.uid}, follow=False)
    return discussions.get(call, made.uid)


async def merge(edge: Edge, discussion_uid: str, message: str) -> HeadView:
    """Bring a proposal's branch into `main`, and mark it as merged in the same transaction.

    :raises Conflict: it is no open proposal, or both sides changed the same paths.
    """
    found = await edge.read(lambda call: _open(call, discussion_uid))
    said = message or f"{found.title} (#{found.number})"
    command = Merge(MAIN, "^" + (found.branch or "").replace("%", "%25").replace("@", "%40"), said)
    return await commits.merge(
        edge, found.asset_uid, command, after=lambda call, head: _merged(call, discussion_uid, head)
    )


def _open(call: Call, uid: str) -> DiscussionView:
    found = discussions.get(call, uid)
    if found.branch is None:
        raise Conflict("This discussion proposes no change.")
    if found.status != Status.OPEN:
        raise Conflict(f"The proposal is {found.status}.", status=found.status)
    return found


def _merged(call: Call, uid: str, head: HeadView) -> None:
    row = call.tx.discussions.by_uid(call.workspace.id, uid)
    locked = call.tx.discussions.lock(row.id) if row else None
    if locked is None or locked.status is not Status.OPEN:
        raise Conflict("The proposal was closed or merged meanwhile.")
    call.tx.discussions.update(locked, status=Status.MERGED.value, closed_at=call.now)
    details: dict[str, Json] = {"number": locked.number, "revision": head.revision.digest}
    asset = call.tx.assets.tick(call.tx.assets.by_id(locked.asset_id))
    call.record("discussion.merge", Subject("discussion", uid), details, asset=asset)


def commits_of(call: Call, asset_uid: str, discussion: DiscussionView) -> list[RevisionView]:
    """The commits of a proposal that `main` does not have, the oldest first."""
    if discussion.branch is None:
        return []
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    ours, theirs = revisions.head(call, asset, MAIN), revisions.head(call, asset, discussion.branch)
    if theirs is None:
        return []
    source = revisions.Ancestry(call, asset.id)
    base = graph.merge_base(source, ours.digest, theirs.digest) if ours else None
    shown: list[StoredRevision] = []
    for revision in graph.first_parents(source, theirs.digest):
        if (base and revision.digest == base.digest) or len(shown) >= COMMITS_SHOWN:
            break
        shown.append(revision)
    return revision_views(call, asset.id, shown[::-1])


def conflicts_of(call: Call, asset_uid: str, discussion: DiscussionView) -> list[str]:
    """The paths that stand in the way of merging an open proposal, at most 100."""
    if discussion.branch is None or discussion.status != Status.OPEN:
        return []
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    ours, theirs = revisions.head(call, asset, MAIN), revisions.head(call, asset, discussion.branch)
    if ours is None or theirs is None:
        return []
    base = graph.merge_base(revisions.Ancestry(call, asset.id), ours.digest, theirs.digest)
    start = load_root(call, base.tree) if base else merging.EMPTY
    both = merging.merge(start, load_root(call, ours.tree), load_root(call, theirs.tree), StoredPages(call.tx.trees))
    return list(both.conflicts[: commits.CONFLICTS_NAMED])
