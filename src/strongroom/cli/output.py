"""Answers on standard output: JSON for programs, tables for people."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from strongroom.sdk.api import encode

_MOST = 6
_PREFERRED = (
    "path", "asset", "experiment", "name", "number", "version", "key", "kind", "type", "state", "stage", "subject_name",
    "role", "level", "scope", "action", "outcome", "actor_name", "size", "value", "aliases", "tags", "valid_from",
    "valid_to", "recorded_at", "created_at", "expires_at", "uid", "id",
)  # fmt: skip
_TOO_MUCH = {
    "etag", "hash", "sha256", "card", "revision", "properties", "signature", "details", "source", "metrics", "slug",
    "slug_path", "actor", "token_id", "asset_uid", "experiment_uid", "request_id", "created_by", "namespace",
}  # fmt: skip
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z")


def plain(value: object) -> Any:  # noqa: ANN401 - JSON
    """Typed answers as JSON values."""
    return msgspec.to_builtins(value, enc_hook=encode)


def emit(value: object) -> None:
    """Write a value as JSON."""
    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value, enc_hook=encode), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def note(text: str) -> None:
    """Write a message, which is not part of the answer, to standard error."""
    sys.stderr.write(text + "\n")


def line(text: str) -> None:
    """Write a line of an answer for people."""
    sys.stdout.write(text + "\n")


def one(value: object, *, as_json: bool) -> None:
    """Show an object: JSON, or its fields a line each."""
    if as_json:
        emit(value)
        return
    content = plain(value)
    if not isinstance(content, Mapping):
        rows(content if isinstance(content, list) else [{"value": content}], as_json=False)
        return
    shown = {key: text(found) for key, found in content.items()}
    widest = max((len(key) for key in shown), default=0)
    for key, found in shown.items():
        if found:
            line(f"{key:<{widest}}  {found}")


def rows(values: Iterable[object], *, as_json: bool, columns: Sequence[str] = ()) -> None:
    """Show a list: a JSON array, or a table of the given columns (else of those that tell most)."""
    found = [plain(value) for value in values]
    if as_json:
        emit(found)
        return
    if not found:
        note("Nothing.")
        return
    if not all(isinstance(row, Mapping) for row in found):
        for row in found:
            line(text(row))
        return
    _table(found, columns or _columns(found))


def _columns(found: Sequence[Mapping[str, object]]) -> list[str]:
    """The columns that tell most; the uid when nothing else names the row."""
    filled = [key for key in found[0] if key not in _TOO_MUCH and any(text(row.get(key)) for row in found)]
    best = [key for key in _PREFERRED if key in filled] + [key for key in filled if key not in _PREFERRED]
    if "path" in best:
        best = [key for key in best if key not in {"name", "uid"}]
    chosen = set(best[:_MOST]) | ({"uid", "id"} & set(best))
    return [key for key in best if key in chosen]


def _table(found: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    """A table as wide as the terminal; whole, with tabs between, when it goes elsewhere."""
    if not sys.stdout.isatty():
        line("\t".join(columns))
        for row in found:
            line("\t".join(text(row.get(key)) for key in columns))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = [key for key in columns if any(text(row.get(key)) for row in found)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in columns:
        table.add_column(key.replace("_", " "), overflow="fold", no_wrap=key in {"uid", "id"})
    for row in found:
        table.add_row(*(Text(_short(row.get(key))) for key in columns))
    Console().print(table)


def _short(value: object) -> str:
    """A cell of a table on the terminal: times to the second."""
    return _TIME.sub(r"\1 \2", text(value))


def text(value: object) -> str:
    """One value in a cell: short, on one line, without what a terminal would obey."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case {"key": key, "value": found, **rest} if not rest:
            return str(key) if found is None else f"{key}={found}"
        case Mapping():
            shown = ", ".join(f"{key}={text(found)}" for key, found in value.items())
        case list() | tuple():
            shown = ", ".join(text(found) for found in value)
        case _:
            shown = str(value)
    return "".join(sign if sign.isprintable() else " " for sign in shown)
