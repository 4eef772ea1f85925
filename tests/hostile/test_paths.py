"""Traversal in every spelling, on every route that takes a path or a name that could become one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import PREFIX, Api, InProcess, Real, assert_problem
from tests.support.api_world import World, digest
from tests.support.plausible import Asked

#: As they stand in the address; what is right of `->` is what a use case would see.
IN_ADDRESSES = {
    "dotdot": "../x",
    "dotdot deep": "a/../../../x",
    "dotdot last": "a/..",
    "dot": "./x",
    "escaped dots": "%2e%2e/x",
    "escaped dots and slash": "%2e%2e%2fx",
    "upper case escapes": "%2E%2E%2Fx",
    "half escaped": ".%2e/x",
    "twice escaped": "%252e%252e%252fx",
    "three times escaped": "%25252e%25252e%25252fx",
    "backslash": "..%5cx",
    "only a backslash": "a%5cb",
    "twice escaped backslash": "..%255cx",
    "absolute": "/etc/passwd",
    "absolute escaped": "%2fetc%2fpasswd",
    "network share": "%5c%5chost%5cshare",
    "empty segment": "a//b",
    "directory": "a/",
    "NUL": "a%00",
    "NUL before a suffix": "..%00.bin",
    "twice escaped NUL": "a%2500",
    "drive": "C:/x",
    "drive relative": "c:x",
    "drive backslash": "C%3a%5cx",
    "overlong dot in 2 bytes": "%c0%ae%c0%ae/x",
    "overlong dot in 3 bytes": "%e0%80%ae%e0%80%ae/x",
    "overlong dot in 4 bytes": "%f0%80%80%ae/x",
    "overlong slash": "..%c0%afx",
    "overlong NUL": "a%c0%80",
    "twice escaped overlong": "%25c0%25ae",
    "cut sequence": "a%e2%82",
    "bare continuation": "a%80",
    "lone surrogate": "%ed%a0%80",
    "surrogate pair in UTF-8": "%ed%a0%bd%ed%b8%80",
    "line feed": "a%0ab",
    "carriage return and line feed": "a%0d%0aX-Evil:%201",
    "escape character": "a%1b%5b31m",
    "delete character": "a%7f",
    "right to left override": "a%e2%80%aegpj.exe",
    "isolate": "%e2%81%a6a",
    "line separator": "a%e2%80%a8b",
    "long segment": "a" * 256,
    "long segment in bytes": "%c3%a9" * 128,
    "long path": "/".join(["a" * 200] * 6),
    "very deep": "/".join(["a"] * 65),
    "very very deep": "/".join(["a"] * 3000),
}
#: As they stand in JSON and, escaped once, in queries.
IN_TEXTS = {
    "dotdot": "../x",
    "dotdot inside": "a/../b",
    "escaped": "%2e%2e/x",
    "twice escaped": "%252e%252e%252fx",
    "backslash": "..\\x",
    "absolute": "/etc/passwd",
    "NUL": "a\0b",
    "drive": "C:\\x",
    "drive and slash": "C:/x",
    "escaped overlong": "%c0%ae%c0%ae/x",
    "empty segment": "a//b",
    "right to left override": "a\u202eb",
    "control": "a\x1bb",
    "long segment": "a" * 256,
    "long path": "/".join(["a" * 200] * 6),
    "very deep": "/".join(["a"] * 65),
}
#: Look dangerous and are plain names: stored under exactly this text, which no file system ever sees.
HARMLESS = {
    "full-width dots": "\uff0e\uff0e\uff0fx",
    "full-width backslash": "..\uff3cx",
    "three dots": ".../x",
    "last dots": "a../b..",
    "one dot leader": "\u2024\u2024/x",
    "division slash": "..\u2215x",
    "Windows device": "CON",
    "Windows stream": "ab:stream",
    "tilde": "~root/x",
    "dollar": "$HOME/x",
    "shell": "`id`;rm -rf x",
    "percent": "100%/x",
    "hidden file": ".bashrc",
}

addresses = pytest.mark.parametrize("spelling", IN_ADDRESSES.values(), ids=IN_ADDRESSES)
texts = pytest.mark.parametrize("text", IN_TEXTS.values(), ids=IN_TEXTS)


def around(data: Path) -> set[str]:
    """Every path beside the data folder, and every one in it that is not of the database or the blob store."""
    beside = {str(path) for path in data.parent.rglob("*") if data not in path.parents}
    inside = {str(path) for path in data.iterdir()}
    return beside | {path for path in inside if not path.endswith(("-wal", "-shm"))}


def blobs(data: Path) -> set[Path]:
    return {path for path in (data / "blobs").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def data(api: InProcess) -> Path:
    found = api.data
    assert found.is_dir()
    return found


@pytest.fixture
def watched(data: Path, world: World) -> Iterator[World]:
    """A world whose request leaves nothing: no file anywhere, no entry in the folder."""
    kept = world.do("folder.list", kind="run", uid=world.run["uid"], query={"recursive": "true"})["items"]
    version, assets = world.version, world.do("asset.list", query={"page_size": 1000})
    outside, stored = around(data), blobs(data)
    yield world
    assert around(data) == outside
    assert blobs(data) == stored
    listing = world.do("folder.list", kind="run", uid=world.run["uid"], query={"recursive": "true"})["items"]
    assert listing == kept
    assert world.do("version.list", uid=world.asset["uid"])["items"][0]["uid"] == version["uid"]
    assert world.do("asset.list", query={"page_size": 1000}) == assets


@addresses
def test_no_spelling_in_an_address_gets_through(spelling: str, watched: World) -> None:
    """ "Bad input tried and answered with a clear 4xx: traversal in every spelling (`..`, `%2e%2e`, double encoding,
    backslash, absolute, NUL, drive letters, over-long UTF-8)"; nothing is stored, inside or outside."""
    run, version = watched.run["uid"], watched.version["uid"]
    for method, place in (
        ("PUT", f"/folders/run/{run}/files/"),
        ("GET", f"/folders/run/{run}/files/"),
        ("DELETE", f"/folders/run/{run}/files/"),
        ("GET", f"/versions/{version}/files/"),
    ):
        body = b"bytes that nobody else sends" if method == "PUT" else None
        answer = watched.api.request("root", method, PREFIX + place + spelling, body=body)
        assert_problem(answer, 400, 414)


