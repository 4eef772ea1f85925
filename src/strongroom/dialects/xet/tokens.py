"""CAS tokens for whoever drives hf_xet itself: ``token_refresh_url`` leads here, with our token in the headers."""

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from strongroom.application.edge import Gateway
from strongroom.application.recalls.chunked import TREE
from strongroom.application.xet.tokens import grant
from strongroom.dialects.shared.requests import base_of, edge_of, workspace_in_path
from strongroom.dialects.xet.wire import Token
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission


class Tokens:
    """Grants CAS tokens for one asset."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def read(self, http: HttpRequest) -> Response:
        """For reading the files of the asset's versions, or of the one that ``?version=`` names."""
        return await self._granted(http, Permission.VERSION_BYTES, write=False)

    async def write(self, http: HttpRequest) -> Response:
        """For sending files that versions of the asset will name."""
        return await self._granted(http, Permission.VERSION_REGISTER, write=True)

    async def _granted(self, http: HttpRequest, permission: Permission, *, write: bool) -> Response:
        edge = edge_of(self._gateway, http, permission, workspace_in_path(http))
        uid, origin = http.path_params["asset"], base_of(http, workspace=False)
        version = None if write else http.query_params.get("version")
        if version is not None and version.startswith(TREE):  # which no client may choose: its reads are no version's
            raise NotFound("The asset has no such version.")
        found = await edge.finish(lambda call: grant(call, uid, write=write, origin=origin, source=version))
        body = msgspec.json.encode(Token(found.url, found.expires_at_s, found.token))
        return Response(body, media_type="application/json")
