"""Evaluation datasets: record sets of the root namespace."""

import json

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.tracking import record_sets
from strongroom.application.tracking.record_sets import ChangeRecordSet, CreateRecordSet, RecordSetView
from strongroom.dialects.mlflow.operation import command, read
from strongroom.dialects.mlflow.operations.experiments import default_uid, uid_of
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import datasets as translate
from strongroom.dialects.mlflow.translate.common import page_size
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.wire import datasets as wire
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.record_sets import EvalRecord

ABSENT = "Evaluation dataset with id '{dataset_id}' not found"
RESULTS_DEFAULT, RESULTS_MOST = 1_000, 50_000
RECORDS_DEFAULT, RECORDS_MOST = 1_000, 10_000
_READ, _WRITE, _DELETE = Permission.RUN_READ, Permission.RUN_WRITE, Permission.RUN_DELETE
_ONE = "/mlflow/datasets/{dataset_id}"
_V3 = ("3.0",)


def _answer(call: Call, view: RecordSetView, *, experiments: bool = False) -> wire.DatasetAnswer:
    return wire.DatasetAnswer(dataset=translate.dataset(view, default_uid(call), experiments=experiments))


@command(
    "datasets.create", "POST", "/mlflow/datasets/create", _WRITE, wire.CreateDataset, required=("name",), versions=_V3
)
def create(call: Call, message: wire.CreateDataset) -> wire.DatasetAnswer:
    """Make an evaluation dataset."""
    uids = [uid_of(call, one) for one in message.experiment_ids]
    wanted = CreateRecordSet(message.name or "", "", dict(translate.tags_of(message.tags)), uids)
    return _answer(call, record_sets.create(call, wanted), experiments=True)


@read("datasets.get", "GET", _ONE, _READ, wire.ById, versions=_V3, absent=ABSENT)
def get(call: Call, message: wire.ById) -> wire.DatasetAnswer:
    """One, without its records."""
    return _answer(call, record_sets.get(call, translate.set_uid(message.dataset_id)))


@command("datasets.delete", "DELETE", _ONE, _DELETE, wire.ById, versions=_V3, absent=ABSENT)
def delete(call: Call, message: wire.ById) -> None:
    """Remove one with its records; one that is not there does not matter."""
    try:
        record_sets.delete(call, translate.set_uid(message.dataset_id))
    except NotFound:
        call.ask(_DELETE)


@read("datasets.search", "GET POST", "/mlflow/datasets/search", _READ, wire.SearchDatasets, versions=_V3)
def search(call: Call, message: wire.SearchDatasets) -> wire.DatasetsAnswer:
    """Those that fit a filter, the newest first unless asked otherwise."""
    size = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST)
    choose = translate.searched(message.filter_string or "", message.order_by)
    of = [uid_of(call, one) for one in message.experiment_ids] or None
    found = record_sets.visible(call, of)
    by_uid = {one.uid: one for one in found if not one.namespace_path}
    chosen = choose(record_sets.views(call, list(by_uid.values())))
    ordered = [by_uid[view.uid] for view in chosen]
    what = json.dumps([message.filter_string, message.order_by, message.experiment_ids])
    page = gathered(lambda asked: record_sets.paged(call, ordered, asked, what), size, message.page_token)
    default = default_uid(call)
    shown = [translate.dataset(view, default) for view in page.items]
    return wire.DatasetsAnswer(datasets=shown, next_page_token=page.next_page_token)


@command(
    "datasets.set_tags",
    "PATCH",
    f"{_ONE}/tags",
    _WRITE,
    wire.SetTags,
    required=("tags",),
    versions=_V3,
    absent=ABSENT,
)
def set_tags(call: Call, message: wire.SetTags) -> wire.DatasetAnswer:
    """Set tags; others stay."""
    changes = ChangeRecordSet(tags=dict(translate.tags_of(message.tags)))
    return _answer(call, record_sets.change(call, translate.set_uid(message.dataset_id), changes))


