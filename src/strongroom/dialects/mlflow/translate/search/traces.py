"""What the keys of a search for traces mean."""

from collections.abc import Sequence
from dataclasses import replace

from strongroom.application.search.find import Question
from strongroom.dialects.mlflow.translate.ids import uid_of_hex
from strongroom.dialects.mlflow.translate.search import terms
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.translate.search.order import order_of
from strongroom.dialects.mlflow.translate.traces import NAME, PREFIX, RUN, SESSION, STATES
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import (
    Atom,
    Compare,
    Expr,
    Field,
    Group,
    In,
    IsNull,
    Like,
    Matches,
    Not,
    Op,
    OrderTerm,
    Some,
)

_TAGS, _METADATA = {"tag", "tags"}, {"request_metadata", "metadata"}
_ATTRIBUTES = {"", "attribute", "attributes", "trace"}
_SAID = {"feedback": Group.FEEDBACK, "expectation": Group.EXPECTATION}
_ENTITIES = sorted((_TAGS | _METADATA | _ATTRIBUTES | {*_SAID, "span", "issue"}) - {""})
_NULLS = ("IS NULL", "IS NOT NULL")
_TEXTS = (*terms.TEXTS, "RLIKE")
_TEXTS_OR_NULL, _TEXTS_OR_LIST = (*_TEXTS, *_NULLS), (*_TEXTS, "IN", "NOT IN")
_NUMBERS = (">", ">=", "<", "<=")
_TIMES = {
    "timestamp": "started_at",
    "timestamp_ms": "started_at",
    "end_time": "ended_at",
    "end_time_ms": "ended_at",
}
_KEYS = (
    "request_id", "timestamp", "timestamp_ms", "execution_time", "execution_time_ms", "end_time", "end_time_ms",
    "status", "client_request_id", "name", "run_id", "prompt", "text",
)  # fmt: skip
_SPAN_KEYS = ("name", "type", "status")
_CONTENT = Field(Group.SPAN, "content")
_LATEST = (OrderTerm(terms.attribute("started_at"), descending=True),)


def question(text: str, order: Sequence[str], experiment_uids: Sequence[str]) -> Question:
    """Which traces are looked for, in which order; the latest first unless asked otherwise."""
    return Question(
        where=where(text),
        order=order_of(order, _order_field) or _LATEST,
        experiment_uids=tuple(experiment_uids),
    )


def where(text: str) -> Expr | None:
    """A filter. Several comparisons of spans are of one span, as MLflow means them."""
    found: list[Expr] = []
    of_span: list[Atom] = []
    for one in parse(text):
        if one.entity == "span":
            of_span += span_atoms(one)
        elif one.entity in _ATTRIBUTES and one.key == "text":
            terms.check_op(one, ("LIKE", "ILIKE"))
            of_span.append(_text(_CONTENT, one))
        else:
            found.append(term(one))
    if of_span:
        found.append(Some(tuple(of_span)))
    return terms.joined(found)


def term(one: Comparison) -> Expr:
    """A comparison of the trace itself, or of what is said of it."""
    if one.entity in _TAGS:
        return _compared(terms.attribute("name") if one.key == NAME else Field(Group.TAG, one.key), one, _TEXTS_OR_NULL)
    if one.entity in _METADATA:
        return _metadata(one)
    if one.entity in _SAID:
        return _said(Field(_SAID[one.entity], one.key), one)
    if one.entity == "issue":
        return _issue(one)
    if one.entity in _ATTRIBUTES:
        return _attribute(one)
    raise terms.bad_entity(one.entity, _ENTITIES)


def _compared(field: Field, one: Comparison, allowed: Sequence[str]) -> Expr:
    """A comparison with texts; RLIKE is a regular expression."""
    terms.check_op(one, allowed)
    if one.op == "RLIKE":
        return Matches(field, _quoted(one))
    if field == terms.attribute("name") and one.op in _NULLS:
        empty = Compare(field, Op.EQ, "")
        return empty if one.op == "IS NULL" else Not(empty)
    return terms.text(field, one, allowed)


def _quoted(one: Comparison) -> str:
    if not isinstance(one.value, str):
        raise Invalid(f"Expected a quoted string value for {one.key} (e.g. 'my-value'). Got value {one.value}")
    return one.value


def _metadata(one: Comparison) -> Expr:
    if one.key == RUN and one.op not in _NULLS:
        return _run(one)
    named = {SESSION: "session", RUN: "run_uid"}.get(one.key)
    return _compared(terms.attribute(named) if named else Field(Group.PROPERTY, one.key), one, _TEXTS_OR_NULL)


def _run(one: Comparison) -> Expr:
    """Of a run are the traces that were made in it, or linked with it."""
    terms.check_op(one, _TEXTS_OR_LIST)
    if one.op == "RLIKE":
        raise Invalid("run_id is compared by =, !=, IN and LIKE.")
    value = one.value
    if isinstance(value, tuple):
        value = tuple(uid_of_hex(text) or text for text in value)
    elif isinstance(value, str):
        value = uid_of_hex(value) or value
    return terms.text(Field(Group.RUN), replace(one, value=value), _TEXTS_OR_LIST)


