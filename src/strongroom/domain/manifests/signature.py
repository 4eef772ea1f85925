"""What goes into a model and comes out: columns and tensors, read from the JSON that MLflow writes of a schema.

Nobody trusts the file. What cannot be read becomes a note; nothing here refuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.domain.errors import BadManifest
from strongroom.domain.manifests import canonical, document
from strongroom.domain.manifests.document import Plain

COLUMNS_MOST: Final = 10_000
"""Columns, tensors or params of one side of a signature that are read."""
NAME_LONGEST: Final = 512
TYPE_LONGEST: Final = 512
DEFAULT_LONGEST: Final = 1_000
NESTED_DEEPEST: Final = 8
"""Arrays, maps and objects inside one another that the name of a type tells."""
DIMENSIONS_MOST: Final = 32


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a tensor when it has a shape.

    :ivar name: None where the schema names nothing. :ivar type: of a tensor that of its items; nested types are told
        like ``array(object{x: double, y?: long})``. :ivar shape: sizes, -1 for any.
    """

    name: str | None
    type: str
    required: bool
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Param:
    """A value that a caller may state beside the inputs. :ivar default: JSON. :ivar shape: None of a single value."""

    name: str
    type: str
    default: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs, outputs and params; None where the signature says nothing of that side."""

    inputs: tuple[Column, ...] | None
    outputs: tuple[Column, ...] | None
    params: tuple[Param, ...] | None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing at all."""
        return not (self.inputs or self.outputs or self.params)


def read(value: Plain, notes: list[str]) -> Signature | None:
    """A signature; None where there is none, or none that can be read.

    :param notes: gets a line for everything that cannot be read.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        notes.append("signature: is no mapping.")
        return None
    inputs, outputs = _columns(value, "inputs", notes), _columns(value, "outputs", notes)
    specs = _specs(value, "params", notes)
    params = None if specs is None else tuple(_param(one) for one in specs if isinstance(one, Mapping))
    found = Signature(inputs, outputs, params)
    return None if found.is_empty else found


def _specs(value: Mapping[str, Plain], side: str, notes: list[str]) -> Sequence[Plain] | None:
    """The list that one side is, which stands as JSON in a text."""
    told = value.get(side)
    if isinstance(told, str):
        try:
            told = document.loads(told.encode())
        except BadManifest as error:
            notes.append(f"signature.{side}: {error.message}")
            return None
    if told is None:
        return None
    if not isinstance(told, list):
        notes.append(f"signature.{side}: is no list.")
        return None
    if len(told) > COLUMNS_MOST:
        notes.append(f"signature.{side}: {len(told)} items, of which {COLUMNS_MOST} are read.")
    return told[:COLUMNS_MOST]


def _columns(value: Mapping[str, Plain], side: str, notes: list[str]) -> tuple[Column, ...] | None:
    specs = _specs(value, side, notes)
    if specs is None:
        return None
    read_ = tuple(_column(one) for one in specs if isinstance(one, Mapping))
    if len(read_) < len(specs):
        notes.append(f"signature.{side}: not every item is an object.")
    return read_


def _column(spec: Mapping[str, Plain]) -> Column:
    name = spec.get("name")
    called = str(name)[:NAME_LONGEST] if name is not None else None  # a column's name may be a number
    tensor = spec.get("tensor-spec")
    required = spec.get("required", spec.get("optional") is not True) is not False
    if isinstance(tensor, Mapping):
        return Column(called, str(tensor.get("dtype", "?"))[:TYPE_LONGEST], required, _shape(tensor.get("shape")) or ())
    return Column(called, _type(spec)[:TYPE_LONGEST], required, None)


def _shape(value: Plain) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return None
    sizes = [one for one in value[:DIMENSIONS_MOST] if isinstance(one, int) and not isinstance(one, bool)]
    return tuple(sizes)


def _param(spec: Mapping[str, Plain]) -> Param:
    default = canonical.dumps(spec.get("default"))
    name, type_ = str(spec.get("name", ""))[:NAME_LONGEST], _type(spec)[:TYPE_LONGEST]
    return Param(name, type_, default[:DEFAULT_LONGEST], _shape(spec.get("shape")))


def _type(spec: Plain, deep: int = NESTED_DEEPEST) -> str:
    """The name of a type, nested ones with what they hold."""
    if not isinstance(spec, Mapping):
        return spec if isinstance(spec, str) else "?"
    type_ = spec.get("type", "?")
    if not isinstance(type_, str) or not deep:
        return "..." if not deep else "?"
    match type_:
        case "array":
            return f"array({_type(spec.get('items'), deep - 1)})"
        case "map":
            return f"map({_type(spec.get('values'), deep - 1)})"
        case "object":
            properties = spec.get("properties")
            fields = list(properties.items())[:COLUMNS_MOST] if isinstance(properties, Mapping) else []
            return f"object{{{', '.join(_field(key, one, deep - 1) for key, one in fields)}}}"
    return type_


def _field(name: str, spec: Plain, deep: int) -> str:
    optional = isinstance(spec, Mapping) and spec.get("required") is False
    return f"{name[:NAME_LONGEST]}{'?' if optional else ''}: {_type(spec, deep)}"
