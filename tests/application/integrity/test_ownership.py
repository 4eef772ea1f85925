"""Whose a store is: "a server whose database is not the owner of the store refuses to start"."""

import asyncio
import shutil
from pathlib import Path

import pytest

from strongroom.application.artifacts.upkeep import Mark
from strongroom.application.integrity import ownership
from strongroom.application.integrity.ownership import OWNER_SETTING
from strongroom.application.xet.tokens import STORE_SETTING
from strongroom.domain.errors import Conflict
from tests.adapters.blobs.homes import Home, LocalHome
from tests.promises.conftest import home, site
from tests.promises.support import BOTH_STORES, Site, run

__all__ = ["home", "site"]


def settle(site: Site, home: Home) -> Mark | None:
    """As a server does when it starts."""

    async def whole() -> Mark | None:
        upkeep = home.upkeep()
        try:
            await ownership.settle(site.world.executor, upkeep)
            return await upkeep.mark()
        finally:
            await upkeep.aclose()

    return run(whole())


def adopt(site: Site, home: Home) -> None:
    async def whole() -> None:
        upkeep = home.upkeep()
        try:
            await ownership.adopt(site.world.executor, upkeep)
        finally:
            await upkeep.aclose()

    run(whole())


def put(site: Site, key: str, value: str) -> None:
    site.world.command_tx(lambda tx: tx.settings.put(key, value))


def get(site: Site, key: str) -> str | None:
    return site.world.read_tx(lambda tx: tx.settings.get(key))


@BOTH_STORES
def test_a_store_without_a_mark_gets_one_and_keeps_it(site: Site, home: Home) -> None:
    """ "older stores without marker get one at start"."""
    mark = settle(site, home)
    assert mark is not None
    assert settle(site, home) == mark
    assert get(site, OWNER_SETTING) == mark.owner
    put(site, OWNER_SETTING, f"pending:{mark.owner}")  # killed between the two
    assert settle(site, home) == mark
    assert get(site, OWNER_SETTING) == mark.owner


@BOTH_STORES
def test_a_store_of_another_database_is_refused_until_it_is_adopted(
    site: Site, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = settle(site, home)
    assert mark is not None
    put(site, STORE_SETTING, "remembered")
    put(site, OWNER_SETTING, "0" * 32)
    with pytest.raises(Conflict, match=r"another database.*strongroom admin store adopt"):
        settle(site, home)
    site.world.command_tx(lambda tx: tx.settings.take(OWNER_SETTING))
    with pytest.raises(Conflict, match="another database"):
        settle(site, home)
    put(site, OWNER_SETTING, mark.owner)
    there = site.world.read_tx(lambda tx: tx.integrity.identity())
    assert there.startswith(("sqlite:", "postgresql:"))
    monkeypatch.setattr("strongroom.adapters.sql.repositories.upkeep.SqlUpkeep.identity", lambda _self: "elsewhere")
    with pytest.raises(Conflict, match="restored or moved"):
        settle(site, home)
    adopt(site, home)
    adopted = settle(site, home)
    assert adopted is not None
    assert adopted.owner != mark.owner, "the one that it is a copy of is refused now"
    assert get(site, STORE_SETTING) is None, "clients forget what they sent after the backup"


def test_a_store_that_is_not_mounted_is_refused(site: Site, home: Home) -> None:
    settle(site, home)
    assert isinstance(home, LocalHome)
    (home.root / "store.json").unlink()
    with pytest.raises(Conflict, match="is it mounted"):
        settle(site, home)
    (home.root / "store.json").write_bytes(b"{")
    with pytest.raises(Conflict):
        settle(site, home)


def test_a_folder_that_was_copied_whole_is_nobody_elses(
    site: Site, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = settle(site, home)
    put(site, STORE_SETTING, "remembered")
    assert isinstance(home, LocalHome)
    shutil.copytree(home.root, tmp_path / "copy", symlinks=True)
    try:
        assert settle(site, home) == mark
        monkeypatch.setattr("strongroom.adapters.sql.repositories.upkeep.SqlUpkeep.identity", lambda _self: "a copy")
        copied = settle(site, LocalHome(tmp_path / "copy"))
        assert copied is not None
        assert not copied.copied
        assert get(site, STORE_SETTING) is None, "it may be of an older day"
    finally:
        shutil.rmtree(tmp_path / "copy")


def test_a_server_that_starts_between_two_looks_of_another_is_not_foreign(site: Site, home: Home) -> None:
    """Seen in a run of the couriers' test: two replicas at once on a new store, and one was refused."""

    async def whole() -> Mark | None:
        first, second = home.upkeep(), home.upkeep()
        look, looks = first.mark, 0

        async def late() -> Mark | None:
            nonlocal looks
            looks += 1
            if looks == 1:
                await ownership.settle(site.world.executor, second)
            return await look()

        first.mark = late  # type: ignore[method-assign]
        try:
            await ownership.settle(site.world.executor, first)
            return await second.mark()
        finally:
            await first.aclose()
            await second.aclose()

    mark = run(whole())
    assert mark is not None
    assert get(site, OWNER_SETTING) == mark.owner


def test_servers_that_start_at_once_agree_on_one_owner(site: Site, home: Home) -> None:
    """Seen in the build's run of the couriers' test: of three replicas at once on a new store, one was refused."""
    assert isinstance(home, LocalHome)

    async def whole() -> None:
        upkeeps = [home.upkeep() for _ in range(6)]
        try:
            for _ in range(15):
                (home.root / "store.json").unlink(missing_ok=True)
                await site.world.executor.command(lambda tx: tx.settings.take(OWNER_SETTING))
                await asyncio.gather(*(ownership.settle(site.world.executor, upkeep) for upkeep in upkeeps))
                mark = await upkeeps[0].mark()
                assert mark is not None
                assert await site.world.executor.read(lambda tx: tx.settings.get(OWNER_SETTING)) == mark.owner
        finally:
            for upkeep in upkeeps:
                await upkeep.aclose()

    run(whole())
