"""MLflow's messages about evaluation datasets. Tags, records, schema and profile are JSON inside texts."""

from strongroom.dialects.mlflow.wire.codec import Message


class Dataset(Message):
    """An evaluation dataset without its records."""

    dataset_id: str
    name: str
    tags: str
    digest: str
    created_time: int
    last_update_time: int
    schema: str | None = None
    profile: str | None = None
    created_by: str | None = None
    last_updated_by: str | None = None
    experiment_ids: list[str] = []


class DatasetAnswer(Message):
    """One evaluation dataset."""

    dataset: Dataset


class DatasetsAnswer(Message):
    """Some of them."""

    datasets: list[Dataset]
    next_page_token: str | None = None


class ById(Message):
    """An evaluation dataset by its id."""

    dataset_id: str | None = None


class CreateDataset(Message):
    """A new one."""

    name: str | None = None
    experiment_ids: list[str] = []
    tags: str | None = None


class SearchDatasets(Message):
    """Which are looked for."""

    experiment_ids: list[str] = []
    filter_string: str | None = None
    max_results: int | None = None
    order_by: list[str] = []
    page_token: str | None = None


class SetTags(ById):
    """Tags as JSON."""

    tags: str | None = None


class DeleteTag(ById):
    """One tag."""

    key: str | None = None


class UpsertRecords(ById):
    """Records as JSON."""

    records: str | None = None


class Upserted(Message, omit_defaults=False):
    """How many are new, and how many were merged."""

    inserted_count: int
    updated_count: int


class GetRecords(ById):
    """A page of records."""

    max_results: int | None = None
    page_token: str | None = None


class RecordsAnswer(Message):
    """Records as JSON."""

    records: str
    next_page_token: str | None = None


class DeleteRecords(ById):
    """Records by their ids."""

    dataset_record_ids: list[str] = []


class DeletedRecords(Message, omit_defaults=False):
    """How many were there."""

    deleted_count: int


class ForExperiments(ById):
    """Experiments that it is for, or not any more."""

    experiment_ids: list[str] = []


class ExperimentIds(Message):
    """The experiments that it is for."""

    experiment_ids: list[str]
