"""Who consumed which version: from the windows of reads that the audit keeps."""

import asyncio

import pytest

from strongroom.adapters.jobs.housekeeping import flush_reads
from strongroom.application.audit.reads import (
    GRACE_US,
    HOUR_US,
    ReadCounters,
    Window,
    close_windows,
    open_window,
    window_of,
)
from strongroom.application.lineage import consumption
from strongroom.application.lineage.consumption import ConsumerView
from strongroom.application.paging import PageRequest
from strongroom.domain.errors import Forbidden, NotFound
from strongroom.domain.identity.roles import Scope
from strongroom.domain.registry.model import Version
from tests.application.conftest import World
from tests.application.lineage.conftest import MakeVersion

PAGE = PageRequest()


def began(world: World, who: str | None, version: Version) -> Window:
    """What happens before the first byte goes out."""
    world.public_reads = who is None
    window = world.read(who, lambda c: window_of(c, version.id))
    world.command(who, lambda c: open_window(c, window))
    world.public_reads = False
    return window


def asked(world: World, version: Version, who: str = "viewer", page: PageRequest = PAGE) -> list[ConsumerView]:
    return list(world.read(who, lambda c: consumption.consumers(c, version.uid, page)).items)


def test_a_reader_is_a_consumer_before_the_first_byte(world: World, make_version: MakeVersion) -> None:
    version = make_version("model")
    began(world, "viewer", version)
    (found,) = asked(world, version)
    assert (found.consumer.label, found.reads, found.first) == ("viewer", 0, found.last)


def test_counts_are_sums_over_all_hours(world: World, make_version: MakeVersion) -> None:
    """ "counted in memory per process, flushed in windows of at most an hour ... as records, not one per read"."""
    version, counters = make_version("model"), ReadCounters()
    for hour in range(3):
        window = began(world, "viewer", version)
        for _ in range(100):
            counters.count(window, 10)
        asyncio.run(flush_reads(world.executor, counters))
        counters.count(window, 10)
        if hour < 2:
            world.clock.advance(HOUR_US)
    asyncio.run(flush_reads(world.executor, counters))
    world.clock.advance(HOUR_US + GRACE_US)
    assert world.command_tx(close_windows) == 3, "a record an hour"
    (found,) = asked(world, version)
    assert (found.reads, found.bytes) == (303, 3_030)
    assert (found.last - found.first).total_seconds() == 7_200


def test_two_processes_count_one_sum(world: World, make_version: MakeVersion) -> None:
    version = make_version("model")
    window = began(world, "viewer", version)
    processes = [ReadCounters(), ReadCounters()]
    for counters in processes:
        began(world, "viewer", version)
        counters.count(window, 1)

    async def both() -> None:
        await asyncio.gather(*(flush_reads(world.executor, counters) for counters in processes))

    asyncio.run(both())
    assert [found.reads for found in asked(world, version)] == [2]


def test_whoever_has_no_token_is_one_consumer(world: World, make_version: MakeVersion) -> None:
    version = make_version("open", visibility="public")
    began(world, None, version)
    (found,) = asked(world, version)
    assert (found.consumer.kind, found.consumer.label, found.consumer.uid) == ("principal", "anonymous", None)


def test_tombstones_tell_who_has_it(world: World, make_version: MakeVersion) -> None:
    version = make_version("model")
    began(world, "viewer", version)
    world.command_tx(lambda tx: tx.versions.purge(version, tx.now(), "recalled"))
    assert [found.consumer.label for found in asked(world, version)] == ["viewer"]


def test_consumers_come_in_pages_the_latest_first(world: World, make_version: MakeVersion) -> None:
    version = make_version("model")
    for who in ("viewer", "contributor", "maintainer"):
        began(world, who, version)
        world.clock.advance(HOUR_US)
    first = world.read("viewer", lambda c: consumption.consumers(c, version.uid, PageRequest(2)))
    assert [found.consumer.label for found in first.items] == ["maintainer", "contributor"]
    assert first.next_page_token is not None
    assert [f.consumer.label for f in asked(world, version, page=PageRequest(2, first.next_page_token))] == ["viewer"]


def test_who_may_know_of_consumers(world: World, make_version: MakeVersion) -> None:
    """Reading the asset is not enough: who reads is about people, for those who may read principals."""
    version = make_version("model")
    began(world, "viewer", version)
    with pytest.raises(NotFound):
        asked(world, version, "stranger")
    scope, admin = Scope.asset(world.workspace.id, version.asset_id), world.principals["admin"]
    world.command_tx(lambda tx: tx.grants.add("principal", world.uid("stranger"), scope, "viewer", admin.id))
    with pytest.raises(Forbidden):
        asked(world, version, "stranger")


def test_downloads_are_reads_of_all_versions_lately_and_ever(world: World, make_version: MakeVersion) -> None:
    """domain.md: "downloads = read counters"; the Hub shows those of 30 days and those of all time."""
    old, counters = make_version("model"), ReadCounters()
    uid = world.read("viewer", lambda call: call.tx.assets.by_id(old.asset_id)).uid

    def downloads() -> tuple[int, int]:
        found = world.read("viewer", lambda call: consumption.downloads(call, [uid]))[uid]
        return found.lately, found.ever

    def read(version: Version, who: str | None, times: int) -> None:
        window = began(world, who, version)
        for _ in range(times):
            counters.count(window, 10)
        asyncio.run(flush_reads(world.executor, counters))

    assert downloads() == (0, 0)
    read(old, "viewer", 3)
    read(old, "contributor", 2)
    assert downloads() == (5, 5)
    world.clock.advance(31 * 24 * HOUR_US)
    assert downloads() == (0, 5)
    read(make_version("other"), "viewer", 1)
    read(old, "viewer", 1)
    assert downloads() == (1, 6)
    assert world.read("viewer", lambda call: consumption.downloads(call, [])) == {}
