"""Record sets: made, found, filled, frozen into data sets, removed.

Who may write runs in a namespace may fill its record sets. Names are not their own: two sets may share one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from strongroom.application.call import Call, check_etag
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.application.registry import namespaces
from strongroom.application.registry.assets import clean_tags
from strongroom.application.registry.views import TagView, tag_views
from strongroom.application.tracking import experiments
from strongroom.application.views import time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import NotFound, TooLarge
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_tag_key
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.record_sets import (
    BYTES_MOST,
    RECORDS_AT_ONCE,
    RECORDS_MOST,
    EvalRecord,
    NewRecord,
    RecordSet,
    clean_set_name,
    key_of,
    merged,
    size_of,
    with_fields,
)

KIND: Final = "record_set"
SETS_MOST: Final = 2_000
"""Record sets of a workspace: a search looks at all of them."""
EXPERIMENTS_MOST: Final = 100
"""Experiments named in one request."""
TAGS_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class CreateRecordSet:
    """A new record set, for these experiments."""

    name: str
    namespace: str = ""
    tags: Mapping[str, str | None] = field(default_factory=dict)
    experiment_uids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ChangeRecordSet:
    """Tags set and removed, experiments that it is for and no longer for."""

    tags: Mapping[str, str | None] = field(default_factory=dict)
    remove_tags: Sequence[str] = ()
    add_experiments: Sequence[str] = ()
    remove_experiments: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RecordSetView:
    """A record set without its records. `experiment_uids` are those that the caller may see."""

    uid: str
    name: str
    namespace: str
    schema: Mapping[str, object]
    records: int
    bytes: int
    generation: int
    digest: str
    tags: Sequence[TagView]
    experiment_uids: Sequence[str]
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Merged:
    """How many records are new, and how many were merged into one with the same inputs."""

    inserted: int
    updated: int


def create(call: Call, command: CreateRecordSet) -> RecordSetView:
    """Make an empty record set. :raises TooLarge: the workspace has as many as it may."""
    name, tags = clean_set_name(command.name), clean_tags(command.tags)
    namespace = namespaces.ensure(call, command.namespace, Permission.RUN_WRITE)
    call.require_namespace(Permission.RUN_WRITE, namespace)
    if call.tx.record_sets.count(call.workspace.id) >= SETS_MOST:
        raise TooLarge(f"A workspace has at most {SETS_MOST} record sets.", limit=SETS_MOST)
    joined = _experiments(call, command.experiment_uids)
    made = call.tx.record_sets.add(
        RecordSet(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            namespace_id=namespace.id,
            namespace_path=namespace.path,
            namespace_slug_path=namespace.slug_path,
            name=name,
            schema={},
            records=0,
            bytes=0,
            generation=0,
            etag=1,
            created_by=call.actor.uid,
            recorded_at=call.now,
            updated_at=call.now,
        )
    )
    call.tx.record_sets.join(made.id, [one.id for one in joined])
    call.tx.tags.set(call.workspace.id, KIND, made.id, tags, call.actor.id)
    call.record("record_set.create", Subject(KIND, made.uid), {"namespace": namespace.uid})
    return view_of(call, made)


def _experiments(call: Call, uids: Sequence[str]) -> list[Experiment]:
    """Experiments that the caller may see. :raises NotFound: one is not there."""
    if len(uids) > EXPERIMENTS_MOST:
        raise TooLarge(f"At most {EXPERIMENTS_MOST} experiments at a time.", limit=EXPERIMENTS_MOST)
    return [experiments.by_uid(call, uid, Permission.RUN_READ) for uid in dict.fromkeys(uids)]


def by_uid(call: Call, uid: str, permission: Permission) -> RecordSet:
    """A record set, when the caller may do this to it. :raises NotFound: none, or not visible."""
    found = call.tx.record_sets.by_uid(call.workspace.id, uid)
    namespace = call.tx.namespaces.by_id(found.namespace_id) if found else None
    try:
        call.require_namespace(permission, namespace)
    except NotFound as error:
        raise NotFound("There is no such record set.") from error
    assert found is not None  # noqa: S101 - require_namespace refused None
    return found


def locked(call: Call, uid: str, permission: Permission) -> RecordSet:
    """The same, with its row locked until the end of the transaction."""
    found = call.tx.record_sets.lock(by_uid(call, uid, permission).id)
    if found is None:
        raise NotFound("There is no such record set.")
    return found


def get(call: Call, uid: str) -> RecordSetView:
    """One record set."""
    return view_of(call, by_uid(call, uid, Permission.RUN_READ))


def view_of(call: Call, one: RecordSet) -> RecordSetView:
    """A record set for the caller."""
    return views(call, [one])[0]


def views(call: Call, found: Sequence[RecordSet]) -> list[RecordSetView]:
    """Record sets for the caller, in a constant number of queries."""
    ids = [one.id for one in found]
    tags, joined = call.tx.tags.current(KIND, ids), call.tx.record_sets.experiments(ids)
    known = call.tx.experiments.by_ids(sorted({id_ for some in joined.values() for id_ in some}))
    return [
        RecordSetView(
            one.uid,
            one.name,
            one.namespace_path,
            one.schema,
            one.records,
            one.bytes,
            one.generation,
            one.digest,
            tag_views(tags.get(one.id, ())),
            [known[id_].uid for id_ in joined.get(one.id, ()) if id_ in known and _sees(call, known[id_])],
            one.etag,
            one.created_by,
            time_of(one.recorded_at),
            time_of(one.updated_at),
        )
        for one in found
    ]


def _sees(call: Call, experiment: Experiment) -> bool:
    target = Target(workspace_id=experiment.workspace_id, namespace=experiment.namespace_slug_path)
    return call.caller.access.allows(Permission.RUN_READ, target)


def visible(call: Call, experiment_uids: Sequence[str] | None = None) -> list[RecordSet]:
    """All record sets that the caller may see, the newest first; of these experiments when some are named."""
    call.ask(Permission.RUN_READ)
    ids = [one.id for one in _experiments(call, experiment_uids)] if experiment_uids is not None else None
    return list(call.tx.record_sets.list(call.workspace.id, call.caller.access.visible(call.workspace.id), ids))


def listed(
    call: Call, page: PageRequest, *, name: str | None = None, experiment_uid: str | None = None
) -> Page[RecordSetView]:
    """Record sets that the caller may see, the newest first."""
    found = visible(call, [experiment_uid] if experiment_uid is not None else None)
    chosen = [one for one in found if name is None or one.name == name]
    return paged(call, chosen, page, f"{name}/{experiment_uid}")


def paged(call: Call, found: Sequence[RecordSet], page: PageRequest, what: str) -> Page[RecordSetView]:
    """A page of what was found, in that order; where the last one shown is gone, what stood at its place goes on.

    :param what: tells this listing from others.
    """
    listing = f"record_sets/{call.workspace.id}/{what}"
    after, place = call.sealer.open(listing, page.token) or ("", 0)
    positions = {one.uid: number for number, one in enumerate(found)}
    start = positions[str(after)] + 1 if after in positions else int(place or 0)
    rows = found[start : start + page.size + 1]
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.uid, positions[one.uid]))
    return Page(views(call, kept.items), kept.next_page_token)


def change(call: Call, uid: str, command: ChangeRecordSet, etag: int | None = None) -> RecordSetView:
    """Change tags, and which experiments it is for; what is not there need not be removed."""
    one = locked(call, uid, Permission.RUN_WRITE)
    check_etag(etag, one.etag)
    tags, gone = clean_tags(command.tags), [clean_tag_key(key) for key in command.remove_tags]
    present = {tag.key for tag in call.tx.tags.current(KIND, [one.id]).get(one.id, ())}
    if len(present | tags.keys()) > TAGS_MOST:
        raise TooLarge(f"A record set has at most {TAGS_MOST} tags.", limit=TAGS_MOST)
    call.tx.tags.set(call.workspace.id, KIND, one.id, tags, call.actor.id)
    call.tx.tags.remove(call.workspace.id, KIND, one.id, gone)
    added = _experiments(call, command.add_experiments)
    parted = _experiments(call, command.remove_experiments)
    call.tx.record_sets.join(one.id, [experiment.id for experiment in added])
    call.tx.record_sets.part(one.id, [experiment.id for experiment in parted])
    details = {"set": len(tags), "removed": len(gone), "joined": len(added), "parted": len(parted)}
    call.record("record_set.update", Subject(KIND, uid), details)
    return view_of(call, _noted(call, one, one.schema, one.records, one.bytes, changed=False))


def delete(call: Call, uid: str, etag: int | None = None) -> None:
    """Remove a record set with its records; data sets that it was frozen into stay."""
    one = locked(call, uid, Permission.RUN_DELETE)
    check_etag(etag, one.etag)
    keys = [tag.key for tag in call.tx.tags.current(KIND, [one.id]).get(one.id, ())]
    call.tx.tags.remove(call.workspace.id, KIND, one.id, keys)
    call.tx.record_sets.remove(one)
    call.record("record_set.delete", Subject(KIND, uid), {"records": one.records, "generation": one.generation})


def merge(call: Call, uid: str, records: Sequence[NewRecord]) -> Merged:
    """Add records, or merge them into those with the same inputs, all or none.

    :raises TooLarge: too many, or too much. :raises Invalid: one is no JSON.
    """
    if len(records) > RECORDS_AT_ONCE:
        raise TooLarge(f"At most {RECORDS_AT_ONCE} records at a time.", limit=RECORDS_AT_ONCE)
    one = locked(call, uid, Permission.RUN_WRITE)
    keyed = [(key_of(record.inputs), record) for record in records]
    before = call.tx.record_sets.of_keys(one.id, [key for key, _ in keyed])
    after: dict[str, EvalRecord] = dict(before)
    inserted = 0
    for key, record in keyed:
        inserted += key not in after
        after[key] = _merged(call, after.get(key), key, record)
    written = [after[key] for key in dict.fromkeys(key for key, _ in keyed)]
    count = one.records + inserted
    total = one.bytes + sum(new.size - (before[new.key].size if new.key in before else 0) for new in written)
    if count > RECORDS_MOST or total > BYTES_MOST:
        raise TooLarge(f"A record set has at most {RECORDS_MOST} records and {BYTES_MOST} bytes.", limit=RECORDS_MOST)
    call.tx.record_sets.put(one.id, written)
    changed = _noted(call, one, with_fields(one.schema, records), count, total, changed=bool(records))
    result = Merged(inserted, len(keyed) - inserted)
    details = {"inserted": result.inserted, "updated": result.updated, "generation": changed.generation}
    call.record("record_set.merge", Subject(KIND, uid), details)
    return result


def _merged(call: Call, old: EvalRecord | None, key: str, new: NewRecord) -> EvalRecord:
    whole = merged(old, new)
    return EvalRecord(
        id=old.id if old else 0,
        uid=old.uid if old else call.tx.new_uid(),
        key=key,
        inputs=whole.inputs,
        outputs=whole.outputs,
        expectations=whole.expectations,
        tags=clean_record_tags(whole.tags),
        source=whole.source,
        size=size_of(whole),
        recorded_at=old.recorded_at if old else call.now,
        updated_at=call.now,
    )


def clean_record_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags of a record, bounded as those of any object."""
    if len(tags) > TAGS_MOST:
        raise TooLarge(f"A record has at most {TAGS_MOST} tags.", limit=TAGS_MOST)
    return {key: value or "" for key, value in clean_tags(dict(tags)).items()}


