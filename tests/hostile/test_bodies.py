"""Bodies that end early, lie about their length or digest, or are not what they say; on the wire where it matters."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.api import PREFIX, PROBLEM, InProcess, Real, assert_problem
from tests.support.api_world import World, digest, frame
from tests.support.plausible import Asked
from tests.support.process import wait_until

JSON = ("Content-Type", "application/json")


@pytest.fixture(scope="module")
def there(server: Real) -> World:
    """A world on the real server."""
    return World(server)


def raw(server: Real, head: str, body: bytes = b"", *, half_close: bool = False, patience: float = 2) -> bytes:
    """What a server sends for bytes on the wire, until it closes or is silent for `patience` seconds."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience) as wire:
        with suppress(OSError):  # it may answer and close before it has read all
            wire.sendall(head.replace("\n", "\r\n").encode("latin-1") + body)
            if half_close:
                wire.shutdown(socket.SHUT_WR)
        got = b""
        with suppress(OSError):
            while more := wire.recv(65536):
                got += more
        return got


def head(server: Real, method: str, path: str, *lines: str) -> str:
    more = "".join(f"{line}\n" for line in lines)
    return f"{method} {path} HTTP/1.1\nHost: localhost\nAuthorization: Bearer {server.tokens['root']}\n{more}\n"


def status(answer: bytes) -> int | None:
    """None for a connection that was closed without an answer."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def files(world: World) -> set[str]:
    listing = world.do("folder.list", kind="run", uid=world.run["uid"], query={"recursive": "true"})
    return {item["path"] for item in listing["items"]}


@pytest.fixture
def unchanged(there: World) -> Iterator[World]:
    """The real server's folder is the same afterwards, and the server still answers."""
    before = files(there)
    yield there
    assert files(there) == before


def upload(world: World, name: str = "new.bin", query: str = "") -> str:
    return f"{PREFIX}/folders/run/{world.run['uid']}/files/{name}{query}"


# -- truncated, and lengths that lie ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("Content-Length: 100",), b"short"),
        (("Content-Length: 5000000",), b"x" * 1_500_000),
        (("Transfer-Encoding: chunked",), b"5\r\nab"),
        (("Transfer-Encoding: chunked",), b"5\r\nabcde\r\n"),
        (("Transfer-Encoding: chunked",), b"zz\r\nab\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"-1\r\nab\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"fffffffffffffffff\r\nab\r\n0\r\n\r\n"),
    ],
)
def test_a_body_that_is_cut_short_leaves_nothing(
    lines: tuple[str, ...], body: bytes, server: Real, unchanged: World
) -> None:
    """ "truncated bodies": "no half file ever visible"."""
    got = raw(server, head(server, "PUT", upload(unchanged), *lines), body, half_close=True)
    assert status(got) in {None, 400}
    as_json = (*lines, "Content-Type: application/json")
    got = raw(server, head(server, "POST", f"{PREFIX}/assets", *as_json), body, half_close=True)
    assert status(got) in {None, 400, 413}


def test_an_upload_that_is_given_up_in_the_middle_leaves_nothing(server: Real, unchanged: World) -> None:
    """ "no half file ever visible": the client is gone, its temporary file too."""
    blobs = server_data(server) / "blobs"
    before = {p for p in blobs.rglob("*") if p.is_file()}
    wire = socket.create_connection(("127.0.0.1", server.port))
    wire.sendall(head(server, "PUT", upload(unchanged), "Content-Length: 3000000").replace("\n", "\r\n").encode())
    wire.sendall(b"x" * 2_000_000)
    time.sleep(0.2)
    wire.close()
    wait_until(lambda: {p for p in blobs.rglob("*") if p.is_file()} == before, what="the temporary file's end")


def server_data(server: Real) -> Path:
    return server.child.log.parent / "data"


