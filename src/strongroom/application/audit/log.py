"""The audit log for those who may read it: records, signed checkpoints, proofs and exports."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.audit import StoredRecord
from strongroom.application.ports.transaction import Transaction
from strongroom.application.views import time_of
from strongroom.domain.audit.checkpoint import Checkpoint, sign_checkpoint
from strongroom.domain.audit.export import Leaf, LogKey
from strongroom.domain.audit.merkle import consistency_proof, inclusion_proof, root
from strongroom.domain.audit.note import Signer
from strongroom.domain.audit.record import Subject, parse
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission

LOG = Subject("log", "audit")
EXPORT_A_STEP = 1_000


class LogKeyring(Protocol):
    """The keys of the log, as the adapters keep them."""

    @property
    def origin(self) -> str:
        """The log's name."""
        ...

    @property
    def current(self) -> Signer:
        """The key that signs now."""
        ...

    @property
    def header(self) -> tuple[LogKey, ...]:
        """Public halves with the sizes they are valid from."""
        ...

    def signers(self, size: int) -> tuple[Signer, ...]:
        """Who must sign the checkpoint of that size."""
        ...


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record of the log. `leaf` is null until it is numbered, at most a second after its commit."""

    uid: str
    leaf: int | None
    hash: str
    actor: str
    actor_name: str | None
    token_id: str | None
    action: str
    outcome: str
    subject_kind: str
    subject_uid: str
    details: Mapping[str, object]
    request_id: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """The size and root of the log, signed: a C2SP tlog-checkpoint as text, and the keys that may sign."""

    size: int
    root: str
    note: str
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class InclusionView:
    """Proof that a record is in the log of `size` leaves: RFC 9162, 2.1.3; hashes are hex, the leaf's sibling first."""

    uid: str
    leaf: int
    hash: str
    size: int
    proof: Sequence[str]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class ConsistencyView:
    """Proof that the log of `new_size` only appends to that of `old_size`: RFC 9162, 2.1.4; hashes are hex."""

    old_size: int
    new_size: int
    old_root: str
    new_root: str
    proof: Sequence[str]


@dataclass(frozen=True, slots=True)
class ListRecords:
    """Which records to list; times in microseconds UTC."""

    actor: str | None = None
    action: str | None = None
    subject_uid: str | None = None
    since: int | None = None
    until: int | None = None


def require_server(call: Call) -> None:
    """An export shows the whole log, of all workspaces: it needs the right on the server."""
    call.require(Permission.AUDIT_READ, Target(), LOG)


def view(record: StoredRecord, names: Mapping[str, str]) -> RecordView:
    """A record for its reader; names of principals are looked up, never stored."""
    parsed = parse(record.body)
    return RecordView(
        uid=record.uid,
        leaf=record.leaf,
        hash=record.hash,
        actor=parsed.actor,
        actor_name=names.get(parsed.actor),
        token_id=parsed.token_id,
        action=parsed.action,
        outcome=parsed.outcome,
        subject_kind=parsed.subject.kind,
        subject_uid=parsed.subject.uid,
        details=parsed.details,
        request_id=parsed.request_id,
        recorded_at=time_of(record.recorded_at),
    )


def listed(call: Call, query: ListRecords, page: PageRequest) -> Page[RecordView]:
    """Records of the workspace, newest first. Reading the log is itself recorded (a sensitive read)."""
    call.require(Permission.AUDIT_READ)
    listing = f"audit/{call.workspace.id}/{query}"
    rows = call.tx.audit.list(
        call.workspace.id,
        actor=query.actor,
        action=query.action,
        subject_uid=query.subject_uid,
        since=query.since,
        until=query.until,
        after=call.sealer.open(listing, page.token),
        limit=page.size + 1,
    )
    kept = call.sealer.page(listing, rows, page.size, lambda record: (record.id,))
    names = call.tx.principals.names([parse(record.body).actor for record in kept.items])
    call.record("audit.list", Subject("workspace", call.workspace.uid), event=False, outcome="read")
    return kept.map(lambda record: view(record, names))


def get(call: Call, uid: str) -> RecordView:
    """One record of the workspace."""
    call.require(Permission.AUDIT_READ)
    record = call.tx.audit.by_uid(uid)
    if record is None or parse(record.body).workspace != call.workspace.uid:
        raise NotFound("There is no such record.")
    call.record("audit.get", Subject("record", uid), event=False, outcome="read")
    return view(record, call.tx.principals.names([parse(record.body).actor]))


def checkpoint(call: Call, keys: LogKeyring) -> CheckpointView:
    """The log as it is now, signed and kept."""
    call.require(Permission.AUDIT_READ)
    return sign(call.tx, keys)


def sign(tx: Transaction, keys: LogKeyring) -> CheckpointView:
    """Sign the present size and root and keep the note; the size that is signed already is not signed again."""
    size = tx.audit.size()
    kept = tx.audit.latest_checkpoint()
    if kept is None or kept[0] != size:
        note = sign_checkpoint(Checkpoint(keys.origin, size, root(tx.audit, size)), keys.signers(size))
        tx.audit.add_checkpoint(size, note)
        kept = (size, note)
    return CheckpointView(size, root(tx.audit, size).hex(), kept[1], [str(key.key) for key in keys.header])


def inclusion(call: Call, keys: LogKeyring, uid: str) -> InclusionView:
    """Proof that one record of the workspace is in the log. :raises Conflict: it is not numbered yet."""
    call.require(Permission.AUDIT_READ)
    record = call.tx.audit.by_uid(uid)
    if record is None or parse(record.body).workspace != call.workspace.uid:
        raise NotFound("There is no such record.")
    if record.leaf is None:
        raise Conflict("The record is not numbered yet; ask again in a second.")
    signed = sign(call.tx, keys)
    proof = [step.hex() for step in inclusion_proof(call.tx.audit, record.leaf, signed.size)]
    return InclusionView(uid, record.leaf, record.hash, signed.size, proof, signed.note)


def consistency(call: Call, old_size: int, new_size: int | None) -> ConsistencyView:
    """Proof that the log only grew between two sizes."""
    call.require(Permission.AUDIT_READ)
    new = call.tx.audit.size() if new_size is None else new_size
    if new > call.tx.audit.size():
        raise NotFound("The log is not that long.", size=call.tx.audit.size())
    proof = [step.hex() for step in consistency_proof(call.tx.audit, old_size, new)]
    roots = root(call.tx.audit, old_size).hex(), root(call.tx.audit, new).hex()
    return ConsistencyView(old_size, new, *roots, proof)


def begin_export(call: Call, keys: LogKeyring) -> CheckpointView:
    """Say that the whole log is exported, and up to where: the size signed just before."""
    require_server(call)
    signed = sign(call.tx, keys)
    call.record("audit.export", LOG, {"size": signed.size}, event=False, outcome="read")
    return signed


def rows(tx: Transaction, start: int, count: int) -> Iterator[Leaf]:
    """Records with their stored numbers and leaf hashes, as an export carries them; one that is gone leaves a gap."""
    for record in tx.audit.export(start, count):
        if record.leaf is not None:
            yield Leaf(record.leaf, record.body, bytes.fromhex(record.hash))
