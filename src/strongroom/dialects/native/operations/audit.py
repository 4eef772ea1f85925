"""The audit log: records, signed checkpoints, proofs and the export that is verified without a server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.audit import following, log, standing
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import DEFAULT_PAGE, Page
from strongroom.application.ports.standing import Place
from strongroom.dialects.native.operation import Request, Struct, TextAnswer, command, flow
from strongroom.dialects.native.wire import ByUid, Paged, PageSize, Time, time_us
from strongroom.domain.audit import state as states
from strongroom.domain.audit.export import Header, Note, Tile, encode
from strongroom.domain.audit.hashing import HASH_SIZE
from strongroom.domain.identity.roles import Permission

Id = Annotated[str, Meta(max_length=36)]
LogSize = Annotated[int, Meta(ge=0, le=2**62)]
STEP = 512
TILE = 256


class ListRecords(Paged, frozen=True, kw_only=True):
    """Which records to list."""

    actor: Id | None = None
    action: Annotated[str, Meta(max_length=64)] | None = None
    subject: Id | None = None
    since: Time | None = None
    until: Time | None = None


class Sizes(Struct, frozen=True, kw_only=True):
    """Two sizes of the log; the new one is the present size unless stated."""

    old_size: LogSize
    new_size: LogSize | None = None


@command(
    "audit.list",
    "GET",
    "/audit/records",
    Permission.AUDIT_READ,
    "Audit records of the workspace, newest first",
    params=ListRecords,
    answer=Page[log.RecordView],
)
def list_records(call: Call, request: Request[ListRecords, Any]) -> Page[log.RecordView]:
    p = request.params
    query = log.ListRecords(p.actor, p.action, p.subject, time_us(p.since), time_us(p.until))
    return log.listed(call, query, p.page())


@command(
    "audit.get",
    "GET",
    "/audit/records/{uid}",
    Permission.AUDIT_READ,
    "One audit record",
    params=ByUid,
    answer=log.RecordView,
)
def get_record(call: Call, request: Request[ByUid, Any]) -> log.RecordView:
    return log.get(call, request.params.uid)


@flow(
    "audit.checkpoint",
    "GET",
    "/audit/checkpoint",
    Permission.AUDIT_READ,
    "The log's size and root, signed now (C2SP tlog-checkpoint)",
    answer=log.CheckpointView,
)
async def checkpoint(edge: Edge, _request: Request[Any, Any]) -> log.CheckpointView:
    return await edge.command(lambda call: log.checkpoint(call, edge.gateway.keys))


@flow(
    "audit.inclusion",
    "GET",
    "/audit/records/{uid}/proof",
    Permission.AUDIT_READ,
    "Proof that a record is in the log (RFC 9162)",
    params=ByUid,
    answer=log.InclusionView,
)
async def inclusion(edge: Edge, request: Request[ByUid, Any]) -> log.InclusionView:
    return await edge.command(lambda call: log.inclusion(call, edge.gateway.keys, request.params.uid))


@flow(
    "audit.consistency",
    "GET",
    "/audit/consistency",
    Permission.AUDIT_READ,
    "Proof that the log only grew between two sizes (RFC 9162)",
    params=Sizes,
    answer=log.ConsistencyView,
)
async def consistency(edge: Edge, request: Request[Sizes, Any]) -> log.ConsistencyView:
    return await edge.read(lambda call: log.consistency(call, request.params.old_size, request.params.new_size))


@flow(
    "audit.export",
    "GET",
    "/audit/export",
    Permission.AUDIT_READ,
    "The whole log as lines that `strongroom audit verify` checks without a server",
    raw_answer="application/x-ndjson",
)
async def export(edge: Edge, _request: Request[Any, Any]) -> TextAnswer:
    keys = edge.gateway.keys
    signed = await edge.command(lambda call: log.begin_export(call, keys))
    header = Header(keys.origin, signed.size, keys.header)
    return TextAnswer(_lines(edge, header, signed.note), "application/x-ndjson")


async def _lines(edge: Edge, header: Header, last_note: str) -> AsyncIterator[bytes]:
    """Rows in steps, so that neither memory nor a transaction grows with the log.

    A step never crosses a tile of 256 leaves twice, so each complete tile's stored hash follows its last leaf, and
    each checkpoint kept stands before the first leaf that it does not cover.
    """
    yield encode(header)
    for start in range(0, header.size, STEP):
        end = min(start + STEP, header.size)

        def step(call: Call, start: int = start, end: int = end) -> bytes:
            return b"".join(_encoded(call, start, end, header.size))

        yield await edge.read(step)
        await asyncio.sleep(0)
    yield encode(Note(last_note))


def _encoded(call: Call, start: int, end: int, size: int) -> list[bytes]:
    notes = dict(call.tx.audit.checkpoints(start, end - start))
    lines: list[bytes] = []
    for leaf in log.rows(call.tx, start, end - start):
        lines.append(encode(leaf))
        position, place = divmod(leaf.number, TILE)
        if place == TILE - 1:
            hashes = call.tx.audit.tile(1, position, 1)
            lines += [encode(Tile(position, tile)) for tile in hashes if len(tile) == HASH_SIZE]
        if leaf.number + 1 in notes and leaf.number + 1 != size:
            lines.append(encode(Note(notes[leaf.number + 1])))
    return lines


class AsOf(Struct, frozen=True, kw_only=True):
    """A time; now when left out."""

    at: Time | None = None


@flow(
    "audit.state",
    "GET",
    "/audit/state",
    Permission.AUDIT_READ,
    "What the live tables say stands, as lines that `strongroom audit replay` compares with the log",
    params=AsOf,
    raw_answer="application/x-ndjson",
)
async def state(edge: Edge, request: Request[AsOf, Any]) -> TextAnswer:
    at = time_us(request.params.at)
    opening = await edge.command(lambda call: standing.begin(call, at))
    return TextAnswer(_facts(edge, opening), "application/x-ndjson")


async def _facts(edge: Edge, opening: states.Opening) -> AsyncIterator[bytes]:
    """Facts in pages, each on a snapshot of its own."""
    yield states.encode(opening)
    told = 0
    for kind in opening.kinds:
        after: Place | None = None
        while True:

            def step(call: Call, kind: states.Kind = kind, after: Place | None = after) -> standing.Step:
                return standing.page(call, opening, kind, after)

            found = await edge.read(step)
            told += len(found.facts)
            if found.facts:
                yield b"".join(map(states.encode, found.facts))
            after = found.after
            if after is None:
                break
    yield states.encode(await edge.read(lambda call: standing.close(call, told)))


class Follow(Struct, frozen=True, kw_only=True):
    """Where to go on, and seconds to wait when there is nothing new."""

    start: LogSize = 0
    limit: PageSize = DEFAULT_PAGE
    wait: Annotated[int, Meta(ge=0, le=int(following.WAIT_LONGEST_S))] = 0


@flow(
    "audit.follow",
    "GET",
    "/audit/follow",
    Permission.AUDIT_READ,
    "Records of the whole log from a leaf on, in order; for passing them on as they come",
    params=Follow,
    answer=following.FollowView,
)
async def follow(edge: Edge, request: Request[Follow, Any]) -> following.FollowView:
    p = request.params
    return await following.followed(edge, p.start, p.limit, p.wait)


OPERATIONS = (list_records, get_record, inclusion, checkpoint, consistency, export, state, follow)