@pytest.mark.parametrize("length", ["-1", "+5", "0x5", "5, 6", "5 5", "five", "99999999999999999999999999", "", "1e1"])
def test_a_length_that_is_no_number_is_refused(length: str, server: Real, unchanged: World) -> None:
    """ "lengths that lie"."""
    got = raw(server, head(server, "PUT", upload(unchanged), f"Content-Length: {length}"), b"hello", half_close=True)
    assert status(got) in {None, 400, 413}


def test_a_length_above_every_limit_is_refused_before_the_bytes(server: Real, unchanged: World) -> None:
    """ "huge numbers ... answered with a clear 4xx": nobody waits for an exabyte."""
    for method, path in (("PUT", upload(unchanged)), ("POST", f"{PREFIX}/assets")):
        lines = ("Content-Length: 1152921504606846976", "Content-Type: application/json")
        got = raw(server, head(server, method, path, *lines), patience=15)  # it waits a while for the bytes
        assert status(got) == 413, got[:200]
        assert PROBLEM.encode() in got


def test_a_body_without_an_end_is_cut_off_at_its_limit(world: World) -> None:
    """ "lengths that lie": a body that announces nothing has the same limit."""
    api = world.api
    assert isinstance(api, InProcess)
    headers = [JSON, ("Authorization", f"Bearer {api.tokens['root']}")]
    answer = api.run(api.send("POST", f"{PREFIX}/assets", headers, [b" " * 1024 * 1024] * 6))
    assert_problem(answer, 413)


@pytest.mark.parametrize(("announced", "sent"), [(3, b"12345"), (8, b"12345")])
def test_a_length_that_lies_is_refused(announced: int, sent: bytes, world: World) -> None:
    """ "lengths that lie (both ways)": a server in front may pass one on."""
    headers = [("Content-Length", str(announced))]
    answer = world.api.request("root", "PUT", upload(world), body=sent, headers=headers)
    assert_problem(answer, 400)
    assert answer.code == "size_mismatch"
    assert files(world) == {"model.bin"}


def test_a_disconnected_client_leaves_its_upload_resumable(server: Real, there: World) -> None:
    """ "resumable after the client is killed (only missing parts are sent again)"."""
    body = bytes(8 * 1024 * 1024) + b"the last part"
    begun = {"sha256": digest(body), "size": len(body)}
    made = there.do("upload.begin", begun, kind="run", uid=there.run["uid"])
    parts = [body[: 8 * 1024 * 1024], body[8 * 1024 * 1024 :]]
    there.do("upload.part", body=parts[1], uid=made["uid"], number=2, query={"sha256": digest(parts[1])})
    address = f"{PREFIX}/uploads/{made['uid']}/parts/1?sha256={digest(parts[0])}"
    raw(server, head(server, "PUT", address, f"Content-Length: {len(parts[0])}"), parts[0][:3_000_000], half_close=True)
    again = there.do("upload.begin", begun, kind="run", uid=there.run["uid"])
    assert (again["uid"], again["received"]) == (made["uid"], [2])
    incomplete = there.ask("root", "upload.complete", Asked({"uid": made["uid"]}, {}))
    assert_problem(incomplete, 409)
    assert incomplete.json()["missing"] == [1]
    there.do("upload.part", body=parts[0], uid=made["uid"], number=1, query={"sha256": digest(parts[0])})
    assert there.do("upload.complete", uid=made["uid"])["sha256"] == digest(body)


# -- digests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claimed", ["0" * 64, digest(b"other")])
def test_a_file_with_a_wrong_digest_is_refused(claimed: str, world: World) -> None:
    """ "wrong digests": "Digests checked on write"."""
    answer = world.api.request("root", "PUT", upload(world, query=f"?sha256={claimed}"), body=b"some bytes")
    assert_problem(answer, 400)
    assert answer.code == "digest_mismatch"
    assert files(world) == {"model.bin"}


