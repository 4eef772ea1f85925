"""Who may do what: permissions, roles, grants and the one function that decides. Pure, and denies by default.

`RULES` is the only table. A permission needs a role, held by a grant at the permission's level or above it:
a grant on one asset never gives a right over its namespace, nor one on a namespace a right over the workspace.

Visibility of an asset bounds the reach of grants from above it:

- *workspace*: grants on server, workspace and namespaces flow down to it.
- *private*: only grants on the asset itself, and ``admin`` of the workspace or server. A namespace's admin does not.
- *public*: as workspace; moreover anybody may read it, where the operator switched public reading on.

An environment is read like a workspace; what runs in it is changed by grants on it, on the workspace or the server, and
where it is *restricted* only by grants on it and ``admin`` of the workspace or server.

A *gated* asset is seen by the same people, and its files are read by those who asked for access and got it, which is a
grant on the asset; contributors from above read them as well.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum, unique
from typing import NamedTuple

from strongroom.domain.errors import Invalid


class Role(IntEnum):
    """What a grant gives; each holds all that the smaller ones hold."""

    VIEWER = 1
    CONTRIBUTOR = 2
    MAINTAINER = 3
    ADMIN = 4

    @classmethod
    def parse(cls, text: str) -> "Role":
        """The role of that lower-case name.

        :raises Invalid: no such role.
        """
        try:
            return _ROLE_NAMES[text]
        except KeyError:
            raise Invalid("A role is viewer, contributor, maintainer or admin.") from None


_ROLE_NAMES = {role.name.lower(): role for role in Role}


class Visibility(StrEnum):
    """How far grants from above reach an asset, see the module."""

    PRIVATE = "private"
    WORKSPACE = "workspace"
    PUBLIC = "public"


class Level(IntEnum):
    """Where a grant stands, or the lowest place from which a permission may be granted.

    An environment lies in a workspace, beside its namespaces: a grant on one reaches nothing else.
    """

    ENVIRONMENT = 0
    ASSET = 1
    NAMESPACE = 2
    WORKSPACE = 3
    SERVER = 4


@unique
class Permission(Enum):
    """Every right a route can ask for, spelled ``resource:action``."""

    PUBLIC = "public"
    SELF = "self"
    ASSET_READ = "asset:read"
    ASSET_CREATE = "asset:create"
    ASSET_EDIT = "asset:edit"
    ASSET_RENAME = "asset:rename"
    ASSET_SHARE = "asset:share"
    ASSET_DELETE = "asset:delete"
    ASSET_PURGE = "asset:purge"
    VERSION_BYTES = "version:bytes"
    VERSION_REGISTER = "version:register"
    VERSION_EDIT = "version:edit"
    VERSION_DELETE = "version:delete"
    ALIAS_SET = "alias:set"
    ALIAS_PROTECT = "alias:protect"
    HOLD_PLACE = "hold:place"
    HOLD_RELEASE = "hold:release"
    RETENTION_SET = "retention:set"
    REF_PROTECT = "ref:protect"
    PUBLICATION_SET = "publication:set"
    STAGE_SET = "stage:set"
    APPROVAL_ASK = "approval:ask"
    VERDICT_GIVE = "verdict:give"
    WAIVER_ASK = "waiver:ask"
    WAIVER_GRANT = "waiver:grant"
    EVALUATION_WRITE = "evaluation:write"
    COMMENT_READ = "comment:read"
    COMMENT_WRITE = "comment:write"
    COMMENT_MODERATE = "comment:moderate"
    RUN_READ = "run:read"
    RUN_WRITE = "run:write"
    RUN_DELETE = "run:delete"
    FOLDER_READ = "folder:read"
    FOLDER_WRITE = "folder:write"
    BLOB_UPLOAD = "blob:upload"
    LINEAGE_READ = "lineage:read"
    LINEAGE_WRITE = "lineage:write"
    FLAG_SET = "flag:set"
    FLAG_REMOVE = "flag:remove"
    RELEASE_READ = "release:read"
    RELEASE_CREATE = "release:create"
    RELEASE_PLACE = "release:place"
    TARGET_WRITE = "target:write"
    ENVIRONMENT_WRITE = "environment:write"
    NAMESPACE_READ = "namespace:read"
    NAMESPACE_CREATE = "namespace:create"
    NAMESPACE_EDIT = "namespace:edit"
    NAMESPACE_DELETE = "namespace:delete"
    GRANT_READ = "grant:read"
    GRANT_WRITE = "grant:write"
    WORKSPACE_READ = "workspace:read"
    WORKSPACE_SETTINGS = "workspace:settings"
    POLICY_WRITE = "policy:write"
    RECALL_READ = "recall:read"
    RECALL_ASK = "recall:ask"
    RECALL_WRITE = "recall:write"
    AUTOMATION_READ = "automation:read"
    AUTOMATION_WRITE = "automation:write"
    WEBHOOK_READ = "webhook:read"
    WEBHOOK_WRITE = "webhook:write"
    PRINCIPAL_READ = "principal:read"
    PRINCIPAL_WRITE = "principal:write"
    TOKEN_MANAGE = "token:manage"  # noqa: S105 - the name of a right over other principals' tokens, no secret
    AUDIT_READ = "audit:read"
    WORKSPACE_CREATE = "workspace:create"
    WORKSPACE_DELETE = "workspace:delete"
    SERVER_READ = "server:read"
    SERVER_SETTINGS = "server:settings"
    SERVER_BACKUP = "server:backup"


class Rule(NamedTuple):
    """The least role that holds a permission, and the lowest level a grant of it may stand at."""

    role: Role
    level: Level


def _at(level: Level, role: Role, *permissions: Permission) -> dict[Permission, Rule]:
    return dict.fromkeys(permissions, Rule(role, level))


_P, _R, _L = Permission, Role, Level
RULES: dict[Permission, Rule] = {
    **_at(_L.ENVIRONMENT, _R.VIEWER, _P.RELEASE_READ),
    **_at(_L.ENVIRONMENT, _R.CONTRIBUTOR, _P.TARGET_WRITE),
    **_at(_L.ENVIRONMENT, _R.MAINTAINER, _P.RELEASE_PLACE),
    **_at(_L.ASSET, _R.VIEWER, _P.ASSET_READ, _P.VERSION_BYTES, _P.FOLDER_READ, _P.LINEAGE_READ),
    **_at(_L.ASSET, _R.VIEWER, _P.COMMENT_READ),
    **_at(_L.ASSET, _R.CONTRIBUTOR, _P.ASSET_EDIT, _P.VERSION_REGISTER, _P.VERSION_EDIT, _P.EVALUATION_WRITE),
    **_at(_L.ASSET, _R.CONTRIBUTOR, _P.FOLDER_WRITE, _P.BLOB_UPLOAD, _P.LINEAGE_WRITE, _P.FLAG_SET),
    **_at(_L.ASSET, _R.CONTRIBUTOR, _P.COMMENT_WRITE, _P.APPROVAL_ASK, _P.VERDICT_GIVE, _P.WAIVER_ASK),
    **_at(_L.ASSET, _R.MAINTAINER, _P.COMMENT_MODERATE),
    **_at(_L.ASSET, _R.MAINTAINER, _P.REF_PROTECT, _P.PUBLICATION_SET, _P.HOLD_PLACE),
    **_at(_L.ASSET, _R.MAINTAINER, _P.ALIAS_SET, _P.STAGE_SET, _P.VERSION_DELETE),
    **_at(_L.ASSET, _R.MAINTAINER, _P.FLAG_REMOVE),
    **_at(_L.ASSET, _R.MAINTAINER, _P.ASSET_RENAME, _P.ASSET_SHARE, _P.ASSET_DELETE, _P.GRANT_READ),
    **_at(_L.ASSET, _R.ADMIN, _P.ASSET_PURGE, _P.GRANT_WRITE),
    **_at(_L.ASSET, _R.ADMIN, _P.ALIAS_PROTECT, _P.HOLD_RELEASE, _P.RETENTION_SET, _P.WAIVER_GRANT),
    **_at(_L.NAMESPACE, _R.VIEWER, _P.NAMESPACE_READ, _P.RUN_READ),
    **_at(_L.NAMESPACE, _R.CONTRIBUTOR, _P.ASSET_CREATE, _P.RUN_WRITE),
    **_at(_L.NAMESPACE, _R.MAINTAINER, _P.RUN_DELETE, _P.NAMESPACE_CREATE, _P.NAMESPACE_EDIT),
    **_at(_L.NAMESPACE, _R.ADMIN, _P.NAMESPACE_DELETE),
    **_at(_L.WORKSPACE, _R.VIEWER, _P.WORKSPACE_READ, _P.PRINCIPAL_READ, _P.RECALL_READ),
    **_at(_L.WORKSPACE, _R.CONTRIBUTOR, _P.RELEASE_CREATE, _P.RECALL_ASK),
    **_at(_L.WORKSPACE, _R.ADMIN, _P.ENVIRONMENT_WRITE),
    **_at(_L.WORKSPACE, _R.MAINTAINER, _P.WEBHOOK_READ, _P.AUTOMATION_READ, _P.AUTOMATION_WRITE),
    **_at(_L.WORKSPACE, _R.ADMIN, _P.WORKSPACE_SETTINGS, _P.POLICY_WRITE, _P.WEBHOOK_WRITE, _P.PRINCIPAL_WRITE),
    **_at(_L.WORKSPACE, _R.ADMIN, _P.TOKEN_MANAGE, _P.AUDIT_READ, _P.RECALL_WRITE),
    **_at(_L.SERVER, _R.VIEWER, _P.SERVER_READ),
    **_at(_L.SERVER, _R.ADMIN, _P.WORKSPACE_CREATE, _P.WORKSPACE_DELETE, _P.SERVER_SETTINGS, _P.SERVER_BACKUP),
}
"""Permission -> rule. `Permission.PUBLIC` and `Permission.SELF` need no role and are not in it."""

CHANGING = frozenset({_P.RELEASE_PLACE, _P.TARGET_WRITE})
"""What a restricted environment leaves to grants on itself, and to admins of the workspace or server."""

READING = frozenset(p for p, rule in RULES.items() if rule == Rule(Role.VIEWER, Level.ASSET)) - {_P.COMMENT_READ}
"""What anybody may do to a public asset; what people say about it among themselves is not public."""


BYTES = frozenset({_P.VERSION_BYTES, _P.FOLDER_READ})
"""What a gate bars viewers from who have no grant on the asset itself."""


def permissions_of(role: Role) -> frozenset[Permission]:
    """All that a role holds when it is granted on the whole server."""
    return frozenset(permission for permission, rule in RULES.items() if rule.role <= role)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a grant stands; make one with `server`, `workspace`, `namespace`, `asset` or `environment`."""

    level: Level
    workspace_id: int | None = None
    namespace: str | None = None
    asset_id: int | None = None
    environment_id: int | None = None

    @classmethod
    def server(cls) -> "Scope":
        """The whole server."""
        return cls(Level.SERVER)

    @classmethod
    def workspace(cls, workspace_id: int) -> "Scope":
        """One workspace and all in it."""
        return cls(Level.WORKSPACE, workspace_id)

    @classmethod
    def namespace_at(cls, workspace_id: int, slug_path: str) -> "Scope":
        """One namespace and those below it, by slugs joined with ``/``.

        :raises Invalid: the root, which is the workspace itself.
        """
        if not slug_path:
            raise Invalid("A grant on the root namespace is a grant on the workspace.")
        return cls(Level.NAMESPACE, workspace_id, slug_path)

    @classmethod
    def asset(cls, workspace_id: int, asset_id: int) -> "Scope":
        """One asset."""
        return cls(Level.ASSET, workspace_id, None, asset_id)

    @classmethod
    def environment(cls, workspace_id: int, environment_id: int) -> "Scope":
        """One environment."""
        return cls(Level.ENVIRONMENT, workspace_id, environment_id=environment_id)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to a principal or team at a scope. `subject` is the uid of either."""

    subject: str
    scope: Scope
    role: Role
