"""Issue 6: "checkpoints published to the bucket on a schedule for witnesses"; on both databases and stores."""

import time

import pytest

from strongroom.application.artifacts.upkeep import Leftover
from strongroom.application.audit import witnessing
from strongroom.cli.ed25519 import verify
from strongroom.domain.audit.checkpoint import open_checkpoint
from strongroom.domain.audit.note import VerifierKey
from strongroom.domain.errors import Invalid, Unavailable
from tests.adapters.blobs.homes import Home
from tests.promises.conftest import home, site
from tests.promises.support import BOTH_STORES, Site, TestKeys, make_asset, run

__all__ = ["home", "site"]
HOUR = 3_600 * 1_000_000


def publish(site: Site, home: Home, period: int = HOUR) -> str | None:
    while site.world.read_tx(lambda tx: tx.audit.waiting(1)):
        time.sleep(0.01)

    async def whole() -> str | None:
        upkeep = home.upkeep()
        try:
            return await witnessing.publish(site.world.executor, upkeep, TestKeys(), lambda _tx: None, period)
        finally:
            await upkeep.aclose()

    return run(whole())


def strange(home: Home) -> list[Leftover]:
    """What `fsck` would call foreign, half or torn."""

    async def whole() -> list[Leftover]:
        upkeep = home.upkeep()
        try:
            return [one async for one in upkeep.leftovers()]
        finally:
            await upkeep.aclose()

    return run(whole())


@BOTH_STORES
def test_a_checkpoint_is_published_once_a_period_when_the_log_has_grown(site: Site, home: Home) -> None:
    make_asset(site)
    first = publish(site, home)
    assert first is not None
    assert publish(site, home) is None, "it has not grown"
    make_asset(site, "second")
    assert publish(site, home) is None, "not yet"
    site.world.clock.advance(HOUR)
    second = publish(site, home)
    assert second is not None
    assert second > first, "names are in the order of sizes"
    for name in (first, second):
        note, keys = (
            home.content(f"witness/{name.removesuffix('checkpoint')}{kind}") for kind in ("checkpoint", "keys")
        )
        assert note is not None
        assert keys is not None
        signed = open_checkpoint(
            note.decode(), [VerifierKey.parse(line) for line in keys.decode().splitlines()], verify
        )
        assert f"{signed.size:016d}.checkpoint" == name


@BOTH_STORES
def test_what_is_published_stays_and_is_nothing_strange(site: Site, home: Home) -> None:
    make_asset(site)
    name = publish(site, home)
    before = home.content(f"witness/{name}")
    site.world.command_tx(lambda tx: tx.settings.put(witnessing.SETTING, "0 0"))
    assert publish(site, home) == name
    assert home.content(f"witness/{name}") == before
    assert strange(home) == []
    home.strew("witness/odd", b"x")
    assert [one.where for one in strange(home)] == ["witness/odd"]


@BOTH_STORES
def test_no_other_name_is_written(home: Home) -> None:
    async def whole(name: str) -> None:
        upkeep = home.upkeep()
        try:
            await upkeep.publish(name, b"x")
        finally:
            await upkeep.aclose()

    for name in ("../blobs/x", "x", "", "1.checkpoint", f"{'1' * 16}.checkpoint\n"):
        with pytest.raises(Invalid):
            run(whole(name))


def test_a_server_with_another_key_publishes_nothing(site: Site, home: Home) -> None:
    make_asset(site)

    def refuse(_tx: object) -> None:
        raise Unavailable("another key signs")

    async def whole() -> None:
        upkeep = home.upkeep()
        try:
            await witnessing.publish(site.world.executor, upkeep, TestKeys(), refuse, 0)
        finally:
            await upkeep.aclose()

    with pytest.raises(Unavailable):
        run(whole())
    assert not [name for name in home.everything() if name.startswith("witness")]
