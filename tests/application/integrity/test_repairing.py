"""What is damaged is marked, healed by whoever sends it again, and mended from second copies and backups."""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from strongroom.adapters.blobs.pack_format import HEADER_SIZE
from strongroom.adapters.sql.backup_source import BackupSource
from strongroom.adapters.sql.tables import (
    asset_blob,
    audit,
    blob,
    setting,
    tree,
    tree_page,
    xet_file,
    xet_file_xorb,
    xorb,
)
from strongroom.application.artifacts import folders
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.artifacts.reading import open_version_file
from strongroom.application.collection import collecting
from strongroom.application.integrity.findings import Finding, Kind
from strongroom.application.xet.tokens import STORE_SETTING
from strongroom.domain.errors import Corrupted, NotPossessed
from tests.adapters.blobs.homes import BucketHome, Home, LocalHome
from tests.application.integrity.conftest import Full
from tests.promises.support import BOTH_STORES, make_draft, run, send, sha256
from tests.support.xet import MadeFile, MadeShard, MadeTerm

BYTES = ("large.bin", "small-0", "small-1", "body")


@pytest.fixture
def backup(full: Full, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[BackupSource]:
    """All bytes as they are now, elsewhere."""
    other: Home
    if isinstance(full.home, LocalHome):
        shutil.copytree(full.home.root, tmp_path / "backup", ignore=shutil.ignore_patterns("tmp"))
        other = LocalHome(tmp_path / "backup")
    else:
        server = request.getfixturevalue("s3_server")
        other = BucketHome(server, server.new_prefix())
        for name in full.home.everything():
            other.strew(name, full.home.content(name) or b"")
    source = BackupSource("the backup", other.upkeep(), None)
    yield source
    run(source.upkeep.aclose())
    shutil.rmtree(tmp_path / "backup", ignore_errors=True)


def rows(full: Full, path: str) -> tuple[str, bool]:
    """Where it is, and whether it is marked."""
    with full.site.connect() as connection:
        digest = sha256(full.xorb.body if path == "body" else full.files[path])
        row = connection.execute(select(blob).where(blob.c.sha256 == digest)).one()
    return row.place, row.damaged_at is not None


async def read_through(full: Full, version: str, path: str) -> None:
    """As the HTTP layer reads a file."""
    edge = full.chunks.edge
    opened = await open_version_file(edge, version, path)
    try:
        async for _ in edge.store.read(opened.blob):
            pass
    except Corrupted as error:
        await opened.damaged(error)
        raise


@BOTH_STORES
def test_what_a_reader_finds_damaged_heals_when_it_is_sent_again(full: Full) -> None:
    """ "a damaged blob sent again by a client heals (the store is not told it is here)"."""
    world, site = full.site.world, full.site
    chunked = site.world.read_tx(lambda tx: tx.settings.get(STORE_SETTING))
    full.home.flip(full.stored("large.bin"), 5)
    full.home.flip(full.stored("body"), 100)
    if isinstance(full.home, LocalHome):
        full.home.flip(full.stored("small-0"), 5)
    else:
        full.home.lose(full.stored("small-0"))
    before = {path: rows(full, path) for path in (*BYTES, "0", "1")}
    assert not any(marked for _, marked in before.values())
    for version, path in ((full.version, "large.bin"), (full.version, "small-0"), (full.chunked, "0")):
        with pytest.raises(Corrupted):
            run(read_through(full, version, path))
    assert {path for path in before if rows(full, path)[1]} == {"large.bin", "small-0", "body", "0", "1"}
    assert world.read_tx(lambda tx: tx.settings.get(STORE_SETTING)) != chunked, "clients forget what they have sent"

    draft = make_draft(site, full.chunks.asset)
    for path in ("large.bin", "small-0", "0"):
        entry = PutEntry(path, sha256(full.files[path]), len(full.files[path]))
        with pytest.raises(NotPossessed):
            world.command("contributor", lambda call, e=entry: folders.put(call, "draft", draft, [e]))  # type: ignore[misc]
    run(send(site, draft, {path: full.files[path] for path in ("large.bin", "small-0", "small-1")}))
    full.chunks.send(full.xorb)
    file = MadeFile([MadeTerm(full.xorb, 0, 5)])
    full.chunks.register(MadeShard([file], [full.xorb]))
    assert not any(rows(full, path)[1] for path in before)
    for path in full.files:
        assert full.read(path) == full.files[path]
    moved = {path for path in before if rows(full, path)[0] != before[path][0]}
    assert moved == ({"small-0"} if isinstance(full.home, LocalHome) else set()), "a record has a new place"
    assert full.check() == []


def test_a_file_in_chunks_heals_by_other_chunks_and_by_its_whole_form(full: Full) -> None:
    """The same bytes, packed in another way, or sent by a client that knows no chunks."""
    full.home.lose(full.stored("body"))
    for path in ("0", "1"):
        with pytest.raises(Corrupted):
            run(read_through(full, full.chunked, path))
    other = type(full.xorb)([*full.xorb.chunks, b"more"])
    full.chunks.send(other)
    full.chunks.register(MadeShard([MadeFile([MadeTerm(other, 0, 5)])], [other]))
    assert full.read("0") == full.files["0"]
    assert rows(full, "1")[1], "it still needs what is lost"
    draft = make_draft(full.site, full.chunks.asset)
    run(send(full.site, draft, {"1": full.files["1"]}))
    assert rows(full, "1") == ("f", False)
    assert full.read("1") == full.files["1"]
    assert [f.kind for f in full.check()] == [Kind.MISSING], "the lost body, which no version needs any more"


@BOTH_STORES
def test_a_backup_gives_back_what_is_missing_and_rotten(full: Full, backup: BackupSource) -> None:
    """ "repairs what a backup can give back", "verified by digest before it replaces anything, rotten bytes moved
    aside into a quarantine folder, never deleted"."""
    lost, rotten = ("small-1", "body"), ("large.bin", "small-0")
    for path in rotten:
        full.home.flip(full.stored(path), 7)
    wrong = {path: full.home.content(full.place.upkeep.where(full.stored(path)).partition(":")[0]) for path in rotten}
    full.home.lose(full.stored("body"))
    if isinstance(full.home, LocalHome):
        full.home.flip(full.stored("small-1"), -10)  # its header
    else:
        full.home.lose(full.stored("small-1"))
    assert len([f for f in full.repair() if f.repaired]) == (1 if isinstance(full.home, LocalHome) else 0)
    done = {f.digest: f for f in full.repair(backup)}
    paths = {full.stored(path).sha256: path for path in (*lost, *rotten)}
    for digest, found in done.items():
        assert found.repaired is not None, found
        assert found.repaired.startswith("from the backup"), found
        if paths[digest] in rotten:
            aside = full.home.content(found.repaired.rpartition(" ")[2])
            assert aside is not None
            assert aside in (wrong[paths[digest]] or b""), "what was there is kept"
    assert full.check() == []
    for path in full.files:
        assert full.read(path) == full.files[path]
    with full.site.connect() as connection:
        said = connection.execute(select(audit.c.body).where(audit.c.action == "store.repair")).scalars().all()
    assert len(said) == len(done) + (1 if isinstance(full.home, LocalHome) else 0)


def test_nothing_wrong_is_ever_taken_from_a_backup(full: Full, backup: BackupSource) -> None:
    large = full.stored("large.bin")
    full.home.flip(large, 3)
    rotten = full.home.content(full.place.upkeep.where(large))
    other = LocalHome(Path(backup.upkeep._root)) if isinstance(full.home, LocalHome) else full.home  # type: ignore[attr-defined]
    other.flip(large, 9)
    (found,) = full.repair(backup)
    assert (found.kind, found.repaired) == (Kind.ROTTEN, None)
    assert full.home.content(full.place.upkeep.where(large)) == rotten
    assert not [name for name in full.home.everything() if name.startswith("quarantine/")]


def test_the_other_shape_of_the_same_bytes_is_a_second_copy(full: Full) -> None:
    """ "also from a second copy of the same content in the store (whole blob and chunked shape, same digest)"."""
    draft = make_draft(full.site, full.chunks.asset)
    whole = full.files["0"]
    run(full.site.store.put(_once(whole), expect_sha256=None, expect_size=len(whole), max_size=len(whole)))
    assert rows(full, "0")[0].startswith("x:")
    place = rows(full, "0")[0]
    full.change(update(blob).where(blob.c.sha256 == sha256(whole)).values(place="f"))
    full.home.lose(full.stored("0"))
    (found,) = full.repair()
    assert (found.kind, found.repaired) == (Kind.MISSING, "from its chunks")
    assert full.read("0") == whole
    full.change(update(blob).where(blob.c.sha256 == sha256(whole)).values(place=place + "0"))
    (found,) = full.repair()
    assert (found.kind, found.repaired) == (Kind.MISSING, "from its whole form")
    assert full.check() == []
    assert draft


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def test_a_damaged_header_costs_nobody_bytes(full: Full) -> None:
    """What looks like an orphan is somebody's record under a damaged label: no collector takes it, and it is mended."""
    full.home.flip(full.stored("small-2"), 20 - HEADER_SIZE)
    assert run(collecting.find_orphans(full.site.world.executor, full.site.store, -(10**12))) == 0
    assert [f.kind for f in full.check(grace=-1)] == [Kind.MISLABELLED]
    (found,) = full.repair()
    assert found.repaired is not None
    assert found.repaired.startswith("from its own record")
    assert full.read("small-2") == full.files["small-2"]


def done(found: list[Finding]) -> set[tuple[str, str | None]]:
    return {(one.kind.value, one.repaired) for one in found}


def test_rows_are_mended_from_the_bytes_and_from_each_other(full: Full) -> None:
    large = full.stored("large.bin")
    full.change(update(blob).where(blob.c.sha256 == large.sha256).values(blocks=bytes(64)))
    assert done(full.repair()) == {("digests", "digests of its blocks taken anew")}
    full.change(update(xorb).values(chunks=b"gone", body_bytes=0))
    mended = done(full.repair())
    assert ("chunks", "read out of its body") in mended
    full.change(delete(xet_file_xorb))
    assert done(full.repair()) == {("reconstruction", "from its own ranges")}
    full.change(delete(asset_blob))
    assert done(full.repair()) == {("unheld", "noted that the asset holds it")}
    assert full.check() == []


def test_rows_are_taken_from_the_database_of_a_backup(full: Full, tmp_path: Path) -> None:
    with full.site.connect() as connection:
        copied = {
            table.name: connection.execute(select(table)).mappings().all() for table in (tree, tree_page, xet_file)
        }
    kept = sqlite3.connect(tmp_path / "kept.db")
    for name, columns in (("tree", "digest, root"), ("tree_page", "digest, body"), ("xet_file", "hash, terms")):
        kept.execute(f"CREATE TABLE {name} ({columns})")
        first, second = columns.split(", ")
        kept.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(row[first], row[second]) for row in copied[name]])  # noqa: S608 - our names
    kept.commit()
    kept.close()
    backup = BackupSource("the backup", full.home.upkeep(), tmp_path / "kept.db")
    full.change(update(tree_page).values(body=b"rot"))
    assert done(full.repair(backup)) == {("page", "from the backup")}
    full.change(delete(tree))
    full.change(delete(tree_page))
    assert done(full.repair(backup)) == {("tree", "from the backup")}
    full.change(update(xet_file).values(terms=b"rot"))
    assert done(full.repair(backup)) == {("reconstruction", "from the backup")}
    assert full.check() == []
    nothing = BackupSource("nothing", full.home.upkeep(), tmp_path / "absent.db")
    full.change(delete(setting))
    assert (nothing.page("0"), nothing.root("0"), nothing.terms("0"), nothing.place_of("0")) == (None,) * 4
    run(nothing.upkeep.aclose())
    run(backup.upkeep.aclose())
