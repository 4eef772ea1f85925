"""What no client of the Hub sends, done to its dialect: climbing paths, tampered tickets, foreign bytes."""

import base64
import hashlib
import json as jsons
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.support.api import Answer, InProcess

CLIMBS = ["..", "../x", "a/../../x", "./x", "/etc/passwd", "a//b", "..\\x", "c:/x", "a\x00b", "%2e%2e/x", "\u202ea"]
REPO = "/api/models/lab/bert"


def send(
    api: InProcess, method: str, path: str, json: object = ..., who: str | None = "maintainer", **more: Any
) -> Answer:
    return api.request(who, method, path, json, **more)


@pytest.fixture(scope="module", autouse=True)
def repositories(api: InProcess) -> None:
    """`lab/bert` and `lab/other`, which contributors may write and viewers read."""
    for name in ("bert", "other"):
        made = send(api, "POST", "/api/repos/create", {"name": name, "organization": "lab"})
        assert made.status == 200, made.body


def lines(*said: tuple[str, Mapping[str, object]]) -> bytes:
    """A commit as its lines, the header before them."""
    header = ("header", {"summary": "s", "description": ""})
    return b"".join(jsons.dumps({"key": key, "value": value}).encode() + b"\n" for key, value in [header, *said])


def commit(
    api: InProcess, *said: tuple[str, Mapping[str, object]], who: str = "maintainer", repo: str = REPO
) -> Answer:
    return send(api, "POST", f"{repo}/commit/main", who=who, body=lines(*said))


def file(path: str, content: bytes = b"x") -> tuple[str, Mapping[str, object]]:
    """A small file of a commit."""
    return "file", {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}


def is_refused(answer: Answer, *statuses: int) -> None:
    """A clear 4xx in the Hub's shape."""
    assert answer.status in statuses, (answer.status, answer.body[:300])
    assert answer.json()["error"]
    assert answer.headers["x-error-message"]


def asked_for(api: InProcess, body: bytes, who: str = "contributor", size: int | None = None) -> dict[str, Any]:
    """What a batch of one file is answered."""
    one = {"oid": hashlib.sha256(body).hexdigest(), "size": len(body) if size is None else size}
    answer = send(
        api,
        "POST",
        "/lab/bert.git/info/lfs/objects/batch",
        {"operation": "upload", "transfers": ["basic", "multipart"], "objects": [one]},
        who=who,
    )
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()["objects"][0]
    return found


def place(said: Mapping[str, Any]) -> str:
    """Where a file is to be sent."""
    return urlsplit(str(said["actions"]["upload"]["href"])).path


@pytest.mark.parametrize("path", CLIMBS)
def test_no_path_climbs(api: InProcess, path: str) -> None:
    """ "`..` in LFS paths and sharded-index files": not as a file, not as an LFS file, not in an address."""
    index = jsons.dumps({"weight_map": {"w": path}}).encode()
    assert commit(api, file("model.safetensors.index.json", index)).status == 200, "what a file says names no file here"
    is_refused(commit(api, file(path)), 400)
    is_refused(commit(api, ("lfsFile", {"path": path, "algo": "sha256", "oid": "0" * 64, "size": 1})), 400)
    is_refused(commit(api, ("deletedFile", {"path": path})), 400, 404)
    for address in (f"/lab/bert/resolve/main/{quote(path, safe='')}", f"{REPO}/tree/main/{quote(path, safe='')}"):
        is_refused(send(api, "GET", address), 400, 404)
    listed = send(api, "POST", f"{REPO}/paths-info/main", {"paths": [path]})
    assert listed.json() == []


