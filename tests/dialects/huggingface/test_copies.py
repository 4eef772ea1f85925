"""Repositories that are made of others: whole, seen by nobody else, and gone when they did not become whole."""

import hashlib

import pytest

from strongroom.domain.errors import StorageFull
from tests.dialects.huggingface.test_hostile import commit, file, is_refused, send
from tests.support.api import Answer, Decoded, InProcess


def made(api: InProcess, name: str, **more: object) -> str:
    """The uid of a new repository with one file."""
    answer = send(api, "POST", "/api/repos/create", {"name": name, "organization": "copies", **more})
    assert answer.status == 200, answer.body
    assert commit(api, file("w.txt", name.encode()), repo=f"/api/models/copies/{name}").status == 200
    return str(native(api, name)["uid"])


def native(api: InProcess, name: str) -> Decoded:
    found = send(api, "GET", f"/api/v1/resolve?reference=copies/{name}")
    return found.json()["asset"] if found.status == 200 else {}


def duplicate(api: InProcess, name: str, to: str, **more: object) -> Answer:
    body = {"repository": f"copies/{to}", **more}
    return send(api, "POST", f"/api/models/copies/{name}/duplicate", body)


def test_a_copy_is_seen_by_no_more_than_its_source(api: InProcess) -> None:
    made(api, "secret", private=True)
    assert duplicate(api, "secret", "secret-copy").status == 200
    assert native(api, "secret-copy")["visibility"] == "private"
    assert duplicate(api, "secret", "shown-copy", private=False).status == 200
    assert native(api, "shown-copy")["visibility"] == "public", "who says so gets it"


def test_a_copy_has_the_gate_of_its_source(api: InProcess) -> None:
    made(api, "gated")
    assert send(api, "PUT", "/api/models/copies/gated/settings", {"gated": "manual"}).status == 200
    assert duplicate(api, "gated", "gated-too").status == 200
    assert native(api, "gated-too")["gated"] == "manual"
    body = {"repository": "copies/ungated"}
    is_refused(send(api, "POST", "/api/models/copies/gated/duplicate", body, who="contributor"), 403)
    assert native(api, "ungated") == {}


def test_a_copy_has_the_references_too(api: InProcess) -> None:
    uid = made(api, "far")
    edits = [
        {"verb": "reference", "path": "big.bin", "uri": "https://models.example/big.bin", "size": 5},
        {"verb": "mount", "path": "data", "uri": "s3://bucket/data/"},
    ]
    answer = send(api, "POST", f"/api/v1/assets/{uid}/commits", {"branch": "main", "edits": edits, "message": "far"})
    assert answer.status < 300, answer.body
    assert duplicate(api, "far", "near").status == 200
    listed = [
        send(api, "GET", f"/api/v1/assets/{one}/files?revision=main&recursive=true").json()["items"]
        for one in (uid, native(api, "near")["uid"])
    ]
    source, copy = ([(e["path"], e["kind"], e["uri"], e["sha256"]) for e in one] for one in listed)
    assert source == copy
    assert {e["kind"] for e in listed[1]} == {"file", "reference", "mount"}
    assert hashlib.sha256(b"far").hexdigest() in {e["sha256"] for e in listed[1]}


def test_a_copy_that_fails_leaves_no_repository(api: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    made(api, "whole")

    async def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr("strongroom.dialects.huggingface.operations.copying.commits.commit", full)
        assert duplicate(api, "whole", "half").status == 507
    assert native(api, "half") == {}
    assert duplicate(api, "whole", "half").status == 200


def test_a_list_of_files_is_whole_or_left_out(api: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    made(api, "many")
    info = "/api/models/copies/many"
    said = send(api, "GET", info).json()
    assert [one["rfilename"] for one in said["siblings"]] == ["w.txt"]
    monkeypatch.setattr("strongroom.dialects.huggingface.operations.repositories.SIBLINGS_MOST", 0)
    assert not {"siblings", "usedStorage"} & set(send(api, "GET", info).json())
