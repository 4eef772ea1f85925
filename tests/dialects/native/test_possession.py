"""Possession: nobody learns from the server whether somebody else has certain bytes (domain.md N16)."""

from tests.support.api import Answer, Decoded, assert_problem
from tests.support.api_world import World, digest, frame
from tests.support.plausible import Asked


def contributors_run(world: World) -> dict[str, object]:
    """A run's folder that a contributor may write."""
    return {"kind": "run", "uid": world.run["uid"]}


def secret(world: World) -> bytes:
    """Bytes that only the maker of the world has, in a private version."""
    body = world.new("nobody else has this").encode()
    made = world.do("draft.create", {}, uid=world.private["uid"])
    world.do("folder.upload", body=body, kind="draft", uid=made["uid"], path="secret.bin")
    world.do("draft.seal", {}, uid=made["uid"])
    return body


def without_id(answer: Answer) -> tuple[int, Decoded]:
    body = answer.json()
    body.pop("request_id", None)
    return answer.status, body


def test_bytes_of_others_are_as_missing_as_bytes_of_nobody(world: World) -> None:
    """ "for anything else, in its own workspace too, the caller sends the bytes or proves possession, and neither
    answers nor timing tell whether somebody else has them"."""
    theirs, nobodys = digest(secret(world)), digest(b"nobody ever sent this")
    asked = Asked(contributors_run(world), {}, {"digests": [theirs, nobodys]})
    answer = world.ask("contributor", "blob.missing", asked)
    assert answer.json() == {"missing": [theirs, nobodys]}


def test_a_digest_of_others_cannot_be_named(world: World) -> None:
    """The same rule: a digest is no key to the bytes, and its refusal is that of an unknown digest."""
    owner = contributors_run(world)
    answers = []
    for sha256 in (digest(secret(world)), digest(b"nobody ever sent this either")):
        entries = [{"path": "taken.bin", "sha256": sha256}]
        answer = world.ask("contributor", "folder.put", Asked(owner, {}, {"entries": entries}))
        assert_problem(answer, 409)
        assert answer.code == "not_possessed"
        status, body = without_id(answer)
        assert body.pop("digests") == [sha256]
        answers.append((status, body))
    assert answers[0] == answers[1]
    assert world.ask("contributor", "folder.download", Asked({**owner, "path": "taken.bin"}, {})).status == 404


def test_a_size_does_not_tell_either(world: World) -> None:
    """The size of others' bytes is not compared before possession is."""
    owner, sha256 = contributors_run(world), digest(secret(world))
    for size in (0, 1, 2**40):
        entries = [{"path": "x", "sha256": sha256, "size": size}]
        answer = world.ask("contributor", "folder.put", Asked(owner, {}, {"entries": entries}))
        assert (answer.status, answer.code) == (409, "not_possessed")


def test_whoever_sends_the_bytes_has_them(world: World) -> None:
    """ "the caller sends the bytes": answers of sending are the same for new bytes and for those of others."""
    owner, body = contributors_run(world), secret(world)
    answers = [
        world.ask("contributor", "blob.send", Asked(owner, {}, body=frame(sent))) for sent in (body, b"new" + body)
    ]
    assert [without_id(answer) for answer in answers] == [(200, {"blobs": 1})] * 2
    entries = [{"path": "mine.bin", "sha256": digest(body), "size": len(body)}]
    assert world.ask("contributor", "folder.put", Asked(owner, {}, {"entries": entries})).status == 200
    # what one sent is one's own: others still do not have it
    assert world.ask("maintainer", "folder.put", Asked(owner, {}, {"entries": entries})).status in {200, 409}


def test_an_upload_in_parts_does_not_tell(world: World) -> None:
    """Beginning an upload of others' bytes answers as one of unknown bytes: no part is here."""
    owner, body = contributors_run(world), secret(world)
    views = []
    for sha256 in (digest(body), digest(b"unknown to all")):
        begun = {"sha256": sha256, "size": len(body)}
        view = world.ask("contributor", "upload.begin", Asked(owner, {}, begun)).json()
        views.append({name: view[name] for name in ("size", "part_size", "parts", "received", "state")})
    assert views[0] == views[1]
    assert views[0]["received"] == []


def test_an_upload_of_somebody_else_does_not_exist(world: World) -> None:
    """An upload is its principal's: others cannot see, fill, complete or end it."""
    uid = world.upload["uid"]
    for who in ("contributor", "admin"):
        for id_ in ("upload.get", "upload.part", "upload.complete", "upload.abort"):
            assert world.ask(who, id_, world.plausible(id_)).status == 404
    assert world.do("upload.get", uid=uid)["received"] == [1]


def test_a_base_must_be_readable(world: World) -> None:
    """ "Files that the caller may already read are not sent again": through a version that it may read, no other."""
    owner, hidden = contributors_run(world), world.publish(world.private["uid"])
    known = digest(world.bytes)
    through = {"digests": [known], "bases": [world.version["uid"]]}
    assert world.ask("contributor", "blob.missing", Asked(owner, {}, through)).json() == {"missing": []}
    closed = {"digests": [known], "bases": [hidden["uid"]]}
    nothing = {"digests": [known], "bases": ["00000000-0000-4000-8000-000000000000"]}
    answers = [
        without_id(world.ask("contributor", "blob.missing", Asked(owner, {}, body))) for body in (closed, nothing)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_a_folder_that_one_may_not_write_is_no_oracle(world: World) -> None:
    """ "everything denied by default": a viewer learns nothing by asking either."""
    asked = Asked(contributors_run(world), {}, {"digests": [digest(world.bytes)]})
    assert world.ask("viewer", "blob.missing", asked).status == 403
    assert world.ask("stranger", "blob.missing", asked).status == 404
