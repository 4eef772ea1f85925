"""What the application asks of the database for approvals and waivers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.domain.approvals.model import ApprovalRequest, TeamThen, Verdict, Waiver, Way
from strongroom.domain.identity.access import Visible
from strongroom.domain.registry.model import Version


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who is told of a request, or a team. `kind` is principal or team."""

    kind: str
    id: int


class Approvals(Protocol):
    """Requests for approval, and the verdicts on them. Writers hold the lock of the version."""

    def add(self, new: ApprovalRequest, by: int, /) -> ApprovalRequest:
        """Store a request (its `id` is ignored)."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> ApprovalRequest | None: ...
    def by_ids(self, ids: Sequence[int]) -> Mapping[int, ApprovalRequest]: ...
    def open_one(self, version_id: int, way: Way) -> ApprovalRequest | None:
        """The request of that transition that is open, past its end as well."""
        ...

    def update(self, old: ApprovalRequest, /, **changes: object) -> ApprovalRequest:
        """Change fields; the ETag moves on."""
        ...

    def done(self, version_id: int, way: Way, at: int) -> None:
        """End the open request of a transition, which the version has made."""
        ...

    def list(self, version_id: int, below: int | None, limit: int) -> Sequence[ApprovalRequest]:
        """Of a version, the latest first."""
        ...

    def count(self, version_id: int) -> int: ...
    def requesters(self, version_id: int) -> Mapping[Way, frozenset[str]]:
        """Uids of those who asked for approval, but for requests that were withdrawn."""
        ...

    def waiting(
        self, workspace_id: int, visible: Visible, principal_id: int, now: int, below: int | None, limit: int
    ) -> Sequence[ApprovalRequest]:
        """Open requests on live versions of assets that are visible, not by this principal and without its word."""
        ...

    def tell(self, owner_uid: str, whom: Sequence[Addressee]) -> None:
        """Remember who is to be told of a request for approval or for a waiver."""
        ...

    def give(self, new: Verdict, request_id: int, by: int, /) -> Verdict:
        """Store a verdict (its `id` is ignored)."""
        ...

    def withdraw(self, old: Verdict, at: int, /) -> None: ...
    def verdicts(self, version_id: int) -> Sequence[Verdict]:
        """All that was ever said of a version, the oldest first."""
        ...

    def take_along(self, version_id: int, epoch: int) -> None:
        """Verdicts that were given on this epoch stand on the next one."""
        ...

    def teams_of(self, workspace_id: int, principal_id: int) -> Sequence[TeamThen]:
        """The teams of the workspace that it is a member of now, by name."""
        ...

    def authors(self, version: Version, /) -> frozenset[str]:
        """Uids of all who made what the version holds (decision 37)."""
        ...


class Waivers(Protocol):
    """Waivers of rules. Writers hold the lock of the asset."""

    def add(self, new: Waiver, by: int, /) -> Waiver:
        """Store a waiver (its `id` is ignored)."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> Waiver | None: ...
    def update(self, old: Waiver, /, **changes: object) -> Waiver:
        """Change fields; the ETag moves on. `decided_by` and `revoked_by` are ids of principals."""
        ...

    def list(
        self,
        workspace_id: int,
        visible: Visible,
        asset_id: int | None,
        state: str | None,
        below: int | None,
        limit: int,
    ) -> Sequence[Waiver]:
        """Those of one asset, or of all that are visible, the latest first."""
        ...

    def current(self, asset_id: int, now: int, limit: int) -> Sequence[Waiver]:
        """Those of an asset and its versions that are asked for or granted and not past their end, the oldest first."""
        ...
