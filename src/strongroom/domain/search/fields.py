"""Which fields each entity has, of what type."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.errors import Invalid
from strongroom.domain.search.ast import SAID, Field, Group, Part


class Entity(StrEnum):
    """What can be searched."""

    ASSET = "asset"
    VERSION = "version"
    EXPERIMENT = "experiment"
    RUN = "run"
    LOGGED_MODEL = "logged_model"
    TRACE = "trace"


class Type(StrEnum):
    """What an attribute holds."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column that every row of an entity has. `nfc`: it is stored in NFC, so literals are brought there too."""

    type: Type
    nullable: bool = False
    nfc: bool = False


_TEXT, _NAME, _TIME = Attribute(Type.TEXT), Attribute(Type.TEXT, nfc=True), Attribute(Type.TIME)
_MAYBE_TEXT, _MAYBE_TIME = Attribute(Type.TEXT, nullable=True), Attribute(Type.TIME, nullable=True)
_INTEGER, _BOOLEAN = Attribute(Type.INTEGER), Attribute(Type.BOOLEAN)

ATTRIBUTES: Mapping[Entity, Mapping[str, Attribute]] = {
    Entity.ASSET: {
        "uid": _TEXT, "name": _NAME, "namespace": _NAME, "kind": _TEXT, "type": _TEXT, "slug": _TEXT,
        "display_name": _TEXT, "description": _TEXT, "visibility": _TEXT, "gated": _TEXT, "created_by": _TEXT,
        "created_at": _TIME, "updated_at": _TIME, "archived_at": _MAYBE_TIME, "deleted_at": _MAYBE_TIME,
        "downloads": _INTEGER,
    },
    Entity.VERSION: {
        "uid": _TEXT, "name": _NAME, "namespace": _NAME, "kind": _TEXT, "asset_uid": _TEXT,
        "number": Attribute(Type.INTEGER, nullable=True), "label": Attribute(Type.TEXT, nullable=True, nfc=True),
        "stage": _MAYBE_TEXT, "description": _TEXT, "tree": _MAYBE_TEXT, "files": _INTEGER, "size": _INTEGER,
        "unpinned": _BOOLEAN, "locked": _BOOLEAN, "run_uid": _MAYBE_TEXT, "origin": _MAYBE_TEXT,
        "source_uid": _MAYBE_TEXT, "created_by": _TEXT,
        "created_at": _TIME, "updated_at": _TIME, "archived_at": _MAYBE_TIME, "expires_at": _MAYBE_TIME,
        "deleted_at": _MAYBE_TIME, "flavor": _MAYBE_TEXT, "flavor_version": _MAYBE_TEXT, "python_version": _MAYBE_TEXT,
        "has_signature": _BOOLEAN,
    },
    Entity.EXPERIMENT: {
        "uid": _TEXT, "name": _NAME, "namespace": _NAME, "path": _NAME, "description": _TEXT, "created_by": _TEXT,
        "created_at": _TIME, "updated_at": _TIME, "deleted_at": _MAYBE_TIME,
    },
    Entity.RUN: {
        "uid": _TEXT, "name": _NAME, "kind": _TEXT, "state": _TEXT, "note": _TEXT, "experiment": _NAME,
        "experiment_uid": _TEXT, "namespace": _NAME, "parent_uid": _MAYBE_TEXT, "created_by": _TEXT,
        "started_at": _TIME, "ended_at": _MAYBE_TIME, "created_at": _TIME, "deleted_at": _MAYBE_TIME,
    },
    Entity.LOGGED_MODEL: {
        "uid": _TEXT, "name": _NAME, "type": _NAME, "status": _TEXT, "experiment": _NAME, "experiment_uid": _TEXT,
        "namespace": _NAME, "run_uid": _MAYBE_TEXT, "created_by": _TEXT, "created_at": _TIME, "updated_at": _TIME,
        "deleted_at": _MAYBE_TIME,
    },
    Entity.TRACE: {
        "uid": _TEXT, "trace_id": _TEXT, "name": _TEXT, "state": _TEXT, "experiment": _NAME, "experiment_uid": _TEXT,
        "namespace": _NAME, "run_uid": _MAYBE_TEXT, "request_id": _MAYBE_TEXT, "session": _MAYBE_TEXT,
        "request": _MAYBE_TEXT, "response": _MAYBE_TEXT, "span_count": _INTEGER, "created_by": _TEXT,
        "started_at": _TIME, "ended_at": _TIME, "duration_us": Attribute(Type.INTEGER, nullable=True),
        "created_at": _TIME, "updated_at": _TIME,
    },
}  # fmt: skip

SPAN_FIELDS: Mapping[str, Attribute] = {
    "name": _TEXT, "type": _TEXT, "status": _TEXT, "span_id": _TEXT, "parent_id": _MAYBE_TEXT, "content": _TEXT,
    "duration_us": Attribute(Type.INTEGER, nullable=True),
}  # fmt: skip
"""What of a span can be asked; and ``attributes.`` with a key behind it. `content` is all of it, as JSON."""
SPAN_ATTRIBUTES = "attributes."
SPAN_TERMS_MOST = 20
"""Comparisons of one span."""

GROUPS: Mapping[Entity, frozenset[Group]] = {
    Entity.ASSET: frozenset({Group.ATTRIBUTE, Group.TAG, Group.PROPERTY, Group.ALIAS, Group.TEXT}),
    Entity.VERSION: frozenset({Group.ATTRIBUTE, Group.TAG, Group.PROPERTY, Group.ALIAS, Group.EVALUATION, Group.TEXT}),
    Entity.EXPERIMENT: frozenset({Group.ATTRIBUTE, Group.TAG, Group.TEXT}),
    Entity.RUN: frozenset(
        {Group.ATTRIBUTE, Group.TAG, Group.PROPERTY, Group.PARAM, Group.METRIC, Group.DATASET, Group.TEXT}
    ),
    Entity.LOGGED_MODEL: frozenset({Group.ATTRIBUTE, Group.TAG, Group.PARAM, Group.METRIC, Group.DATASET}),
    Entity.TRACE: frozenset({Group.ATTRIBUTE, Group.TAG, Group.PROPERTY, Group.RUN, Group.PROMPT, *SAID, Group.SPAN}),
}

DATASETS: Mapping[Entity, tuple[str, ...]] = {
    Entity.RUN: ("name", "digest", "context"),
    Entity.LOGGED_MODEL: ("name", "digest"),
}
"""What is known of the data sets that a run read, or that a logged model was measured on."""

PARTS: Mapping[Entity, frozenset[Part]] = {
    Entity.RUN: frozenset(Part),
    Entity.LOGGED_MODEL: frozenset({Part.LAST, Part.COUNT, Part.STEP}),
}
"""Which numbers of a series are kept."""


def is_set(entity: Entity, field: Field) -> bool:
    """Whether a row may have several values of a field: a comparison then holds when it holds for any of them."""
    if field.group in {Group.DATASET, Group.EVALUATION}:
        return True
    return entity is Entity.LOGGED_MODEL and field.group is Group.METRIC


def attribute(entity: Entity, field: Field) -> Attribute:
    """The attribute that a field of that group names. :raises Invalid: the entity has none of that name."""
    found = ATTRIBUTES[entity].get(field.name)
    if found is None:
        raise Invalid(f"A {entity} has no attribute {field.name!r}; it has {', '.join(sorted(ATTRIBUTES[entity]))}.")
    return found
