"""Which events an automation hears: those of its types that its owner may know of."""

from collections.abc import Sequence

from strongroom.application.events.audience import heard
from strongroom.application.ports.events import StoredEvent, Wanted
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.automations.model import Automation
from strongroom.domain.identity.access import Access


def audible(tx: Transaction, access: Access, automation: Automation, after: int, upto: int) -> Sequence[StoredEvent]:
    """Events at leaves above `after` up to `upto`, in order."""
    here = automation.workspace_id
    wanted = Wanted(here, None, automation.types, automation.namespace, automation.asset_id)
    return heard(tx, access, here, wanted, after, upto, upto - after)
