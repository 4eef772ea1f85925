"""Files to declared objects: each file checked against the form, all of them together one declaration."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from strongroom.sdk.declared.documents import Document, read
from strongroom.sdk.declared.form import FILES_MOST, OBJECTS_MOST, Declaration
from strongroom.sdk.declared.objects import Object, objects, ordered
from strongroom.sdk.errors import Invalid

_AT: Final = re.compile(r" - at (?:`key` in )?`(\$[^`]*)`$")


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything that some files declare. `name` is the asset that keeps what was applied last; None keeps nothing."""

    name: str | None
    objects: tuple[Object, ...]


def declared(paths: Sequence[Path]) -> Declared:
    """Read a declaration. :raises Invalid: a file is not of its form, or two places declare one object."""
    if not 1 <= len(paths) <= FILES_MOST:
        raise Invalid(f"A declaration has 1 to {FILES_MOST} files.")
    names: dict[str, str] = {}
    found: dict[str, Object] = {}
    for path in paths:
        document = read(path)
        form = _form(document)
        if form.declaration is not None:
            names.setdefault(form.declaration, document.name)
        for one in objects(form, document.place, path.parent):
            other = found.setdefault(one.key, one)
            if other is not one:
                raise Invalid(f"{one.place} and {other.place} both declare the {one.title}.")
    if len(names) > 1:
        raise Invalid(f"These files are of several declarations: {', '.join(sorted(names))}.")
    if len(found) > OBJECTS_MOST:
        raise Invalid(f"A declaration has at most {OBJECTS_MOST} objects.")
    return Declared(next(iter(names), None), tuple(ordered(found.values())))


def _form(document: Document) -> Declaration:
    """A document as the form. :raises Invalid: it is not; the place is told."""
    try:
        return msgspec.convert(document.value, Declaration)
    except msgspec.ValidationError as error:
        said = str(error)
        at = _AT.search(said)
        path = at[1] if at else "$"
        raise Invalid(f"{document.place(path)}: {_AT.sub('', said)}.") from error
