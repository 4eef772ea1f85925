"""What the tests of the blob adapters share."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from strongroom.adapters.blobs.local import LocalBlobStore
from tests.adapters.blobs.homes import LocalHome


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests (``pytest.mark.anyio``) run on asyncio, as the server does."""
    return "asyncio"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[LocalHome]:
    """The folder of a local store; removed at once, since a store is 256 folders and pytest keeps three sessions."""
    yield LocalHome(tmp_path / "bytes")
    shutil.rmtree(tmp_path / "bytes", ignore_errors=True)


@pytest.fixture
async def store(home: LocalHome) -> AsyncIterator[LocalBlobStore]:
    """A local store that is open."""
    opened = LocalBlobStore(home.root)
    yield opened
    await opened.aclose()
