"""What can go wrong, in the domain's own words.

Every dialect maps each class here, once, to a status and a code of its own (``dialects/<name>/errors.py``); a test
holds that no class is missing there. Messages are for people and never hold secrets; `details` are for programs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class DomainError(Exception):
    """Base of every refusal that a caller can cause. `code` is stable and part of the native API.

    :param message: one sentence: what happened, and where possible what to do.
    :param details: plain JSON values (names of holders, expected and found digests, limits).
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, object] = details


class Invalid(DomainError):
    """A value from outside breaks a rule of form: name, path, number, length, state of a request."""

    code = "invalid"


class BadPath(Invalid):
    """A path inside a tree or folder that is not a plain relative path."""

    code = "bad_path"


class BadName(Invalid):
    """A name, slug or reference that breaks the naming rules."""

    code = "bad_name"


class BadPageToken(Invalid):
    """A page token that this server did not issue, or not for this listing."""

    code = "bad_page_token"


class DigestMismatch(Invalid):
    """Bytes received do not have the digest that was claimed for them; nothing was kept."""

    code = "digest_mismatch"


class SizeMismatch(Invalid):
    """Fewer or more bytes than announced; nothing was kept."""

    code = "size_mismatch"


class BadManifest(Invalid):
    """A manifest that does not say what its kind must. `details["path"]` names the place in it."""

    code = "bad_manifest"


class BadVariable(Invalid):
    """A variable of a prompt that is missing, unknown or of another type. `details["variable"]` names it."""

    code = "bad_variable"


class Unauthenticated(DomainError):
    """No credential where one is needed, or one that is unknown, expired or revoked."""

    code = "unauthenticated"


class Forbidden(DomainError):
    """The principal is known and may see the object, but not do this to it."""

    code = "forbidden"


class Gated(Forbidden):
    """The principal may see the asset, and has to ask for access before it reads the files."""

    code = "gated"


class NotFound(DomainError):
    """Nothing of that name, or nothing that the caller may know of."""

    code = "not_found"


class Purged(DomainError):
    """It existed and was removed for good; only its tombstone is left."""

    code = "purged"


class Recalled(DomainError):
    """Its bytes must not be pulled: a recall stands. `details["recalls"]` say which, since when and why."""

    code = "recalled"


class AlreadyExists(DomainError):
    """The name, number or label is taken."""

    code = "already_exists"


class Conflict(DomainError):
    """The object is not in a state that allows this (sealed draft, ended run, trashed asset)."""

    code = "conflict"


class Held(Conflict):
    """Deletion refused: something depends on it. `details["holders"]` names them."""

    code = "held"


class GateRefused(Conflict):
    """Rules of the workspace's policies keep a version back. `details["reasons"]`: what they say.

    :ivar decided: what the edge records of it, in a transaction of its own.
    """

    code = "gate_refused"
    decided: Sequence[Any] = ()


class StageEdgeNotAllowed(Conflict):
    """The workspace's stages have no edge from where the version is to where it should go."""

    code = "stage_edge_not_allowed"


class NotPossessed(Conflict):
    """A digest was named whose bytes the caller has neither sent nor may read through the target or a named base."""

    code = "not_possessed"


class MemberMismatch(Conflict):
    """Something was to be used with another thing than the one that its manifest names by digest."""

    code = "member_mismatch"


class PreconditionFailed(DomainError):
    """Compare-and-swap lost: the object is not at the ETag (or the alias not at the version) that was stated."""

    code = "precondition_failed"


class IdempotencyMismatch(DomainError):
    """The idempotency key was used before with another request."""

    code = "idempotency_mismatch"


class RangeNotSatisfiable(DomainError):
    """A byte range that lies outside the file. `details["size"]` is the file's size in bytes."""

    code = "range_not_satisfiable"


class TooLarge(DomainError):
    """A body, batch, file or number of entries above its limit. `details["limit"]` says which."""

    code = "too_large"


class TooManyRequests(DomainError):
    """A limit on how often or how many at once; the same request may succeed later."""

    code = "too_many_requests"


class StorageFull(DomainError):
    """The disk or bucket takes no more bytes; nothing was kept of this request."""

    code = "storage_full"


class Corrupted(DomainError):
    """Stored bytes are not what was written. `details["blob"]` names the SHA-256."""

    code = "corrupted"


class Unavailable(DomainError):
    """The database or the store cannot be reached now; the same request may succeed later."""

    code = "unavailable"
