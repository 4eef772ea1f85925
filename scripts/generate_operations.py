"""Write src/strongroom/sdk/operations.json from the route table of the native API; with --check only compare."""

import argparse
import json
import re
import sys
from pathlib import Path

from msgspec import inspect

from strongroom.dialects.native.operation import Nothing, Operation
from strongroom.dialects.native.routes import OPERATIONS
from strongroom.sdk.table import Field, Op

TARGET = Path(__file__).resolve().parent.parent / "src/strongroom/sdk/operations.json"
_PATH_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")


def _plain(kind: inspect.Type) -> tuple[inspect.Type, str]:
    """A type without its null and its metadata, and what the metadata says of it."""
    said = ""
    if isinstance(kind, inspect.Metadata):
        said = str((kind.extra_json_schema or {}).get("description", ""))
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        others = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        if len(others) == 1:
            found, inner = _plain(others[0])
            return found, said or inner
    return kind, said


def _type_name(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "bool"
        case inspect.IntType():
            return "int"
        case inspect.FloatType():
            return "float"
        case inspect.DateTimeType():
            return "time"
        case inspect.StrType() | inspect.EnumType() | inspect.LiteralType():
            return "str"
        case inspect.ListType() if _type_name(_plain(kind.item_type)[0]) == "str":
            return "strs"
    return "json"


def _fields(struct: object, place: str, in_path: set[str]) -> list[Field]:
    found = []
    kind = inspect.type_info(struct)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - the route table holds nothing else
    for field in kind.fields:
        plain, said = _plain(field.type)
        where = "path" if field.encode_name in in_path else place
        found.append(Field(field.encode_name, where, _type_name(plain), field.required, said))
    return found


def _answers(operation: Operation) -> str:
    if operation.raw_answer:
        return "text" if operation.raw_answer.startswith("text/") or "json" in operation.raw_answer else "bytes"
    if operation.answer is None:
        return "none"
    text = str(operation.answer)
    return "list" if text.startswith("list[") else "page" if "Page[" in text else "object"


def describe(operation: Operation) -> Op:
    """One operation as the client's table has it."""
    in_path = set(_PATH_PARAMETER.findall(operation.path))
    fields = [] if operation.params is Nothing else _fields(operation.params, "query", in_path)
    has_json = operation.body is not None and operation.body is not bytes
    if has_json and isinstance(inspect.type_info(operation.body), inspect.StructType):
        fields += _fields(operation.body, "body", set())
    said = [operation.params if operation.params is not Nothing else None, operation.body if has_json else None]
    return Op(
        operation.id,
        operation.method,
        operation.path,
        operation.summary,
        tuple(fields),
        operation.raw_body or "",
        _answers(operation),
        " ".join(" ".join((one.__doc__ or "").split()) for one in said if one is not None),
        _repeat(operation),
        operation.compares,
    )


def _repeat(operation: Operation) -> str:
    if operation.secret:
        return "once"
    return "key" if operation.repeats and operation.method != "GET" else "safe"


def source() -> str:
    """The text of the generated table: JSON, an operation a line."""
    rows = sorted((describe(operation) for operation in OPERATIONS), key=lambda op: op.id)
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n"


def main() -> int:
    """Write or compare; 1 when the comparison finds a difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = source()
    if parser.parse_args().check:
        return int(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
