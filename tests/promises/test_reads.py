"""Issue 2: "the bytes of a version: one record per principal, version and hour with counts". domain.md N15: "Reads kept
for audit are counted in windows per (principal, version)".
"""

import json
from typing import Any

from sqlalchemy import select

from strongroom.adapters.jobs.housekeeping import flush_reads
from strongroom.adapters.sql.tables import audit, read_window
from strongroom.application.artifacts.reading import open_folder_file, open_version_file
from strongroom.application.audit.reads import HOUR_US, ReadCounters, close_windows
from strongroom.application.registry.views import AssetView, VersionView
from tests.promises.support import Site, make_draft, publish_bytes, run, send

MINUTE = 60_000_000


def version_with_bytes(site: Site, model: AssetView) -> VersionView:
    return run(publish_bytes(site, model.uid, {"a": b"0123456789", "b": b"01234"}))


def read(site: Site, version: VersionView, path: str = "a", who: str = "viewer", *, sent: int | None = None) -> None:
    """Open a file and send it; `sent` None: the process dies before it says how much went out."""
    opened = run(open_version_file(site.edge(who), version.uid, path))
    if sent is not None:
        opened.counted(sent)


def close(site: Site) -> list[dict[str, Any]]:
    """Write counts and close hours, as housekeeping does; the records of reads so far."""
    run(flush_reads(site.world.executor, site.reads))
    site.world.command_tx(close_windows)
    with site.connect() as connection:
        bodies = connection.execute(select(audit.c.body).where(audit.c.action == "version.read").order_by(audit.c.id))
        return [json.loads(body) for body in bodies.scalars()]


def to_the_hour(site: Site) -> None:
    """Move the clock to just after the next full hour."""
    site.world.clock.advance(HOUR_US - site.world.clock.now_us() % HOUR_US + 1_000_000)


def test_an_hour_of_reads_is_one_record_with_counts(site: Site, model: AssetView) -> None:
    """Issue 2: "one record per principal, version and hour with counts"."""
    version = version_with_bytes(site, model)
    to_the_hour(site)
    hour = site.world.clock.now_us() // HOUR_US
    for _ in range(3):
        read(site, version, sent=10)
    read(site, version, "b", sent=5)
    read(site, version, who="maintainer", sent=10)
    assert close(site) == []  # the hour is not over
    site.world.clock.advance(HOUR_US)
    read(site, version, sent=1)
    site.world.clock.advance(6 * MINUTE)
    records = close(site)
    assert [(r["outcome"], r["subject"]["uid"]) for r in records] == [("read", version.uid)] * 2
    counted = {r["actor"]: (r["details"]["hour"], r["details"]["reads"], r["details"]["bytes"]) for r in records}
    assert counted == {
        site.world.uid("viewer"): (hour, 4, 35),
        site.world.uid("maintainer"): (hour, 1, 10),
    }
    site.world.clock.advance(2 * HOUR_US)
    assert len(close(site)) == 3


def test_a_crash_loses_no_fact_of_a_read(site: Site, model: AssetView) -> None:
    """application/audit/reads: the first read in an hour "writes its window before any byte goes out, so that the fact
    survives a crash".
    """
    version = version_with_bytes(site, model)
    read(site, version, sent=10)
    site.reads = ReadCounters()  # kill -9: what was counted in memory is gone
    with site.connect() as connection:
        (window,) = connection.execute(select(read_window)).all()
    assert (window.principal_uid, window.reads) == (site.world.uid("viewer"), 0)
    site.world.clock.advance(2 * HOUR_US)
    (record,) = close(site)
    assert record["actor"] == site.world.uid("viewer")


def test_a_window_is_open_before_the_file_is(site: Site, model: AssetView) -> None:
    """The same, in its order: nothing can be read from a file whose window is not on disk."""
    version = version_with_bytes(site, model)
    run(open_version_file(site.edge("viewer"), version.uid, "a"))
    assert site.counts("read_window")["read_window"] == 1
    before = site.counts()
    for _ in range(5):
        run(open_version_file(site.edge("viewer"), version.uid, "b"))
    assert site.counts() == before  # later reads of the hour write nothing


def test_a_transfer_that_outlasts_its_hour_opens_no_second_record_of_it(site: Site, model: AssetView) -> None:
    """Issue 2: "one record per principal, version and hour": late counts go to the hour in which they come."""
    version = version_with_bytes(site, model)
    to_the_hour(site)
    opened = run(open_version_file(site.edge("viewer"), version.uid, "a"))
    site.world.clock.advance(3 * HOUR_US)
    assert len(close(site)) == 1
    opened.counted(10)
    close(site)
    site.world.clock.advance(2 * HOUR_US)
    records = close(site)
    hours = [record["details"]["hour"] for record in records]
    assert len(set(hours)) == len(hours) == 2
    assert sum(record["details"]["reads"] for record in records) == 1


def test_two_processes_share_a_window(site: Site, model: AssetView) -> None:
    """Issue 2: "one record per principal, version and hour", however many processes serve."""
    version = version_with_bytes(site, model)
    to_the_hour(site)
    processes = [Site(site.world, site.store, site.database) for _ in range(3)]
    for process in processes:
        read(process, version, sent=10)
    for process in processes:
        run(flush_reads(process.world.executor, process.reads))
    site.world.clock.advance(2 * HOUR_US)
    (record,) = close(site)
    assert (record["details"]["reads"], record["details"]["bytes"]) == (3, 30)


def test_counts_that_could_not_be_written_are_kept(site: Site, model: AssetView) -> None:
    """application/audit/reads: counts are given back when the database does not take them."""
    version = version_with_bytes(site, model)
    to_the_hour(site)
    read(site, version, sent=10)
    counts = site.reads.take()
    read(site, version, sent=5)
    site.reads.give_back(counts)
    site.world.clock.advance(2 * HOUR_US)
    (record,) = close(site)
    assert (record["details"]["reads"], record["details"]["bytes"]) == (2, 15)


def test_reads_of_folders_are_not_counted(site: Site, model: AssetView) -> None:
    """Issue 2: "every sensitive read (the bytes of a version ...)": folders are not versions."""
    draft = make_draft(site, model.uid)
    run(send(site, draft, {"a": b"x"}))
    run(open_folder_file(site.edge("contributor"), "draft", draft, "a"))
    assert site.counts("read_window")["read_window"] == 0
