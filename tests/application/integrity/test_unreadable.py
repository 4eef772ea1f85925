"""Bytes that the disk does not give: found, said and mended as any other damage; nothing stops for them."""

import errno
import os

import pytest

from strongroom.application.integrity.findings import Finding, Kind
from strongroom.application.integrity.reporting import report
from strongroom.application.integrity.scrubbing import DAY_US
from strongroom.domain.errors import Unavailable
from tests.adapters.blobs.homes import LocalHome
from tests.application.integrity.conftest import Full, kinds
from tests.application.integrity.test_scrubbing import DAYS, said, scrubbed, state


@pytest.fixture
def sector(full: Full, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bad sector below the large file: the system's call fails for it, and for nothing else."""
    assert isinstance(full.home, LocalHome)
    large = full.stored("large.bin")
    bad, real = full.home.path(large)[0].stat().st_ino, os.pread

    def sick(fd: int, length: int, offset: int) -> bytes:
        if os.fstat(fd).st_ino == bad:
            raise OSError(errno.EIO, "bad sector")
        return real(fd, length, offset)

    monkeypatch.setattr(os, "pread", sick)
    return large.sha256


def test_a_bad_sector_stops_neither_check_nor_scrub_and_is_said(full: Full, sector: str) -> None:
    found = full.check()
    assert kinds(found) == [("unreadable", sector)]
    assert found[0].details == {"reason": "EIO"}
    assert [one.path for one in found[0].hurts] == ["large.bin"]
    scrubbed(full)
    full.site.world.clock.advance(DAYS * DAY_US + 1)
    scrubbed(full)
    assert state(full) == (0, 1), "it came to the end"
    assert [(one["blob"], one["kind"]) for one in said(full)] == [(sector, "unreadable")]
    assert full.site.world.read_tx(lambda tx: tx.integrity.damaged([sector])) == {sector}


def test_a_name_that_cannot_be_opened_is_unreadable_without_reading(full: Full) -> None:
    """Somebody put a symbolic link in its place."""
    assert isinstance(full.home, LocalHome)
    large = full.stored("large.bin")
    path = full.home.path(large)[0]
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    (found,) = [one for one in full.check(deep=False) if one.digest]
    assert (found.kind, found.details) == (Kind.UNREADABLE, {"reason": "ELOOP"})


def test_a_store_that_does_nothing_is_not_damage(full: Full, sector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is marked because a disk is not mounted: the probe of the store fails, too."""

    async def down() -> None:
        raise Unavailable("not mounted")

    monkeypatch.setattr(full.chunks.store, "check", down)
    with pytest.raises(Unavailable):
        full.check()
    assert full.site.world.read_tx(lambda tx: tx.integrity.damaged([sector])) == set()


def test_what_fsck_finds_first_is_said_once(full: Full) -> None:
    """Whoever finds it: not only what the scrub does."""
    large = full.stored("large.bin")
    full.home.flip(large, 4)
    for _ in range(2):
        for one in full.check():
            full.site.world.command_tx(lambda tx, one=one: report(tx, finding=one, by="fsck"))  # type: ignore[misc]
    full.site.world.clock.advance(DAYS * DAY_US)
    scrubbed(full)
    assert [(one["blob"], one["by"]) for one in said(full)] == [(large.sha256, "fsck")]


def test_digests_and_chunks_that_do_not_fit_are_said_too(full: Full) -> None:
    wanted = [full.stored(name).sha256 for name in ("large.bin", "body")]
    large, body = map(full.site.world.read_tx(lambda tx: tx.blobs.by_sha256(wanted)).__getitem__, wanted)
    for finding in (
        Finding(Kind.DIGESTS, large.sha256, "", blob=large),
        Finding(Kind.CHUNKS, body.sha256, "", blob=body),
        Finding(Kind.UNHELD, large.sha256, "", blob=large),
    ):
        full.site.world.command_tx(lambda tx, one=finding: report(tx, finding=one, by="fsck"))  # type: ignore[misc]
    assert {(one["blob"], one["kind"]) for one in said(full)} == {(large.sha256, "digests"), (body.sha256, "chunks")}