def _said(field: Field, one: Comparison) -> Expr:
    if one.op in _NULLS:
        return IsNull(field) if one.op == "IS NULL" else Not(IsNull(field))
    if one.op in _NUMBERS:
        if not isinstance(one.value, int | float):
            raise Invalid(
                f"Expected a numeric value for {one.entity} when using comparator '{one.op}'. Got value '{one.value}'"
            )
        return Compare(field, Op(one.op), one.value)
    terms.check_op(one, (*_TEXTS, *_NUMBERS, *_NULLS))
    return Matches(field, _quoted(one)) if one.op == "RLIKE" else terms.text(field, replace(one, value=_quoted(one)))


def _issue(one: Comparison) -> Expr:
    if one.key != "id":
        raise Invalid(f"Invalid issue attribute '{one.key[:100]}'. Supported attributes: id")
    terms.check_op(one, ("=",))
    return Not(IsNull(Field(Group.ISSUE, _quoted(one))))


def _attribute(one: Comparison) -> Expr:
    if one.key in _TIMES:
        return terms.time(terms.attribute(_TIMES[one.key]), one)
    match one.key:
        case "execution_time" | "execution_time_ms":
            return terms.time(terms.attribute("duration_us"), one)
        case "request_id":
            return _compared(terms.attribute("trace_id"), replace(one, value=_ids(one)), _TEXTS_OR_LIST)
        case "client_request_id":
            return _compared(terms.attribute("request_id"), one, _TEXTS_OR_LIST)
        case "name":
            return _compared(terms.attribute("name"), one, (*_TEXTS_OR_LIST, *_NULLS))
        case "status":
            return _compared(terms.attribute("state"), replace(one, value=_states(one)), _TEXTS_OR_LIST)
        case "run_id":
            return _run(one)
        case "prompt":
            return _prompt(one)
    raise Invalid(f"Invalid attribute key '{one.key[:100]}' specified. Valid keys are '{sorted(_KEYS)}'")


def _ids(one: Comparison) -> str | int | float | tuple[str, ...] | None:
    if isinstance(one.value, tuple):
        return tuple(text.removeprefix(PREFIX) for text in one.value)
    return one.value.removeprefix(PREFIX) if isinstance(one.value, str) else one.value


def _states(one: Comparison) -> str | int | float | tuple[str, ...] | None:
    """Statuses as our states; a pattern may only be about letters."""
    if isinstance(one.value, tuple):
        return tuple(STATES.get(text.upper(), text) for text in one.value)
    if not isinstance(one.value, str):
        return one.value
    return STATES.get(one.value.upper(), one.value if one.op in {"=", "!="} else one.value.lower())


def _prompt(one: Comparison) -> Expr:
    if one.op != "=":
        raise Invalid(
            f"Invalid comparator '{one.op}' for prompts filter. "
            "Only '=' is supported with format: prompt = \"name/version\""
        )
    if _quoted(one).count("/") != 1:
        raise Invalid(
            f"Invalid prompts filter value '{_quoted(one)[:200]}'. Expected format: prompt = \"name/version\""
        )
    return Compare(Field(Group.PROMPT), Op.EQ, _quoted(one))


def span_atoms(one: Comparison) -> list[Atom]:
    """Comparisons of one span."""
    if one.key == "content":
        terms.check_op(one, ("LIKE", "ILIKE"))
        return [_text(_CONTENT, one)]
    if one.key.startswith("attributes."):
        key = one.key.removeprefix("attributes.").strip('`"')
        if not key:
            raise Invalid("Span attribute name cannot be empty after 'attributes.'")
        field = Field(Group.SPAN, f"attributes.{key}")
    elif one.key in _SPAN_KEYS:
        field = Field(Group.SPAN, one.key)
    else:
        supported = f"{', '.join(_SPAN_KEYS)}, attributes.<attribute_name>"
        raise Invalid(f"Invalid span attribute '{one.key[:100]}'. Supported attributes: {supported}.")
    terms.check_op(one, _TEXTS_OR_LIST)
    if one.key == "status":
        one = replace(one, value=_lower(one.value))
    match one.value:
        case tuple(values) if one.op == "IN":
            return [In(field, values)]
        case tuple(values):
            return [Compare(field, Op.NE, value) for value in values]
    return [_text(field, one)]


def _lower(value: str | float | tuple[str, ...] | None) -> str | int | float | tuple[str, ...] | None:
    if isinstance(value, tuple):
        return tuple(text.lower() for text in value)
    return value.lower() if isinstance(value, str) else value


def _text(field: Field, one: Comparison) -> Compare | Like | Matches:
    value = _quoted(one)
    if one.op == "RLIKE":
        return Matches(field, value)
    if one.op in {"LIKE", "ILIKE"}:
        return Like(field, value.replace("\\", "\\\\"), any_case=one.op == "ILIKE")
    return Compare(field, Op(one.op), value)


def _order_field(entity: str, key: str) -> Field:
    if entity not in _ATTRIBUTES:
        raise terms.bad_entity(entity, sorted(_ATTRIBUTES - {""}))
    names = {
        **_TIMES,
        "execution_time": "duration_us",
        "execution_time_ms": "duration_us",
        "status": "state",
        "request_id": "trace_id",
        "name": "name",
        "run_id": "run_uid",
        "experiment_id": "experiment_uid",
    }
    if key not in names:
        raise terms.bad_key(key, tuple(names))
    return terms.attribute(names[key])
