"""What other tests build, for what reviews found: the registry's assets and versions, and a server."""

from tests.application.registry.conftest import model, publish
from tests.http.conftest import anyio_backend, server

__all__ = ["anyio_backend", "model", "publish", "server"]
