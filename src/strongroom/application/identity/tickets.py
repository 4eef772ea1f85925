"""Tickets: addresses that do one thing in the name of a token, for clients that send no credential with it.

A ticket is sealed by the installation and ends at a time. It names the token that it was given for, never its secret,
and is looked at anew with each use: it dies with the token, its principal and its grants (domain.md N14).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.call import Call
from strongroom.application.edge import Edge, Gateway
from strongroom.application.identity.authentication import holder_of
from strongroom.application.paging import Key
from strongroom.application.ports.documents import LoadYaml
from strongroom.domain.errors import BadPageToken, Unauthenticated

T = TypeVar("T")
REFUSED = "This address is not valid, or not valid any more."


def issue(call: Call, purpose: str, life_us: int, facts: Key) -> str:
    """A ticket of the caller in this workspace. :param facts: what it is good for."""
    held = (call.caller.token_id, call.workspace.id, call.now + life_us)
    if call.caller.token_id is None:
        raise Unauthenticated(REFUSED)
    return call.sealer.seal_credential(f"ticket/{purpose}", (*held, *facts))


class TicketEdge:
    """An :class:`~strongroom.application.edge.Edge` at which the holder of a ticket calls.

    :param edge: of the request, which came without a credential.
    """

    def __init__(self, edge: Edge, purpose: str, ticket: str) -> None:
        """:raises Unauthenticated: this installation did not issue it for this purpose."""
        try:
            opened = edge.gateway.sealer.open_credential(f"ticket/{purpose}", ticket)
        except BadPageToken:
            raise Unauthenticated(REFUSED) from None
        token_id, workspace_id, expires_at, *facts = opened
        self._edge, self._token_id = edge, str(token_id)
        self._workspace_id, self._expires_at = int(str(workspace_id)), int(str(expires_at))
        self.facts: Key = tuple(facts)

    @property
    def gateway(self) -> Gateway:
        """See `Edge`."""
        return self._edge.gateway

    @property
    def store(self) -> BlobStore:
        """See `Edge`."""
        return self._edge.store

    @property
    def yaml(self) -> LoadYaml:
        """See `Edge`."""
        return self._edge.yaml

    @property
    def reads(self) -> ReadCounters:
        """See `Edge`."""
        return self._edge.reads

    async def command(self, work: Callable[[Call], T]) -> T:
        """See `Edge`."""
        return await self._edge.command(lambda call: work(self._acting(call)))

    async def finish(self, work: Callable[[Call], T]) -> T:
        """See `Edge`."""
        return await self._edge.finish(lambda call: work(self._acting(call)))

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
        """See `Edge`."""
        return await self._edge.read(lambda call: work(self._acting(call)), brief=brief)

    def _acting(self, call: Call) -> Call:
        """:raises Unauthenticated: its time is up, or its token is revoked or expired."""
        if self._expires_at <= call.now:
            raise Unauthenticated(REFUSED)
        caller = holder_of(call.tx, self._token_id)
        return replace(call, caller=caller, workspace=call.tx.admission().home(self._workspace_id))
