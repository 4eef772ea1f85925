"""Evaluation datasets, which are record sets here: their ids, their records, and what a search of them means."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from strongroom.application.tracking.record_sets import RecordSetView
from strongroom.dialects.mlflow.translate.common import milliseconds
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.translate.ids import hex_of, uid_of_hex
from strongroom.dialects.mlflow.translate.search import terms
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.translate.search.order import order_of
from strongroom.dialects.mlflow.wire.codec import invalid
from strongroom.dialects.mlflow.wire.datasets import Dataset
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.search.ast import Expr, Field, Group, OrderTerm
from strongroom.domain.search.evaluate import Record, evaluate
from strongroom.domain.tracking.record_sets import EvalRecord, NewRecord

PREFIX, RECORD_PREFIX = "d-", "dr-"
USER: Final = "mlflow.user"
WRAPPED: Final = "mlflow_wrapped"
_TIMES: Final = {"created_time": "created_at", "last_update_time": "updated_at"}
_TEXTS: Final = {"created_by": "created_by", "last_updated_by": "updated_by"}
_KEYS: Final = ("name", *_TIMES, *_TEXTS)
_LATEST: Final = (OrderTerm(terms.attribute("created_at"), descending=True),)
_SOURCES: Final = frozenset({"UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT", "CODE"})


def set_uid(dataset_id: str | None) -> str:
    """The uid of a record set. :raises NotFound: an id that none of ours has."""
    uid = uid_of_hex((dataset_id or "").removeprefix(PREFIX))
    if uid is None:
        raise NotFound("There is no such evaluation dataset.")
    return uid


def record_uids(ids: Sequence[str]) -> list[str]:
    """Uids of records; what can be none of ours is left out."""
    found = (uid_of_hex(one.removeprefix(RECORD_PREFIX)) for one in ids)
    return [uid for uid in found if uid is not None]


def dataset(view: RecordSetView, default_uid: str | None, *, experiments: bool = False) -> Dataset:
    """A record set for a client. :param experiments: whether its experiments are told with it."""
    tags = {tag.key: tag.value or "" for tag in view.tags}
    user = tags.get(USER)
    return Dataset(
        dataset_id=PREFIX + hex_of(view.uid),
        name=view.name,
        tags=json.dumps(tags),
        digest=view.digest,
        created_time=milliseconds(view.created_at),
        last_update_time=milliseconds(view.updated_at),
        schema=json.dumps({**view.schema, "version": "1.0"}) if view.schema else None,
        profile=json.dumps({"num_records": view.records}) if view.records else None,
        created_by=user,
        last_updated_by=user,
        experiment_ids=[experiment_id(uid, default_uid) for uid in view.experiment_uids] if experiments else [],
    )


def spoken_record(one: EvalRecord, dataset_id: str) -> dict[str, object]:
    """A record for a client, as JSON."""
    said: dict[str, object] = {
        "dataset_record_id": RECORD_PREFIX + hex_of(one.uid),
        "dataset_id": dataset_id,
        "inputs": one.inputs,
        "outputs": one.outputs,
        "expectations": one.expectations,
        "tags": dict(one.tags),
        "source": one.source,
        "created_time": one.recorded_at // 1000,
        "last_update_time": one.updated_at // 1000,
        "created_by": one.tags.get(USER),
        "last_updated_by": one.tags.get(USER),
    }
    source = one.source or {}
    data = source.get("source_data")
    if isinstance(data, Mapping):
        kind = str(source.get("source_type"))
        said |= {"source_type": kind, "source_id": data.get("trace_id" if kind == "TRACE" else "source_id")}
    return {name: value for name, value in said.items() if value is not None}


def json_of(text: str | None, name: str, kind: type) -> Any:  # noqa: ANN401 - JSON from outside
    """JSON inside a text. :raises Invalid: it is none, or of another kind."""
    try:
        found = json.loads(text or "null", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid(name, (text or "")[:200], "It is not JSON, or holds NaN or infinity.") from None
    if not isinstance(found, kind):
        raise invalid(name, (text or "")[:200])
    return found


def _no_constant(_word: str) -> float:
    raise ValueError("JSON has no such number")


def tags_of(text: str | None) -> dict[str, str]:
    """Tags from a client; null values are not set, others become texts."""
    found = json_of(text, "tags", dict) if text else {}
    return {str(key): _text(value) for key, value in found.items() if value is not None}


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value)


def new_records(text: str | None) -> list[NewRecord]:
    """Records from a client. :raises Invalid: no list of objects, or a part of another kind."""
    return [_new(one, number) for number, one in enumerate(json_of(text, "records", list))]


def _new(one: object, number: int) -> NewRecord:
    at = f"records[{number}]"
    if not isinstance(one, dict):
        raise invalid(at, str(one)[:200])
    inputs, expectations = one.get("inputs", {}), one.get("expectations")
    tags, source = one.get("tags"), one.get("source")
    for name, value in (("inputs", inputs), ("expectations", expectations), ("tags", tags), ("source", source)):
        if not isinstance(value, dict | None) or (name == "inputs" and value is None):
            raise invalid(f"{at}.{name}", str(value)[:200])
    outputs = one.get("outputs")
    return NewRecord(
        inputs,
        outputs,
        has_outputs="outputs" in one,
        expectations=expectations,
        tags={str(key): _text(value) for key, value in (tags or {}).items() if value is not None},
        source=_source(source, at),
    )


def _source(source: Mapping[str, Any] | None, at: str) -> dict[str, object] | None:
    if source is None:
        return None
    kind = str(source.get("source_type", "UNSPECIFIED")).upper()
    if kind not in _SOURCES or not isinstance(source.get("source_data") or {}, dict):
        raise invalid(f"{at}.source", str(dict(source))[:200])
    return {"source_type": kind, "source_data": source.get("source_data") or {}}


def searched(text: str, order: Sequence[str]) -> Callable[[Sequence[RecordSetView]], list[RecordSetView]]:
    """What keeps and orders record sets as a client asks. :raises Invalid: in MLflow's words."""
    where = terms.joined([_term(one) for one in parse(text)])
    by = order_of(order, _order_field) or _LATEST

    def choose(found: Sequence[RecordSetView]) -> list[RecordSetView]:
        rows = [(view, _record(view)) for view in found]
        kept = [(view, row) for view, row in rows if where is None or evaluate(where, row) is True]
        kept.sort(key=lambda pair: pair[0].uid, reverse=True)
        for term in reversed(by):
            kept.sort(key=lambda pair: _key(pair[1], term.field.name), reverse=term.descending)
        return [view for view, _ in kept]

    return choose


