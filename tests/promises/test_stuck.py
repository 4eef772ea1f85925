"""One blob that cannot be erased stops neither the collector nor its senders.

Promise 4: "what it says it freed is freed".
"""

import os

import pytest

from strongroom.application.artifacts import uploads
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.collection import collecting
from strongroom.application.ports.collection import Sum
from strongroom.application.registry.views import AssetView
from strongroom.domain.errors import Unavailable
from tests.promises.collecting import DAY, HOUR, LARGE, Timed, blob_of, collect, content, put_away, whole
from tests.promises.support import Site, publish_bytes, run, sha256


class Refusing(Timed):
    """The real store, on which one blob cannot be erased, as on a bucket with object lock; or nothing works at all."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.refused: str | None = None
        self.down = False

    async def delete(self, blob: StoredBlob, **rest: object) -> bool:  # type: ignore[override]
        if self.down or blob.sha256 == self.refused:
            raise Unavailable("access denied")
        return await super().delete(blob, **rest)  # type: ignore[arg-type]

    async def check(self) -> None:
        if self.down:
            raise Unavailable("not mounted")
        await self.store.check()


@pytest.fixture
def datas(site: Site, model: AssetView) -> list[bytes]:
    """Three contents whose day is over; the first cannot be erased."""
    store = site.store = Refusing(site)  # type: ignore[assignment]
    found = [os.urandom(LARGE + n) for n in range(3)]
    put_away(site, run(publish_bytes(site, model.uid, {str(n): data for n, data in enumerate(found)})).uid)
    site.world.clock.advance(3 * DAY)
    collect(site)
    site.world.clock.advance(DAY + HOUR)
    store.refused = sha256(found[0])
    return found


async def send(site: Site, model: AssetView, data: bytes) -> None:
    edge = site.edge("contributor")
    await uploads.put_blob(edge, "asset", model.uid, content(data), sha256(data), len(data))


def test_the_others_are_freed_and_what_is_sent_again_is_taken_after_some_runs(
    site: Site, model: AssetView, datas: list[bytes]
) -> None:
    first = collect(site)
    assert (first.freed, first.stuck) == (Sum(2, len(datas[1]) + len(datas[2])), 1)
    run(send(site, model, datas[1]))
    with pytest.raises(Unavailable):
        run(send(site, model, datas[0]))
    for _ in range(collecting.TRIES // 2):
        collect(site)
    assert site.counts("blob_leaving") == {"blob_leaving": 0}
    run(send(site, model, datas[0]))
    site.world.clock.advance(DAY)
    assert collect(site).stuck == 0
    kept = blob_of(site, datas[0])
    assert kept is not None
    assert run(whole(site.store, kept)) == datas[0]
    assert site.world.read_tx(lambda tx: tx.integrity.damaged([kept.sha256])) == set()


def test_what_nobody_sends_again_is_freed_when_it_can_be(site: Site, datas: list[bytes]) -> None:
    for _ in range(collecting.TRIES):
        collect(site)
    kept = blob_of(site, datas[0])
    assert kept is not None
    assert site.world.read_tx(lambda tx: tx.integrity.damaged([kept.sha256])) == {kept.sha256}, "nobody relies on it"
    site.store.refused = None  # type: ignore[attr-defined]
    site.world.clock.advance(DAY + HOUR)
    assert collect(site).freed == Sum(1, len(datas[0]))
    assert blob_of(site, datas[0]) is None


def test_a_store_that_does_nothing_at_all_costs_no_try(site: Site, datas: list[bytes]) -> None:
    site.store.down = True  # type: ignore[attr-defined]
    for _ in range(collecting.TRIES):
        with pytest.raises(Unavailable):
            collect(site)
    site.store.down, site.store.refused = False, None  # type: ignore[attr-defined]
    assert collect(site).freed == Sum(3, sum(map(len, datas)))
