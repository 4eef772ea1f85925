"""The scrub: "each day deep-checks a fraction, remembers where it was, raises an event, audit record and metric"."""

import json

import pytest
from sqlalchemy import select, update

from strongroom.adapters.sql.tables import audit, blob, outbox, scrub
from strongroom.adapters.telemetry import scrubbing as metrics
from strongroom.application.integrity.scrubbing import DAY_US, Scrubbed, Scrubber
from strongroom.application.xet.tokens import STORE_SETTING
from tests.application.integrity.conftest import Full
from tests.promises.support import BOTH_STORES, run

DAYS = 90
FAST = 1e12


def scrubbed(full: Full, *, rate: float = FAST) -> list[Scrubbed]:
    """One look at what is due."""
    told: list[Scrubbed] = []

    async def look() -> None:
        place = full.place
        try:
            await Scrubber(place, days=DAYS, rate=rate, told=told.append).run()
        finally:
            await place.upkeep.aclose()

    run(look())
    return told


def state(full: Full) -> tuple[int, int]:
    with full.site.connect() as connection:
        row = connection.execute(select(scrub)).one()
    return row.after, row.rounds


def said(full: Full) -> list[dict[str, object]]:
    with full.site.connect() as connection:
        bodies = connection.execute(select(audit.c.body).where(audit.c.action == "blob.corrupted")).scalars().all()
    return [json.loads(body)["details"] for body in bodies]


@BOTH_STORES
def test_all_is_read_once_in_so_many_days_and_damage_is_said_once(full: Full) -> None:
    clock, world = full.site.world.clock, full.site.world
    large, body = full.stored("large.bin"), full.stored("body")
    full.home.flip(large, 4)
    full.home.lose(body)
    store = world.read_tx(lambda tx: tx.settings.get(STORE_SETTING))
    looked = [sum(one.blobs for one in scrubbed(full))]
    highest = world.read_tx(lambda tx: tx.integrity.highest())
    for _ in range(9):
        clock.advance(DAYS * DAY_US // 9 + 1)
        looked.append(sum(one.blobs for one in scrubbed(full)))
    assert sum(looked) == highest, "each once"
    assert max(looked) <= 2, "a little at a time"
    assert state(full) == (0, 1)
    found = said(full)
    assert {(one["blob"], one["kind"], one["by"]) for one in found} == {
        (large.sha256, "rotten", "scrub"),
        (body.sha256, "missing", "scrub"),
    }
    with full.site.connect() as connection:
        events = connection.execute(select(outbox.c.id).where(outbox.c.type == "blob.corrupted")).all()
    assert len(events) == len(found) == 2
    assert world.read_tx(lambda tx: tx.settings.get(STORE_SETTING)) != store
    marked = world.read_tx(lambda tx: tx.integrity.damaged([large.sha256, body.sha256]))
    assert marked == {large.sha256, body.sha256}
    clock.advance(DAYS * DAY_US)
    again = scrubbed(full)
    assert [len(one.findings) for one in again if one.findings] == [2]
    assert again[-1].damaged == 4, "two, and the files in chunks that need one of them"
    assert len(said(full)) == 2, "it is known already"


def test_what_was_mended_by_hand_is_sound_again(full: Full) -> None:
    large = full.stored("large.bin")
    full.change(update(blob).where(blob.c.sha256 == large.sha256).values(damaged_at=1))
    full.site.world.clock.advance(1)
    scrubbed(full)
    full.site.world.clock.advance(DAYS * DAY_US)
    assert scrubbed(full)[-1].damaged == 0


def test_one_process_has_the_turn_and_another_gets_it_when_that_one_died(full: Full) -> None:
    world = full.site.world
    assert world.command_tx(lambda tx: tx.integrity.take_scrub(tx.now() + 60_000_000)) is not None
    assert scrubbed(full) == []
    world.clock.advance(61_000_000)
    assert scrubbed(full) != []


def test_metrics_count_what_was_done() -> None:
    before = metrics.BYTES._value.get()
    metrics.scrubbed(Scrubbed(3, 700, [], 2))
    assert metrics.BYTES._value.get() == pytest.approx(before + 700)
    assert metrics.DAMAGED._value.get() == 2
