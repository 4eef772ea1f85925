"""Record sets: rows for evaluations, merged by what they ask, frozen into data sets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import asset_uid, experiment_uid
from strongroom.sdk.models import Asset, Tag, Version
from strongroom.sdk.run_models import Experiment

AT_ONCE = 1_000


class RecordSet(msgspec.Struct, frozen=True):
    """A record set without its records. `digest` changes whenever they do."""

    uid: str
    name: str
    namespace: str
    schema: Mapping[str, Any]
    records: int
    bytes: int
    generation: int
    digest: str
    tags: Sequence[Tag]
    experiment_uids: Sequence[str]
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime


class Record(msgspec.Struct, frozen=True):
    """What is asked, what came out, what is expected."""

    uid: str
    inputs: Mapping[str, Any]
    outputs: Any
    expectations: Mapping[str, Any] | None
    tags: Mapping[str, str]
    source: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime


class Merged(msgspec.Struct, frozen=True):
    """How many records are new, and how many were merged into one with the same inputs."""

    inserted: int
    updated: int


class _Removed(msgspec.Struct, frozen=True):
    removed: int


SetRef = str | RecordSet
"""A record set by its uid, or the answer itself."""


def _uid(one: SetRef) -> str:
    return one if isinstance(one, str) else one.uid


class RecordSets:
    """``client.record_sets``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(
        self,
        name: str,
        *,
        namespace: str = "",
        tags: Mapping[str, str | None] | None = None,
        experiments: Iterable[str | Experiment] = (),
    ) -> RecordSet:
        """Make an empty record set, for these experiments."""
        uids = [experiment_uid(self._api, one) for one in experiments]
        asked: dict[str, Any] = {
            "name": name,
            "namespace": namespace,
            "tags": dict(tags or {}),
            "experiment_uids": uids,
        }
        return self._api.call("record_set.create", RecordSet, **asked)

    def get(self, uid: str) -> RecordSet:
        """One record set."""
        return self._api.call("record_set.get", RecordSet, uid=uid)

    def list(self, *, name: str | None = None, experiment: str | Experiment | None = None) -> Iterator[RecordSet]:
        """Record sets, the newest first."""
        uid = experiment_uid(self._api, experiment) if experiment is not None else None
        return self._api.every("record_set.list", RecordSet, name=name, experiment_uid=uid)

    def merge(self, one: SetRef, records: Iterable[Mapping[str, Any]]) -> Merged:
        """Add records, or merge them into those with the same `inputs`; a thousand in each request.

        :param records: each with `inputs`, and maybe `outputs`, `expectations`, `tags`, `source`.
        """
        inserted = updated = 0
        waiting = list(records)
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            done = self._api.call("record_set.merge", Merged, uid=_uid(one), records=some)
            inserted, updated = inserted + done.inserted, updated + done.updated
        return Merged(inserted, updated)

    def records(self, one: SetRef) -> Iterator[Record]:
        """The records in the order in which they were added."""
        return self._api.every("record_set.records", Record, uid=_uid(one))

    def remove(self, one: SetRef, records: Iterable[str | Record]) -> int:
        """Remove records; how many were there."""
        uids = [record if isinstance(record, str) else record.uid for record in records]
        return self._api.call("record_set.remove", _Removed, uid=_uid(one), uids=uids).removed

    def freeze(
        self, one: SetRef, dataset: str | Asset, *, description: str = "", aliases: Sequence[str] = ()
    ) -> Version:
        """Freeze what it holds now into a version of a data set."""
        asset = asset_uid(self._api, dataset)
        asked: dict[str, Any] = {"asset_uid": asset, "description": description, "aliases": list(aliases)}
        return self._api.call("record_set.freeze", Version, uid=_uid(one), **asked)

    def delete(self, one: SetRef) -> None:
        """Remove it with its records; data sets that it was frozen into stay."""
        self._api.call("record_set.delete", type(None), uid=_uid(one))
