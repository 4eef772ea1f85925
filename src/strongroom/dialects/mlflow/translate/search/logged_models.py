"""What the keys of a search for logged models mean; `datasets` narrows what is said of metrics."""

from collections.abc import Sequence
from dataclasses import replace

from strongroom.application.search.find import Question
from strongroom.dialects.mlflow.translate.ids import model_uid, uid_of_hex
from strongroom.dialects.mlflow.translate.logged_models import status_of
from strongroom.dialects.mlflow.translate.search import terms
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.wire.logged_models import OnDataset, OrderBy
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.search.ast import Expr, Field, Group, IsNull, Not, On, Or, OrderTerm
from strongroom.domain.search.schema import ORDER_MOST

DATASETS_MOST = 100
_ENTITIES = ("attributes", "metrics", "params", "tags")
_TIMES = {
    **dict.fromkeys(("creation_time", "creation_timestamp", "creation_timestamp_ms"), "created_at"),
    **dict.fromkeys(("last_updated_time", "last_updated_timestamp", "last_updated_timestamp_ms"), "updated_at"),
}
_NAMES = {"name": "name", "model_id": "uid", "model_type": "type", "status": "status", "source_run_id": "run_uid"}
_KEYS = (*_NAMES, *_TIMES)


def question(
    text: str, datasets: Sequence[OnDataset], order: Sequence[OrderBy], experiment_uids: Sequence[str]
) -> Question:
    """Which logged models are looked for, in which order; the latest first unless asked otherwise.

    :param datasets: only what was measured on any of these counts; without a metric in the filter, something must be.
    """
    if len(datasets) > DATASETS_MOST:
        raise Invalid(f"At most {DATASETS_MOST} data sets at a time.", limit=DATASETS_MOST)
    on = [_on(one.dataset_name, one.dataset_digest) for one in datasets]
    comparisons = parse(text)
    places: list[On | None] = [*on] or [None]
    found = [_term(one, places) for one in comparisons]
    if on and not any(one.entity == "metrics" for one in comparisons):
        found.append(_any([Not(IsNull(Field(Group.DATASET, "name", on=one))) for one in on]))
    return Question(terms.joined(found), _order(order), "active", tuple(experiment_uids))


def _on(name: str | None, digest: str | None) -> On:
    if not name:
        raise Invalid("`dataset_name` in the `datasets` clause must be specified.")
    return On(name, digest or None)


def _any(found: Sequence[Expr]) -> Expr:
    return found[0] if len(found) == 1 else Or(tuple(found))


def _term(one: Comparison, on: Sequence[On | None]) -> Expr:
    match one.entity:
        case "metrics":
            return _any([terms.number(Field(Group.METRIC, one.key, on=place), one) for place in on])
        case "params":
            return terms.text(Field(Group.PARAM, one.key), _spelled(one), terms.TEXTS_OR_LIST)
        case "tags":
            return terms.text(Field(Group.TAG, one.key), _spelled(one), terms.TEXTS_OR_LIST)
        case "" | "attributes":
            return _attribute(one)
    raise terms.bad_entity(one.entity, _ENTITIES)


def _spelled(one: Comparison) -> Comparison:
    """MLflow's documents compare params with numbers too: ``params.lr = 0.01``."""
    return replace(one, value=str(one.value)) if isinstance(one.value, int | float) else one


def _attribute(one: Comparison) -> Expr:
    if one.key in _TIMES:
        return terms.time(terms.attribute(_TIMES[one.key]), one)
    if one.key not in _NAMES:
        raise terms.bad_key(one.key, _KEYS)
    kept = {"model_id": _model, "source_run_id": _run, "status": _status}.get(one.key)
    field = terms.attribute(_NAMES[one.key])
    if kept is None or one.op in {"LIKE", "ILIKE"}:
        return terms.text(field, one, terms.TEXTS_OR_LIST)
    if isinstance(one.value, tuple):
        return terms.text(field, replace(one, value=tuple(map(kept, one.value))), terms.TEXTS_OR_LIST)
    value = kept(one.value) if isinstance(one.value, str) else one.value
    return terms.text(field, replace(one, value=value), terms.TEXTS_OR_LIST)


def _model(text: str) -> str:
    try:
        return model_uid(text)
    except NotFound:
        return text


def _run(text: str) -> str:
    return uid_of_hex(text) or text


def _status(text: str) -> str:
    """Our word for a status in any of MLflow's spellings; what is none is no status of any model."""
    names = {"READY": "ready", "PENDING": "pending", "FAILED": "failed", "UPLOAD_FAILED": "failed"}
    try:
        return names.get(text.upper()) or status_of(text)
    except Invalid:
        return text


def _order(clauses: Sequence[OrderBy]) -> tuple[OrderTerm, ...]:
    found: dict[Field, OrderTerm] = {}
    for one in clauses:
        field = _order_field(one)
        found.setdefault(field, OrderTerm(field, descending=not one.ascending))
    ends = OrderTerm(terms.attribute("created_at"), descending=True), OrderTerm(terms.attribute("uid"))
    for end in ends:
        if len(found) < ORDER_MOST:
            found.setdefault(end.field, end)
    return tuple(found.values())


def _order_field(one: OrderBy) -> Field:
    name = (one.field_name or "").strip()
    if not name:
        raise Invalid("`field_name` in the `order_by` clause must be specified.")
    if one.dataset_digest and not one.dataset_name:
        raise Invalid("`dataset_digest` can only be specified if `dataset_name` is also specified.")
    entity, dot, key = name.partition(".")
    if dot and entity != "metrics":
        raise Invalid(f"Invalid order by field name: {entity[:100]}, only `metrics.<name>` is allowed.")
    if dot:
        on = On(one.dataset_name, one.dataset_digest or None) if one.dataset_name else None
        return Field(Group.METRIC, key.strip("`"), on=on)
    names = {**_TIMES, **_NAMES}
    if name not in names:
        raise Invalid(f"Invalid order by field name: {name[:100]}.")
    return terms.attribute(names[name])
