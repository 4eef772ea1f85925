"""What the keys of a search for runs mean."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from strongroom.application.search.find import Question
from strongroom.dialects.mlflow.translate.experiments import NOTE
from strongroom.dialects.mlflow.translate.ids import uid_of_hex
from strongroom.dialects.mlflow.translate.runs import NAME, USER, state_of
from strongroom.dialects.mlflow.translate.search import terms
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.translate.search.order import order_of
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import Expr, Field, Group, OrderTerm

_METRICS, _PARAMS, _TAGS = {"metric", "metrics"}, {"param", "params", "parameter", "parameters"}, {"tag", "tags"}
_ATTRIBUTES = {"", "attribute", "attributes", "attr", "run"}
_DATASETS = {"dataset", "datasets"}
_ENTITIES = sorted((_METRICS | _PARAMS | _TAGS | _ATTRIBUTES | _DATASETS) - {""})
_NAMES = {"run_name", "run name", "Run name", "Run Name"}
_TIMES = {
    "start_time": "started_at",
    "created": "started_at",
    "Created": "started_at",
    "end_time": "ended_at",
}
_KEYS = ("run_id", "run_name", "status", "artifact_uri", "user_id", "start_time", "end_time")
_DATASET_KEYS = ("name", "digest", "context")
_LATEST = (OrderTerm(terms.attribute("started_at"), descending=True), OrderTerm(terms.attribute("uid")))


def question(text: str, order: Sequence[str], state: str, experiment_uids: Sequence[str]) -> Question:
    """Which runs are looked for, in which order; the latest first unless asked otherwise."""
    return Question(
        where=terms.joined([_term(one) for one in parse(text)]),
        order=order_of(order, _order_field) or _LATEST,
        state=state,
        experiment_uids=tuple(experiment_uids),
    )


def _term(one: Comparison) -> Expr:
    if one.entity in _METRICS:
        return terms.number(Field(Group.METRIC, one.key), one)
    if one.entity in _PARAMS:
        return terms.text(Field(Group.PARAM, one.key), one, terms.TEXTS_OR_NULL)
    if one.entity in _TAGS:
        return terms.text(_tag(one.key), one, terms.TEXTS_OR_NULL)
    if one.entity in _ATTRIBUTES:
        return _attribute(one)
    if one.entity in _DATASETS:
        return _dataset(one)
    raise terms.bad_entity(one.entity, _ENTITIES)


def _dataset(one: Comparison) -> Expr:
    """What a run read: it fits when any of its data sets does."""
    if one.key not in _DATASET_KEYS:
        raise terms.bad_key(one.key, _DATASET_KEYS)
    return terms.text(Field(Group.DATASET, one.key), one, (*terms.TEXTS, "IN"))


def _tag(key: str) -> Field:
    """A tag, or what we keep elsewhere of what MLflow keeps in tags."""
    return {NAME: terms.attribute("name"), NOTE: terms.attribute("note")}.get(key) or Field(Group.TAG, key)


def _attribute(one: Comparison) -> Expr:
    if one.op in {"IN", "NOT IN"} and one.key != "run_id":
        raise Invalid("Only ['run_id'] attributes support comparison with a list of quoted string values.")
    if one.key in _NAMES:
        return terms.text(terms.attribute("name"), one)
    if one.key in _TIMES:
        return terms.time(terms.attribute(_TIMES[one.key]), one)
    match one.key:
        case "run_id":
            return terms.text(terms.attribute("uid"), replace(one, value=_uids(one)), terms.TEXTS_OR_LIST)
        case "status":
            return terms.text(terms.attribute("state"), replace(one, value=_state(one)))
        case "user_id":
            return terms.text(Field(Group.TAG, USER), one)
        case "artifact_uri":
            return terms.text(terms.attribute("uid"), replace(one, value=_of_uri(one)), ("=", "!="))
    raise terms.bad_key(one.key, _KEYS)


def _uids(one: Comparison) -> str | int | float | tuple[str, ...] | None:
    """Run ids as uids; of a pattern only its beginning can be told."""
    if isinstance(one.value, tuple):
        return tuple(uid_of_hex(text) or text for text in one.value)
    if not isinstance(one.value, str):
        return one.value
    if one.op not in {"LIKE", "ILIKE"}:
        return uid_of_hex(one.value) or one.value
    beginning, rest = one.value.rstrip("%"), one.value.endswith("%")
    if "%" in beginning or "_" in beginning:
        raise Invalid("A pattern for run_id may hold '%' at its end only.")
    ends = [0, 8, 12, 16, 20, 32]
    parts = [beginning[start:end] for start, end in pairwise(ends)]
    return "-".join(part for part in parts if part) + ("%" if rest else "")


def _state(one: Comparison) -> str | int | float | tuple[str, ...] | None:
    """A status as our state; a text that is no status is no state either."""
    if not isinstance(one.value, str) or one.op in {"LIKE", "ILIKE"}:
        return one.value.lower() if isinstance(one.value, str) else one.value
    try:
        return state_of(one.value.upper()) or one.value
    except Invalid:
        return one.value


def _of_uri(one: Comparison) -> str | int | float | tuple[str, ...] | None:
    """The run whose artifacts lie at an address."""
    if not isinstance(one.value, str):
        return one.value
    parts = one.value.rstrip("/").split("/")
    return (uid_of_hex(parts[-2]) if len(parts) > 1 else None) or one.value


def _order_field(entity: str, key: str) -> Field:
    if entity in _METRICS:
        return Field(Group.METRIC, key)
    if entity in _PARAMS:
        return Field(Group.PARAM, key)
    if entity in _TAGS:
        return _tag(key)
    if entity not in _ATTRIBUTES:
        raise terms.bad_entity(entity, _ENTITIES)
    if key in _NAMES:
        return terms.attribute("name")
    names = {**_TIMES, "run_id": "uid", "status": "state"}
    if key not in names and key != "user_id":
        raise terms.bad_key(key, _KEYS)
    return Field(Group.TAG, USER) if key == "user_id" else terms.attribute(names[key])
