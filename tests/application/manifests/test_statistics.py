"""Statistics of data sets: made behind the commit, by a process that may die, on both databases."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from strongroom.adapters.statistics.reader import ChildReader
from strongroom.application.manifests import statistics
from strongroom.application.manifests.statistics import LEASE_US, TRIES_MOST, Examiner, StatisticsView
from strongroom.application.ports.statistics import DataFile, Examine, UnreadableError
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import purging, versions
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import Conflict, Forbidden, NotFound, Unavailable
from tests.application.manifests.conftest import Seal
from tests.promises.support import Site

CSV = b"x,y\n1,a\n2,b\n"


def examine(site: Site, reader: Examine | None = None) -> None:
    asyncio.run(Examiner(site.world.executor, reader or ChildReader(site.store)).run())


def shown(site: Site, version: VersionView, who: str = "viewer") -> StatisticsView:
    return site.world.read(who, lambda call: statistics.show(call, version.uid))


class Failing:
    """A reader that fails as told; what it was asked is kept."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, list[Sequence[DataFile]]()

    async def examine(self, files: Sequence[DataFile]) -> bytes:
        self.asked.append(files)
        raise self.error


def test_they_are_made_after_the_commit(site: Site, seal: Seal) -> None:
    version = seal("dataset", None, {"train.csv": CSV, "data/test/x.csv": CSV, "README.md": b"x"})
    assert (shown(site, version).state, shown(site, version).splits) == ("pending", ())
    examine(site)
    found = shown(site, version)
    assert (found.state, {split.name: split.rows for split in found.splits}) == ("ready", {"train": 2, "test": 2})
    assert [(column.name, column.type) for column in found.splits[0].columns] == [("x", "int64"), ("y", "string")]


def test_declared_splits_decide(site: Site, seal: Seal) -> None:
    version = seal(
        "dataset", {"splits": {"gold": ["a"], "rest": ["b.csv"]}}, {"a/1.csv": CSV, "b.csv": CSV, "c.csv": CSV}
    )
    examine(site)
    assert {split.name: split.files for split in shown(site, version).splits} == {"gold": 1, "rest": 1}


def test_a_file_that_cannot_be_read_is_a_reason_and_never_a_failed_commit(site: Site, seal: Seal) -> None:
    """ "a failure gives "statistics unavailable: reason", never a failed commit"."""
    version = seal("dataset", None, {"a.csv": CSV})
    examine(site, Failing(UnreadableError("was ended by SIGSEGV")))
    assert (shown(site, version).state, shown(site, version).reason) == ("unavailable", "was ended by SIGSEGV")
    none = seal("dataset", None, {"README.md": b"x"})
    examine(site)
    assert "no Parquet" in str(shown(site, none).reason)


@pytest.mark.parametrize("answer", [b"", b"{", b'{"splits": 1}', b'{"splits": [{"name": "x"}]}', b"[" * 100_000])
def test_a_reader_that_was_taken_over_cannot_say_what_it_likes(site: Site, seal: Seal, answer: bytes) -> None:
    class Lying:
        async def examine(self, files: Sequence[DataFile]) -> bytes:
            assert files
            return answer

    version = seal("dataset", None, {"a.csv": CSV})
    examine(site, Lying())
    assert shown(site, version).state == "unavailable"


def test_a_server_that_dies_leaves_the_work_to_another_but_not_for_ever(site: Site, seal: Seal) -> None:
    version = seal("dataset", None, {"a.csv": CSV})
    dies = Failing(KeyboardInterrupt())  # type: ignore[arg-type]
    for _ in range(TRIES_MOST):
        with pytest.raises(KeyboardInterrupt):
            examine(site, dies)
        examine(site)
        assert shown(site, version).state == "pending", "the lease of the dead one still runs"
        site.world.clock.advance(LEASE_US + 1)
    examine(site)
    assert "tried 3 times" in str(shown(site, version).reason)
    assert len(dies.asked) == TRIES_MOST


