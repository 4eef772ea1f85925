"""OpenAPI 3.1 out of the route table: what routes are served is what is described, by construction.

Schemas are msgspec's own (it knows every constraint it enforces); see docs/decisions for why no generator of pages
and specifications stands in between.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from strongroom import __version__
from strongroom.dialects.native.errors import TITLES
from strongroom.dialects.native.operation import Mode, Operation
from strongroom.domain.identity.roles import Permission

REF = "#/components/schemas/{name}"
PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. Members beside these are details for programs: holders, limits, digests.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; one a kind of error."},
        "request_id": {"type": ["string", "null"]},
    },
}

_COMMON = (400, 401, 403, 404, 413, 414, 429, 431, 500, 503)
_WRITES = (409, 410, 412, 422, 507)
_BYTES = (410, 416)


@lru_cache(maxsize=1)
def document(operations: tuple[Operation, ...], prefix: str) -> dict[str, Any]:
    """The OpenAPI document of these operations."""
    types = [t for o in operations for t in (o.params, o.body, o.answer) if t not in (None, bytes)]
    schemas, components = msgspec.json.schema_components(types, schema_hook=_any, ref_template=REF)
    by_type = dict(zip((repr(t) for t in types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = prefix + operation.path.replace(":path}", "}")
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, by_type, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Strongroom",
            "version": __version__,
            "description": "The native API. Every dialect writes the same assets under the same rules.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(o.tag for o in operations)],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": PROBLEM_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "sr_ID_SECRET"}},
        },
    }


def _any(type_: type) -> dict[str, Any]:
    """`object` is any JSON value."""
    if type_ is object:
        return {"description": "Any JSON value."}  # msgspec takes an empty schema for none
    raise NotImplementedError


def _operation(operation: Operation, by_type: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "x-permission": operation.permission.value,
        "parameters": list(_parameters(operation, _shape(by_type[repr(operation.params)], components))),
        "responses": dict(_responses(operation, by_type)),
        "security": [] if operation.permission is Permission.PUBLIC else [{"token": []}],
    }
    if operation.raw_body:
        content = {operation.raw_body: {"schema": {"type": "string", "format": "binary"}}}
        described["requestBody"] = {"required": True, "content": content}
    elif operation.body is not None:
        content = {"application/json": {"schema": by_type[repr(operation.body)]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _shape(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference; two types of one name have longer names there."""
    found: dict[str, Any] = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _parameters(operation: Operation, shape: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, schema in shape.get("properties", {}).items():
        place = "path" if f"{{{name}}}" in operation.path or f"{{{name}:path}}" in operation.path else "query"
        described = {key: value for key, value in schema.items() if key != "description"}
        yield {
            "name": name,
            "in": place,
            "required": place == "path" or name in shape.get("required", ()),
            "schema": described,
            **({"description": schema["description"]} if "description" in schema else {}),
        }
    if operation.repeats:
        yield _header("Idempotency-Key", "A repeat with the same key gets the same answer, for 24 hours.", r"^[!-~]+$")
    if operation.compares:
        yield _header("If-Match", 'The ETag that the object must be at, such as "3".', r'^(\*|"[0-9]{1,18}")$')


def _header(name: str, description: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": pattern}
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


def _responses(operation: Operation, by_type: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if operation.raw_answer:
        content = {operation.raw_answer: {"schema": {"type": "string", "format": "binary"}}}
        yield "200", {"description": "The bytes", "content": content}
        if operation.raw_answer == "application/octet-stream":
            yield "206", {"description": "The range that was asked for", "content": content}
    elif operation.answer is None:
        yield "204", {"description": "Done"}
    else:
        content = {"application/json": {"schema": by_type[repr(operation.answer)]}}
        yield str(operation.status), {"description": operation.summary, "content": content}
    codes: Sequence[int] = _COMMON
    if operation.mode is not Mode.READ:
        codes = (*codes, *_WRITES)
    if operation.raw_answer:
        codes = (*codes, *_BYTES)
    problem = {"application/problem+json": {"schema": PROBLEM_REF}}
    for code in sorted(set(codes) | {409, 410}):
        yield str(code), {"description": TITLES[code], "content": problem}
