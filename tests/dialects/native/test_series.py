"""Series over HTTP: columns in and out, NaN as words, samples, comparing, other kinds."""

from typing import Any

from tests.support.api import assert_problem
from tests.support.api_world import World
from tests.support.plausible import Asked


def log(world: World, uid: str, body: dict[str, Any]) -> None:
    world.do("run.log", body, uid=uid)


def test_columns_come_back_as_they_were_sent(world: World) -> None:
    uid = world.run["uid"]
    sent = {"key": "c", "values": [1.5, "NaN", "-Infinity", 2], "steps": [1, 2, 3, 4], "times_us": [10, 20, 30, 40]}
    log(world, uid, {"series": [sent], "others": [{"key": "t", "kind": "json", "values": [{"a": 1}]}]})
    found = world.do("metric.columns", uid=uid, query={"key": "c"})
    assert {name: found[name] for name in sent} == sent
    assert (found["kind"], found["run_uid"], found["next_page_token"]) == ("float", uid, None)
    first = world.do("metric.columns", uid=uid, query={"key": "c", "limit": 3})
    rest = world.do("metric.columns", uid=uid, query={"key": "c", "page_token": first["next_page_token"]})
    assert first["values"] + rest["values"] == sent["values"]
    middle = world.do("metric.columns", uid=uid, query={"key": "c", "from_step": 2, "to_step": 3})
    assert middle["steps"] == [2, 3]
    assert world.do("metric.sample", uid=uid, query={"key": "c", "samples": 4})["values"] == sent["values"]
    compared = world.do("metric.compare", {"run_uids": [uid], "keys": ["c", "none"]})
    assert [one["values"] for one in compared["series"]] == [sent["values"]]
    assert world.do("metric.columns", uid=uid, query={"key": "t"})["values"] == ['{"a":1}']
    (other,) = world.do("metric.others", uid=uid)["items"]
    assert (other["key"], other["kind"], other["last"], other["count"]) == ("t", "json", '{"a":1}', 1)


def test_columns_that_do_not_fit_are_refused(world: World) -> None:
    uid = world.run["uid"]
    for body in (
        {"series": [{"key": "c", "values": [1], "steps": [1, 2]}]},
        {"series": [{"key": "c", "values": [1], "steps": [2**63]}]},
        {"series": [{"key": "c", "values": ["nan"]}]},
        {"others": [{"key": "c", "kind": "film", "values": ["x"]}]},
        {"others": [{"key": "c", "kind": "histogram", "values": [{"edges": [0], "counts": [1]}]}]},
    ):
        assert_problem(world.ask("root", "run.log", Asked({"uid": uid}, {}, body)), 400, 422)
    too_many = {"series": [{"key": "c", "values": [1] * 10_000}, {"key": "d", "values": [1]}]}
    assert_problem(world.ask("root", "run.log", Asked({"uid": uid}, {}, too_many)), 413)
    for query in ({"key": "c", "samples": 3}, {"key": "c", "samples": 10_001}):
        assert_problem(world.ask("root", "metric.sample", Asked({"uid": uid}, query)), 400, 422)
