"""What the keys of a search for experiments mean."""

from collections.abc import Sequence
from dataclasses import replace

from strongroom.application.search.find import Question
from strongroom.dialects.mlflow.translate.experiments import NOTE
from strongroom.dialects.mlflow.translate.ids import DEFAULT_EXPERIMENT, uid_of_hex
from strongroom.dialects.mlflow.translate.search import terms
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.translate.search.order import order_of
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import Expr, Field, Group, OrderTerm

_TAGS, _ATTRIBUTES = {"tag", "tags"}, {"", "attribute", "attributes", "attr"}
_ENTITIES = sorted((_TAGS | _ATTRIBUTES) - {""})
_TIMES = {"creation_time": "created_at", "last_update_time": "updated_at"}
_KEYS = ("name", "experiment_id", *_TIMES)
_LATEST = (OrderTerm(terms.attribute("created_at"), descending=True), OrderTerm(terms.attribute("uid")))


def question(text: str, order: Sequence[str], state: str, default_uid: str | None) -> Question:
    """Which experiments are looked for, the newest first unless asked otherwise. :param default_uid: of ``0``."""

    def term(one: Comparison) -> Expr:
        if one.entity in _TAGS:
            field = terms.attribute("description") if one.key == NOTE else Field(Group.TAG, one.key)
            return terms.text(field, one, terms.TEXTS_OR_NULL)
        if one.entity not in _ATTRIBUTES:
            raise terms.bad_entity(one.entity, _ENTITIES)
        if one.op in {"IS NULL", "IS NOT NULL"}:
            raise Invalid(f"IS NULL / IS NOT NULL is only supported for tags, not for attribute '{one.key}'")
        return _attribute(one, default_uid)

    where = terms.joined([term(one) for one in parse(text)])
    return Question(where=where, order=order_of(order, _order_field) or _LATEST, state=state)


def _attribute(one: Comparison, default_uid: str | None) -> Expr:
    if one.key in _TIMES:
        return terms.time(terms.attribute(_TIMES[one.key]), one)
    if one.key == "name":
        return terms.text(terms.attribute("path"), one)
    if one.key != "experiment_id":
        raise terms.bad_key(one.key, _KEYS)

    def uid(text: str) -> str:
        return (default_uid if text == DEFAULT_EXPERIMENT else uid_of_hex(text)) or text

    value = tuple(map(uid, one.value)) if isinstance(one.value, tuple) else one.value
    value = uid(value) if isinstance(value, str) else value
    return terms.text(terms.attribute("uid"), replace(one, value=value), ("=", "!=", "IN", "NOT IN"))


def _order_field(entity: str, key: str) -> Field:
    names = {**_TIMES, "name": "path", "experiment_id": "uid"}
    if entity not in _ATTRIBUTES:
        raise Invalid(f"Invalid order_by entity: {entity[:100]}")
    if key not in names:
        raise terms.bad_key(key, _KEYS)
    return terms.attribute(names[key])
