"""The client of a Strongroom server: ``from strongroom.sdk import Client``."""

from strongroom.sdk import errors
from strongroom.sdk.client import Client
from strongroom.sdk.errors import StrongroomError
from strongroom.sdk.runs import Run
from strongroom.sdk.transfers import LocalVersion

__all__ = ["Client", "LocalVersion", "Run", "StrongroomError", "connect", "errors"]


def connect(url: str | None = None, token: str | None = None, workspace: str | None = None) -> Client:
    """A client with settings from the arguments, the environment, or what ``strongroom login`` saved."""
    return Client(url, token, workspace)
