"""Scorers: known by experiment and name, versions with one document each, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import scorers
from strongroom.application.registry.scorers import Named, Scorer
from strongroom.application.tracking import experiments
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.domain.errors import Forbidden, NotFound
from tests.application.conftest import World

T = TypeVar("T")


class ScorerEdge:
    """An edge over the world's database and a store in a folder."""

    def __init__(self, world: World, store: LocalBlobStore, who: str) -> None:
        self._world, self._who, self.store = world, who, store
        self.gateway, self.reads = SimpleNamespace(sealer=world.sealer), ReadCounters()

    async def command(self, work: Callable[[Call], T]) -> T:
        return await asyncio.to_thread(self._world.command, self._who, work)

    finish = command

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
        assert brief in {True, False}
        return await asyncio.to_thread(self._world.read, self._who, work)


Do = Callable[..., object]


@pytest.fixture
def do(world: World, tmp_path: Path) -> Callable[[str, Callable[[Edge], Awaitable[T]]], T]:
    def run(who: str, step: Callable[[Edge], Awaitable[T]]) -> T:
        async def once() -> T:
            store = LocalBlobStore(tmp_path / "blobs")
            try:
                return await step(cast("Edge", ScorerEdge(world, store, who)))
            finally:
                await store.aclose()

        return asyncio.run(once())

    return run


def experiment(world: World, name: str, namespace: str = "risk") -> str:
    wanted = CreateExperiment(name, namespace)
    return world.command("maintainer", lambda call: experiments.create(call, wanted)).uid


def test_two_experiments_of_a_namespace_may_have_scorers_of_one_name(world: World, do: Do) -> None:
    names = [Named("mlflow", experiment(world, name), "polite") for name in ("one", "two")]
    for number, named in enumerate(names):
        do("maintainer", lambda edge, n=named, d=b"%d" % number: scorers.register(edge, n, d))
    for number, named in enumerate(names):
        found = cast(
            "list[Scorer]", do("viewer", lambda edge, n=named: scorers.listed(edge, "mlflow", n.experiment_uid))
        )
        assert [(one.name, one.document, one.version.number) for one in found] == [("polite", b"%d" % number, 1)]
    first, second = (cast("Scorer", do("viewer", lambda edge, n=n: scorers.get(edge, n, None))) for n in names)
    assert first.version.asset_uid != second.version.asset_uid
    assert first.version.asset == "risk/polite"


def test_versions_come_and_go_and_a_deleted_scorer_begins_anew(world: World, do: Do) -> None:
    named = Named("mlflow", experiment(world, "one"), "polite 100%_")
    for body in (b"1", b"2", b"3"):
        do("maintainer", lambda edge, b=body: scorers.register(edge, named, b))
    world.command("maintainer", lambda call: scorers.delete(call, named, 3))
    history = cast("list[Scorer]", do("viewer", lambda edge: scorers.history(edge, named)))
    assert [(one.version.number, one.document) for one in history] == [(1, b"1"), (2, b"2")]
    assert cast("Scorer", do("viewer", lambda edge: scorers.get(edge, named, 1))).document == b"1"
    with pytest.raises(NotFound):
        do("viewer", lambda edge: scorers.get(edge, named, 3))
    world.command("maintainer", lambda call: scorers.delete(call, named, None))
    with pytest.raises(NotFound):
        do("viewer", lambda edge: scorers.get(edge, named, None))
    assert do("viewer", lambda edge: scorers.listed(edge, "mlflow", named.experiment_uid)) == []
    again = cast("Scorer", do("maintainer", lambda edge: scorers.register(edge, named, b"new")))
    assert (again.version.number, again.document) == (1, b"new")


def test_rights_are_those_of_assets_and_of_the_experiment(world: World, do: Do) -> None:
    named = Named("mlflow", experiment(world, "one"), "polite")
    do("maintainer", lambda edge: scorers.register(edge, named, b"1"))
    with pytest.raises(Forbidden):
        do("viewer", lambda edge: scorers.register(edge, named, b"2"))
    with pytest.raises(NotFound):
        do("stranger", lambda edge: scorers.get(edge, named, None))
    with pytest.raises(Forbidden):
        world.command("viewer", lambda call: scorers.delete(call, named, None))
