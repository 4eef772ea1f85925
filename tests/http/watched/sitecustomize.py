"""Loaded by every Python that has this folder on its path: writes down, and refuses, whatever leaves the machine."""

import os
import sys

LOOPBACK = ("127.", "::1", "localhost")


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = str(address[0]) if isinstance(address, tuple) else "localhost"  # a path is a socket on this machine
    elif event == "socket.getaddrinfo":
        host = str(arguments[0] or "localhost")
    else:
        return
    if not host.startswith(LOOPBACK) and host not in {"", "None"}:
        with open(os.environ["STRONGROOM_TEST_OUTBOUND"], "a") as file:  # noqa: PTH123 - pathlib is not loaded this early
            file.write(f"{event} {host}\n")
        raise PermissionError(f"{event} {host}")


sys.addaudithook(_watch)
