"""domain.md section 3, Freeze: "A write acknowledged before the freeze began is in it". Section 4, experiment 3:
"assert freeze = some moment's state containing all acknowledged writes".
"""

import asyncio
import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from strongroom.application.artifacts import folders, trees
from strongroom.application.paging import PageRequest
from strongroom.application.registry import publishing
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import BadPath, Invalid, NotFound
from tests.promises.support import Site, fill, make_asset, reference, run

PATHS = ["a", "a/b", "a/b/c", "a-b", "a0", "b/x", "b/y", "c"]


def make_run(site: Site, name: str = "e") -> str:
    experiment = site.world.command("contributor", lambda c: experiments.create(c, CreateExperiment(name, "")))
    return site.world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, "r"))).uid


def content(site: Site, version_uid: str) -> dict[str, str]:
    """Path -> what was written there."""
    page = site.world.read("viewer", lambda c: trees.listed(c, version_uid, "", PageRequest(1_000), recursive=True))
    return {item.path: (item.uri or "").rpartition("/")[2] for item in page.items}


class FolderMachine(RuleBasedStateMachine):
    """Put, replace, remove, freeze: the folder of a run beside a dict; frozen versions never change."""

    site: Site
    ids: Iterator[int]

    @initialize()
    def begin(self) -> None:
        n = next(self.ids)
        self.asset = make_asset(self.site, f"m{n}").uid
        self.run = make_run(self.site, f"e{n}")
        self.folder: dict[str, str] = {}
        self.frozen: list[tuple[str, dict[str, str]]] = []

    @rule(paths=st.lists(st.sampled_from(PATHS), min_size=1, max_size=4, unique=True), value=st.integers(0, 10**6))
    def put(self, paths: list[str], value: int) -> None:
        entries = [reference(path, f"{path.replace('/', '_')}{value}") for path in paths]
        after = {**self.folder, **{entry.path: (entry.uri or "").rpartition("/")[2] for entry in entries}}
        if any(one != other and other.startswith(one + "/") for one in after for other in after):
            with pytest.raises(BadPath):
                fill(self.site, self.run, entries, kind="run")
            return
        fill(self.site, self.run, entries, kind="run")
        self.folder = after

    @rule(path=st.sampled_from(PATHS))
    def remove(self, path: str) -> None:
        left = {one: value for one, value in self.folder.items() if one != path and not one.startswith(path + "/")}
        if left == self.folder:
            with pytest.raises(NotFound):
                self.site.world.command("contributor", lambda c: folders.remove(c, "run", self.run, path))
            return
        self.site.world.command("contributor", lambda c: folders.remove(c, "run", self.run, path))
        self.folder = left

    @rule(directory=st.sampled_from(["", "a", "a/b", "b", "c"]))
    def freeze(self, directory: str) -> None:
        inside = {
            path[len(directory) :].lstrip("/") if path != directory else path.rpartition("/")[2]: value
            for path, value in self.folder.items()
            if not directory or path == directory or path.startswith(directory + "/")
        }
        details = PublishDetails()
        if not inside:
            with pytest.raises(Invalid):
                run(publishing.register(self.site.edge("contributor"), self.asset, self.run, directory, details))
            return
        made = run(publishing.register(self.site.edge("contributor"), self.asset, self.run, directory, details))
        self.frozen.append((made.uid, inside))

    @invariant()
    def what_was_frozen_last_is_as_it_was(self) -> None:
        for uid, expected in self.frozen[-1:]:
            assert content(self.site, uid) == expected

    def teardown(self) -> None:
        for uid, expected in getattr(self, "frozen", []):
            assert content(self.site, uid) == expected


def test_freezing_a_folder_behaves_like_copying_a_dict(site: Site) -> None:
    """N4: freeze is "one database snapshot, giving a tree. Later writes to the folder never reach it"."""

    class Bound(FolderMachine):
        pass

    Bound.site, Bound.ids = site, itertools.count()
    run_state_machine_as_test(
        Bound, settings=settings(max_examples=12, stateful_step_count=14, suppress_health_check=list(HealthCheck))
    )


def test_a_freeze_beside_writers_is_some_moments_state_with_all_acknowledged_writes(
    site: Site, model: AssetView
) -> None:
    """Section 4, experiment 3. Each writer replaces its pair of files in one command, with growing numbers: a state in
    which a pair differs, or a number is below one acknowledged before the freeze began, never was.
    """
    folder = make_run(site)
    writers, acknowledged = 5, {}
    fill(site, folder, [reference(f"w{w}/{side}", "0") for w in range(writers) for side in "lr"], kind="run")
    acknowledged.update(dict.fromkeys(range(writers), 0))
    begun = dict(acknowledged)
    ended = False
    frozen: list[tuple[dict[int, int], str, dict[int, int]]] = []

    async def write(w: int) -> None:
        n = 0
        while not ended:
            n += 1
            begun[w] = n
            entries = [reference(f"w{w}/{side}", str(n)) for side in "lr"]
            await site.edge("contributor").command(lambda c, e=entries: folders.put(c, "run", folder, e))  # type: ignore[misc]
            acknowledged[w] = n
            await asyncio.sleep(random.random() / 500)  # noqa: S311 - jitter

    async def freeze() -> None:
        nonlocal ended
        try:
            for _ in range(12):
                before = dict(acknowledged)
                made = await publishing.register(site.edge("contributor"), model.uid, folder, "", PublishDetails())
                frozen.append((before, made.uid, dict(begun)))
        finally:
            ended = True

    async def together() -> None:
        await asyncio.gather(freeze(), *(write(w) for w in range(writers)))

    run(together())
    seen = []
    for before, uid, latest in frozen:
        state = content(site, uid)
        numbers = {w: int(state[f"w{w}/l"]) for w in range(writers)}
        assert all(state[f"w{w}/l"] == state[f"w{w}/r"] for w in range(writers)), state
        assert all(before[w] <= numbers[w] <= latest[w] for w in range(writers)), (before, numbers, latest)
        seen.append(numbers)
    assert all(a[w] <= b[w] for a, b in itertools.pairwise(seen) for w in range(writers))
    assert sum(seen[-1].values()) > 0
