"""Searching: an empty filter fits everything."""

from collections.abc import Mapping

from tests.support.plausible import Asked, Request


def everything(_: object) -> Asked:
    return Asked({}, {}, {"filter": ""})


NOUNS = ("asset", "version", "experiment", "run", "logged_model")
REQUESTS: Mapping[str, Request] = {f"{noun}.search": everything for noun in NOUNS}
