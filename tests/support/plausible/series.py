"""Series and streams: comparing needs a run and a key, lines a name."""

from collections.abc import Mapping

from tests.support.api_world import World
from tests.support.plausible import Asked, Request


def compare(world: World) -> Asked:
    return Asked({}, {}, {"run_uids": [world.run["uid"]], "keys": ["loss"]})


def write(world: World) -> Asked:
    return Asked({"uid": world.run["uid"]}, {}, {"stream": "console", "lines": ["a", "b"]})


def read(world: World) -> Asked:
    return Asked({"uid": world.run["uid"]}, {"stream": "console"})


def rows(world: World) -> Asked:
    return Asked({"uid": world.run["uid"]}, {"from_row": 0})


REQUESTS: Mapping[str, Request] = {
    "metric.compare": compare, "run.write_lines": write, "run.read_lines": read, "run.rows": rows,
}  # fmt: skip
