"""Record sets: merged by what they ask, bounded, seen by whoever sees runs, frozen at a moment."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.application.artifacts import trees
from strongroom.application.artifacts.reading import stored
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, namespaces
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.tracking import experiments, record_set_freezing, record_sets
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.record_sets import ChangeRecordSet, CreateRecordSet, Merged, RecordSetView
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Conflict, Forbidden, Held, Invalid, NotFound, PreconditionFailed, TooLarge
from strongroom.domain.tracking.record_sets import EvalRecord, NewRecord
from tests.application.conftest import World

T = TypeVar("T")


def make(world: World, name: str = "qa", who: str = "contributor", **more: object) -> RecordSetView:
    wanted = CreateRecordSet(name, **more)  # type: ignore[arg-type]
    return world.command(who, lambda call: record_sets.create(call, wanted))


def asked(question: str, **more: object) -> NewRecord:
    return NewRecord({"question": question}, **more)  # type: ignore[arg-type]


def merge(world: World, uid: str, *records: NewRecord, who: str = "contributor") -> Merged:
    return world.command(who, lambda call: record_sets.merge(call, uid, records))


def records(world: World, uid: str) -> list[EvalRecord]:
    found: list[EvalRecord] = []
    token = None
    while True:
        page = world.read("viewer", lambda call, t=token: record_sets.records_of(call, uid, PageRequest(2, t)))  # type: ignore[misc]
        found += page.items
        token = page.next_page_token
        if token is None:
            return found


def test_records_are_merged_by_their_inputs(world: World) -> None:
    """domain.md N9: "record set = tracking object (rows merged by hash)"."""
    one = make(world)
    first = asked("q", outputs="a", has_outputs=True, expectations={"x": 1}, tags={"t": "1"})
    assert merge(world, one.uid, first, asked("r"), asked("q", expectations={"y": 2})) == Merged(2, 1)
    again = NewRecord({"question": "q"}, expectations={"x": 3}, tags={"u": "2"}, source={"source_type": "HUMAN"})
    assert merge(world, one.uid, again) == Merged(0, 1)
    q, r = records(world, one.uid)
    assert (q.outputs, q.expectations, q.tags) == ("a", {"x": 3, "y": 2}, {"t": "1", "u": "2"})
    assert q.source == {"source_type": "HUMAN"}
    assert (r.inputs, r.outputs, r.expectations) == ({"question": "r"}, None, None)
    seen = world.read("viewer", lambda call: record_sets.get(call, one.uid))
    assert (seen.records, seen.generation) == (2, 2)
    assert seen.digest != one.digest
    assert seen.bytes == q.size + r.size
    assert seen.schema["inputs"] == {"question": "string"}
    assert seen.schema["expectations"] == {"x": "integer", "y": "integer"}


def test_the_order_of_keys_and_white_space_do_not_matter(world: World) -> None:
    one = make(world)
    a, b = NewRecord({"a": 1, "b": [1, {"c": "\u00e9"}]}), NewRecord({"b": [1, {"c": "\u00e9"}], "a": 1})
    assert merge(world, one.uid, a, b) == Merged(1, 1)


def test_all_or_none(world: World) -> None:
    one = make(world)
    with pytest.raises(Invalid):
        merge(world, one.uid, asked("fine"), NewRecord({"bad": float("nan")}))
    assert records(world, one.uid) == []


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ({"x": float("inf")}, Invalid),
        ({"x": "\ud800"}, Invalid),
        ({"x": deep(70)}, Invalid),
        ({"x": deep(100_000)}, Invalid),
        ({"x": "y" * 1_100_000}, TooLarge),
    ],
)
def test_hostile_records_are_refused(world: World, inputs: dict[str, object], error: type[Exception]) -> None:
    """ "batched or deep requests that try to exhaust the server"."""
    one = make(world)
    with pytest.raises(error):
        merge(world, one.uid, NewRecord(inputs))


def test_a_set_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make(world)
    monkeypatch.setattr(record_sets, "RECORDS_MOST", 2)
    with pytest.raises(TooLarge):
        merge(world, one.uid, asked("1"), asked("2"), asked("3"))
    monkeypatch.setattr(record_sets, "RECORDS_AT_ONCE", 1)
    with pytest.raises(TooLarge):
        merge(world, one.uid, asked("1"), asked("2"))
    monkeypatch.setattr(record_sets, "SETS_MOST", 1)
    with pytest.raises(TooLarge):
        make(world)


def test_records_are_removed(world: World) -> None:
    one = make(world)
    merge(world, one.uid, asked("1"), asked("2"))
    gone, kept = records(world, one.uid)
    uids = [gone.uid, gone.uid, "00000000-0000-0000-0000-000000000000"]
    assert world.command("contributor", lambda call: record_sets.remove_records(call, one.uid, uids)) == 1
    assert [record.uid for record in records(world, one.uid)] == [kept.uid]
    assert world.read("viewer", lambda call: record_sets.get(call, one.uid)).bytes == kept.size


def test_tags_and_experiments_come_and_go(world: World) -> None:
    made = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("e")))
    one = make(world, tags={"a": "1"}, experiment_uids=[made.uid])
    assert one.experiment_uids == [made.uid]

    def change(**what: object) -> RecordSetView:
        command = ChangeRecordSet(**what)  # type: ignore[arg-type]
        return world.command("contributor", lambda call: record_sets.change(call, one.uid, command))

    changed = change(tags={"b": "2"}, remove_tags=["a", "none"], remove_experiments=[made.uid])
    assert ({tag.key for tag in changed.tags}, changed.experiment_uids) == ({"b"}, [])
    assert changed.digest == one.digest
    assert change(add_experiments=[made.uid, made.uid]).experiment_uids == [made.uid]
    found = world.read("viewer", lambda call: record_sets.listed(call, PageRequest(), experiment_uid=made.uid))
    assert [each.uid for each in found.items] == [one.uid]
    with pytest.raises(NotFound):
        change(add_experiments=["00000000-0000-0000-0000-000000000000"])
    with pytest.raises(PreconditionFailed):
        world.command("contributor", lambda call: record_sets.change(call, one.uid, ChangeRecordSet(), 1))


def test_sets_are_listed_in_pages_even_when_one_goes_meanwhile(world: World) -> None:
    uids = [make(world, f"s{n}").uid for n in range(5)][::-1]
    page = world.read("viewer", lambda call: record_sets.listed(call, PageRequest(2)))
    assert [one.uid for one in page.items] == uids[:2]
    world.command("maintainer", lambda call: record_sets.delete(call, uids[1]))
    rest = world.read("viewer", lambda call: record_sets.listed(call, PageRequest(5, page.next_page_token)))
    assert [one.uid for one in rest.items] == uids[2:]
    named = world.read("viewer", lambda call: record_sets.listed(call, PageRequest(), name="s2"))
    assert [one.name for one in named.items] == ["s2"]


def test_rights_are_those_of_runs_in_its_namespace(world: World) -> None:
    """ "permissions, audit and limits in the core"."""
    one = make(world, namespace="risk")
    merge(world, one.uid, asked("q"))
    works: list[tuple[str, Callable[[Call], object]]] = [
        ("viewer", lambda call: record_sets.merge(call, one.uid, [asked("x")])),
        ("viewer", lambda call: record_sets.change(call, one.uid, ChangeRecordSet(tags={"a": None}))),
        ("viewer", lambda call: record_sets.remove_records(call, one.uid, [])),
        ("contributor", lambda call: record_sets.delete(call, one.uid)),
        ("viewer", lambda call: record_sets.create(call, CreateRecordSet("n"))),
    ]
    for who, work in works:
        with pytest.raises(Forbidden):
            world.command(who, work)
    for work in (
        lambda call: record_sets.get(call, one.uid),
        lambda call: record_sets.records_of(call, one.uid, PageRequest()),
    ):
        with pytest.raises(NotFound):
            world.read("stranger", work)
    shown = world.read("stranger", lambda call: record_sets.listed(call, PageRequest()))
    assert shown.items == []


def test_it_holds_its_namespace_until_it_is_removed(world: World) -> None:
    one = make(world, namespace="risk")
    space = world.read("admin", lambda call: namespaces.find(call, "risk"))
    assert space is not None
    with pytest.raises(Held):
        world.command("admin", lambda call: namespaces.delete(call, space.uid))
    world.command("maintainer", lambda call: record_sets.delete(call, one.uid))
    with pytest.raises(NotFound):
        world.read("viewer", lambda call: record_sets.get(call, one.uid))
    world.command("admin", lambda call: namespaces.delete(call, space.uid))


class Flow:
    """An edge over the world's database and a store in a folder."""

    def __init__(self, world: World, store: LocalBlobStore) -> None:
        self._world, self.store = world, store
        self.gateway = SimpleNamespace(sealer=world.sealer)

    async def command(self, work: Callable[[Call], T]) -> T:
        return await asyncio.to_thread(self._world.command, "contributor", work)

    finish = command

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
        assert not brief
        return await asyncio.to_thread(self._world.read, "contributor", work)


