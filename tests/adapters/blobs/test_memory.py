"""Memory is bounded, whatever the size of the blob."""

import subprocess
import sys

import pytest

from tests.adapters.blobs.homes import MIB, BucketHome, LocalHome
from tests.support.seaweed import S3


def grown(where: str, mebibytes: int) -> int:
    command = [sys.executable, "-m", "tests.adapters.blobs.memory_child", where, str(mebibytes)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own child


def test_the_local_store_holds_a_few_mib(home: LocalHome) -> None:
    """512 MiB in and out again: the process grows by less than 20 MiB."""
    assert grown(str(home.root), 512) < 20 * MIB


@pytest.mark.s3
def test_the_bucket_store_holds_some_parts(s3_server: S3) -> None:
    """The parts on their way come on top: less than 96 MiB for 256 MiB."""
    assert grown(BucketHome(s3_server, s3_server.new_prefix()).url, 256) < 96 * MIB
