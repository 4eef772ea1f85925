"""Idempotency keys: one effect and one answer, whoever repeats and however fast."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from strongroom.dialects.native.operation import Operation
from tests.support.api import Answer, assert_problem
from tests.support.api_world import WRITING, World
from tests.support.plausible import Asked

REPEATED = [o for o in WRITING if o.repeats]
NOT_REPEATED = [o for o in WRITING if not o.repeats]
#: Flows whose last step is a transfer: what they did is found again by its digest, not by the key.
BY_DIGEST = {"upload.begin", "upload.complete", "upload.abort"}


def key(text: str) -> list[tuple[str, str]]:
    return [("Idempotency-Key", text)]


def effects(world: World) -> int:
    """How many commands were done."""
    done, query = 0, {"page_size": "1000"}
    while True:
        page = world.do("audit.list", query=query)
        done += len([record for record in page["items"] if record["outcome"] == "done"])
        if page["next_page_token"] is None:
            return done
        query["page_token"] = page["next_page_token"]


@pytest.mark.parametrize(
    "operation", [o for o in REPEATED if o.id not in BY_DIGEST], ids=lambda operation: operation.id
)
def test_a_repeat_gets_the_same_answer_and_has_no_effect(operation: Operation, world: World) -> None:
    """ "idempotency keys on writes": the answer of the first is the answer of each, byte for byte."""
    asked, once = world.plausible(operation.id), key(world.new("key"))
    first = world.ask("root", operation.id, asked, headers=once)
    assert first.status < 300, first
    done = effects(world)
    second = world.ask("root", operation.id, asked, headers=once)
    assert (second.status, second.body) == (first.status, first.body)
    for name in ("etag", "content-type"):
        assert second.headers.get(name) == first.headers.get(name)
    if operation.id != "draft.seal":  # sealed again, a draft answers with its version by itself
        assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert effects(world) == done


def test_another_request_under_the_same_key_is_refused(world: World) -> None:
    """Another body, another address, another If-Match, another operation: 422, and nothing happens."""
    once, asked = key(world.new("key")), world.plausible("asset.update")
    assert world.ask("root", "asset.update", asked, headers=once).status == 200
    other = Asked({"uid": world.private["uid"]}, {}, asked.json)
    done = effects(world)
    for id_, changed, headers in (
        ("asset.update", Asked(asked.path, {}, {"description": "other"}), ()),
        ("asset.update", other, ()),
        ("asset.update", asked, [("If-Match", '"2"')]),
        ("asset.archive", Asked(asked.path, {}), ()),
        ("asset.create", world.plausible("asset.create"), ()),
    ):
        answer = world.ask("root", id_, changed, headers=[*once, *headers])
        assert_problem(answer, 422)
    assert effects(world) == done


def test_keys_of_others_are_others(world: World) -> None:
    """A key belongs to its principal: nobody gets the answer of somebody else."""
    once = key(world.new("key"))
    first = world.ask("root", "asset.create", world.plausible("asset.create"), headers=once)
    second = world.ask("contributor", "asset.create", world.plausible("asset.create"), headers=once)
    assert (first.status, second.status) == (201, 201)
    assert first.json()["uid"] != second.json()["uid"]


def test_a_refused_request_keeps_no_answer(world: World) -> None:
    """What had no effect may be tried again with the same key."""
    once, asked = key(world.new("key")), world.plausible("asset.update")
    stale = world.ask("root", "asset.update", asked, headers=[*once, ("If-Match", '"999"')])
    assert stale.status == 412
    assert world.ask("root", "asset.update", asked, headers=once).status == 200


def test_a_right_that_is_gone_is_not_replayed_to_nobody(world: World) -> None:
    """ "revoked everywhere within seconds": a kept answer is no way around a revoked token."""
    once, asked = key(world.new("key")), world.plausible("asset.create")
    issued = world.do("token.issue", world.plausible("token.issue").json)
    assert world.ask(issued["token"], "asset.create", asked, headers=once).status == 201
    world.do("token.revoke", id=issued["details"]["id"])
    assert world.ask(issued["token"], "asset.create", asked, headers=once).status == 401


@pytest.mark.parametrize("operation", NOT_REPEATED, ids=lambda operation: operation.id)
def test_an_answer_with_a_secret_or_a_body_of_bytes_takes_no_key(operation: Operation, world: World) -> None:
    """A key that would do nothing, or would keep a secret, is refused: nobody relies on it."""
    asked = world.plausible(operation.id)
    done = effects(world)
    answer = world.ask("root", operation.id, asked, headers=key(world.new("key")))
    assert_problem(answer, 400)
    assert effects(world) == done


@pytest.mark.parametrize("id_", ["asset.create", "version.register", "draft.seal", "run.log", "alias.set"])
def test_repeats_at_once_have_one_effect(id_: str, world: World) -> None:
    """ "idempotency keys on writes": of requests that race with one key, one acts and all get its answer."""
    asked, once = world.plausible(id_), key(world.new("key"))
    recorded, done = points(world), effects(world)

    def one(_number: int) -> Answer:
        return world.ask("root", id_, asked, headers=once)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))
    assert {answer.status for answer in answers} <= {200, 201}, answers
    assert len({answer.body for answer in answers}) == 1
    if id_ == "run.log":  # a record of the run's chain, not of the audit log
        assert points(world) == recorded + 1
    else:
        assert effects(world) == done + (2 if id_ == "version.register" else 1)  # the run's chain is sealed too


def points(world: World) -> int:
    found: Any = world.do("metric.series", query={"key": "m"}, uid=world.run["uid"])
    return len(found["items"])


def test_what_is_found_by_its_digest_is_the_same_again(world: World) -> None:
    """Uploads are resumed by their digest, with a key or without."""
    begun = world.plausible("upload.begin")
    first, second = (world.ask("root", "upload.begin", begun, headers=key(f"k{n}")) for n in range(2))
    assert first.json()["uid"] == second.json()["uid"]