@addresses
def test_a_real_server_refuses_the_same(spelling: str, server: Real) -> None:
    """The same through a real server's parser: "answered with a clear 4xx"."""
    world = World(server)
    place = f"{PREFIX}/folders/run/{world.run['uid']}/files/"
    for method in ("PUT", "GET"):
        answer = server.request("root", method, place + spelling, body=b"x" if method == "PUT" else None)
        assert_problem(answer, 400, 414)
    names = [i["path"] for i in world.do("folder.list", kind="run", uid=world.run["uid"])["items"]]
    assert names == ["model.bin"]


@texts
def test_no_spelling_in_a_query_or_body_gets_through(text: str, watched: World) -> None:
    """ "traversal in every spelling", where paths come as text."""
    run, version, asset = watched.run["uid"], watched.version["uid"], watched.asset["uid"]
    entries = [
        {"path": text, "uri": "s3://bucket/key"},
        {"path": text, "sha256": digest(watched.bytes), "size": len(watched.bytes)},
    ]
    for entry in entries:
        assert_problem(
            watched.ask("root", "folder.put", Asked({"kind": "run", "uid": run}, {}, {"entries": [entry]})), 400
        )
    mixed = {"entries": [{"path": "good", "uri": "s3://bucket/key"}, entries[0]]}
    assert_problem(watched.ask("root", "folder.put", Asked({"kind": "run", "uid": run}, {}, mixed)), 400)
    assert_problem(watched.ask("root", "folder.list", Asked({"kind": "run", "uid": run}, {"path": text})), 400)
    assert_problem(watched.ask("root", "file.list", Asked({"uid": version}, {"path": text})), 400)
    registering = {"run_uid": run, "path": text}
    assert_problem(watched.ask("root", "version.register", Asked({"uid": asset}, {}, registering)), 400)


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "a\0b", "a\u202eb", "", "\x7f", "a" * 300], ids=ascii)
def test_no_name_is_a_path(name: str, watched: World) -> None:
    """ "local paths never depend on names": what could be one in an address is no name either."""
    asset, version = watched.asset["uid"], watched.version["uid"]
    assert_problem(watched.ask("root", "asset.create", Asked({}, {}, {"kind": "model", "name": name})), 400)
    assert_problem(watched.ask("root", "workspace.create", Asked({}, {}, {"slug": name})), 400)
    change = {"name": name, "version_uid": version}
    assert_problem(watched.ask("root", "alias.change", Asked({"uid": asset}, {}, {"changes": [change]})), 400)
    aimed = Asked({"uid": asset, "name": name}, {}, {"version_uid": version})
    assert_problem(watched.ask("root", "alias.set", aimed), 400, 404, 405)
    if "/" not in name:
        below = f"{watched.namespace['path']}/{name}"
        assert_problem(watched.ask("root", "namespace.create", Asked({}, {}, {"path": below})), 400)


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_what_only_looks_like_a_path_is_stored_as_text(text: str, world: World, data: Path) -> None:
    """ "local paths never depend on names": the store keys by digest, whatever a file is called."""
    outside = around(data)
    uid = world.run["uid"]
    body = text.encode()
    world.do("folder.upload", body=body, kind="run", uid=uid, path=text)
    paths = {i["path"] for i in world.do("folder.list", kind="run", uid=uid, query={"recursive": "true"})["items"]}
    assert paths == {text, "model.bin"}
    answer = world.ask("root", "folder.download", Asked({"kind": "run", "uid": uid, "path": text}, {}))
    assert answer.body == body
    assert "\n" not in answer.headers["content-disposition"]
    assert around(data) == outside


@pytest.mark.parametrize("kind", ["..", "%2e%2e", "asset", "", "run%00", "RUN", "run%2f.."])
def test_a_folder_of_no_such_kind_is_none(kind: str, world: World, api: Api) -> None:
    """ "answered with a clear 4xx"."""
    for below in ("files", "files/x"):
        answer = api.request("root", "GET", f"{PREFIX}/folders/{kind}/{world.run['uid']}/{below}")
        assert_problem(answer, 400, 404)
