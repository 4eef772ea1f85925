"""Pages as MLflow asks for them: as many results as it wants at once, though ours are smaller."""

from collections.abc import Callable
from typing import TypeVar

from strongroom.application.paging import MAX_PAGE, Page, PageRequest

T = TypeVar("T")


def gathered(find: Callable[[PageRequest], Page[T]], size: int, token: str | None) -> Page[T]:
    """Up to `size` results after a token, page after page on one snapshot.

    A page of ours that is not full though more follow ended because its rows are large: then the answer ends too.
    """
    items: list[T] = []
    after = token or None
    while True:
        asked = min(size - len(items), MAX_PAGE)
        page = find(PageRequest(asked, after))
        items += page.items
        after = page.next_page_token
        if after is None or len(items) >= size or len(page.items) < asked:
            return Page(items, after)
