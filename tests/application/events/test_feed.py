"""The feed: the order of the log, what each caller sees of it, waiting and streaming."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from strongroom.adapters.sql.engine import sqlite_engine
from strongroom.adapters.sql.repositories.feed import select_events
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.events import audience, feed
from strongroom.application.events.feed import EventPage
from strongroom.application.events.waiting import Waiting
from strongroom.application.identity import grants, tokens
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.ports.events import Wanted
from strongroom.application.registry import namespaces
from strongroom.application.tracking import experiments, logged_models, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.logged_models import CreateLoggedModel
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Invalid, TooManyRequests, Unauthenticated
from strongroom.domain.identity.access import Visible
from tests.application.conftest import World
from tests.application.events.conftest import Post, change, make

T = TypeVar("T")


class WaitingEdge:
    """The edge of one request of somebody in the world."""

    def __init__(self, world: World, who: str | None, most: int = 2) -> None:
        self._world, self._who = world, who
        self.gateway = SimpleNamespace(waiting=Waiting(most))

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:  # noqa: ARG002 - see `Edge`
        return await asyncio.to_thread(self._world.read, self._who, work)


def edge_of(world: World, who: str | None, most: int = 2) -> Edge:
    return cast("Edge", WaitingEdge(world, who, most))


def look(post: Post, who: str | None, after: int | None = None, limit: int = 1000, *types: str) -> EventPage:
    post.number()
    return post.world.read(who, lambda call: feed.listed(call, after, limit, types))


def actions(page: EventPage) -> list[str]:
    return [str(event["type"]).removeprefix("dev.strongroom.") for event in page.events]


def test_an_event_stands_at_the_leaf_of_its_audit_record(post: Post) -> None:
    make(post.world, "churn")
    page = look(post, "admin")
    records = {str(event["id"]): int(str(event["sequence"])) for event in page.events}
    for uid, leaf in records.items():
        stored = post.world.read_tx(lambda tx, uid=uid: tx.audit.by_uid(uid))  # type: ignore[misc]
        assert stored is not None
        assert stored.leaf == leaf
    assert list(records.values()) == sorted(records.values())
    assert "asset.create" in actions(page)
    assert page.next == page.head == post.world.read_tx(lambda tx: tx.audit.size()) - 1


def test_pages_neither_lose_nor_repeat(post: Post) -> None:
    asset = make(post.world, "churn")
    for n in range(7):
        change(post.world, asset, f"{n}")
    whole = [event["id"] for event in look(post, "admin").events]
    found, after = [], None
    while True:
        page = look(post, "admin", after, 3)
        found += [event["id"] for event in page.events]
        after = page.next
        if page.next == page.head:
            break
    assert found == whole
    assert look(post, "admin", 10**9).events == []


def test_a_member_sees_events_of_assets_that_it_may_see_and_no_others(post: Post) -> None:
    make(post.world, "open")
    private = make(post.world, "closed", "private")
    seen = look(post, "viewer")
    assert actions(seen) == ["asset.create"]
    assert "grant.create" in actions(look(post, "admin"))
    assert private.uid not in json.dumps(list(seen.events))
    assert private.uid in json.dumps(list(look(post, "admin").events))
    assert look(post, "stranger").events == []
    with pytest.raises(Unauthenticated):
        look(post, None)


def test_a_member_sees_events_of_runs_that_it_may_read_and_no_others(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every read goes through the caller's visibility, the feed's too; pages go on however few events one may see."""
    monkeypatch.setattr(audience, "AT_ONCE", 3)

    def track(call: Call, namespace: str) -> str:
        experiment = experiments.create(call, CreateExperiment("e", namespace))
        run = runs.create(call, CreateRun(experiment.uid))
        logged_models.create(call, CreateLoggedModel(experiment.uid, "m", run_uid=run.uid))
        return run.uid

    for namespace in ("vision", "speech"):
        post.world.command("admin", lambda c, where=namespace: track(c, where))  # type: ignore[misc]
        make(post.world, f"in-{namespace}")
    where = post.world.read("admin", lambda c: namespaces.find(c, "speech"))
    assert where is not None
    grant = CreateGrant("viewer", post.world.uid("stranger"), place=Place("namespace", where.uid))
    post.world.command("admin", lambda c: grants.create(c, grant))
    assert actions(look(post, "stranger")) == ["experiment.create", "run.create", "logged_model.create"]
    found, after = [], None
    while True:
        page = look(post, "viewer", after, 2)
        found += actions(page)
        after = page.next
        if page.next == page.head:
            break
    assert found == actions(look(post, "viewer"))
    assert found.count("run.create") == 2
    assert "grant.create" not in found


def test_everybody_sees_events_of_public_assets_where_the_operator_lets_them(post: Post) -> None:
    make(post.world, "open")
    public = make(post.world, "free", "public")
    post.world.public_reads = True
    page = look(post, None)
    assert [event["subject"] for event in page.events] == [f"asset/{public.uid}"]


