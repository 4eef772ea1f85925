"""Who may know of an event: the one rule for the feed, its stream and automations."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from strongroom.application.ports.events import StoredEvent, Wanted
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.identity.access import Access, Target
from strongroom.domain.identity.roles import Permission

DELIVERY: Final = frozenset({"release", "target", "environment"})
"""What is delivered: heard by whoever may read it in all of the workspace."""
TRACKED: Final = frozenset({"run", "experiment", "logged_model"})
AT_ONCE: Final = 500


def tracked_of(event: StoredEvent, details: Mapping[str, Any]) -> str | None:
    """Uid of what was tracked (a run, experiment or logged model) that an event is about, or that was spoken of."""
    if event.subject_kind in TRACKED:
        return event.subject_uid
    return str(details["object"]) if details.get("on") in TRACKED else None


def heard(
    tx: Transaction, access: Access, workspace_id: int, wanted: Wanted, after: int, upto: int, limit: int
) -> Sequence[StoredEvent]:
    """The first events at leaves above `after` up to `upto`, in order.

    Who may read the audit log hears all of the workspace; everybody else what happens to assets that it may see, and to
    experiments, runs and logged models that it may read; and of delivery, where it reads it in the whole workspace.
    """
    if access.allows(Permission.AUDIT_READ, Target(workspace_id=workspace_id, namespace="")):
        return tx.feed.between(wanted, after, upto, limit)
    return list(islice(_known(tx, access, workspace_id, wanted, after, upto), limit))


def _known(
    tx: Transaction, access: Access, workspace_id: int, wanted: Wanted, after: int, upto: int
) -> Iterator[StoredEvent]:
    delivered = access.allows(Permission.RELEASE_READ, Target(workspace_id, environment_id=0))
    visible = replace(wanted, visible=access.visible(workspace_id))
    while after < upto and (events := tx.feed.between(wanted, after, upto, AT_ONCE)):
        last = events[-1].leaf if len(events) == AT_ONCE else upto
        seen = {event.leaf for event in tx.feed.between(visible, after, last, AT_ONCE)}
        tracked = {e.leaf: tracked_of(e, json.loads(e.details)) for e in events if e.asset_id is None}
        spots = tx.inbox.experiment_spots(sorted({uid for uid in tracked.values() if uid is not None}))
        for event in events:
            spot = spots.get(tracked.get(event.leaf) or "")
            readable = spot is not None and access.allows(Permission.RUN_READ, Target(workspace_id, spot.slug_path))
            if readable or event.leaf in seen or (delivered and event.subject_kind in DELIVERY):
                yield event
        after = last
