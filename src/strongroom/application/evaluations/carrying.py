"""What goes along when a version is copied: in one workspace both share its evaluations; another gets its own.

Nothing crosses workspaces, so those there are statements of their own, which name what they came from; whoever corrects
one of the originals corrects nothing there.
"""

from dataclasses import replace

from strongroom.application.call import Call
from strongroom.domain.evaluations.fields import EVALUATIONS_MOST
from strongroom.domain.evaluations.model import Evaluation
from strongroom.domain.registry.model import Version


def carry(here: Call, there: Call, source: Version, copied: Version) -> None:
    """Let a copy have the evaluations of its source, with its row locked so that none is recorded meanwhile.

    The source may be a link, which shares those of the version that it shows.
    """
    here.tx.versions.lock(source.id)
    if here.workspace.id == there.workspace.id:
        here.tx.evaluations.share(source.id, copied.id)
        return
    found = here.tx.evaluations.list(
        source.id, name=None, metric=None, standing=True, after=None, limit=EVALUATIONS_MOST
    )
    for one in sorted(found, key=lambda one: one.root_id):
        there.tx.evaluations.add(_own(there, one, copied), [copied.id])
    there.tx.evaluations.refresh([copied.id], [one.data.digest for one in found])


def _own(there: Call, one: Evaluation, copied: Version) -> Evaluation:
    return replace(
        one,
        uid=there.tx.new_uid(),
        workspace_id=there.workspace.id,
        version_id=copied.id,
        data=replace(one.data, version_id=None),
        recorded_at=there.now,
        root_id=0,
        supersedes_id=None,
        reason="",
        origin_uid=one.uid,
    )
