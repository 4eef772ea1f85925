"""One test file a promise of docs/architecture.md; every promise on both databases, and on both stores where bytes
matter.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.application.registry.views import AssetView
from tests.adapters.blobs.homes import BucketHome, Home, LocalHome
from tests.application.conftest import World, clock, database, executor, world
from tests.promises.support import Site, make_asset, run

__all__ = ["clock", "database", "executor", "world"]


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """Where the bytes are: a folder, unless a test asks for `BOTH_STORES`."""
    if getattr(request, "param", "local") == "bucket":
        server = request.getfixturevalue("s3_server")
        yield BucketHome(server, server.new_prefix())
        return
    yield LocalHome(tmp_path / "bytes")
    shutil.rmtree(tmp_path / "bytes", ignore_errors=True)


@pytest.fixture
def site(world: World, home: Home, database: str) -> Iterator[Site]:
    store = home.open()
    yield Site(world, store, database)
    run(store.aclose())


@pytest.fixture
def model(site: Site) -> AssetView:
    return make_asset(site)
