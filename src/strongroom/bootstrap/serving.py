"""Granian under the application: inside this process for one worker, as child processes for several."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
from dataclasses import replace
from typing import Final

from strongroom.adapters.telemetry import logs
from strongroom.bootstrap import server as servers
from strongroom.bootstrap import workers
from strongroom.bootstrap.settings import Serving, Storage
from strongroom.domain.errors import Unavailable

#: Seconds that requests under way get to end after the signal to stop.
GRACE_S: Final = 10
#: Requests that one process works on at a time; further connections wait in the kernel's queue.
_CONNECTIONS: Final = 512
_BACKLOG: Final = 1024


async def serve_here(storage: Storage, serving: Serving) -> None:
    """Serve in this process until SIGINT or SIGTERM.

    :raises Unavailable: the address is taken.
    """
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    logs.configure()
    serving = _on_free_port(serving)
    async with servers.running(storage, serving) as server:
        granian = Server(
            server.entry,
            address=serving.host,
            port=serving.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=_BACKLOG,
            backpressure=_CONNECTIONS,
            log_enabled=False,
        )
        granian.workers_kill_timeout = GRACE_S
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, granian.stop)
        code = await servers.setup_code(server)
        granian.on_startup(lambda: _announce(serving, code))
        servers.settle()
        with contextlib.suppress(TimeoutError):  # requests that outlast the grace are cut off
            await granian.serve()


def serve_workers(storage: Storage, serving: Serving) -> None:
    """Serve by `serving.workers` child processes until SIGINT or SIGTERM; this one only watches them.

    :raises Unavailable: the address is taken.
    """
    import multiprocessing

    from granian.constants import HTTPModes, Interfaces
    from granian.server import Server

    serving = _on_free_port(serving)
    multiprocessing.set_start_method("spawn", force=True)
    code = asyncio.run(workers.prepare(storage))
    with tempfile.TemporaryDirectory(prefix="strongroom-metrics-") as metrics:
        os.environ.update(workers.environment(storage, serving), PROMETHEUS_MULTIPROC_DIR=metrics)
        granian = Server(
            "strongroom.bootstrap.workers:worker",
            factory=True,
            address=serving.host,
            port=serving.port,
            interface=Interfaces.ASGI,
            workers=serving.workers,
            respawn_failed_workers=True,
            workers_kill_timeout=GRACE_S,
            http=HTTPModes.http1,
            websockets=False,
            backlog=_BACKLOG,
            backpressure=_CONNECTIONS,
            log_enabled=False,
        )
        granian.on_startup(lambda: _announce(serving, code))
        granian.serve()


def _on_free_port(serving: Serving) -> Serving:
    """Say in plain words that the address is taken, before anything is opened; port 0 becomes a free one."""
    family = socket.AF_INET6 if ":" in serving.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((serving.host, serving.port))
        except OSError as error:
            raise Unavailable(f"Cannot listen on {serving.host}:{serving.port}: {error.strerror}.") from error
        return replace(serving, port=probe.getsockname()[1])


def _announce(serving: Serving, code: str | None) -> None:
    host = f"[{serving.host}]" if ":" in serving.host else serving.host
    address = f"http://{host}:{serving.port}"
    lines = [f"Strongroom answers at {address}"]
    if code is not None:
        lines.append(f"Make the first admin here, once: {address}/setup?code={code}")
    lines.append("Stop it with Ctrl-C.")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
