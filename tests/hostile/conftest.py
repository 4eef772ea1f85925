"""What hostile requests are sent to."""

from tests.support.api_fixtures import api, server, world

__all__ = ["api", "server", "world"]
