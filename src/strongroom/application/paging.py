"""Keyset pages: a page token is the sort key of the last row, sealed so that nobody can forge or move one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from strongroom.domain.errors import BadPageToken, Invalid

T = TypeVar("T")
U = TypeVar("U")

MAX_PAGE = 1_000
DEFAULT_PAGE = 100
MAX_TOKEN = 32_768
PAGE_BYTES = 8 * 1024 * 1024
BUILT_FIRST = 50
BUILT_AT_ONCE = 200
Key = tuple[int | float | str | None, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the token that asks for those after them; None after the last page."""

    items: Sequence[T]
    next_page_token: str | None

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        """The same page with each item changed."""
        return Page([change(item) for item in self.items], self.next_page_token)


class Overweight(Exception):
    """What several rows hold together is more than is read at once: fewer of them have to be asked for."""


def within_bytes(
    page: "Page[T]", build: Callable[[Sequence[T]], Sequence[U]], weigh: Callable[[U], int], seal: Callable[[T], str]
) -> "Page[U]":
    """A page of views that ends early when they grow large: rows of many MiB must not be held all at once.

    :param build: views of some rows; may raise Overweight for more than one row.
    :param weigh: about how many bytes a view has. :param seal: token behind a row.
    """
    built: list[U] = []
    total, step = 0, BUILT_FIRST
    while len(built) < len(page.items):
        try:
            some = build(page.items[len(built) : len(built) + step])
        except Overweight:
            step = max(1, step // 4)
            continue
        built += some
        weight = sum(map(weigh, some))
        total += weight
        if total > PAGE_BYTES and len(built) < len(page.items):
            return Page(built, seal(page.items[len(built) - 1]))
        if weight * 16 < PAGE_BYTES:
            step = min(step * 4, BUILT_AT_ONCE)
    return Page(built, page.next_page_token)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a caller asks for: at most `size` rows after `token`. `listing` names the listing and its filters."""

    size: int = DEFAULT_PAGE
    token: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_PAGE:
            raise Invalid(f"A page holds between 1 and {MAX_PAGE} rows, not {self.size}.", limit=MAX_PAGE)


class PageSealer:
    """Seals page tokens with a key that only this installation has; a token works only for the listing it came from."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _tag(self, listing: str, body: bytes) -> bytes:
        return hmac.digest(self._key, hashlib.sha256(listing.encode()).digest() + body, "sha256")[:16]

    def seal(self, listing: str, key: Key) -> str:
        """The token for the rows after `key`."""
        body = json.dumps(key, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._tag(listing, body) + body).decode().rstrip("=")

    def open(self, listing: str, token: str | None) -> Key | None:
        """The key in a token.

        :raises BadPageToken: when this installation did not seal it for this listing.
        """
        if token is None:
            return None
        try:
            if len(token) > MAX_TOKEN:
                raise ValueError
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
            tag, body = raw[:16], raw[16:]
            if not hmac.compare_digest(tag, self._tag(listing, body)):
                raise ValueError
            return tuple(json.loads(body))
        except (ValueError, UnicodeError) as error:
            raise BadPageToken("The page token was not issued for this listing; start again without it.") from error

    def page(self, listing: str, rows: Sequence[T], size: int, key_of: Callable[[T], Key]) -> Page[T]:
        """A page out of up to `size` + 1 rows: the extra row says that there are more."""
        if len(rows) <= size:
            return Page(rows, None)
        kept = rows[:size]
        return Page(kept, self.seal(listing, key_of(kept[-1])))
