"""Doing the same to many things in a few threads; the first failure ends it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], items: Iterable[T], workers: int) -> list[R]:
    """The results in the order of the items. What has not begun when one fails is not begun at all.

    :raises Exception: the first that any of them raised.
    """
    wanted = list(items)
    if len(wanted) <= 1:
        return [work(item) for item in wanted]
    with ThreadPoolExecutor(workers, thread_name_prefix="strongroom") as pool:
        futures = [pool.submit(work, item) for item in wanted]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]
