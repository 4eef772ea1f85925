"""What the server does by itself: nothing piles up, nothing that was counted is lost, and no failure stops it."""

import asyncio

import httpx
import pytest

from strongroom.adapters.jobs.background import Background, Job
from strongroom.adapters.jobs.housekeeping import TokenUses, expire_drafts, expire_uploads, flush_uses, jobs
from strongroom.bootstrap.clock import MachineClock
from strongroom.bootstrap.server import Server
from strongroom.domain.errors import Unavailable
from tests.http.conftest import connect

pytestmark = pytest.mark.anyio
DAYS_40_US = 40 * 86_400 * 1_000_000


async def test_every_job_runs_on_a_real_server(server: Server) -> None:
    done = jobs(server.services.gateway, TokenUses(), lambda _tx: None)
    for job in done:
        await job.run()
    assert {job.name for job in done if job.last} == {"flush-reads", "flush-token-uses", "checkpoint"}


async def test_the_log_is_signed_when_it_has_grown_and_not_otherwise(server: Server, token: str) -> None:
    gateway = server.services.gateway
    sign = next(job for job in jobs(gateway, TokenUses(), lambda _tx: None) if job.name == "checkpoint")
    await sign.run()
    first = await gateway.executor.read(lambda tx: tx.audit.latest_checkpoint())
    await sign.run()
    assert await gateway.executor.read(lambda tx: tx.audit.latest_checkpoint()) == first
    async with connect(server, token) as client:
        await client.post("/api/v1/assets", json={"kind": "model", "name": "m"})
    await sign.run()
    grown = await gateway.executor.read(lambda tx: tx.audit.latest_checkpoint())
    assert first is not None
    assert grown is not None
    assert grown[0] > first[0]


async def test_uses_of_tokens_are_given_back_when_they_cannot_be_written(
    server: Server, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise Unavailable("gone")

    token_id = token.split("_")[1]
    uses = TokenUses()
    uses.note(token_id)

    executor = server.services.gateway.executor
    with monkeypatch.context() as patch:
        patch.setattr(type(executor), "command", broken)
        with pytest.raises(Unavailable):
            await flush_uses(executor, uses)
    await flush_uses(executor, uses)
    row = await server.services.gateway.executor.read(lambda tx: tx.tokens.get(token_id))
    assert row is not None
    assert row.last_used_at is not None
    assert row.last_used_at % 60_000_000 == 0
    assert uses.take() == {}


async def test_drafts_and_uploads_end_when_their_time_is_up(
    server: Server, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = server.services.gateway
    async with connect(server, token) as client:
        asset = (await client.post("/api/v1/assets", json={"kind": "model", "name": "m"})).json()["uid"]
        draft = (await client.post(f"/api/v1/assets/{asset}/drafts", json={})).json()["uid"]
        begun = await client.post(
            f"/api/v1/folders/draft/{draft}/uploads", json={"sha256": "0" * 64, "size": 20_000_000}
        )
        upload = begun.json()["uid"]
        assert await gateway.executor.command(expire_drafts) == 0
        assert [one.upload_id async for one in gateway.store.list_uploads()] == [upload]

        now = MachineClock.now_us
        monkeypatch.setattr(MachineClock, "now_us", lambda clock: now(clock) + DAYS_40_US)
        assert await gateway.executor.command(expire_drafts) == 1
        assert await gateway.executor.command(expire_drafts) == 0
        await expire_uploads(gateway.executor, gateway.store)
        monkeypatch.undo()
        assert [one async for one in gateway.store.list_uploads()] == []
        refused = await client.put(f"/api/v1/folders/draft/{draft}/files/f", content=b"x")
        assert refused.status_code == 409


async def test_a_job_that_fails_is_tried_again_and_stops_no_other() -> None:
    ran: list[str] = []

    async def fails() -> None:
        ran.append("fails")
        raise ZeroDivisionError

    async def works() -> None:
        ran.append("works")

    background = Background([Job("a", 0.01, fails), Job("b", 0.01, works, last=True)])
    background.start()
    await asyncio.sleep(0.1)
    await background.stop()
    assert ran.count("fails") > 1
    assert ran.count("works") > 1
    assert ran[-1] == "works"


async def test_only_answered_requests_count_as_a_use(server: Server, client: httpx.AsyncClient) -> None:
    wrong = "sr_SRAAAAAAAAAAAAAAAAAA_" + "A" * 43
    answer = await client.get("/api/v1/assets", headers={"Authorization": f"Bearer {wrong}"})
    assert answer.status_code == 401
    assert server.fresh