@command("datasets.delete_tag", "DELETE", _ONE + "/tags/{key}", _WRITE, wire.DeleteTag, versions=_V3, absent=ABSENT)
def delete_tag(call: Call, message: wire.DeleteTag) -> None:
    """Remove a tag; one that is not there does not matter."""
    changes = ChangeRecordSet(remove_tags=[message.key or ""])
    record_sets.change(call, translate.set_uid(message.dataset_id), changes)


@command(
    "datasets.upsert",
    "POST",
    f"{_ONE}/records",
    _WRITE,
    wire.UpsertRecords,
    required=("records",),
    versions=_V3,
    absent=ABSENT,
    largest=32 * 1024 * 1024,
)
def upsert(call: Call, message: wire.UpsertRecords) -> wire.Upserted:
    """Add records, or merge them into those with the same inputs."""
    done = record_sets.merge(call, translate.set_uid(message.dataset_id), translate.new_records(message.records))
    return wire.Upserted(inserted_count=done.inserted, updated_count=done.updated)


@read("datasets.records", "GET", f"{_ONE}/records", _READ, wire.GetRecords, versions=_V3, absent=ABSENT)
def records(call: Call, message: wire.GetRecords) -> wire.RecordsAnswer:
    """A page of records, as JSON inside a text."""
    size, uid = page_size(message.max_results, RECORDS_DEFAULT, RECORDS_MOST), translate.set_uid(message.dataset_id)

    def look(asked: PageRequest) -> Page[EvalRecord]:
        return record_sets.records_of(call, uid, asked)

    page = gathered(look, size, message.page_token)
    said = [translate.spoken_record(one, message.dataset_id or "") for one in page.items]
    return wire.RecordsAnswer(records=json.dumps(said), next_page_token=page.next_page_token)


@command(
    "datasets.delete_records", "DELETE", f"{_ONE}/records", _WRITE, wire.DeleteRecords, versions=_V3, absent=ABSENT
)
def delete_records(call: Call, message: wire.DeleteRecords) -> wire.DeletedRecords:
    """Remove records."""
    uids = translate.record_uids(message.dataset_record_ids)
    return wire.DeletedRecords(
        deleted_count=record_sets.remove_records(call, translate.set_uid(message.dataset_id), uids)
    )


@read("datasets.experiment_ids", "GET", f"{_ONE}/experiment-ids", _READ, wire.ById, versions=_V3, absent=ABSENT)
def experiment_ids(call: Call, message: wire.ById) -> wire.ExperimentIds:
    """The experiments that it is for, as far as the caller may see them."""
    view, default = record_sets.get(call, translate.set_uid(message.dataset_id)), default_uid(call)
    return wire.ExperimentIds(experiment_ids=[experiment_id(uid, default) for uid in view.experiment_uids])


@command("datasets.add_experiments", "POST", f"{_ONE}/add-experiments", _WRITE, wire.ForExperiments, versions=_V3)
def add_experiments(call: Call, message: wire.ForExperiments) -> wire.DatasetAnswer:
    """It is for these experiments too."""
    changes = ChangeRecordSet(add_experiments=[uid_of(call, one) for one in message.experiment_ids])
    view = record_sets.change(call, translate.set_uid(message.dataset_id), changes)
    return _answer(call, view, experiments=True)


@command("datasets.remove_experiments", "POST", f"{_ONE}/remove-experiments", _WRITE, wire.ForExperiments, versions=_V3)
def remove_experiments(call: Call, message: wire.ForExperiments) -> wire.DatasetAnswer:
    """It is for these experiments no longer."""
    changes = ChangeRecordSet(remove_experiments=[uid_of(call, one) for one in message.experiment_ids])
    view = record_sets.change(call, translate.set_uid(message.dataset_id), changes)
    return _answer(call, view, experiments=True)


OPERATIONS = (
    create,
    get,
    delete,
    search,
    set_tags,
    delete_tag,
    upsert,
    records,
    delete_records,
    experiment_ids,
    add_experiments,
    remove_experiments,
)
