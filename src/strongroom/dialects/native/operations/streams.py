"""Streams of runs: lines written, replaced and read by number."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.tracking import streams
from strongroom.application.tracking.streams import LinesView, StreamView, WrittenView
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.metrics_wire import Key
from strongroom.dialects.native.wire import ByUid, PagedByUid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.lines import LINE_LONGEST, LINES_MOST, NUMBER_LARGEST

Number = Annotated[int, Meta(ge=0, le=NUMBER_LARGEST)]
Count = Annotated[int, Meta(ge=1, le=LINES_MOST)]
Line = Annotated[str, Meta(max_length=LINE_LONGEST)]


class WriteLines(Struct, frozen=True, kw_only=True):
    """Lines one after another, from number `first` on; appended without it. What stands at a number is replaced."""

    stream: Key
    lines: Annotated[list[Line], Meta(min_length=1, max_length=LINES_MOST)]
    first: Number | None = None


class ReadLines(ByUid, frozen=True, kw_only=True):
    """`limit` numbers from `first` on, or the last `tail`."""

    stream: Key
    first: Number | None = None
    limit: Count = 1_000
    tail: Count | None = None


@command(
    "run.write_lines",
    "POST",
    "/runs/{uid}/lines",
    Permission.RUN_WRITE,
    "Write lines of a stream, such as the console",
    params=ByUid,
    body=WriteLines,
    answer=WrittenView,
)
def write_lines(call: Call, request: Request[ByUid, WriteLines]) -> WrittenView:
    body = request.body
    return streams.write_lines(call, request.params.uid, body.stream, body.lines, body.first)


@read(
    "run.read_lines",
    "/runs/{uid}/lines",
    Permission.RUN_READ,
    "Lines of a stream by number, or the last ones",
    params=ReadLines,
    answer=LinesView,
)
def read_lines(call: Call, request: Request[ReadLines, Any]) -> LinesView:
    p = request.params
    return streams.read_lines(call, p.uid, p.stream, first=p.first, limit=p.limit, tail=p.tail)


@read(
    "run.streams",
    "/runs/{uid}/streams",
    Permission.RUN_READ,
    "The streams of a run by name",
    params=PagedByUid,
    answer=Page[StreamView],
)
def list_streams(call: Call, request: Request[PagedByUid, Any]) -> Page[StreamView]:
    return streams.listed(call, request.params.uid, request.params.page())


OPERATIONS = (write_lines, read_lines, list_streams)
