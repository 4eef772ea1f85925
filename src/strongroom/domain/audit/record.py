"""The audit record: who did what to which object, as the bytes that the log's Merkle tree covers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from strongroom.domain.audit import canonical_json
from strongroom.domain.audit.canonical_json import MAX_INT, Json
from strongroom.domain.audit.hashing import leaf_hash
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.tokens import holds_token, is_token_id

__all__ = ["MAX_RECORD_BYTES", "VERSION", "AuditRecord", "Outcome", "Subject", "canonical", "leaf_hash", "parse"]

Outcome = Literal["done", "refused", "read"]
"""A command that changed something, one that was refused, or a read that is kept."""

VERSION: Final = 1
"""The form of records written now; it stands in each as ``"v"``."""

MAX_RECORD_BYTES: Final = 65_536
"""Bytes of one canonical record."""

_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_ACTION = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a record is about.

    :param kind: one of our words (``version``, ``asset``, ``token``), at most 16 characters.
    :param uid: its uid, at most 36 characters ``[A-Za-z0-9._:-]``; never a name that may have to be erased.
    :raises Invalid: either has another form.
    """

    kind: str
    uid: str

    def __post_init__(self) -> None:
        _named(self.kind, "subject kind", 16)
        _named(self.uid, "subject uid", 36)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record. Nothing in it may ever have to be erased: ids, digests and numbers, no free text, no secrets.

    :param uid: UUIDv7 of the record, lower case with hyphens (RFC 9562).
    :param workspace: slug or uid of the tenant, at most 96 characters; ``None`` for what concerns the whole server.
    :param recorded_at: microseconds since 1970 in UTC, by the server's clock.
    :param actor: uid of the principal, ``anonymous`` or ``system``; at most 36 characters.
    :param token_id: public id of the token used, 20 characters; ``None`` without one.
    :param action: dotted lower-case words, at most 64 characters: ``version.register``.
    :param outcome: see `Outcome`.
    :param subject: see `Subject`.
    :param subject_seq: the asset's ``event_seq`` this command took, if its subject has one.
    :param request_id: the server's id of the request, at most 64 characters.
    :param details: plain JSON (ids, digests, numbers) within the bounds of `canonical_json`; copied and frozen.
    :raises Invalid: a field has another form, a token stands in the details, or the whole is above 64 KiB.
    """

    uid: str
    workspace: str | None
    recorded_at: int
    actor: str
    token_id: str | None
    action: str
    outcome: Outcome
    subject: Subject
    subject_seq: int | None = None
    request_id: str | None = None
    details: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not _UID.fullmatch(self.uid):
            raise Invalid("A record's uid is a UUIDv7 in lower case.")
        _named(self.actor, "actor", 36)
        if not _ACTION.fullmatch(self.action):
            raise Invalid("An action is two or more dotted lower-case words, at most 64 characters.")
        if self.outcome not in get_args(Outcome):
            raise Invalid("An outcome is done, refused or read.")
        _number(self.recorded_at, "recorded_at")
        if self.workspace is not None:
            _named(self.workspace, "workspace", 96)
        if self.request_id is not None:
            _named(self.request_id, "request id", 64)
        if self.subject_seq is not None:
            _number(self.subject_seq, "subject_seq")
        if self.token_id is not None and not is_token_id(self.token_id):
            raise Invalid("A record names a token by its id, 20 characters that start SR.")
        if not isinstance(self.details, Mapping):
            raise Invalid("A record's details are an object.")
        object.__setattr__(self, "details", canonical_json.freeze(self.details))
        if holds_token(canonical(self).decode()):
            raise Invalid("A record never holds a token.")


def canonical(record: AuditRecord) -> bytes:
    """The record's bytes: RFC 8785 JSON, UTF-8, with the version of this form as ``"v"``; at most `MAX_RECORD_BYTES`.

    :raises Invalid: the record is larger than that.
    """
    data = canonical_json.dumps(
        {
            "v": VERSION,
            "uid": record.uid,
            "workspace": record.workspace,
            "recorded_at": record.recorded_at,
            "actor": record.actor,
            "token_id": record.token_id,
            "action": record.action,
            "outcome": record.outcome,
            "subject": {"kind": record.subject.kind, "uid": record.subject.uid},
            "subject_seq": record.subject_seq,
            "request_id": record.request_id,
            "details": record.details,
        }
    )
    if len(data) > MAX_RECORD_BYTES:
        raise Invalid("An audit record has at most 64 KiB.", limit=MAX_RECORD_BYTES)
    return data


def parse(data: bytes) -> AuditRecord:
    """Read what `canonical` wrote: ``canonical(parse(data)) == data`` holds for all that is accepted.

    :raises Invalid: above `MAX_RECORD_BYTES`, not canonical, a field missing, unknown or ill-formed, or a version of
        the form that this code does not know.
    """
    if len(data) > MAX_RECORD_BYTES:
        raise Invalid("An audit record has at most 64 KiB.", limit=MAX_RECORD_BYTES)
    body = canonical_json.loads(data)
    if not isinstance(body, Mapping):
        raise Invalid("An audit record is a JSON object.")
    if body.get("v") is True or body.get("v") != VERSION:
        raise Invalid("This audit record has a form that this version of Strongroom does not know.", known=VERSION)
    subject = body.get("subject")
    names = {one.name for one in fields(AuditRecord)} | {"v"}
    if set(body) != names or not isinstance(subject, Mapping) or set(subject) != {"kind", "uid"}:
        raise Invalid("This audit record lacks a field or has one too many.")
    plain = {key: value for key, value in body.items() if key not in ("v", "subject")}
    try:
        # The constructor checks each field; the cast only tells the type checker so.
        return AuditRecord(subject=Subject(**cast("dict[str, str]", subject)), **cast("dict[str, str]", plain))  # type: ignore[arg-type]
    except TypeError as error:
        raise Invalid("A field of this audit record has the wrong type.") from error


def _named(value: str, what: str, limit: int) -> None:
    if len(value) > limit or not _NAME.fullmatch(value):
        raise Invalid(f"A record's {what} has at most {limit} characters, letters, digits and . _ : - only.")


def _number(value: int, what: str) -> None:
    if type(value) is not int or not 0 <= value <= MAX_INT:
        raise Invalid(f"A record's {what} is a whole number from 0 to 2**53 - 1.")
