"""Who consumed which version: read from the counts that the windows of audited reads leave behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.lineage.sight import Sight
from strongroom.application.lineage.views import VertexView
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.lineage import Consumption
from strongroom.application.registry import versions
from strongroom.application.views import time_of
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Vertex

HOUR_US = 3600 * 1_000_000
DAY_US = 24 * HOUR_US
LATELY_DAYS = 30


@dataclass(frozen=True, slots=True)
class ConsumerView:
    """A principal that read a version's bytes; whoever had no token is one, ``anonymous``, without uid.

    `first` and `last` are the hours (their beginnings) in which it read first and last.
    """

    version_uid: str
    consumer: VertexView
    reads: int
    bytes: int
    first: datetime
    last: datetime


def consumers(call: Call, version_uid: str, page: PageRequest) -> Page[ConsumerView]:
    """Who read a version's bytes, the latest first; counts are some seconds old at most. Tombstones tell it too.

    :raises Forbidden: the caller may not know of the workspace's principals.
    """
    version = versions.by_uid(call, version_uid, Permission.LINEAGE_READ)[1]
    call.require(Permission.PRINCIPAL_READ)
    listing = f"consumers/{version.id}"
    rows = call.tx.lineage.consumers([version.id], call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: (row.last_hour, row.version_id, row.principal_id))
    sight = Sight(call)
    return Page(shown(sight, kept.items), kept.next_page_token)


@dataclass(frozen=True, slots=True)
class Downloads:
    """How often files of an asset's versions were read: in the last 30 days (today's among them), and ever.

    Each file counts each time that it is read. Counts are some seconds old at most.
    """

    lately: int
    ever: int


def downloads(call: Call, asset_uids: Sequence[str]) -> Mapping[str, Downloads]:
    """Downloads of assets that the caller was shown already, by uid."""
    found = {uid: call.tx.assets.by_uid(call.workspace.id, uid) for uid in asset_uids}
    since = call.now // DAY_US - LATELY_DAYS + 1
    counted = call.tx.lineage.reads_of([asset.id for asset in found.values() if asset], since)
    known = {uid: counted.get(asset.id) for uid, asset in found.items() if asset}
    return {uid: Downloads(one.since, one.ever) if one else Downloads(0, 0) for uid, one in known.items()}


def shown(sight: Sight, rows: Sequence[Consumption]) -> list[ConsumerView]:
    """Those whose principal and version the caller sees."""
    ends = {Vertex("version", row.version_id) for row in rows} | {Vertex("principal", row.principal_id) for row in rows}
    views = sight.look(sorted(ends))
    found = []
    for row in rows:
        version = views.get(Vertex("version", row.version_id))
        consumer = views.get(Vertex("principal", row.principal_id))
        if version is not None and version.uid is not None and consumer is not None:
            first, last = (time_of(hour * HOUR_US) for hour in (row.first_hour, row.last_hour))
            found.append(ConsumerView(version.uid, consumer, row.reads, row.bytes, first, last))
    return found
