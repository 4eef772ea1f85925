"""Data sets: which files are which split, and the columns they should have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from strongroom.domain.artifacts.paths import clean_directory
from strongroom.domain.errors import BadPath
from strongroom.domain.manifests.cursor import Cursor, Fields
from strongroom.domain.manifests.document import Plain

FIELDS: Final = ("splits", "columns", "settings", "description")
SPLITS_MOST: Final = 32
PATHS_MOST: Final = 1_000

#: What file and folder names say, for data sets that declare no splits.
CONVENTION: Final[Mapping[str, str]] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
}
ALL: Final = "all"
"""The split of files that no name puts into another."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the manifest declares it; `type` in the words of whoever wrote it."""

    name: str
    type: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set: paths (files, or folders with all below) by split."""

    splits: Mapping[str, tuple[str, ...]]
    columns: tuple[Column, ...]
    settings: Mapping[str, Plain]
    description: str = ""


def read(fields: Fields) -> Dataset:
    """A data set. :raises BadManifest: naming the place."""
    splits, columns = fields.get("splits"), fields.get("columns")
    return Dataset(
        {name: _paths(one) for name, one in splits.named(SPLITS_MOST)} if splits else {},
        tuple(_column(one) for one in columns.items()) if columns else (),
        fields.settings(),
        fields.words(),
    )


def _paths(cursor: Cursor) -> tuple[str, ...]:
    paths: list[str] = []
    for one in cursor.items(PATHS_MOST):
        try:
            paths.append(clean_directory(one.text(1024)))
        except BadPath as error:
            one.fail(error.message)
    return tuple(paths)


def _column(cursor: Cursor) -> Column:
    fields = cursor.fields("name", "type", optional=("description",))
    return Column(fields["name"].text(512), fields["type"].name(), fields.words())


def split_of(path: str, declared: Mapping[str, Iterable[str]]) -> str | None:
    """The split that a file belongs to; None when splits are declared and it is in none of them.

    Without a declaration: the first folder, or the first word of the file's name, that says train, validation or test.
    """
    for name, places in declared.items():
        if any(path == place or path.startswith(place + "/") for place in places):
            return name
    if declared:
        return None
    *folders, file = path.lower().split("/")
    words = [*folders, *_words(file)[:1]]
    return next((CONVENTION[word] for word in words if word in CONVENTION), ALL)


def _words(file: str) -> list[str]:
    stem = file.partition(".")[0]
    return stem.replace("_", "-").split("-")
