"""The adapters that the contract suites run on."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from strongroom.application.artifacts.blobstore import BlobStore
from tests.adapters.blobs.homes import BucketHome, Home, LocalHome


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests (``pytest.mark.anyio``) run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture(params=["local", pytest.param("bucket", marks=pytest.mark.s3)])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """Where a blob store keeps its bytes: a folder, then a real bucket."""
    if request.param == "local":
        yield LocalHome(tmp_path / "bytes")
        shutil.rmtree(tmp_path / "bytes", ignore_errors=True)  # 256 folders, which pytest would keep
    else:
        server = request.getfixturevalue("s3_server")
        yield BucketHome(server, server.new_prefix())


@pytest.fixture
async def store(home: Home) -> AsyncIterator[BlobStore]:
    """A blob store that is open, one of each adapter."""
    opened = home.open()
    yield opened
    await opened.aclose()
