"""What the application asks of the database for principals, teams, tokens and grants, and of what hashes passwords."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.application.ports.recalls import Standing
from strongroom.domain.identity.model import Principal, Team, TokenRow
from strongroom.domain.identity.roles import Grant, Scope
from strongroom.domain.registry.model import Workspace


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as it is stored: who gave what to whom, where, from when until when."""

    uid: str
    subject_kind: str
    subject_uid: str
    subject_name: str
    grant: Grant
    scope_name: str
    granted_by: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """A token, the principal that it stands for, and every present grant of that principal and of its teams."""

    token: TokenRow
    principal: Principal
    grants: tuple[Grant, ...]


class Admission(Protocol):
    """What a call is admitted on, as it stands where the transaction has come to; often known without being read."""

    def holder(self, token_id: str) -> Held | None: ...
    def workspace(self, slug: str) -> Workspace | None:
        """A live one."""
        ...

    def home(self, workspace_id: int) -> Workspace: ...
    def standing(self, workspace_id: int) -> Sequence[Standing]:
        """Recalls that stand in a workspace."""
        ...


class PasswordHasher(Protocol):
    """Slow hashes of passwords. They take tens of milliseconds: never call it inside a transaction."""

    def hash(self, password: str) -> str:
        """:raises Invalid: too short, too long, or no Unicode text."""
        ...

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `stored` was made from it; None (nobody) takes as long and is False."""
        ...

    def needs_rehash(self, stored: str) -> bool: ...


class Principals(Protocol):
    """Users, service accounts and the system itself."""

    def by_id(self, principal_id: int) -> Principal: ...
    def by_uid(self, uid: str) -> Principal | None: ...
    def by_name(self, name: str) -> Principal | None: ...
    def lock(self, principal_id: int) -> Principal:
        """Lock the row until the end of the transaction, so that no token is issued while it is being disabled."""
        ...

    def system(self) -> Principal:
        """The server itself; made when it first acts."""
        ...

    def names(self, uids: Sequence[str]) -> Mapping[str, str]: ...
    def add(self, kind: str, name: str, display_name: str, home_workspace_id: int | None) -> Principal:
        """:raises AlreadyExists: the name is taken, by a disabled principal too."""
        ...

    def update(self, principal: Principal, *, display_name: str, disabled_at: int | None) -> Principal: ...
    def belongs(self, principal_id: int, workspace_id: int) -> bool:
        """Whether its home is there, it holds a grant there, or it is in a team of it."""
        ...

    def list(self, workspace_id: int | None, after: Key | None, limit: int) -> Sequence[Principal]:
        """Those that belong to a workspace, or all when it is None, by name; never the system."""
        ...

    def password_hash(self, principal_id: int) -> str | None: ...
    def set_password_hash(self, principal_id: int, password_hash: str) -> None: ...
    def any_user(self) -> bool:
        """Whether any user exists yet (before that the set-up link works)."""
        ...


class Teams(Protocol):
    """Principals under one name."""

    def by_uid(self, workspace_id: int, uid: str) -> Team | None: ...
    def by_name(self, workspace_id: int, name: str) -> Team | None: ...
    def add(self, workspace_id: int, name: str, description: str) -> Team:
        """:raises AlreadyExists: the workspace has a team of that name."""
        ...

    def update(self, team: Team, *, description: str) -> Team: ...
    def delete(self, team: Team) -> None:
        """Remove the team and end all memberships; its grants are ended apart."""
        ...

    def list(self, workspace_id: int, after: Key | None, limit: int) -> Sequence[Team]:
        """Live teams, by name."""
        ...

    def members(self, team_id: int, at: int | None, after: Key | None, limit: int) -> Sequence[Principal]:
        """Members now or at a time (microseconds UTC), by name."""
        ...

    def add_member(self, team_id: int, principal_id: int) -> bool:
        """False when it was a member before."""
        ...

    def remove_member(self, team_id: int, principal_id: int) -> bool:
        """False when it was none."""
        ...


class Tokens(Protocol):
    """Credentials; only hashes are stored."""

    def get(self, token_id: str) -> TokenRow | None: ...
    def holder(self, token_id: str) -> tuple[TokenRow, Principal] | None:
        """A token with the principal it stands for, in one query."""
        ...

    def add(self, token: TokenRow) -> None: ...
    def list(self, principal_id: int, after: Key | None, limit: int) -> Sequence[TokenRow]:
        """All of a principal, newest first (recorded_at, id)."""
        ...

    def revoke(self, token_id: str, at: int) -> bool:
        """False when it was revoked before."""
        ...

    def revoke_all(self, principal_id: int, at: int) -> int:
        """Revoke every token of a principal; returns how many were not revoked before."""
        ...

    def touch(self, used: Mapping[str, int]) -> None:
        """Record last uses: token id -> microseconds UTC, cut to the minute."""
        ...


class Grants(Protocol):
    """Who holds which role where, now and at any time."""

    def resolve(self, principal: Principal | None) -> tuple[Grant, ...]:
        """All present grants of a principal and of its teams, in one query; nothing for None."""
        ...

    def of_team(self, team: Team) -> tuple[Grant, ...]:
        """All present grants of a team itself."""
        ...

    def current(self, subject_kind: str, subject_uid: str, scope: Scope, role: str) -> GrantRow | None:
        """The very grant, if it is there; locks the subject, so that no two transactions make it at once."""
        ...

    def add(self, subject_kind: str, subject_uid: str, scope: Scope, role: str, granted_by: int) -> GrantRow: ...
    def by_uid(self, uid: str) -> GrantRow | None: ...
    def revoke(self, uid: str) -> bool:
        """False when it had ended before."""
        ...

    def revoke_of(self, subject_uid: str) -> Sequence[str]:
        """End every grant of a subject; returns their uids."""
        ...

    def lock_server_admins(self) -> Sequence[str]:
        """Uids of the enabled principals that are admin of the server, sorted.

        Locks their grants, so that two transactions cannot each remove the other's last one.
        """
        ...

    def list(
        self, within: Scope, *, subject_uid: str | None, at: int | None, after: Key | None, limit: int
    ) -> Sequence[GrantRow]:
        """Grants now or at a time (microseconds UTC), newest first (valid_from, uid).

        :param within: a workspace means every grant in it, at any level; other scopes mean those that stand just there.
        """
        ...


class Settings(Protocol):
    """A few values of the whole server."""

    def get(self, key: str) -> str | None: ...
    def put(self, key: str, value: str) -> None: ...
    def replace(self, key: str, seen: str | None, value: str) -> bool:
        """Put a value where `seen` still is (None: nothing); False, and nothing written, when another was first."""
        ...

    def take(self, key: str) -> str | None:
        """Read a value and remove it, so that only one caller gets it."""
        ...
