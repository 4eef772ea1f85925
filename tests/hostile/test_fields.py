"""Every field of every operation, filled with what does not belong there."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from strongroom.dialects.native.operation import Operation
from strongroom.dialects.native.routes import OPERATIONS
from tests.support.api import PREFIX, Answer, InProcess, assert_problem
from tests.support.api_world import ENDLESS, World, digest, in_days
from tests.support.plausible import Asked

each = pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.id not in ENDLESS], ids=lambda operation: operation.id
)

#: JSON as text: Python's json would refuse to write some of it.
BAD_JSON = [
    "-1",
    "0",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "1" + "0" * 400,
    "1" + "0" * 5000,
    "1.5",
    "1e3",
    "1e400",
    "-0.0",
    "NaN",
    "Infinity",
    "true",
    "null",
    '""',
    '"x"',
    '"NaN"',
    '"1"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\u202e"',
    '"0001-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+23:59"',
    '"9999-12-31T23:59:59.999999999-23:59"',
    '"1969-12-31T23:59:59Z"',
    '"2016-12-31T23:59:60Z"',
    '"' + "a" * 100_000 + '"',
    "[]",
    "[[]]",
    "{}",
    '{"a":{"b":1}}',
    "[null,null]",
    '["00000000-0000-4000-8000-000000000000"]',
]
#: What is accepted here costs a slow hash.
SLOW = {"setup.complete", "principal.create"}
BAD_TEXT = [
    "-1",
    "0",
    "1.5",
    "1e3",
    "9223372036854775808",
    "1" + "0" * 400,
    "NaN",
    "inf",
    "-inf",
    "true",
    "null",
    "",
    "%00",
    "%ff",
    "%ed%a0%80",
    "%e2%80%ae",
    "'%20OR%201=1--",
    "%25",
    "*",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00%2B23:59",
    "9999-12-31T23:59:59.999999-23:59",
    "99999999999999",
    "-99999999999999",
    "%D9%A3",
    "a" * 4000,
]


def raw_json(fields: dict[str, Any], name: str, value: str) -> bytes:
    """An object with one member's text put in as it is."""
    rest = {key: other for key, other in fields.items() if key != name}
    return msgspec.json.encode(rest)[:-1] + (b"," if rest else b"") + f'"{name}":{value}}}'.encode()


def well_answered(answer: Answer) -> None:
    assert answer.status < 500, (answer.status, answer.body[:500])
    if answer.status >= 400:
        assert_problem(answer)


def bodies(operation: Operation, asked: Asked) -> Iterator[bytes]:
    """The plausible body with every field, and every field of the objects in its lists, made bad in turn."""
    bad_json = BAD_JSON[::5] if "assword" in operation.summary or operation.id in SLOW else BAD_JSON
    for field in msgspec.structs.fields(operation.body):
        for value in bad_json:
            yield raw_json(asked.json, field.encode_name, value)
        inner = asked.json.get(field.encode_name)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            for item in item_fields(field.type):
                for value in BAD_JSON:
                    bad = raw_json(inner[0], item, value).decode()
                    yield raw_json(asked.json, field.encode_name, f"[{bad}]")


def item_fields(type_: object) -> Iterator[str]:
    found = msgspec.inspect.type_info(type_)
    if isinstance(found, msgspec.inspect.ListType) and isinstance(found.item_type, msgspec.inspect.StructType):
        yield from (field.encode_name for field in found.item_type.fields)


@pytest.mark.parametrize(
    "operation",
    [o for o in OPERATIONS if o.body not in (None, bytes)],
    ids=lambda operation: operation.id,
)
def test_no_member_of_a_body_breaks_the_server(operation: Operation, world: World) -> None:
    """ "huge and negative numbers ... answered with a clear 4xx"; "schemathesis finds no 5xx"."""
    asked = world.plausible(operation.id)
    address = world.address(operation.id, asked.path, asked.query, world.workspace)
    json = [("Content-Type", "application/json")]
    for body in bodies(operation, asked):
        well_answered(world.api.request("root", operation.method, address, body=body, headers=json))


@each
def test_no_parameter_breaks_the_server(operation: Operation, world: World) -> None:
    """ "huge and negative numbers ... answered with a clear 4xx", in paths and queries."""
    asked = world.plausible(operation.id)
    body = asked.body if asked.json is ... else msgspec.json.encode(asked.json)
    headers = [] if asked.json is ... else [("Content-Type", "application/json")]
    for field in msgspec.structs.fields(operation.params):
        for value in BAD_TEXT:
            path = PREFIX + operation.path.replace(":path}", "}")
            for name, other in asked.path.items():
                path = path.replace(f"{{{name}}}", value if name == field.name else quote(str(other)))
            query = {**asked.query, field.name: value} if field.name not in asked.path else asked.query
            behind = "&".join(f"{name}={other}" for name, other in query.items())
            well_answered(world.api.request("root", operation.method, f"{path}?{behind}", body=body, headers=headers))