def test_types_choose(post: Post) -> None:
    change(post.world, make(post.world, "churn"), "x")
    assert actions(look(post, "admin", None, 100, "asset.update")) == ["asset.update"]
    assert actions(look(post, "admin", None, 100, "dev.strongroom.asset.*")) == ["asset.create", "asset.update"]
    assert actions(look(post, "admin", None, 100, "asset")) == []
    for wrong in ("*", "asset.%", "Asset.create", "'; DROP TABLE outbox"):
        with pytest.raises(Invalid):
            look(post, "admin", None, 100, wrong)


def test_a_look_goes_over_a_bounded_part_of_the_log(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "SCAN", 2)
    page = look(post, "admin", -1, 100, "nothing.ever")
    assert (list(page.events), page.next) == ([], 1)
    assert page.head > 1


def test_waiting_ends_with_an_event_or_in_time(post: Post) -> None:
    head = look(post, "admin").head

    async def wait() -> EventPage:
        waiting = asyncio.create_task(feed.waited(edge_of(post.world, "viewer"), head, 10, (), 10))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await asyncio.to_thread(make, post.world, "late")
        return await waiting

    assert actions(asyncio.run(wait())) == ["asset.create"]
    nothing = asyncio.run(feed.waited(edge_of(post.world, "viewer"), look(post, "admin").head, 10, (), 0.2))
    assert nothing.events == []


async def some(lines: AsyncIterator[bytes], count: int) -> list[str]:
    return [(await anext(lines)).decode() for _ in range(count)]


def test_a_stream_goes_on_where_it_broke_off(post: Post) -> None:
    asset = make(post.world, "churn")
    change(post.world, asset, "x")
    post.number()

    async def follow() -> None:
        edge = edge_of(post.world, "viewer")
        first = await feed.stream(edge, -1, ())
        begin, created = await some(first, 2)
        assert begin == "retry: 2000\nid: -1\n\n"
        position = created.partition("\n")[0].removeprefix("id: ")
        data = json.loads(created.partition("data: ")[2])
        assert data["type"] == "dev.strongroom.asset.create"
        assert int(data["sequence"]) == int(position)
        await first.aclose()  # type: ignore[attr-defined]
        _, updated = await some(await feed.stream(edge, int(position), ()), 2)
        assert "dev.strongroom.asset.update" in updated

    asyncio.run(follow())


def test_a_stream_from_now_shows_what_comes_and_beats(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PERIOD_S", 0.05)
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.1)
    make(post.world, "before")
    post.number()

    async def follow() -> list[str]:
        lines = await feed.stream(edge_of(post.world, "viewer"), None, ())
        found = await some(lines, 2)
        await asyncio.to_thread(make, post.world, "after")
        while "data: " not in found[-1]:
            found += await some(lines, 1)
        return found

    found = asyncio.run(follow())
    assert found[1].startswith(": still here\nid: ")
    assert '"path":"risk/after"' in found[-1]


def test_streams_are_bounded_and_give_their_place_back(post: Post) -> None:
    async def crowd() -> None:
        edge = edge_of(post.world, "viewer", 2)
        first, second = await feed.stream(edge, None, ()), await feed.stream(edge, None, ())
        with pytest.raises(TooManyRequests):
            await feed.stream(edge, None, ())
        del first  # never begun: the client went away
        third = await feed.stream(edge, None, ())
        await anext(third)
        await third.aclose()  # type: ignore[attr-defined]
        await feed.stream(edge, None, ())
        del second

    asyncio.run(crowd())


def test_a_stream_ends_soon_after_its_token(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PERIOD_S", 0.05)

    async def follow() -> None:
        lines = await feed.stream(edge_of(post.world, "viewer"), None, ())
        await anext(lines)
        id_ = post.world.tokens["viewer"].id
        await asyncio.to_thread(post.world.command, "viewer", lambda call: tokens.revoke(call, id_))
        with pytest.raises(Unauthenticated):
            await asyncio.wait_for(anext(lines), 5)

    asyncio.run(follow())


def test_the_feed_reads_leaves_in_their_order_and_sorts_nothing(database: str) -> None:
    """By the index of the workspace SQLite would read every record of it for a few leaves."""
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL chooses by its statistics")
    visible = Visible(
        whole_workspace=True, sees_private=False, namespaces=("a",), asset_ids=frozenset({1}), public=True
    )
    engine = sqlite_engine(database, write=False)
    for wanted in (Wanted(1), Wanted(1, visible, ("asset.*", "alias.set"), "a", 1)):
        query = select_events(wanted, 5, 500, 100)
        sql = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
        with engine.connect() as connection:
            plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
        assert plan[0].startswith("SEARCH audit_leaf USING INTEGER PRIMARY KEY")
        assert not any("TEMP B-TREE" in step or step.startswith("SCAN audit") for step in plan)
    engine.dispose()