@pytest.mark.parametrize("claimed", ["", "0", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "%00" * 64, "sha256:" + "0" * 64])
def test_a_digest_that_is_none_is_refused(claimed: str, world: World) -> None:
    """ "wrong digests"."""
    assert_problem(world.api.request("root", "PUT", upload(world, query=f"?sha256={claimed}"), body=b"x"), 400)
    part = f"{PREFIX}/uploads/{world.upload['uid']}/parts/1?sha256={claimed}"
    assert_problem(world.api.request("root", "PUT", part, body=world.bytes), 400)


def test_a_part_with_a_wrong_digest_or_size_is_refused(world: World) -> None:
    """ "wrong digests, lengths that lie": the part that was there before stays."""
    uid = world.upload["uid"]
    for body, claimed in (
        (world.bytes, "0" * 64),
        (b"y" * len(world.bytes), digest(world.bytes)),
        (b"", digest(b"")),
        (world.bytes + b"!", digest(world.bytes + b"!")),
        (world.bytes[:-1], digest(world.bytes[:-1])),
    ):
        address = f"{PREFIX}/uploads/{uid}/parts/1?sha256={claimed}"
        assert_problem(world.api.request("root", "PUT", address, body=body), 400, 413)
    assert world.do("upload.complete", uid=uid)["sha256"] == digest(world.bytes)


def test_an_upload_whose_whole_has_another_digest_is_refused(world: World) -> None:
    """ "wrong digests": every part is right and the whole is not what was announced."""
    body = b"these are the bytes"
    begun = {"sha256": digest(b"others"), "size": len(body)}
    made = world.do("upload.begin", begun, kind="run", uid=world.run["uid"])
    world.do("upload.part", body=body, uid=made["uid"], number=1, query={"sha256": digest(body)})
    answer = world.ask("root", "upload.complete", Asked({"uid": made["uid"]}, {}))
    assert_problem(answer, 400)
    assert answer.code == "digest_mismatch"
    for sha256 in (digest(body), digest(b"others")):
        claim = {"entries": [{"path": "x", "sha256": sha256}]}
        assert_problem(world.ask("root", "folder.put", Asked({"kind": "run", "uid": world.run["uid"]}, {}, claim)), 409)


GOOD = frame(b"good")
FRAMES = {
    "wrong digest": frame(b"x", digest(b"y")),
    "wrong digest after a good one": GOOD + frame(b"x", digest(b"y")),
    "cut in the head": GOOD + b"\0" * 20,
    "cut in the bytes": GOOD + frame(b"bytes")[:-1],
    "too long": frame(b"x", size=2),
    "far too long": frame(b"x", size=2**32 - 1),
    "too short": frame(b"xyz", size=1),
    "too large": frame(b"x" * (64 * 1024 + 1)),
    "garbage": b"garbage" * 100,
    "JSON": b'{"blobs":[]}',
}


@pytest.mark.parametrize("body", FRAMES.values(), ids=FRAMES)
def test_broken_frames_are_refused_whole(body: bytes, world: World) -> None:
    """ "wrong digests, truncated bodies, lengths that lie": of a body with one bad frame none is kept."""
    owner = {"kind": "run", "uid": world.run["uid"]}
    assert_problem(world.ask("root", "blob.send", Asked(owner, {}, body=body)), 400, 413)
    answer = world.do("blob.missing", {"digests": [digest(b"good")]}, **owner)
    assert answer["missing"] == [digest(b"good")]


def test_a_blob_too_many_is_refused(world: World) -> None:
    """ "huge numbers": the number of frames has a limit too."""
    owner = {"kind": "run", "uid": world.run["uid"]}
    body = b"".join(frame(str(n).encode()) for n in range(1001))
    assert_problem(world.ask("root", "blob.send", Asked(owner, {}, body=body)), 413)


def test_no_frames_are_no_blobs(world: World) -> None:
    owner = {"kind": "run", "uid": world.run["uid"]}
    assert world.ask("root", "blob.send", Asked(owner, {}, body=b"")).json() == {"blobs": 0}