def test_a_store_that_does_not_answer_is_asked_again(site: Site, seal: Seal) -> None:
    version = seal("dataset", None, {"a.csv": CSV})
    with pytest.raises(Unavailable):
        examine(site, Failing(Unavailable("later")))
    site.world.clock.advance(LEASE_US + 1)
    examine(site)
    assert shown(site, version).state == "ready"


def test_two_processes_do_not_make_the_same(site: Site, seal: Seal) -> None:
    seal("dataset", None, {"a.csv": CSV})
    now = site.world.clock.now_us() + 1

    def claim(tx: Transaction) -> object:
        return tx.manifests.claim(now, now + LEASE_US)

    taken = site.world.race(claim, claim, claim)
    assert sum(one is not None for one in taken) == 1, taken


def test_the_same_content_is_read_once(site: Site, seal: Seal) -> None:
    seal("dataset", None, {"a.csv": CSV})
    examine(site)
    copy = seal("dataset", None, {"a.csv": CSV})
    assert shown(site, copy).state == "ready"


def test_they_are_asked_for_again(site: Site, seal: Seal) -> None:
    version = seal("dataset", {"splits": {"gold": ["a.csv"]}}, {"a.csv": CSV})
    examine(site)
    assert site.world.command("contributor", lambda call: statistics.scan(call, version.uid)).state == "pending"
    examine(site)
    found = shown(site, version)
    assert [split.name for split in found.splits] == ["gold"], found
    with pytest.raises(Forbidden):
        site.world.command("viewer", lambda call: statistics.scan(call, version.uid))
    model = seal("model", None, {"a.csv": CSV, "w": b"1"})
    with pytest.raises(Conflict):
        site.world.command("contributor", lambda call: statistics.scan(call, model.uid))
    with pytest.raises(NotFound):
        shown(site, model)


def test_two_data_sets_are_compared(site: Site, seal: Seal) -> None:
    one = seal("dataset", None, {"train.csv": CSV})
    two = seal("dataset", None, {"train.csv": CSV + b"9,c\n", "test.csv": CSV})
    with pytest.raises(Conflict, match="pending"):
        site.world.read("viewer", lambda call: statistics.compare(call, one.uid, two.uid))
    examine(site)
    found = site.world.read("viewer", lambda call: statistics.compare(call, one.uid, two.uid))
    told = {change.path: (change.change, change.before, change.after) for change in found.changes}
    assert told["$.train.rows"] == ("changed", 2, 3)
    assert told["$.train.columns.x.max"] == ("changed", 2, 9)
    assert told["$.test"][0] == "added"


def test_they_go_with_the_version(site: Site, seal: Seal) -> None:
    version = seal("dataset", None, {"a.csv": CSV})
    examine(site)
    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    site.world.command("admin", lambda c: purging.purge(c, version.uid, "asked"))
    assert site.counts("dataset_statistics")["dataset_statistics"] == 0


def test_purged_while_they_are_made_they_are_not_kept(site: Site, seal: Seal) -> None:
    version = seal("dataset", None, {"a.csv": CSV})

    class Slow(ChildReader):
        async def examine(self, files: Sequence[DataFile]) -> bytes:
            found = await super().examine(files)
            await asyncio.to_thread(site.world.command_tx, lambda tx: tx.manifests.forget([version.tree or ""]))
            return found

    site.world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    site.world.command("admin", lambda c: purging.purge(c, version.uid, "asked"))
    site.world.command_tx(lambda tx: tx.manifests.request(version.tree or "", "{}", tx.now(), again=True))
    examine(site, Slow(site.store))
    assert site.counts("dataset_statistics")["dataset_statistics"] == 0


def test_they_are_content_and_asked_for_as_such(site: Site, seal: Seal) -> None:
    secret = seal("dataset", None, {"a.csv": CSV}, who="admin", visibility="private")
    with pytest.raises(NotFound):
        shown(site, secret)


def test_what_is_kept_is_json(site: Site, seal: Seal) -> None:
    """docs/storage-format.md: the rows are read without us."""
    version = seal("dataset", None, {"a.csv": CSV})
    examine(site)
    kept = site.world.read_tx(lambda tx: tx.manifests.statistics(version.tree or ""))
    assert kept is not None
    assert json.loads(kept.body)["splits"][0]["rows"] == 2
