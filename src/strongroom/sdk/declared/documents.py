"""Files to plain values: JSON here, YAML where PyYAML is installed; each value with its place in the file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strongroom.sdk.declared.form import DEPTH_MOST, FILE_LARGEST
from strongroom.sdk.errors import Invalid


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds. `marks`: path of a value (``$.assets[0].name``) to its line and column, from 1."""

    name: str
    value: Any
    marks: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: str) -> str:
        """A path for people: ``file:line:column: $.assets[0].name``, or as near to it as is known."""
        near = path
        while near and near not in self.marks:
            near = near[: max(near.rfind("."), near.rfind("["), 0)]
        line, column = self.marks.get(near, (0, 0))
        return f"{self.name}:{line}:{column}: {path}" if line else f"{self.name}: {path}"


def read(path: Path) -> Document:
    """The value of a file, by its name: ``.json``, ``.yaml`` or ``.yml``.

    :raises Invalid: it cannot be read, is too large, or is not of its language; the place is told.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LARGEST + 1)
    except OSError as error:
        raise Invalid(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    if len(data) > FILE_LARGEST:
        raise Invalid(f"{path} has more than {FILE_LARGEST} bytes.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 at byte {error.start}.") from error
    match path.suffix.lower():
        case ".json":
            return Document(str(path), _json(str(path), text))
        case ".yaml" | ".yml":
            return _yaml(str(path), text)
    raise Invalid(f"{path} is neither .json nor .yaml.")


def _json(name: str, text: str) -> Any:  # noqa: ANN401 - JSON
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise Invalid(f"{name}: {twice!r} stands twice in one object.")
        return found

    def refuse(constant: str) -> None:
        raise Invalid(f"{name}: {constant} is no JSON.")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise Invalid(f"{name}:{error.lineno}:{error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise Invalid(f"{name}: more than {DEPTH_MOST} levels.") from error
    except ValueError as error:  # a number of thousands of digits
        raise Invalid(f"{name}: {error}") from error


def _yaml(name: str, text: str) -> Document:
    try:
        from strongroom.sdk.declared import yaml_file
    except ImportError as error:
        raise Invalid(
            f"{name}: reading YAML needs PyYAML: pip install 'strongroom[yaml]'; JSON needs nothing."
        ) from error
    value, marks = yaml_file.parse(name, text)
    return Document(name, value, marks)