def test_a_size_that_is_not_that_of_the_bytes_is_refused(world: World) -> None:
    """ "lengths that lie"."""
    entry = {"path": "x", "sha256": digest(world.bytes), "size": len(world.bytes) + 1}
    claim = Asked({"kind": "run", "uid": world.run["uid"]}, {}, {"entries": [entry]})
    assert_problem(world.ask("root", "folder.put", claim), 400)


# -- JSON ------------------------------------------------------------------------------------------------------------

BROKEN_JSON = {
    "not UTF-8": b'{"kind":"model","name":"\xff"}',
    "UTF-16": '{"kind":"model","name":"x"}'.encode("utf-16"),
    "lone surrogate": b'{"kind":"model","name":"\\ud800"}',
    "surrogate in UTF-8": b'{"kind":"model","name":"\xed\xa0\x80"}',
    "overlong": b'{"kind":"model","name":"\xc0\xae"}',
    "NUL": b'{"kind":"model","name":"\\u0000"}',
    "deep arrays": b'{"kind":"model","name":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep objects": b'{"kind":"model","name":"x","properties":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
    "deeper": b"[" * 1_000_000,
    "cut": b'{"kind":"model","name":"x"',
    "trailing": b'{"kind":"model","name":"x"} {}',
    "comment": b'{"kind":"model","name":"x"} // yes',
    "array": b"[]",
    "null": b"null",
    "text": b'"x"',
    "number": b"1",
    "empty": b"",
    "spaces": b"   ",
    "byte order mark": b'\xef\xbb\xbf{"kind":"model","name":"x"}',
    "NaN": b'{"kind":"model","name":NaN}',
    "single quotes": b"{'kind':'model'}",
    "form": b"kind=model&name=x",
    "XML bomb": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "a">]><l>&a;</l>',
}


@pytest.mark.parametrize("body", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_broken_json_is_refused(body: bytes, api: InProcess) -> None:
    """ "Bad input tried and answered with a clear 4xx"."""
    assert_problem(api.request("root", "POST", f"{PREFIX}/assets", body=body, headers=[JSON]), 400)


def test_a_signature_of_any_json_is_kept_or_refused_whatever_it_is(world: World) -> None:
    """ "huge numbers", nested: where any JSON value is taken, it comes back as it is or is refused."""
    uid = world.version["uid"]
    for value in (
        "1" + "0" * 400,
        "1e308",
        "[" * 400 + "]" * 400,
        '{"a":{"a":{}}}',
        '"\\u0000"',
        "-0.0",
        '"' + "x" * 300_000 + '"',
    ):
        body = f'{{"signature":{{"a":{value}}}}}'.encode()
        answer = world.api.request("root", "PATCH", f"{PREFIX}/versions/{uid}", body=body, headers=[JSON])
        if answer.status == 200:
            assert answer.json()["signature"] == json.loads(body)["signature"]
            assert world.do("version.get", uid=uid)["signature"] == json.loads(body)["signature"]
        else:
            assert_problem(answer, 400, 413)


def test_of_a_name_that_stands_twice_the_last_counts(world: World) -> None:
    """What every reader of JSON does (RFC 8259, 4): never two readings of one body."""
    body = b'{"kind":"model","name":"first","name":"' + world.new("last").encode() + b'"}'
    answer = world.api.request("root", "POST", f"{PREFIX}/assets", body=body, headers=[JSON])
    assert answer.json()["name"].startswith("last")


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "/", "\xff"]
)
def test_a_body_that_says_it_is_no_json_is_refused(media: str, api: InProcess) -> None:
    """ "answered with a clear 4xx": browsers' forms never reach a command."""
    body = json.dumps({"kind": "model", "name": "from a form"}).encode()
    answer = api.request("root", "POST", f"{PREFIX}/assets", body=body, headers=[("Content-Type", media)])
    assert_problem(answer, 400, 415)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "x"])