def _noted(
    call: Call, one: RecordSet, schema: Mapping[str, object], records: int, bytes_: int, *, changed: bool
) -> RecordSet:
    return call.tx.record_sets.update(one, schema=schema, records=records, bytes_=bytes_, changed=changed)


def records_of(call: Call, uid: str, page: PageRequest) -> Page[EvalRecord]:
    """The records of a set in the order in which they were added; a page of large ones is short."""
    one = by_uid(call, uid, Permission.RUN_READ)
    listing = f"records/{one.id}"
    rows = call.tx.record_sets.records(one.id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: (row.id,))
    same: Callable[[Sequence[EvalRecord]], Sequence[EvalRecord]] = list
    return within_bytes(kept, same, lambda row: row.size, lambda row: call.sealer.seal(listing, (row.id,)))


def remove_records(call: Call, uid: str, record_uids: Sequence[str]) -> int:
    """Remove records; how many were there."""
    if len(record_uids) > RECORDS_AT_ONCE:
        raise TooLarge(f"At most {RECORDS_AT_ONCE} records at a time.", limit=RECORDS_AT_ONCE)
    one = locked(call, uid, Permission.RUN_WRITE)
    count, bytes_ = call.tx.record_sets.drop(one.id, list(dict.fromkeys(record_uids)))
    changed = _noted(call, one, one.schema, one.records - count, one.bytes - bytes_, changed=count > 0)
    call.record("record_set.remove", Subject(KIND, uid), {"removed": count, "generation": changed.generation})
    return count