def test_it_is_frozen_as_it_is_and_later_records_never_reach_the_version(world: World, tmp_path: Path) -> None:
    """domain.md N9: "frozen into dataset versions"."""
    one = make(world)
    merge(world, one.uid, asked("1", expectations={"a": 1}), asked("2", tags={"t": "x"}))
    asset = world.command("contributor", lambda call: assets.create(call, CreateAsset("dataset", "frozen")))
    model = world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "no")))

    async def story() -> tuple[object, bytes]:
        store = LocalBlobStore(tmp_path / "blobs")
        edge = cast("Edge", Flow(world, store))
        with pytest.raises(Invalid):
            await record_set_freezing.freeze(edge, one.uid, model.uid, PublishDetails())
        view = await record_set_freezing.freeze(edge, one.uid, asset.uid, PublishDetails(description="d"))
        await asyncio.to_thread(merge, world, one.uid, asked("3"))
        blob = await asyncio.to_thread(_blob, world, view.uid)
        body = b"".join([chunk async for chunk in store.read(stored(blob))])
        await store.aclose()
        return view, body

    view, body = asyncio.run(story())
    assert (view.number, view.files, view.origin) == (1, 1, f"strongroom:record_set/{one.uid}@1")  # type: ignore[attr-defined]
    assert [json.loads(line) for line in body.splitlines()] == [
        {"inputs": {"question": "1"}, "expectations": {"a": 1}},
        {"inputs": {"question": "2"}, "tags": {"t": "x"}},
    ]


def _blob(world: World, version_uid: str) -> Blob:
    return world.read("contributor", lambda call: trees.file_of(call, version_uid, "records.jsonl"))[1]


def test_an_empty_set_is_not_frozen(world: World, tmp_path: Path) -> None:
    one = make(world)
    asset = world.command("contributor", lambda call: assets.create(call, CreateAsset("dataset", "frozen")))

    async def story() -> None:
        store = LocalBlobStore(tmp_path / "blobs")
        try:
            await record_set_freezing.freeze(cast("Edge", Flow(world, store)), one.uid, asset.uid, PublishDetails())
        finally:
            await store.aclose()

    with pytest.raises((Invalid, Conflict)):
        asyncio.run(story())