def _key(row: Record, name: str) -> tuple[str, int]:
    """Names are texts, times are numbers."""
    value = row.attributes.get(name)
    return (value, 0) if isinstance(value, str) else ("", int(value or 0))


def _record(view: RecordSetView) -> Record:
    tags = {tag.key: tag.value for tag in view.tags}
    user = tags.get(USER)
    times = {"created_at": milliseconds(view.created_at) * 1000, "updated_at": milliseconds(view.updated_at) * 1000}
    return Record(0, {"name": view.name, **times, "created_by": user, "updated_by": user}, tags)


def _term(one: Comparison) -> Expr:
    if one.entity in {"tag", "tags"}:
        return terms.text(Field(Group.TAG, one.key), one)
    if one.entity not in {"", "attribute", "attributes", "attr"}:
        raise Invalid(f"Invalid identifier token '{one.entity[:100]}' specified")
    if one.key in _TIMES:
        return terms.time(terms.attribute(_TIMES[one.key]), one)
    if one.key == "name":
        return terms.text(terms.attribute("name"), one, (*terms.TEXTS, "IN"))
    if one.key in _TEXTS:
        return terms.text(terms.attribute(_TEXTS[one.key]), one)
    raise terms.bad_key(one.key, _KEYS)


def _order_field(entity: str, key: str) -> Field:
    names = {**_TIMES, "name": "name"}
    if entity or key not in names:
        raise terms.bad_key(key, tuple(names))
    return terms.attribute(names[key])
