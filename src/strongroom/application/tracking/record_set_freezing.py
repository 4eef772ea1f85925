"""A record set frozen into a version of a data set: what it held at one moment, a line of JSON a record."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from strongroom.application.artifacts import uploads
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import assets, publishing
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import VersionView
from strongroom.application.tracking import record_sets
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.record_sets import BYTES_MOST, RECORDS_MOST, RecordSet

FILE: Final = "records.jsonl"


async def freeze(edge: Edge, uid: str, asset_uid: str, details: PublishDetails) -> VersionView:
    """Publish the records of a set, in their order, as a version of a data set; later ones never reach it.

    Its origin names the set and the generation of its records.

    :raises Invalid: the asset is no data set, or the set is empty.
    """

    def look(call: Call) -> tuple[RecordSet, list[bytes]]:
        asset = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER)
        if asset.kind != "dataset":
            raise Invalid("A record set is frozen into a data set.", kind=asset.kind)
        one = record_sets.by_uid(call, uid, Permission.RUN_READ)
        rows = call.tx.record_sets.records(one.id, None, RECORDS_MOST)
        if not rows:
            raise Invalid("The record set is empty.")
        return one, [row.line() + b"\n" for row in rows]

    one, lines = await edge.read(look)
    stored = await edge.store.put(_all(lines), expect_sha256=None, expect_size=None, max_size=2 * BYTES_MOST)
    await edge.command(lambda call: uploads.note(call, [stored]))
    origin = f"strongroom:record_set/{uid}@{one.generation}"
    entries = [FileEntry(FILE, stored.sha256, stored.size)]
    return await publishing.publish_entries(edge, asset_uid, entries, replace(details, origin=origin))


async def _all(lines: list[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line
