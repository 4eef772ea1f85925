"""The client of a Strongroom server: ``from strongroom.sdk import Client``.

Names are imported when they are first used, so that importing this package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from strongroom.sdk import errors
from strongroom.sdk.errors import StrongroomError

if TYPE_CHECKING:
    from strongroom.sdk.begin import init
    from strongroom.sdk.client import Client, connect
    from strongroom.sdk.offline import OfflineRun, offline
    from strongroom.sdk.prompts import Prompt
    from strongroom.sdk.runs import Run
    from strongroom.sdk.transfers import LocalVersion

__all__ = [
    "Client",
    "LocalVersion",
    "OfflineRun",
    "Prompt",
    "Run",
    "StrongroomError",
    "connect",
    "errors",
    "init",
    "offline",
]

_HOMES = {
    "Client": "client",
    "LocalVersion": "transfers",
    "OfflineRun": "offline",
    "Prompt": "prompts",
    "Run": "runs",
    "connect": "client",
    "init": "begin",
    "offline": "offline",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"strongroom.sdk.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
