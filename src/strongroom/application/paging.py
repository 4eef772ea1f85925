"""Keyset pages: a page token is the sort key of the last row, sealed so that nobody can forge or move one.

What stands for a token of a client for a while (CAS tokens, addresses with a ticket) is sealed likewise, by other keys.
"""

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
    """Seals with keys that only this installation has; a page token works only for the listing it came from.

    Each purpose has a key of its own, derived from the installation's: nothing that is given out for a listing, whose
    name clients have a say in, is ever good as a credential.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._pages = self._derived("pages")

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self._key, b"strongroom/" + purpose.encode(), "sha256")

    def seal(self, listing: str, key: Key) -> str:
        """The token for the rows after `key`."""
        return _sealed(self._pages, listing, key)

    def seal_credential(self, purpose: str, facts: Key) -> str:
        """What shows for a while that this installation gave somebody a right."""
        return _sealed(self._derived(f"credential/{purpose}"), purpose, facts)

    def open_credential(self, purpose: str, text: str) -> Key:
        """What a credential says. :raises BadPageToken: this installation did not seal it for this purpose."""
        return _opened(self._derived(f"credential/{purpose}"), purpose, text)

    def open(self, listing: str, token: str | None) -> Key | None:
        """The key in a token.

        :raises BadPageToken: when this installation did not seal it for this listing.
        """
        return None if token is None else _opened(self._pages, listing, token)

    def page(self, listing: str, rows: Sequence[T], size: int, key_of: Callable[[T], Key]) -> Page[T]:
        """A page out of up to `size` + 1 rows: the extra row says that there are more."""
        if len(rows) <= size:
            return Page(rows, None)
        kept = rows[:size]
        return Page(kept, self.seal(listing, key_of(kept[-1])))


def _tag(key: bytes, name: str, body: bytes) -> bytes:
    return hmac.digest(key, hashlib.sha256(name.encode()).digest() + body, "sha256")[:16]


def _sealed(key: bytes, name: str, facts: Key) -> str:
    body = json.dumps(facts, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(key, name, body) + body).decode().rstrip("=")


def _opened(key: bytes, name: str, text: str) -> Key:
    try:
        if len(text) > MAX_TOKEN:
            raise ValueError
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        tag, body = raw[:16], raw[16:]
        if not hmac.compare_digest(tag, _tag(key, name, body)):
            raise ValueError
        return tuple(json.loads(body))
    except (ValueError, UnicodeError) as error:
        raise BadPageToken("The page token was not issued for this listing; start again without it.") from error
