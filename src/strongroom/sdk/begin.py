"""Begin a run where the environment says: on a server, or into a folder when ``STRONGROOM_OFFLINE`` names one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strongroom.sdk.client import Client
from strongroom.sdk.offline import Offline, OfflineRun
from strongroom.sdk.runs import Run


def init(
    experiment: str,
    *,
    offline: str | Path | None = None,
    name: str = "",
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, str | None] | None = None,
    kind: str = "training",
    note: str = "",
    parent: Any = None,  # noqa: ANN401 - a run of either kind, an answer about one, or its uid
    capture: bool = True,
    system_metrics: bool | float = False,
    capture_console: bool = False,
) -> Run | OfflineRun:
    """Begin a run; use it in a ``with`` block. See `Client.run` for what the others mean.

    :param offline: record into this folder, without a server, for ``strongroom sync``; else STRONGROOM_OFFLINE.
    """
    folder = offline or os.environ.get("STRONGROOM_OFFLINE")
    said: dict[str, Any] = {
        "name": name, "params": params, "tags": tags, "kind": kind, "note": note, "parent": parent,
        "capture": capture, "system_metrics": system_metrics, "capture_console": capture_console,
    }  # fmt: skip
    return Offline(folder).run(experiment, **said) if folder else Client().run(experiment, **said)
