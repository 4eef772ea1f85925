"""``strongroom gc`` as its operator calls it."""

import asyncio
import os
from pathlib import Path

import pytest

from strongroom.bootstrap.collection import collected, previewed
from strongroom.bootstrap.installation import require_schema
from strongroom.bootstrap.integrity import adopted
from strongroom.bootstrap.settings import Storage
from strongroom.cli import maintenance
from strongroom.domain.errors import Invalid


def test_a_short_quarantine_beside_servers_that_may_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an upload on its way is about to name must not go: the operator says that no server runs, or waits."""
    storage = Storage(data=tmp_path / "data")
    require_schema(storage)
    with pytest.raises(Invalid, match="--servers-stopped"):
        asyncio.run(collected(storage, 23.9, orphans=False, stopped=False))
    with pytest.raises(SystemExit):
        maintenance.gc(quarantine=0, storage=storage)
    said = capsys.readouterr()
    assert "--servers-stopped" in said.err
    assert "freed" not in said.out
    maintenance.gc(quarantine=0, servers_stopped=True, storage=storage)
    said = capsys.readouterr()
    assert "taking your word" in said.err
    assert said.out.split()[:3] == ["freed", "0", "blobs"]


def test_a_dry_run_names_holders_at_any_quarantine(tmp_path: Path) -> None:
    storage = Storage(data=tmp_path / "data")
    require_schema(storage)
    lines = asyncio.run(previewed(storage, 0))
    assert [line.split("  ")[0] for line in lines][-1] == "would be freed now"


def test_a_place_where_nothing_is_stays_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped --data makes no second, empty server, to which all bytes are orphans."""
    for more in ({}, {"dry_run": True}, {"orphans": True}):
        with pytest.raises(SystemExit):
            maintenance.gc(storage=Storage(data=tmp_path / "tada"), **more)
    assert "no database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_orphans_of_a_store_that_was_never_said_to_be_ours_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The database is a new one, and the bytes are those of another: none of its rows names them."""
    store = tmp_path / "data" / "blobs"
    blob = store / "blobs" / "ab" / ("ab" * 32)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"somebody's")
    os.utime(blob, (0, 0))
    storage = Storage(data=tmp_path / "data")
    require_schema(storage)
    with pytest.raises(SystemExit):
        maintenance.gc(orphans=True, storage=storage)
    assert "admin store adopt" in capsys.readouterr().err
    assert blob.exists()
    assert not (store / "store.json").exists(), "nor is it claimed"
    asyncio.run(adopted(storage))
    maintenance.gc(orphans=True, storage=storage)
    assert not blob.exists(), "the operator has said whose it is"
