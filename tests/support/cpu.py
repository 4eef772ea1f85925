"""Work that must not grow out of hand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def bounded(seconds: float = 10) -> Iterator[None]:
    """See that the block does not blow up: `seconds` of this thread's own time, not of a loaded machine's clock.

    Generous on purpose: what it tells apart is a moment and for ever, where the input is hostile; speed is measured by
    the benchmarks.
    """
    began = time.thread_time()
    yield
    used = time.thread_time() - began
    assert used < seconds, f"{used:.1f} s of processor time"
