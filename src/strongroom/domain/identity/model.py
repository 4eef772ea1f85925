"""Principals, teams and tokens as values."""

from dataclasses import dataclass

ANONYMOUS = "anonymous"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone or something that acts: kind is user, service or system."""

    id: int
    uid: str
    kind: str
    name: str
    display_name: str
    home_workspace_id: int | None
    recorded_at: int
    disabled_at: int | None


@dataclass(frozen=True, slots=True)
class Team:
    """Principals of one workspace under one name."""

    id: int
    uid: str
    workspace_id: int
    name: str
    description: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What is kept of a token: its id, the SHA-256 of its secret, its caps and its life. Never the secret."""

    id: str
    principal_id: int
    secret_hash: str
    description: str
    role_cap: str | None
    workspace_id: int | None
    recorded_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None
