"""Events as they happen."""

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common


def tail(
    *,
    after: int | None = None,
    types: Annotated[list[str] | None, Parameter(name="--type", negative_iterable="")] = None,
    once: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """Show events as they happen, a line each, until you stop it; with --json a CloudEvent a line.

    Parameters
    ----------
    after:
        Begin behind this position; -1 begins with the first event. Now, when left out.
    types:
        Only events of this type, such as asset.create or alias.*; repeat it for several.
    once:
        Show what there is (all of it, without --after) and end.
    """
    common = common or NONE
    start = -1 if once and after is None else after
    with common.client() as client:
        for event in client.events(after=start, types=types or (), follow=not once):
            if common.json:
                output.line(msgspec.json.encode(event).decode())
            else:
                asset = event.data.get("asset") or {}
                about = f"{asset['kind']}:{asset['path']}" if asset else event.subject
                action = event.type.removeprefix("dev.strongroom.")
                output.line(f"{event.position}\t{output.text(event.time)}\t{action}\t{output.text(about)}")
            sys.stdout.flush()
