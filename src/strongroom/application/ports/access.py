"""What the application asks of the database for requests for access."""

from collections.abc import Sequence
from typing import Protocol

from strongroom.domain.identity.requests import AccessRequest


class AccessRequests(Protocol):
    """One row a principal and asset: the latest request. Changes are made under the asset's row lock."""

    def get(self, asset_id: int, principal_id: int) -> AccessRequest | None: ...
    def put(self, request: AccessRequest, decided_by: int | None, /) -> AccessRequest:
        """Write a request (its `id` is ignored) in the place of the principal's former one."""
        ...

    def list(self, asset_id: int, status: str | None, after_id: int, limit: int) -> Sequence[AccessRequest]:
        """The oldest first."""
        ...
