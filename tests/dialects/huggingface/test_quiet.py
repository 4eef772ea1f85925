"""Publication by rule, of what the unmodified client pushes in many commits; another process's clock runs ahead."""

import asyncio
from collections.abc import Iterator

import pytest

from strongroom.adapters.documents.plain_yaml import PlainYaml
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.application.identity import setup
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import publication
from strongroom.bootstrap.installation import open_store
from strongroom.bootstrap.settings import Storage
from tests.application.conftest import SECOND, MovableClock
from tests.dialects.huggingface.client import HubProcess
from tests.http.processes import ServerProcess
from tests.support.foreign import Decoded


class Ahead:
    """The timer of another process on the server's data, whose clock a test moves."""

    def __init__(self, server: ServerProcess, token: str) -> None:
        self._server, self._token, self._clock = server, token, MovableClock()
        storage = Storage(data=server.data)
        self._store, self.executor = open_store(storage), SqliteExecutor(storage.database_url, self._clock)

    def by(self, seconds: int) -> None:
        """Let time pass, and publish what is quiet."""
        self._clock.advance(seconds * SECOND)
        asyncio.run(publication.publish_quiet(self.executor, self._store, PlainYaml()))

    def due(self, namespace: str, slug: str) -> int:
        """When the head of a repository's `main` is looked at, in microseconds."""

        def look(tx: Transaction) -> int | None:
            here = setup.ensure_default_workspace(tx)
            space = tx.namespaces.by_slug_path(here.id, namespace)
            asset = tx.assets.by_slug(space.id, slug, "model") if space else None
            return tx.publication.due_at(asset.id) if asset else None

        found = asyncio.run(self.executor.read(look))
        assert found is not None
        return found

    def version(self, name: str) -> Decoded:
        """What readers of the newest version get; None while there is none."""
        with self._server.client(self._token) as native:
            return native.get("/resolve", params={"reference": name}).json()["version"]


@pytest.fixture
def ahead(server: ServerProcess, token: str) -> Iterator[Ahead]:
    opened = Ahead(server, token)
    yield opened
    opened.executor.close()


def test_an_upload_in_many_commits_is_one_version_and_whole(chunked: HubProcess, ahead: Ahead) -> None:
    """ "`main` publishes when it has been quiet; a multi-commit upload never shows a half model as a version"."""
    commits = chunked.run("""
        folder = Path(tempfile.mkdtemp())
        for n in range(300):
            (folder / f"{n:03}.json").write_text(str(n))
        for n in range(2):
            (folder / f"model-{n}.safetensors").write_bytes(os.urandom(100_000))
        api.create_repo("ann/many")
        api.upload_folder(repo_id="ann/many", folder_path=folder)
        result = [one.title for one in api.list_repo_commits("ann/many")]
    """)
    assert len(commits) == 1 + 2, commits
    assert ahead.version("ann/many") is None
    ahead.by(50)
    assert ahead.version("ann/many") is None
    ahead.by(11)
    version = ahead.version("ann/many")
    assert (version["number"], version["files"]) == (1, 302)
    chunked.run('api.super_squash_history("ann/many")')
    ahead.by(61)
    assert ahead.version("ann/many")["number"] == 1, "the same files are no new version"
    found = chunked.run("""
        got = Path(api.snapshot_download("ann/many", revision=":1", local_dir=tempfile.mkdtemp()))
        result = [len(api.list_repo_commits("ann/many")), sum(one.is_file() for one in got.iterdir())]
    """)
    assert found == [1, 302], "super-squash keeps published versions readable"


def test_while_chunks_come_the_head_is_not_quiet(chunked: HubProcess, ahead: Ahead) -> None:
    """The client commits what it has every 5 minutes and sends on: what stands on `main` meanwhile is half a model."""
    chunked.run("""
        api.create_repo("ann/slow")
        one, two = (CommitOperationAdd(f"model-{n}.safetensors", os.urandom(100_000)) for n in (1, 2))
        api.create_commit("ann/slow", [one], commit_message="part 1")
    """)
    due = ahead.due("ann", "slow")
    chunked.run('api.preupload_lfs_files("ann/slow", [two])')
    assert ahead.due("ann", "slow") > due, "bytes of the second part came"
    chunked.run('api.create_commit("ann/slow", [two], commit_message="part 2")')
    ahead.by(61)
    assert ahead.version("ann/slow")["files"] == 2
