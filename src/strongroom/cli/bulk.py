"""Runs loaded from a file."""

from pathlib import Path

from strongroom.cli import output
from strongroom.cli.common import NONE, Common


def load(file: Path, *, experiment: str | None = None, common: Common | None = None) -> None:
    """Load runs, params and points from a file of JSON lines, or from Parquet (.parquet).

    What was loaded is kept beside the file, in FILE.loaded: called again, it goes on there.

    Parameters
    ----------
    file:
        See the documentation of the SDK for what its lines say.
    experiment:
        Of runs of which the file says none, as namespace/name; made when there is none.
    """
    common = common or NONE
    with common.client() as client:
        found = client.runs.load(file, experiment=experiment)
    if common.json:
        output.emit(found)
        return
    output.line(f"{found.runs} runs, {found.params} params, {found.points} points")
