"""Logged models of the world's run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api import Decoded
    from tests.support.api_world import World


def made(world: "World") -> "Decoded":
    """A logged model of the world's run, new each time."""
    body = {"name": "m", "run_uid": world.run["uid"], "tags": {"t": "1"}}
    return world.do("logged_model.create", body, uid=world.experiment["uid"])


def of_model(json: object = ..., query: Mapping[str, object] | None = None) -> Request:
    return lambda world: Asked({"uid": made(world)["uid"]}, query or {}, json)


def gone(world: "World") -> Asked:
    return Asked({"uid": world.do("logged_model.delete", uid=made(world)["uid"])["uid"]}, {})


REQUESTS: Mapping[str, Request] = {
    "logged_model.create": lambda world: Asked({"uid": world.experiment["uid"]}, {}, {"name": "m"}),
    "logged_model.list": lambda world: Asked({"uid": world.experiment["uid"]}, {}),
    "logged_model.get": of_model(),
    "logged_model.finalise": of_model({"status": "ready"}),
    "logged_model.log": of_model({"points": [{"key": "auc", "value": 0.9, "dataset": "d", "dataset_digest": "1"}]}),
    "logged_model.untag": of_model({"keys": ["t"]}),
    "logged_model.points": of_model(query={"key": "auc"}),
    "logged_model.delete": of_model(),
    "logged_model.restore": gone,
}


def pipeline(world: "World") -> "Decoded":
    """A pipeline of two steps, new each time."""
    run = world.do("run.create", {}, uid=world.experiment["uid"])
    steps = [{"name": "first"}, {"name": "second", "depends_on": ["first"]}]
    return world.do("pipeline.define", {"steps": steps}, uid=run["uid"])


def begun(world: "World") -> Asked:
    body = {"code": "c", "params": {"p": "1"}}
    return Asked({"uid": pipeline(world)["run_uid"], "name": "first"}, {}, body)


REQUESTS = {
    **REQUESTS,
    "run.summarise": lambda world: Asked({"uid": world.run["uid"]}, {}, {"values": {"best": 0.9}}),
    "run.inputs": lambda world: Asked({"uid": world.run["uid"]}, {}),
    "run.outputs": lambda world: Asked({"uid": world.run["uid"]}, {}),
    "run.tree": lambda world: Asked({"uid": world.run["uid"]}, {}),
    "pipeline.get": lambda world: Asked({"uid": pipeline(world)["run_uid"]}, {}),
    "pipeline.define": lambda world: Asked({"uid": pipeline(world)["run_uid"]}, {}, {"steps": [{"name": "third"}]}),
    "step.begin": begun,
}