def test_a_signed_address_takes_what_it_was_signed_for_and_nothing_else(api: InProcess) -> None:
    """ "tampered signed URLs": "bound to one repository, oid, size, time: tampering refused"."""
    said = asked_for(api, b"right")
    address = place(said)
    for broken in (address[:-2] + "AA", address + "A", address[: len(address) // 2], "/api/lfs/x"):
        is_refused(send(api, "PUT", broken, who=None, body=b"right"), 403)
    start = len("/api/lfs/")
    for at in range(start, len(address), 7):
        other = "A" if address[at] != "A" else "B"
        is_refused(send(api, "PUT", address[:at] + other + address[at + 1 :], who=None, body=b"right"), 403)
    is_refused(send(api, "PUT", address, who=None, body=b"wrong"), 400)
    is_refused(send(api, "PUT", address, who=None, body=b"rightly so"), 400)
    is_refused(send(api, "POST", address, {"oid": said["oid"], "parts": []}, who=None), 403)
    assert send(api, "PUT", address, who=None, body=b"right").status == 200
    assert commit(api, ("lfsFile", {"path": "a.bin", "oid": said["oid"], "size": 5}), who="contributor").status == 200


def test_a_part_takes_no_more_than_a_part(api: InProcess) -> None:
    size = 65 * 1024 * 1024
    said = asked_for(api, b"large", size=size)
    header = said["actions"]["upload"]["header"]
    assert len(header) == 1 + 9
    first = urlsplit(header["1"]).path
    is_refused(send(api, "PUT", first, who=None, body=b"short"), 400)
    is_refused(send(api, "POST", place(said), {"oid": said["oid"], "parts": []}, who=None), 409)
    is_refused(send(api, "PUT", place(said), who=None, body=b"x"), 403)


def test_bytes_that_others_sent_are_not_there(api: InProcess) -> None:
    """ "LFS oid the caller never sent (possession)" (domain.md N16)."""
    body = b"nobody else's"
    said = asked_for(api, body)
    assert send(api, "PUT", place(said), who=None, body=body).status == 200
    assert "actions" not in asked_for(api, body)
    assert "actions" in asked_for(api, body, who="maintainer")
    one = {"oid": said["oid"], "size": len(body)}
    is_refused(commit(api, ("lfsFile", {"path": "stolen.bin", **one})), 400)
    is_refused(commit(api, ("lfsFile", {"path": "stolen.bin", **one}), repo="/api/models/lab/other"), 400)
    is_refused(send(api, "POST", "/lab/bert.git/info/lfs/objects/verify", one), 400)
    assert send(api, "POST", "/lab/bert.git/info/lfs/objects/verify", one, who="contributor").status == 200


def test_endless_and_odd_lines_are_refused(api: InProcess) -> None:
    """ "NDJSON bombs": a line above its limit, lines without a header, lines that are no JSON, unknown keys."""
    huge = b'{"key":"file","value":{"path":"a","content":"' + b"A" * (16 * 1024 * 1024)
    is_refused(send(api, "POST", f"{REPO}/commit/main", body=huge), 413)
    many = lines(*[("deletedFile", {"path": "a"})] * 10_001)
    is_refused(send(api, "POST", f"{REPO}/commit/main", body=many), 413)
    for body in (b"", b"\n\n", b"[" * 100_000, b"not json", b'{"key":"file","value":{}}', b'{"key":"rm","value":1}'):
        is_refused(send(api, "POST", f"{REPO}/commit/main", body=body), 400)
    is_refused(commit(api, ("file", {"path": "a", "content": "!!", "encoding": "base64"})), 400)
    is_refused(commit(api, ("lfsFile", {"path": "a", "oid": "../../etc/passwd"})), 400)


@pytest.mark.parametrize(
    "name", ["gpt2", "a/b/c/d", "lab/no--pe", "lab/..", "lab/%20", "LAB", "lab%2fbert", "LAB/Bert2"]
)
def test_names_that_are_none_are_repositories_that_are_not_there(api: InProcess, name: str) -> None:
    """ "single-segment and odd-case names"; trap 4: "404 RepoNotFound rather than the framework's bare 404"."""
    for address in (f"/api/models/{name}", f"/{name}/resolve/main/config.json", f"/api/datasets/{name}/tree/main"):
        for method in ("GET", "HEAD") if "resolve" in address else ("GET",):
            answer = send(api, method, address)
            assert (answer.status, answer.headers["x-error-code"]) == (404, "RepoNotFound"), (address, answer.body)
            assert answer.headers["x-error-message"]
    is_refused(send(api, "GET", f"/api/models/{name}%00"), 400)


def test_names_in_odd_case_are_one_repository(api: InProcess) -> None:
    """ "odd-case names": found in any case, and answered as they are written, so that caches hold one."""
    for name in ("lab/bert", "LAB/BERT", "Lab/bErT"):
        assert send(api, "GET", f"/api/models/{name}").json()["id"] == "lab/bert"
        made = send(api, "POST", "/api/repos/create", {"name": name.split("/")[1], "organization": name.split("/")[0]})
        is_refused(made, 409)


def test_a_slash_stays_in_its_segment(api: InProcess) -> None:
    """ "`%2F` in revisions (route on raw_path)"."""
    assert send(api, "POST", f"{REPO}/branch/{quote('feature/x', safe='')}", {}).status == 201
    found = send(api, "GET", f"{REPO}/revision/{quote('refs/heads/feature/x', safe='')}")
    assert found.json()["sha"] == send(api, "GET", f"{REPO}/revision/feature%2Fx").json()["sha"]
    assert send(api, "GET", f"/w/default{REPO}/tree/feature%2fx").status == 200
    is_refused(send(api, "GET", f"{REPO}/revision/feature/x"), 404)


def test_what_is_hidden_is_not_there_and_nobody_is_told_apart(api: InProcess) -> None:
    """ "hidden = 404 RepoNotFound with 401/404 as the client expects"."""
    assert send(api, "POST", "/api/repos/create", {"name": "own", "organization": "lab", "private": True}).status == 200
    for who, status in (("viewer", 404), ("stranger", 404), (None, 401)):
        for address in ("/api/models/lab/own", "/api/models/lab/absent", "/lab/own/resolve/main/a"):
            answer = send(api, "GET", address, who=who)
            assert (answer.status, answer.headers["x-error-code"]) == (status, "RepoNotFound"), (who, address)
    wrong = send(api, "GET", "/api/whoami-v2", who="sr_wrong")
    assert (wrong.status, wrong.headers["x-error-message"]) == (401, "Invalid credentials in Authorization header")
    assert "x-error-code" not in wrong.headers
    assert send(api, "GET", "/api/models?author=lab", who="viewer").json()[0]["id"] != "lab/own"


def test_a_token_for_one_repository_opens_no_other(api: InProcess) -> None:
    """ "tokens of another repository": the chunk store sees for which one a token was given."""
    granted = send(api, "GET", f"{REPO}/xet-read-token/main", who="viewer").json()
    assert granted["exp"] > 0
    is_refused(send(api, "GET", f"{REPO}/xet-write-token/main", who="viewer"), 403)
    is_refused(send(api, "GET", "/api/models/lab/own/xet-read-token/main", who="viewer"), 404)
    path = urlsplit(granted["casUrl"]).path + "/v1/xorbs/default/" + "0" * 64
    bearer = [("Authorization", f"Bearer {granted['accessToken']}")]
    assert send(api, "POST", path, who=None, body=b"x", headers=bearer).status in {401, 403}


def test_a_signed_address_ends_with_the_right_that_it_was_given_for(api: InProcess) -> None:
    """ "tampered signed URLs, tokens for another repository": it acts as the token, which is looked up each time."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = send(api, "POST", "/api/v1/tokens", {"description": "a job's", "expires_at": tomorrow}, "contributor").json()
    api.tokens["job"] = made["token"]
    address = place(asked_for(api, b"too late", who="job"))
    assert send(api, "DELETE", f"/api/v1/tokens/{made['details']['id']}", who="contributor").status < 300
    is_refused(send(api, "PUT", address, who=None, body=b"too late"), 401)
    is_refused(send(api, "PUT", address, who="maintainer", body=b"too late"), 401)


def test_empty_lines_of_a_commit_are_counted(api: InProcess) -> None:
    """A GiB of them would hold the event loop for minutes."""
    is_refused(send(api, "POST", f"{REPO}/commit/main", body=lines() + b"\n" * 20_000), 413)
    assert commit(api, file("after-an-empty-line.txt")).status == 200
