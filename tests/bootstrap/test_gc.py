"""``strongroom gc`` as its operator calls it."""

import asyncio
from pathlib import Path

import pytest

from strongroom.bootstrap.collection import collected, previewed
from strongroom.bootstrap.settings import Storage
from strongroom.cli import maintenance
from strongroom.domain.errors import Invalid


def test_a_short_quarantine_beside_servers_that_may_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an upload on its way is about to name must not go: the operator says that no server runs, or waits."""
    storage = Storage(data=tmp_path / "data")
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
    lines = asyncio.run(previewed(Storage(data=tmp_path / "data"), 0))
    assert [line.split("  ")[0] for line in lines][-1] == "would be freed now"
