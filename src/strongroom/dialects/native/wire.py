"""Parameter shapes that many operations share, with the bounds that OpenAPI shows."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from strongroom.application.paging import DEFAULT_PAGE, MAX_PAGE, PageRequest
from strongroom.application.views import microseconds
from strongroom.dialects.native.operation import Struct

Uid = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        description="The id that answers carry as `uid`.",
    ),
]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", description="SHA-256, 64 lower-case hex digits.")]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Path = Annotated[str, Meta(max_length=1024)]
Size = Annotated[int, Meta(ge=0, le=2**63 - 1)]
PageSize = Annotated[int, Meta(ge=1, le=MAX_PAGE)]
PageToken = Annotated[str, Meta(max_length=2048, description="`next_page_token` of the page before.")]
Time = Annotated[datetime, Meta(description="RFC 3339; without a zone it is taken as UTC.")]


class Paged(Struct, frozen=True, kw_only=True):
    """Parameters of every listing."""

    page_size: PageSize = DEFAULT_PAGE
    page_token: PageToken | None = None

    def page(self) -> PageRequest:
        """What is asked for."""
        return PageRequest(self.page_size, self.page_token)


class ByUid(Struct, frozen=True, kw_only=True):
    """One object by its uid."""

    uid: Uid


class PagedByUid(Paged, frozen=True, kw_only=True):
    """A listing below one object."""

    uid: Uid


def time_us(time: datetime | None) -> int | None:
    """A time parameter in microseconds."""
    if time is None:
        return None
    return min(max(microseconds(time), 0), 2**62)
