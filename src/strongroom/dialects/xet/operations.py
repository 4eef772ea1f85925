"""The operations of the Xet protocol: each decodes, calls the core once, and encodes."""

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Gateway, RequestEdge
from strongroom.application.integrity.marking import mark_read
from strongroom.application.xet import answering, reconstructing, xorbs
from strongroom.application.xet.reconstructing import Reconstruction
from strongroom.application.xet.tokens import Session
from strongroom.dialects.shared.files import file_response, parse_range
from strongroom.dialects.shared.requests import announced_size, chunks_of, request_id_of, whole_body
from strongroom.dialects.xet.translate import answer_v1, answer_v2, asked_grant, asked_range
from strongroom.dialects.xet.wire import AnswerV1, AnswerV2, Grant, Inserted, Taken
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Corrupted
from strongroom.domain.identity.roles import Permission

SEAL_LONGEST = 2_000
GRANT_LARGEST = 64 * 1024


async def put_xorb(http: HttpRequest, edge: RequestEdge, session: Session) -> Inserted:
    """Take a xorb in."""
    await xorbs.put(edge, session, http.path_params["hash"], chunks_of(http), announced_size(http))
    return Inserted()


async def grant_xorb(http: HttpRequest, edge: RequestEdge, session: Session) -> Taken | Response:
    """Where a xorb may be sent without passing us."""
    asked = asked_grant(await whole_body(http, GRANT_LARGEST))
    found = await xorbs.grant(edge, session, http.path_params["hash"], asked.length)
    if found is None:
        return Taken()
    edge.must_have_asked()
    body = msgspec.json.encode(Grant(found.id, found.url, dict(found.headers)))
    return Response(body, 201, media_type="application/json")


async def take_xorb(http: HttpRequest, edge: RequestEdge, session: Session) -> Taken:
    """A xorb that was sent to the bucket is to be taken."""
    await xorbs.take(edge, session, http.path_params["hash"], http.path_params["grant"][:SEAL_LONGEST])
    return Taken()


async def reconstruction_v1(http: HttpRequest, edge: RequestEdge, session: Session) -> AnswerV1:
    """How a file is put together, version 1."""
    return answer_v1(await _planned(http, edge, session), session.url)


async def reconstruction_v2(http: HttpRequest, edge: RequestEdge, session: Session) -> AnswerV2:
    """How a file is put together, version 2."""
    return answer_v2(await _planned(http, edge, session), session.url)


async def _planned(http: HttpRequest, edge: RequestEdge, session: Session) -> Reconstruction:
    start, end = asked_range(http.headers.get("range"))
    return await reconstructing.planned(edge, session, http.path_params["hash"], start, end)


async def chunk(http: HttpRequest, edge: RequestEdge, session: Session) -> Response:
    """Whether a chunk is known, and what lies beside it."""
    shard = await answering.answer(edge, session, http.path_params["hash"])
    return Response(shard, media_type="application/octet-stream")


class Fetching:
    """Bytes of a xorb for whoever has an address that was made for them; no token comes with the request."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def get(self, http: HttpRequest) -> Response:
        """The range asked for, within that of the address."""
        fetch = reconstructing.opened(self._gateway.sealer, http.query_params.get("s", "")[:SEAL_LONGEST])
        declared = Permission.VERSION_BYTES
        edge = RequestEdge(self._gateway, fetch.shown, fetch.workspace, request_id_of(http), None, declared)
        store, hashed = http.path_params["store"], http.path_params["hash"]
        blob = await edge.read(lambda call: reconstructing.body_of(call, fetch, store, hashed), brief=True)
        edge.must_have_asked()
        header = http.headers.get("range", f"bytes={fetch.first}-{fetch.last}")
        reconstructing.must_be_within(fetch, *(parse_range(header, blob.size) or (0, blob.size)))

        async def damaged(error: Corrupted) -> None:
            details: dict[str, Json] = {"blob": blob.sha256, "block": int(str(error.details.get("block", 0)))}
            subject = Subject("asset", fetch.asset)

            def note(call: Call) -> None:
                if mark_read(call.tx, blob, error):
                    call.record("blob.corrupted", subject, details)

            await edge.command(note)

        opened = OpenFile(blob, hashed, lambda _sent: None, damaged)
        return await file_response(self._gateway.store, opened, header, head=http.method == "HEAD")
