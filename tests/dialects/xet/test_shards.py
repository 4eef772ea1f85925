"""Shards that take long, repeat themselves or name many xorbs."""

import asyncio
import json
from collections.abc import Coroutine

import pytest

from strongroom.application.xet import claims, shards
from strongroom.application.xet.shards import Progress
from strongroom.application.xet.turns import LONG, Turns
from strongroom.dialects.xet import shards as handlers
from strongroom.domain.errors import DigestMismatch, DomainError, Unavailable
from tests.dialects.xet.store import Store, fetched, sent
from tests.support.xet import MadeFile, MadeShard, MadeTerm


async def told(work: Coroutine[None, None, None], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The frames of a verification."""
    monkeypatch.setattr(handlers, "FRAME_S", 0.01)
    progress = Progress(verified=3, total=9)
    frames = handlers._frames(asyncio.ensure_future(work), progress)
    return [json.loads(line) async for line in frames]


@pytest.mark.anyio
async def test_a_long_verification_is_told_in_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """huggingface-xet.md 3.4: "a stream without terminal frame is fatal; emit a frame every <20 s on long work"."""
    found = await told(asyncio.sleep(0.1), monkeypatch)
    assert found[-1] == {"type": "result"}
    assert len(found) > 2
    assert found[0] == {"type": "validating", "verified": 3, "total": 9}


@pytest.mark.anyio
@pytest.mark.parametrize(("error", "again"), [(DigestMismatch("not so"), False), (Unavailable("busy"), True)])
async def test_a_refusal_found_late_is_the_last_frame(
    error: DomainError, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        await asyncio.sleep(0.02)
        raise error

    found = await told(work(), monkeypatch)
    assert found[-1] == {"type": "error", "message": error.message, "retryable": again}


def test_a_file_of_many_xorbs_is_checked_with_few_of_them_held(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "memory flat": what is known of xorbs is looked up as the walk over the file comes to them."""
    monkeypatch.setattr(shards, "HELD", 1)
    monkeypatch.setattr(shards, "AHEAD", 2)
    xorbs = [sent(store) for _ in range(4)]
    file = MadeFile([MadeTerm(xorbs[n % 4], n % 3, 3) for n in (0, 1, 0, 2, 3, 1, 0, 3)])
    assert store.shard(MadeShard([file], xorbs)).status == 200
    store.register(file)
    assert b"".join(fetched(store, store.plan(file.name).json())) == file.data


def test_a_file_that_only_repeats_itself_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shard of 50 MB could name petabytes, each byte of which is to be read and hashed."""
    monkeypatch.setattr(claims, "REPEATING_FROM", 100_000)
    made = sent(store)
    many = MadeFile([MadeTerm(made, 0, 3)] * 101)
    answer = store.shard(MadeShard([many], [made]))
    assert answer.status == 400
    assert "repeats no chunk" in answer.json()["message"]
    assert store.shard(MadeShard([MadeFile([MadeTerm(made, 0, 3)] * 100)], [made])).status == 200


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_long_verifications_keep_no_short_one_waiting() -> None:
    turns = Turns(1)
    async with turns.taken(LONG), turns.taken(LONG - 1), turns.body():
        assert turns._long.locked()
        assert turns._short.locked()
