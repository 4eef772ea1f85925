"""``strongroom sync``: recordings that were made without a server, sent to one."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common


def sync(
    folders: Annotated[list[Path], Parameter(negative_iterable="")],
    /,
    *,
    unfinished: str = "running",
    common: Common | None = None,
) -> None:
    """Send the runs that were recorded into folders, with their files. Again sends only what is new.

    Parameters
    ----------
    folders:
        Folders of recordings, maybe copied from another machine.
    unfinished:
        What a recording without an end becomes: running (more may come), or killed.
    """
    from strongroom.sdk.errors import Conflict
    from strongroom.sdk.sync import sync as send

    common = common or NONE
    found = []
    with common.client() as client:
        for folder in folders:
            found += send(client.api, folder, unfinished=unfinished)
    output.rows(found, as_json=common.json, columns=("recording", "run_uid", "state", "lines", "failure"))
    if failed := [one for one in found if one.failure is not None]:
        raise Conflict(f"{len(failed)} of {len(found)} recordings could not be sent to their end.")
