"""Answers about principals, tokens and grants, and about the audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from strongroom.sdk.models import Answer


class Principal(Answer, frozen=True):
    """A user or service account; `home_workspace` is a slug."""

    uid: str
    kind: str
    name: str
    display_name: str
    created_at: datetime
    home_workspace: str | None = None
    disabled_at: datetime | None = None


class Team(Answer, frozen=True):
    """A team of the workspace."""

    uid: str
    name: str
    description: str
    created_at: datetime


class Token(Answer, frozen=True):
    """A token without its secret; `workspace` is the slug of the only one it works in."""

    id: str
    principal: str
    description: str
    created_at: datetime
    role_cap: str | None = None
    workspace: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class IssuedToken(Answer, frozen=True):
    """A token just made. `token` is the secret, shown this once and never by ``repr``."""

    token: str
    details: Token

    def __repr__(self) -> str:
        return f"IssuedToken({self.details!r})"


class AccessRequest(Answer, frozen=True):
    """A request for the files of a gated asset. `status` is pending, accepted or rejected."""

    uid: str
    asset_uid: str
    principal: str
    principal_name: str
    status: str
    created_at: datetime
    display_name: str = ""
    message: str = ""
    reason: str = ""
    decided_at: datetime | None = None
    decided_by: str | None = None


class Standing(Answer, frozen=True):
    """How you stand to an asset's gate: `passes` is whether you may read the files, `request` what you asked."""

    asset_uid: str
    gated: str
    passes: bool
    request: AccessRequest | None = None


class Grant(Answer, frozen=True):
    """A role from `valid_from` until `valid_to` (None: still). `scope` is the slug or path of what it stands on."""

    uid: str
    subject_kind: str
    subject: str
    subject_name: str
    level: str
    scope: str
    role: str
    granted_by: str
    valid_from: datetime
    valid_to: datetime | None = None


class Role(Answer, frozen=True):
    """A role that the caller can use now."""

    level: str
    scope: str
    role: str


class WhoAmI(Answer, frozen=True):
    """The caller: its principal (None: anonymous), its token, and what it may use in this workspace."""

    workspace: str
    principal: Principal | None = None
    token_id: str | None = None
    token_expires_at: datetime | None = None
    roles: Sequence[Role] = ()


class Record(Answer, frozen=True):
    """A record of the audit log. `leaf` is None until it is numbered, at most a second after its commit."""

    uid: str
    hash: str
    actor: str
    action: str
    outcome: str
    subject_kind: str
    subject_uid: str
    recorded_at: datetime
    leaf: int | None = None
    actor_name: str | None = None
    token_id: str | None = None
    details: Mapping[str, Any] = {}
    request_id: str | None = None


class ReviewedRole(Answer, frozen=True):
    """A role and the grant that gives it, to the principal itself or to its `team` (a name)."""

    role: str
    level: str
    scope: str
    team: str | None
    grant: str
    granted_by: str
    granted_at: datetime


class Review(Answer, frozen=True):
    """A principal in an access review. `tokens` work now; None: they are managed in another workspace."""

    principal: Principal
    roles: list[ReviewedRole]
    tokens: list[Token] | None
    last_used_at: datetime | None
    cut: bool


class Checkpoint(Answer, frozen=True):
    """Size and root (hex) of the log, signed: `note` is a C2SP tlog-checkpoint, `keys` may sign it."""

    size: int
    root: str
    note: str
    keys: Sequence[str] = ()


class Inclusion(Answer, frozen=True):
    """Proof that a record is in the log of `size` records (RFC 9162, 2.1.3); hashes are hex, the nearest first."""

    uid: str
    leaf: int
    hash: str
    size: int
    proof: list[str]
    checkpoint: str


class Followed(Answer, frozen=True):
    """A record of the log with its number: its canonical text as stored, and its stored leaf hash."""

    leaf: int
    record: str
    hash: str


class Follow(Answer, frozen=True):
    """Records in order, and the leaf to go on with."""

    origin: str
    records: list[Followed]
    next: int
    size: int


class Consistency(Answer, frozen=True):
    """Proof that the log of `new_size` records begins with that of `old_size` (RFC 9162, 2.1.4); hashes are hex."""

    old_size: int
    new_size: int
    old_root: str
    new_root: str
    proof: list[str]
