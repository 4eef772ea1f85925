"""Which events an automation hears: those of its types that its owner may know of."""

import json
from collections.abc import Sequence
from dataclasses import replace

from strongroom.application.events.feed import tracked_of
from strongroom.application.ports.events import StoredEvent, Wanted
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.automations.model import Automation
from strongroom.domain.identity.access import Access, Target
from strongroom.domain.identity.roles import Permission


def audible(tx: Transaction, access: Access, automation: Automation, after: int, upto: int) -> Sequence[StoredEvent]:
    """Events at leaves above `after` up to `upto`, in order.

    Who may read the audit log hears all of the workspace; everybody else what happens to assets that it may see, and to
    experiments and runs that it may read.
    """
    here = automation.workspace_id
    wanted = Wanted(here, None, automation.types, automation.namespace, automation.asset_id)
    events = tx.feed.between(wanted, after, upto, upto - after)
    if access.allows(Permission.AUDIT_READ, Target(workspace_id=here, namespace="")):
        return events
    visible = replace(wanted, visible=access.visible(here))
    seen = {event.leaf for event in tx.feed.between(visible, after, upto, upto - after)}
    tracked = {e.leaf: tracked_of(e, json.loads(e.details)) for e in events if e.asset_id is None}
    spots = tx.inbox.experiment_spots(sorted({uid for uid in tracked.values() if uid is not None}))

    def readable(event: StoredEvent) -> bool:
        spot = spots.get(tracked.get(event.leaf) or "")
        return spot is not None and access.allows(Permission.RUN_READ, Target(here, spot.slug_path))

    return [event for event in events if event.leaf in seen or readable(event)]
