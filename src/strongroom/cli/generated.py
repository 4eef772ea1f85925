"""Commands made from the table of operations, for those that have no hand-made one."""

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from strongroom.cli import output, references
from strongroom.cli.common import NONE, Common
from strongroom.sdk.errors import Invalid
from strongroom.sdk.operations import BY_ID
from strongroom.sdk.table import Field, Op

_TYPES: Mapping[str, type] = {
    "str": str, "int": int, "float": float, "bool": bool, "time": str, "strs": list[str], "json": str,
}  # fmt: skip
_HINTS = {"json": "JSON.", "time": "A time, RFC 3339."}


def command_of(op: Op) -> Callable[..., None]:
    """A function whose signature is the operation's parameters, for cyclopts to read."""

    def run(*positional: Any, **given: Any) -> None:
        _run(op, dict(zip(names, positional, strict=False)) | given)

    names = [field.name for field in _ordered(op) if field.place == "path"]
    parameters = [_parameter(field) for field in _ordered(op)] + _more(op)
    parameters.append(_keyword("common", Common | None, None, ""))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__ = op.verb
    run.__doc__ = f"{op.summary}.\n\n{op.help}"
    return run


def _ordered(op: Op) -> list[Field]:
    """Parameters of the path first, in its order: they are positional."""
    in_path = [field for field in op.fields if field.place == "path"]
    in_path.sort(key=lambda field: op.path.index(f"{{{field.name}"))
    return in_path + [field for field in op.fields if field.place != "path"]


def _parameter(field: Field) -> inspect.Parameter:
    hint = " ".join(filter(None, (field.help or _HINTS.get(field.type, ""), references.hint(field.name))))
    kind: Any = _TYPES[field.type]
    if field.place == "path":
        annotation = Annotated[kind, Parameter(help=hint)]
        return inspect.Parameter(field.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)
    if field.required:
        return _keyword(field.name, kind, inspect.Parameter.empty, hint)
    return _keyword(field.name, kind | None, None, hint)


def _keyword(name: str, kind: Any, default: object, hint: str) -> inspect.Parameter:  # noqa: ANN401 - any type
    annotation = Annotated[kind, Parameter(help=hint, negative_iterable="")] if hint else kind
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _more(op: Op) -> list[inspect.Parameter]:
    more = []
    if op.sends:
        more.append(_keyword("data", Path, inspect.Parameter.empty, f"File with the bytes ({op.sends}); - is stdin."))
    if op.answers in {"bytes", "text"}:
        more.append(_keyword("output", Path | None, None, "File to write; standard output when left out."))
    if op.compares:
        more.append(_keyword("etag", int | None, None, "Refuse when the object is not at this ETag any more."))
    return more


def _run(op: Op, given: dict[str, Any]) -> None:
    common: Common = given.pop("common", None) or NONE
    target: Path | None = given.pop("output", None)
    if "data" in given:
        given["data"] = sys.stdin.buffer.read() if str(given["data"]) == "-" else given["data"].read_bytes()
    types = {field.name: field.type for field in op.fields}
    fields = {name: _value(name, value, types.get(name, "")) for name, value in given.items()}
    with common.client() as client:
        references.resolve_all(client, op, fields)
        reply = client.api.send(op.id, **fields)
    if op.answers in {"bytes", "text"}:
        _write(reply.body, target)
    elif reply.body:
        _show(op, json.loads(reply.body), as_json=common.json)
    elif common.json:
        output.emit({})


def _value(name: str, value: Any, kind: str) -> Any:  # noqa: ANN401 - JSON
    if kind != "json" or value is None:
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise Invalid(f"--{name.replace('_', '-')} takes JSON: {error}") from error


def _write(body: bytes, target: Path | None) -> None:
    if target is None:
        sys.stdout.buffer.write(body)
    else:
        target.write_bytes(body)


def _show(op: Op, answer: Any, *, as_json: bool) -> None:  # noqa: ANN401 - JSON
    if as_json or op.answers == "object":
        output.one(answer, as_json=as_json)
    elif op.answers == "list":
        output.rows(answer, as_json=False)
    else:
        output.rows(answer["items"], as_json=False)
        if answer["next_page_token"]:
            output.note(f"There is more: --page-token {answer['next_page_token']}")


def generated(operation: str) -> Callable[..., None]:
    """The command of an operation by its id."""
    return command_of(BY_ID[operation])
