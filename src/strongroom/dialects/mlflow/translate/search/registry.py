"""What the keys of searches for registered models and for model versions mean; prompts are hidden unless asked for."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from strongroom.application.search.find import Question
from strongroom.dialects.mlflow.translate.ids import uid_of_hex
from strongroom.dialects.mlflow.translate.registry import IS_PROMPT
from strongroom.dialects.mlflow.translate.search import terms
from strongroom.dialects.mlflow.translate.search.filters import Comparison, parse
from strongroom.dialects.mlflow.translate.search.order import order_of
from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import And, Compare, Expr, Field, Group, Op, OrderTerm

_TAGS, _ATTRIBUTES = {"tag", "tags"}, {"", "attribute", "attributes", "attr"}
_ENTITIES = sorted((_TAGS | _ATTRIBUTES) - {""})
_TIMES = {"creation_timestamp": "created_at", "last_updated_timestamp": "updated_at", "timestamp": "updated_at"}
_KIND = terms.attribute("kind")
_HERE = Compare(terms.attribute("namespace"), Op.EQ, "")
"""MLflow's clients see one namespace (domain.md N2): the root."""


def models_question(text: str, order: Sequence[str]) -> Question:
    """Which registered models are looked for, by name unless asked otherwise."""

    def attribute(one: Comparison) -> Expr:
        if one.key != "name":
            raise terms.bad_key(one.key, ("name",))
        return terms.text(terms.attribute("name"), one, terms.TEXTS_OR_LIST)

    names = {**_TIMES, "name": "name"}
    return _question(parse(text), order_of(order, _field_of(names)), attribute, (_by("name"),))


def versions_question(text: str, order: Sequence[str]) -> Question:
    """Which versions are looked for; the latest changed first unless asked otherwise."""
    names = {**_TIMES, "name": "name", "version_number": "number", "run_id": "run_uid"}
    asked = order_of(order, _field_of(names)) or (_by("updated_at", descending=True),)
    return _question(parse(text), asked, _of_version, (_by("name"), _by("number", descending=True)))


def of_prompts(question: Question) -> bool:
    """Whether prompts are looked for."""
    return isinstance(question.where, And) and Compare(_KIND, Op.EQ, "prompt") in question.where.terms


def _by(name: str, *, descending: bool = False) -> OrderTerm:
    return OrderTerm(terms.attribute(name), descending)


def _question(
    found: Sequence[Comparison],
    order: tuple[OrderTerm, ...],
    attribute: Callable[[Comparison], Expr],
    ties: tuple[OrderTerm, ...],
) -> Question:
    kind: Expr = Compare(_KIND, Op.EQ, "model")
    rest: list[Expr] = []
    for one in found:
        if one.entity in _TAGS and one.key == IS_PROMPT:
            kind = _prompts(one)
        elif one.entity in _TAGS:
            rest.append(terms.text(Field(Group.TAG, one.key), one, terms.TEXTS_OR_NULL))
        elif one.entity in _ATTRIBUTES:
            rest.append(attribute(one))
        else:
            raise terms.bad_entity(one.entity, _ENTITIES)
    known = {term.field for term in order}
    return Question(
        where=terms.joined([_HERE, kind, *rest]), order=(*order, *(tie for tie in ties if tie.field not in known))
    )


def _prompts(one: Comparison) -> Expr:
    """What MLflow asks by a tag, whether it is a prompt, is the kind of the asset here."""
    terms.check_op(one, ("=", "!="))
    wanted = (one.op == "=") == (str(one.value).lower() == "true")
    return Compare(_KIND, Op.EQ, "prompt" if wanted else "model")


def _of_version(one: Comparison) -> Expr:
    match one.key:
        case "name":
            return terms.text(terms.attribute("name"), one, terms.TEXTS_OR_LIST)
        case "source_path":
            return terms.text(terms.attribute("origin"), one)
        case "version_number":
            return terms.number(terms.attribute("number"), one)
        case "run_id":
            value = tuple(uid_of_hex(text) or text for text in _texts(one))
            plain = value if isinstance(one.value, tuple) else value[0]
            return terms.text(terms.attribute("run_uid"), replace(one, value=plain), ("=", "!=", "IN", "NOT IN"))
    raise terms.bad_key(one.key, ("name", "version_number", "run_id", "source_path"))


def _texts(one: Comparison) -> tuple[str, ...]:
    if isinstance(one.value, tuple):
        return one.value
    if isinstance(one.value, str):
        return (one.value,)
    raise Invalid(f"Expected a quoted string value for attributes. Got value {one.value}")


def _field_of(names: dict[str, str]) -> Callable[[str, str], Field]:
    def field_of(entity: str, key: str) -> Field:
        if entity not in _ATTRIBUTES or key not in names:
            raise Invalid(f"Invalid order by key '{key[:100]}' specified. Valid keys are '{sorted(names)}'")
        return terms.attribute(names[key])

    return field_of
