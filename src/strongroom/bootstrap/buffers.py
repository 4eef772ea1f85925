"""Memory of buffers: what was a block's on its way through is the next block's, not the system's."""

import ctypes
from contextlib import suppress
from typing import Final

MIB: Final = 1024 * 1024
#: glibc, malloc.h: parameters of `mallopt`.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
#: Bytes that are free at the end of a heap before it shrinks, and of an allocation that gets pages of its own.
_KEPT: Final = 32 * MIB
_LARGE: Final = 8 * MIB


def keep() -> None:
    """Have glibc's malloc keep buffers of some MiB; with another one nothing happens.

    By itself it gives what is free at a heap's end back to the system, and each page of the next buffer then comes by a
    fault and is cleared: a third of the processor time of a download in chunks.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _KEPT)
