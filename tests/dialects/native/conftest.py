"""Servers for the tests that go through HTTP."""

from tests.support.api_fixtures import api, server, world

__all__ = ["api", "server", "world"]