ZEROS = "0" * 64
FAR = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", in_days(-1), in_days(400))
NO_TIMES = ("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "now", "")
NO_INT64 = ("9223372036854775808", "-9223372036854775809", "1.5", "true")
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    *(("asset.list", {"page_size": n}, "") for n in (0, -1, 1001, 10**30, "1.5", "NaN", "true", " 5", "%2B5")),
    *(("audit.consistency", {"old_size": n}, "") for n in (-1, 10**30, "0x1", "")),
    *(("lineage.walk", {"depth": n}, "") for n in (0, -1, 51, 10**20)),
    *(("lineage.walk", {"max_vertices": n}, "") for n in (0, -1, 10_001)),
    *(("upload.begin", {}, f'{{"sha256":"{ZEROS}","size":{n}}}') for n in ("-1", *NO_INT64)),
    *(("draft.create", {}, f'{{"life_s":{n}}}') for n in ("0", "-1", "2592001", "1e3", "true", "NaN", '"1"')),
    *(("draft.seal", {}, f'{{"number":{n}}}') for n in ("0", "-1", "1000000000000000001", "1.0", "true")),
    *(("run.log", {}, f'{{"points":[{{"key":"m","value":1,"step":{n}}}]}}') for n in NO_INT64),
    *(("run.log", {}, f'{{"points":[{{"key":"m","value":{n}}}]}}') for n in ("1e400", "NaN", "true", '"nan"', "null")),
    *(("run.log", {}, f'{{"points":[{{"key":"m","value":1,"time_us":{n}}}]}}') for n in NO_INT64),
    *(("property.set", {}, f'{{"properties":{{"a":{n}}}}}') for n in ("1e400", "NaN", "[1]", "1" + "0" * 5000)),
    *(("alias.change", {}, f'{{"changes":[{{"name":"a","etag":{n}}}]}}') for n in ("-1", "true", "1.5")),
    *(("run.create", {}, f'{{"started_at":"{t}"}}') for t in NO_TIMES),
    *(("token.issue", {}, f'{{"expires_at":"{t}"}}') for t in FAR),
    ("upload.begin", {}, f'{{"sha256":"{"0" * 63}","size":1}}'),
    ("upload.begin", {}, f'{{"sha256":"{"A" * 64}","size":1}}'),
    ("folder.put", {}, '{"entries":[]}'),
    *(("folder.list", {"path": text}, "") for text in ("%c0%ae%c0%ae", "a%ff", "%ed%a0%80", "a%e2%82")),
]  # fmt: skip


@pytest.mark.parametrize(("id_", "query", "body"), REFUSED, ids=[f"{i}-{one[0]}" for i, one in enumerate(REFUSED)])
def test_a_number_or_time_out_of_its_bounds_is_refused(
    id_: str, query: dict[str, Any], body: str, world: World
) -> None:
    """ "huge and negative numbers ... answered with a clear 4xx"."""
    asked = world.plausible(id_)
    behind = "&".join(f"{name}={value}" for name, value in {**asked.query, **query}.items())
    address = world.address(id_, asked.path, {}, world.workspace) + (f"?{behind}" if behind else "")
    method = next(o.method for o in OPERATIONS if o.id == id_)
    headers = [("Content-Type", "application/json")] if body else []
    answer = world.api.request("root", method, address, body=body.encode() or None, headers=headers)
    assert_problem(answer, 400)


@pytest.mark.parametrize("number", ["0", "-1", "100001", "1e1", "1.5", "NaN", "9" * 40, "true", "%D9%A3", "2"])
def test_a_part_that_is_none_is_refused(number: str, world: World) -> None:
    """ "huge and negative numbers"; an upload of one part has no second."""
    address = f"{PREFIX}/uploads/{world.upload['uid']}/parts/{number}?sha256={digest(world.bytes)}"
    assert_problem(world.api.request("root", "PUT", address, body=world.bytes), 400)


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e10"]
)
def test_a_time_far_away_is_a_question_with_an_answer(at: str, world: World) -> None:
    """ "Any of them can be asked 'as of T'": before the beginning there was nothing, after the end it is as now."""
    assert world.alias
    uid, escaped = world.asset["uid"], at.replace("+", "%2B")
    answer = world.api.request("root", "GET", f"{PREFIX}/assets/{uid}/aliases?at={escaped}")
    assert answer.status == 200
    assert [alias["name"] for alias in answer.json()] == ([] if at.startswith("0001") else ["champion"])


def test_values_that_are_no_json_numbers_are_texts(world: World) -> None:
    """ "Metric values are numbers or the texts NaN, Infinity, -Infinity, in bodies and in answers" (README)."""
    points = [
        {"key": "odd", "value": value, "step": n} for n, value in enumerate(["NaN", "Infinity", "-Infinity", -0.0])
    ]
    world.do("run.log", {"points": points}, uid=world.run["uid"])
    kept = world.do("metric.series", query={"key": "odd"}, uid=world.run["uid"])["items"]
    assert [point["value"] for point in kept] == ["NaN", "Infinity", "-Infinity", 0.0]


def test_an_unknown_field_or_parameter_is_refused(world: World) -> None:
    """ "Unknown parameters and fields are refused" (README), so that a misspelt one is not silently ignored."""
    for operation in OPERATIONS:
        asked = world.plausible(operation.id)
        odd = Asked(asked.path, {**asked.query, "no_such_parameter": "1"}, asked.json, asked.body)
        assert_problem(world.ask("root", operation.id, odd), 400)
        if operation.body not in (None, bytes):
            odd = Asked(asked.path, asked.query, {**asked.json, "no_such_field": 1})
            assert_problem(world.ask("root", operation.id, odd), 400)


def test_a_parameter_that_stands_twice_is_refused(api: InProcess) -> None:
    """A clear 4xx, where two parsers might take different ones."""
    assert_problem(api.request("root", "GET", f"{PREFIX}/assets?page_size=1&page_size=2"), 400)
