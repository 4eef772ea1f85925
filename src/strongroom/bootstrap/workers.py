"""One of several server processes: it gets its settings by an environment variable and ends with its parent."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Final

from starlette.types import Receive, Scope, Send

from strongroom.adapters.telemetry import logs
from strongroom.application.identity import setup
from strongroom.bootstrap import server as servers
from strongroom.bootstrap import webhook_keys
from strongroom.bootstrap.installation import claim_store, install
from strongroom.bootstrap.settings import Serving, Storage

_VARIABLE: Final = "STRONGROOM_WORKER_SETTINGS"
_WATCH_S: Final = 1.0


async def prepare(storage: Storage) -> str | None:
    """Initialise the place before any worker starts; a set-up code while there is no user."""
    installation = await install(storage)
    try:
        await claim_store(installation)
        await installation.database.command(lambda tx: webhook_keys.agree(tx, storage.keys_folder))
        return await installation.database.command(setup.prepare)
    finally:
        installation.database.close()


def environment(storage: Storage, serving: Serving) -> Mapping[str, str]:
    """The variable that carries the settings to `worker`."""
    place = {
        "data": str(storage.data.absolute()) if storage.data else None,
        "database": storage.database,
        "artifacts": storage.artifacts,
        "keys": str(storage.keys.absolute()) if storage.keys else None,
    }
    return {_VARIABLE: json.dumps([place, asdict(serving), os.getpid()])}


def worker() -> "Worker":
    """What Granian calls in each process."""
    logs.configure()
    place, reach, parent = json.loads(os.environ[_VARIABLE])
    for name in ("data", "keys"):
        place[name] = Path(place[name]) if place[name] else None
    return Worker(Storage(**place), Serving(**reach), parent)


class Worker:
    """An ASGI application that opens the server when the process starts and closes it when it stops."""

    def __init__(self, storage: Storage, serving: Serving, parent: int) -> None:
        self._storage, self._serving, self._parent = storage, serving, parent
        self._server: servers.Server | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through the whole life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._server is not None:
            await self._server.entry(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                self._server = await stack.enter_async_context(servers.running(self._storage, self._serving))
            except Exception as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            servers.settle()
            watch = asyncio.create_task(_end_with(self._parent))
            stack.callback(watch.cancel)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _end_with(parent: int) -> None:
    """Stop in an orderly way when the parent was killed, maybe before this process was up; nobody else would tell."""
    while os.getppid() == parent:  # noqa: ASYNC110 - a parent's end sends no event
        await asyncio.sleep(_WATCH_S)
    with contextlib.suppress(ProcessLookupError):
        os.kill(os.getpid(), signal.SIGTERM)
