"""Record sets: rows for evaluations, merged by what they ask, frozen into data sets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import VersionView
from strongroom.application.tracking import record_set_freezing, record_sets
from strongroom.application.tracking.record_sets import ChangeRecordSet, Merged, RecordSetView
from strongroom.application.views import time_of
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Path, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.record_sets import NAME_LONGEST, RECORDS_AT_ONCE, EvalRecord, NewRecord

SetName = Annotated[str, Meta(min_length=1, max_length=NAME_LONGEST, description="Need not be its own.")]
Experiments = Annotated[list[Uid], Meta(max_length=record_sets.EXPERIMENTS_MOST)]
Document = dict[str, Any]


class CreateRecordSet(Struct, frozen=True, kw_only=True):
    """A new record set, for these experiments."""

    name: SetName
    namespace: Path = ""
    tags: dict[str, str | None] = {}
    experiment_uids: Experiments = []


class ListRecordSets(Paged, frozen=True, kw_only=True):
    """Which record sets to list."""

    name: SetName | None = None
    experiment_uid: Uid | None = None


class UpdateRecordSet(Struct, frozen=True, kw_only=True):
    """Tags set and removed, experiments that it is for and no longer for."""

    tags: dict[str, str | None] = {}
    remove_tags: Annotated[list[str], Meta(max_length=record_sets.TAGS_MOST)] = []
    add_experiments: Experiments = []
    remove_experiments: Experiments = []


class WantedRecord(Struct, frozen=True, kw_only=True):
    """A record: added, or merged into the one with the same `inputs`. `outputs` may be any JSON."""

    inputs: Document
    outputs: Any | UnsetType = UNSET
    expectations: Document | None = None
    tags: dict[str, str] = {}
    source: Document | None = None


class MergeRecords(Struct, frozen=True, kw_only=True):
    """Records, all of them or none."""

    records: Annotated[list[WantedRecord], Meta(max_length=RECORDS_AT_ONCE)]


class RemoveRecords(Struct, frozen=True, kw_only=True):
    """Records by their uids."""

    uids: Annotated[list[Uid], Meta(max_length=RECORDS_AT_ONCE)]


class Removed(Struct, frozen=True, kw_only=True):
    """How many were there."""

    removed: int


class FreezeRecords(Struct, frozen=True, kw_only=True):
    """The data set that gets a version, and what is said of it."""

    asset_uid: Uid
    description: str = ""
    label: str | None = None
    tags: dict[str, str | None] = {}
    aliases: Annotated[list[str], Meta(max_length=100)] = []


class RecordAnswer(Struct, frozen=True, kw_only=True):
    """One record."""

    uid: str
    inputs: Mapping[str, Any]
    outputs: Any
    expectations: Mapping[str, Any] | None
    tags: Mapping[str, str]
    source: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime


def _answer(one: EvalRecord) -> RecordAnswer:
    return RecordAnswer(
        uid=one.uid,
        inputs=one.inputs,
        outputs=one.outputs,
        expectations=one.expectations,
        tags=one.tags,
        source=one.source,
        created_at=time_of(one.recorded_at),
        updated_at=time_of(one.updated_at),
    )


def _new(wanted: Sequence[WantedRecord]) -> list[NewRecord]:
    return [
        NewRecord(
            one.inputs,
            None if one.outputs is UNSET else one.outputs,
            has_outputs=one.outputs is not UNSET,
            expectations=one.expectations,
            tags=one.tags,
            source=one.source,
        )
        for one in wanted
    ]


@command(
    "record_set.create",
    "POST",
    "/record-sets",
    Permission.RUN_WRITE,
    "Make a record set",
    body=CreateRecordSet,
    answer=RecordSetView,
    status=201,
)
def create_record_set(call: Call, request: Request[Any, CreateRecordSet]) -> RecordSetView:
    b = request.body
    return record_sets.create(call, record_sets.CreateRecordSet(b.name, b.namespace, b.tags, b.experiment_uids))


@read(
    "record_set.list",
    "/record-sets",
    Permission.RUN_READ,
    "Record sets, the newest first",
    params=ListRecordSets,
    answer=Page[RecordSetView],
)
def list_record_sets(call: Call, request: Request[ListRecordSets, Any]) -> Page[RecordSetView]:
    p = request.params
    return record_sets.listed(call, p.page(), name=p.name, experiment_uid=p.experiment_uid)


@read("record_set.get", "/record-sets/{uid}", Permission.RUN_READ, "One record set", params=ByUid, answer=RecordSetView)
def get_record_set(call: Call, request: Request[ByUid, Any]) -> RecordSetView:
    return record_sets.get(call, request.params.uid)


@command(
    "record_set.update",
    "PATCH",
    "/record-sets/{uid}",
    Permission.RUN_WRITE,
    "Change tags, and which experiments it is for",
    params=ByUid,
    body=UpdateRecordSet,
    answer=RecordSetView,
)
def update_record_set(call: Call, request: Request[ByUid, UpdateRecordSet]) -> RecordSetView:
    b = request.body
    changes = ChangeRecordSet(b.tags, b.remove_tags, b.add_experiments, b.remove_experiments)
    return record_sets.change(call, request.params.uid, changes, request.etag)


@command(
    "record_set.delete",
    "DELETE",
    "/record-sets/{uid}",
    Permission.RUN_DELETE,
    "Remove a record set with its records; data sets that it was frozen into stay",
    params=ByUid,
)
def delete_record_set(call: Call, request: Request[ByUid, Any]) -> None:
    record_sets.delete(call, request.params.uid, request.etag)


@command(
    "record_set.merge",
    "POST",
    "/record-sets/{uid}/records",
    Permission.RUN_WRITE,
    "Add records, or merge them into those with the same inputs",
    params=ByUid,
    body=MergeRecords,
    answer=Merged,
)
def merge_records(call: Call, request: Request[ByUid, MergeRecords]) -> Merged:
    return record_sets.merge(call, request.params.uid, _new(request.body.records))


@read(
    "record_set.records",
    "/record-sets/{uid}/records",
    Permission.RUN_READ,
    "Records in the order in which they were added",
    params=PagedByUid,
    answer=Page[RecordAnswer],
)
def list_records(call: Call, request: Request[PagedByUid, Any]) -> Page[RecordAnswer]:
    return record_sets.records_of(call, request.params.uid, request.params.page()).map(_answer)


@command(
    "record_set.remove",
    "POST",
    "/record-sets/{uid}/records/remove",
    Permission.RUN_WRITE,
    "Remove records",
    params=ByUid,
    body=RemoveRecords,
    answer=Removed,
)
def remove_records(call: Call, request: Request[ByUid, RemoveRecords]) -> Removed:
    return Removed(removed=record_sets.remove_records(call, request.params.uid, request.body.uids))


@flow(
    "record_set.freeze",
    "POST",
    "/record-sets/{uid}/freeze",
    Permission.VERSION_REGISTER,
    "Freeze a record set into a version of a data set",
    params=ByUid,
    body=FreezeRecords,
    answer=VersionView,
    status=201,
)
async def freeze_record_set(edge: Edge, request: Request[ByUid, FreezeRecords]) -> VersionView:
    b = request.body
    details = PublishDetails(description=b.description, label=b.label, tags=b.tags, aliases=b.aliases)
    return await record_set_freezing.freeze(edge, request.params.uid, b.asset_uid, details)


OPERATIONS = (
    create_record_set,
    list_record_sets,
    get_record_set,
    update_record_set,
    delete_record_set,
    merge_records,
    list_records,
    remove_records,
    freeze_record_set,
)
