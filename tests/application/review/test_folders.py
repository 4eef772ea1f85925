"""Folders: pages, big requests, and what stays closed once a draft is a version."""

import asyncio
import hashlib
import time
from typing import cast

import pytest

from strongroom.application.artifacts import folders
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.artifacts.uploads import note
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import publishing, purging, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Conflict, Purged
from tests.application.conftest import World
from tests.application.registry.conftest import WorldEdge


def reference(path: str) -> PutEntry:
    return PutEntry(path, uri="s3://bucket/x", pin="etag:1")


def stored(text: str) -> StoredBlob:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return StoredBlob(digest, len(text), f"at/{digest}", b"", None)


@pytest.fixture
def draft(world: World, model: AssetView) -> str:
    return world.command("contributor", lambda call: publishing.create_draft(call, model.uid, None, None)).uid


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_a_file_named_like_what_follows_a_directory_is_on_some_page(world: World, draft: str, size: int) -> None:
    entries = [reference(path) for path in ("a/b", "a0", "a1", "a-b", "a0x/y")]
    world.command("contributor", lambda call: folders.put(call, "draft", draft, entries))
    found: list[str] = []
    token: str | None = None
    while True:
        asked = PageRequest(size, token)
        page = world.read(
            "contributor",
            lambda call: folders.listed(call, "draft", draft, "", asked, recursive=False),  # noqa: B023 - run at once
        )
        found += [item.path for item in page.items]
        if (token := page.next_page_token) is None:
            break
    assert found == ["a-b", "a/", "a0", "a0x/", "a1"]


def test_ten_thousand_deep_paths_at_once(world: World, draft: str) -> None:
    """More parents than a statement has parameters; and no time that grows with the square (it took 17 s)."""
    entries = [reference("/".join(f"d{n}x{depth}" for depth in range(8)) + "/f") for n in range(10_000)]
    began = time.monotonic()
    world.command("contributor", lambda call: folders.put(call, "draft", draft, entries))
    assert time.monotonic() - began < 12


def test_a_sealed_draft_gives_no_bytes_and_a_purged_one_not_even_names(world: World, draft: str) -> None:
    blob = stored("secret")

    def fill(call: Call) -> None:
        note(call, [blob])
        folders.put(call, "draft", draft, [PutEntry("weights", blob.sha256)])

    world.command("contributor", fill)
    asyncio.run(publishing.seal(cast("Edge", WorldEdge(world, "contributor")), draft, PublishDetails()))
    with pytest.raises(Conflict):
        world.read("contributor", lambda call: folders.file_of(call, "draft", draft, "weights"))
    world.command("maintainer", lambda call: versions.delete(call, draft, release_aliases=False, etag=None))
    world.command("admin", lambda call: purging.purge(call, draft, "withdrawn"))
    with pytest.raises(Purged):
        world.read("contributor", lambda call: folders.file_of(call, "draft", draft, "weights"))
    with pytest.raises(Purged):
        world.read("contributor", lambda call: folders.listed(call, "draft", draft, "", PageRequest(), recursive=True))


def test_a_run_whose_experiment_is_in_the_trash_takes_no_files(world: World) -> None:
    experiment = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("e")))
    run = world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid)))
    world.command("maintainer", lambda call: experiments.delete(call, experiment.uid))
    with pytest.raises(Conflict):
        world.command("contributor", lambda call: folders.put(call, "run", run.uid, [reference("w")]))


def test_whether_somebody_else_sent_a_huge_file_does_not_show_in_what_is_read(world: World, draft: str) -> None:
    """The block hashes of a file of 400 GB are 12 MB; reading them for a digest that others sent would tell."""
    theirs = hashlib.sha256(b"theirs").hexdigest()
    huge = StoredBlob(theirs, 400 << 30, "at/huge", bytes(12_800_000), None)
    world.command("maintainer", lambda call: note(call, [huge]))

    def seconds(digest: str) -> float:
        def ask(call: Call) -> float:
            began = time.perf_counter()
            for _ in range(20):
                assert folders.missing(call, "draft", draft, [digest], []) == [digest]
            return time.perf_counter() - began

        return min(world.read("contributor", ask) for _ in range(3))

    assert seconds(theirs) < 3 * seconds("0" * 64) + 0.01