def test_a_compressed_body_is_refused(coding: str, world: World) -> None:
    """A clear 4xx: nothing is unpacked, so no small body becomes a large one, and none is stored as what it is not."""
    bomb = gzip.compress(bytes(1_000_000))
    headers = [("Content-Encoding", coding)]
    assert_problem(world.api.request("root", "PUT", upload(world), body=bomb, headers=headers), 400, 415)
    assert_problem(world.api.request("root", "POST", f"{PREFIX}/assets", body=bomb, headers=[*headers, JSON]), 400, 415)
    assert files(world) == {"model.bin"}


def test_a_body_as_it_is_may_say_so(world: World) -> None:
    answer = world.api.request("root", "PUT", upload(world), body=b"x", headers=[("Content-Encoding", "identity")])
    assert answer.status == 200


# -- two readings of one message -------------------------------------------------------------------------------------

SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("Content-Length: 4", "Transfer-Encoding: chunked"), "0\r\n\r\n"),
        (("Transfer-Encoding: chunked", "Content-Length: 4"), "0\r\n\r\n"),
        (("Content-Length: 0", "Content-Length: 44"), ""),
        (("Content-Length: 0, 44",), ""),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), "0\r\n\r\n"),
        (("Transfer-Encoding: xchunked",), "0\r\n\r\n"),
        (("Transfer-Encoding: chunked, gzip",), "0\r\n\r\n"),
        (("Transfer-Encoding : chunked",), "0\r\n\r\n"),
        (("Transfer-Encoding:\x0bchunked",), "0\r\n\r\n"),
        ((" Transfer-Encoding: chunked",), "0\r\n\r\n"),
    ],
)
def test_a_message_with_two_readings_hides_no_second_request(lines: tuple[str, ...], body: str, server: Real) -> None:
    """Request smuggling (RFC 9112, 6.3 and 11.2): refused, or read in the one way that closes the connection."""
    sent = head(server, "POST", f"{PREFIX}/assets", "Content-Type: application/json", *lines)
    got = raw(server, sent, (body + SMUGGLED).encode())
    assert got.count(b"HTTP/1.1 ") <= 1, got
    assert status(got) in {None, 400, 411, 501}


@pytest.mark.parametrize(
    "line",
    [
        "GET / HTTP/9.9\n\n",
        "GET /\n\n",
        "GET\n\n",
        "\0\0\0\n\n",
        "GET / HTTP/1.1\nHost: localhost\nBad Header: x\n\n",
        "GET / HTTP/1.1\nHost: localhost\nX: a\0b\n\n",
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\nHost: localhost\nHost: other\n\n",
        "GET / HTTP/1.1\nHost: evil.example\n\n",
        "GET /" + "a" * 70_000 + " HTTP/1.1\nHost: localhost\n\n",
        "GET /" + "a" * 9_000 + " HTTP/1.1\nHost: localhost\n\n",
        "GET / HTTP/1.1\nHost: localhost\nX: " + "a" * 40_000 + "\n\n",
        "GET / HTTP/1.1\nHost: localhost\n" + "X: a\n" * 101 + "\n",
        "GET / HTTP/1.1\nHost: localhost\n" + "X: a\n" * 5_000 + "\n",
        "PRI * HTTP/2.0\n\nSM\n\n",
        "CONNECT localhost:1 HTTP/1.1\nHost: localhost\n\n",
        "OPTIONS * HTTP/1.1\nHost: localhost\n\n",
        "TRACE / HTTP/1.1\nHost: localhost\n\n",
        "BREW / HTTP/1.1\nHost: localhost\n\n",
    ],
    ids=lambda line: ascii(line[:40]),
)
def test_a_message_that_is_none_is_refused(line: str, server: Real) -> None:
    """ "Bad input tried and answered with a clear 4xx" or, where it is no HTTP at all, with a closed connection."""
    found = status(raw(server, line, half_close=True))
    assert found is None or 400 <= found < 500 or found == 505
    assert server.request(None, "GET", "/healthz").status == 200
