"""Experiments, and runs with what they record."""

from collections.abc import Mapping

from tests.support.plausible import Request, said

SERIES = {"key": "m"}

REQUESTS: Mapping[str, Request] = {
    **said("experiment.create", lambda world: {"name": world.new("made")}),
    **said("experiment.update", {"description": "d"}),
    **said("experiment.find", query={"name": lambda world: world.experiment["name"]}),
    **said("run.create", {"name": "r"}),
    **said("run.update", {"note": "n"}),
    **said("run.end", {}),
    **said("run.log", {"points": [{"key": "m", "value": 2.0, "step": 1}]}),
    **said("run.untag", {"keys": ["t"]}),
    **said("run.add_inputs", lambda world: {"inputs": [{"name": world.new("data")}]}),
    **said("run.add_outputs", lambda world: {"outputs": [{"name": world.new("data")}]}),
    **said("node.create", lambda world: {"name": world.new("node")}),
    **said("metric.series", query=SERIES),
    **said("metric.columns", query=SERIES),
    **said("metric.sample", query=SERIES),
}
