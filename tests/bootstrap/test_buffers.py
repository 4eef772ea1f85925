"""Buffers of some MiB are used again, not given back to the system and fetched anew."""

import platform
import subprocess
import sys

import pytest

from tests.http.processes import environment

PROGRAM = """
import resource, sys
from strongroom.bootstrap import buffers
if sys.argv[1] == "keep":
    buffers.keep()
def use():
    held = [bytearray(2 << 20) for _ in range(8)]
    return len(held)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    command = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own program
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another malloc")
def test_buffers_are_kept() -> None:
    """Eight buffers of 2 MiB, ten times: 40,960 pages when each comes anew."""
    assert faults("keep") < 4_096 < faults("as it is")
