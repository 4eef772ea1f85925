"""What goes along when a version is copied: in one workspace both share its evaluations; another gets its own.

Nothing crosses workspaces, so those there are statements of their own, which name what they came from; whoever corrects
one of the originals corrects nothing there.
"""

from dataclasses import replace
from typing import Final

from strongroom.application.call import Call
from strongroom.application.evaluations.views import seen_versions
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict
from strongroom.domain.evaluations.fields import EVALUATIONS_MOST, NAME_LONGEST
from strongroom.domain.evaluations.model import Evaluation
from strongroom.domain.evaluations.statement import digest, statement
from strongroom.domain.registry.model import Version

HOLDERS_MOST: Final = 10_000
"""Versions that may share an evaluation."""


def carry(here: Call, there: Call, source: Version, copied: Version) -> None:
    """Let a copy have the evaluations of its source, with its row locked so that none is recorded meanwhile.

    The source may be a link, which shares those of the version that it shows.
    """
    here.tx.versions.lock(source.id)
    if here.workspace.id == there.workspace.id:
        share(here, source, copied)
        return
    places = here.tx.evaluations.places(
        source.id, name=None, metric=None, standing=True, after=None, limit=EVALUATIONS_MOST
    )
    digests = set()
    for root in sorted(places, key=lambda place: place.root_id):  # one by one: together they may be very large
        one = here.tx.evaluations.by_ids([root.id])[root.id]
        own = there.tx.evaluations.add(_own(here, there, one, copied), [copied.id])
        details: dict[str, Json] = {"evaluation": own.uid, "dataset": own.data.digest or None, "origin": one.uid}
        details |= {"metrics": len(own.measures), "statement": digest(statement(own, copied.uid, None))}
        there.record("evaluation.record", Subject("version", copied.uid), details, event=False)
        digests.add(one.data.digest)
    there.tx.evaluations.refresh([copied.id], sorted(digests))


def share(call: Call, source: Version, other: Version) -> None:
    """Let a link or copy have the evaluations of a version, whose row is locked.

    :raises Conflict: one of them is shared by as many versions as may be.
    """
    if call.tx.evaluations.most_held(source.id) >= HOLDERS_MOST:
        most = HOLDERS_MOST
        raise Conflict(f"An evaluation is shared by at most {most:,} versions; copy without evaluations.", limit=most)
    call.tx.evaluations.share(source.id, other.id)


def _own(here: Call, there: Call, one: Evaluation, copied: Version) -> Evaluation:
    """A statement of its own, on what is no data set of ours there; a name that is not to be seen stays here."""
    hidden = one.data.version_id is not None and not seen_versions(here, [one.data.version_id])
    name = "" if hidden or len(one.data.name) > NAME_LONGEST else one.data.name
    return replace(
        one,
        uid=there.tx.new_uid(),
        workspace_id=there.workspace.id,
        version_id=copied.id,
        data=replace(one.data, name=name, version_id=None),
        recorded_at=there.now,
        root_id=0,
        supersedes_id=None,
        reason="",
        origin_uid=one.uid,
    )
