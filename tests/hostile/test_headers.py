"""Headers: ranges of every form, If-Match and Idempotency-Key out of their grammar, too many and too large."""

import pytest

from tests.support.api import PREFIX, Answer, InProcess, assert_problem
from tests.support.api_world import World
from tests.support.plausible import Asked


@pytest.fixture(scope="module")
def file(api: InProcess) -> tuple[World, str]:
    """A version with a file of 26 bytes, and its address."""
    world = World(api)
    world.__dict__["bytes"] = b"abcdefghijklmnopqrstuvwxyz"
    return world, f"{PREFIX}/versions/{world.version['uid']}/files/model.bin"


def get(file: tuple[World, str], value: str, method: str = "GET") -> Answer:
    return file[0].api.request("root", method, file[1], headers=[("Range", value)])


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("bytes=0-0", b"a"),
        ("bytes=0-25", b"abcdefghijklmnopqrstuvwxyz"),
        ("bytes=0-9223372036854775807", b"abcdefghijklmnopqrstuvwxyz"),
        ("bytes=25-", b"z"),
        ("bytes=-1", b"z"),
        ("bytes=-999999999999999999", b"abcdefghijklmnopqrstuvwxyz"),
        ("  bytes=1-2  ", b"bc"),
    ],
)
def test_a_range_gives_these_bytes(value: str, body: bytes, file: tuple[World, str]) -> None:
    """ "Range reads" (RFC 9110, 14)."""
    answer = get(file, value)
    assert (answer.status, answer.body) == (206, body)
    assert answer.headers["content-range"].endswith("/26")
    assert answer.headers["content-length"] == str(len(body))


@pytest.mark.parametrize("value", ["bytes=26-", "bytes=26-30", "bytes=9223372036854775807-", "bytes=-0"])
def test_a_range_outside_is_416(value: str, file: tuple[World, str]) -> None:
    """ "huge numbers ... answered with a clear 4xx": 416 with the file's size."""
    answer = get(file, value)
    assert_problem(answer, 416)
    assert answer.headers["content-range"] == "bytes */26"


@pytest.mark.parametrize(
    "value",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-1", "bytes=0-1,3-4", "bytes=0-1, 3-4", "lines=0-1"),
        *("bytes=0--1", "bytes=--1", "bytes=+0-1", "bytes=0x0-1", "bytes=0-1;", "bytes = 0-1", "bytes=\xb2-\xb3"),
        *("bytes=" + "9" * 20 + "-", "bytes=0-" + "9" * 400, "bytes=" + "0-1," * 5000, "\xff"),
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_a_range_that_is_none_is_ignored(value: str, file: tuple[World, str]) -> None:
    """RFC 9110, 14.2: what a server does not understand it ignores; never a 5xx, never other bytes."""
    answer = get(file, value)
    assert (answer.status, len(answer.body)) == (200, 26)


def test_a_head_with_a_range_has_no_body(file: tuple[World, str]) -> None:
    answer = get(file, "bytes=0-1", "HEAD")
    assert (answer.status, answer.body) == (206, b"")


@pytest.mark.parametrize(
    "value",
    [
        "1",
        '"a"',
        '""',
        "'1'",
        '"-1"',
        '"1.0"',
        '"' + "9" * 19 + '"',
        '"1", "2"',
        '"1""',
        "\xb2",
        "",
        "**",
        '"\xb2"',
        '"' + "1" * 9999,
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_an_if_match_that_is_no_etag_is_refused(value: str, world: World) -> None:
    """ "ETag / If-Match on mutable things": garbage is never taken for "compare nothing"."""
    asked = world.plausible("asset.update")
    assert_problem(world.ask("root", "asset.update", asked, headers=[("If-Match", value)]), 400)
    assert world.do("asset.get", uid=asked.path["uid"])["description"] == ""


@pytest.mark.parametrize("key", ["", " ", "a b", "\xe4", "a" * 256, "a\tb", "\x7f"], ids=ascii)
def test_an_idempotency_key_that_is_none_is_refused(key: str, world: World) -> None:
    """ "idempotency keys on writes": one that could not be kept is refused, not dropped."""
    asked = world.plausible("asset.create")
    assert_problem(world.ask("root", "asset.create", asked, headers=[("Idempotency-Key", key)]), 400)


@pytest.mark.parametrize(
    "workspace", ["", "..", "DEFAULT", "default/", "a" * 300, "\xff", "%00", "' or 1=1", "default\xa0"], ids=ascii
)
def test_a_workspace_header_that_names_none_is_refused(workspace: str, world: World) -> None:
    """Never a fallback (domain.md N1): what was not found is not somewhere else."""
    answer = world.ask("root", "asset.list", Asked({}, {}), headers=[("Strongroom-Workspace", workspace)])
    assert_problem(answer, 400, 404)


@pytest.mark.parametrize(
    "given", ["a" * 65, "short", "a\nb: c" * 3, "\xff" * 10, "<script>alert(1)</script>", ""], ids=ascii
)
def test_a_request_id_that_is_none_is_not_taken_over(given: str, world: World) -> None:
    answer = world.ask("root", "asset.list", Asked({}, {}), headers=[("X-Request-Id", given)])
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_too_many_or_too_large_headers_are_refused(world: World) -> None:
    """ "limits": a clear 4xx."""
    for headers in ([(f"X-{n}", "a") for n in range(120)], [("X-Long", "a" * 40_000)]):
        assert_problem(world.ask("root", "asset.list", Asked({}, {}), headers=headers), 431)
    assert_problem(world.api.request("root", "GET", f"{PREFIX}/assets?x={'a' * 9000}"), 414)


def test_bytes_are_never_run_by_a_browser(world: World) -> None:
    """A file of a model may be a page with a script: it is sent as a download, sandboxed and unsniffed."""
    uid = world.run["uid"]
    body = b"<script>alert(document.domain)</script>"
    place = f"{PREFIX}/folders/run/{uid}/files/page.html"
    world.api.request("root", "PUT", place, body=body, headers=[("Content-Type", "text/html")])
    answer = world.api.request("root", "GET", place)
    assert answer.body == body
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("attachment")
