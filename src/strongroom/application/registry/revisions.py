"""Revisions of an asset: stored, found, and whether anything still leads to them."""

from collections.abc import Mapping, Sequence
from typing import Final

from strongroom.application.call import Call
from strongroom.domain.artifacts import history
from strongroom.domain.artifacts.revision import MESSAGE_LONGEST, Revision
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.refs import MAIN, StoredRevision
from strongroom.domain.registry.text import clean_text

GENERATIONS: Final = 64
"""How far a walk reads ahead, in one query."""


class Ancestry:
    """The revisions of one asset as walks read them, a few generations at a time."""

    def __init__(self, call: Call, asset_id: int) -> None:
        self._call, self._asset_id = call, asset_id
        self._known: dict[str, StoredRevision] = {}
        self._absent: set[str] = set()

    def get(self, digests: Sequence[str]) -> Mapping[str, StoredRevision]:
        """Those of `digests` that are revisions of the asset."""
        new = [digest for digest in digests if digest not in self._known and digest not in self._absent]
        if new:
            self._known.update(self._call.tx.revisions.ancestry(self._asset_id, new, GENERATIONS))
            self._absent.update(digest for digest in new if digest not in self._known)
        return {digest: self._known[digest] for digest in digests if digest in self._known}


def store(
    call: Call, asset: Asset, tree: str, parents: Sequence[str], message: str, claimed_at: int | None = None
) -> StoredRevision:
    """Add a revision by the caller to a locked asset, younger than each of its parents.

    :raises Invalid: message or parents break their rules.
    """
    why = clean_text(message, what="message", longest=MESSAGE_LONGEST)
    known = call.tx.revisions.get(asset.id, parents).values() if parents else ()
    at = max([call.now, *(parent.recorded_at + 1 for parent in known)])
    while True:
        new = Revision(tree, tuple(parents), call.actor.uid, why, claimed_at, at)
        stored = call.tx.revisions.add(asset.id, new)
        if stored is not None:
            return stored
        at += 1  # somebody made the very same one, in the same microsecond, in another asset


def head(call: Call, asset: Asset, name: str) -> StoredRevision | None:
    """The revision that a branch or pin leads to; where there is no `main`, that name means the latest version's."""
    ref = call.tx.refs.get(asset.id, name)
    if ref is not None:
        return call.tx.revisions.get(asset.id, [ref.revision])[ref.revision]
    if name != MAIN or asset.latest_version_id is None:
        return None
    digest = call.tx.versions.by_id(asset.latest_version_id).revision
    return call.tx.revisions.get(asset.id, [digest])[digest] if digest else None


def must_be_readable(call: Call, asset: Asset, revision: StoredRevision) -> StoredRevision:
    """The revision, when a live version is of it, or a branch or pin leads to it or to one that came from it.

    :raises NotFound: nothing does: it was squashed away, or what led to it was deleted.
    """
    if call.tx.versions.by_revision(asset.id, revision.digest) is None and not is_reached(call, asset, revision):
        raise NotFound("There is no such revision.")
    return revision


def is_reached(call: Call, asset: Asset, revision: StoredRevision) -> bool:
    """Whether a branch or pin leads to it or to one that came from it."""
    return history.reaches(Ancestry(call, asset.id), call.tx.refs.heads(asset.id), revision)


def by_digest(call: Call, asset: Asset, prefix: str) -> StoredRevision:
    """A readable revision by the first 8 or more digits of its digest.

    :raises NotFound: none. :raises Conflict: more than one.
    """
    found = call.tx.revisions.by_prefix(asset.id, prefix)
    if len(found) > 1:
        raise Conflict("Several revisions begin with this digest; give more of it.")
    if not found:
        raise NotFound("There is no such revision.")
    return must_be_readable(call, asset, found[0])
