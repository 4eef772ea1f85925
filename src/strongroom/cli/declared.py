"""``strongroom plan`` and ``strongroom apply``: declared state, its drift, and what was done."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from strongroom.cli import exits, output
from strongroom.cli.common import NONE, Common

if TYPE_CHECKING:
    from strongroom.sdk.declared.plan import Plan, Step

Flag = Annotated[bool, Parameter(negative="")]
PENDING = 2
_SIGNS = {"create": "+", "change": "~", "delete": "-"}


def plan(*files: Path, prune: Flag = False, detailed_exitcode: Flag = False, common: Common | None = None) -> int:
    """Show what `apply` would do: what is new, what changes, and what somebody changed besides (drift).

    Ends with 0; with --detailed-exitcode with 0 when there is nothing to do, 2 when there is, 1 when it failed.

    Parameters
    ----------
    files:
        Declarations, .json or .yaml (docs/ci.md).
    prune:
        Show also what `apply --prune` would remove.
    detailed_exitcode:
        Tell by the exit code whether there is something to do.
    """
    from strongroom.sdk.errors import StrongroomError

    common = common or NONE
    try:
        with common.client() as client:
            made = client.declared.plan(files, prune=prune)
    except StrongroomError as error:
        if not detailed_exitcode:
            raise
        exits.explain(error, as_json=common.json)
        return exits.FAILURE
    _show(made, as_json=common.json)
    if made.problems:
        return exits.FAILURE
    return PENDING if detailed_exitcode and made.steps else exits.OK


def apply(
    *files: Path,
    prune: Flag = False,
    expect: str | None = None,
    secrets: Path | None = None,
    common: Common | None = None,
) -> int:
    """Bring about what files declare. What is there already stays as it is; again does nothing.

    Whatever somebody changes between plan and change is refused, and nothing after it is done: apply again.

    Parameters
    ----------
    files:
        Declarations, .json or .yaml (docs/ci.md).
    prune:
        Remove what was applied under this declaration's name and is not declared any more.
    expect:
        Digest of the plan that was looked at; any other plan is refused.
    secrets:
        A new file for the secrets of webhooks that are made, for you alone; without it they go nowhere.
    """
    common = common or NONE
    done: list[Step] = []
    with common.client() as client, _secrets(secrets) as keep:

        def told(step: "Step") -> None:
            done.append(step)
            if not common.json:
                output.line(f"{_SIGNS[step.action]} {output.text(step.object.title)}")

        made = client.declared.apply(files, prune=prune, expect=expect, told=told, keep_secret=keep)
    if common.json:
        output.emit(_plain(made))
        return exits.OK
    for one in made.waiting:
        output.note(f"{output.text(one.title)}: its mark is set once it is there.")
    output.line(f"{len(done)} changed." if done else "Nothing to do.")
    if secrets is None and any(step.action == "create" and step.object.kind == "webhook" for step in done):
        output.note(
            "Secrets of new webhooks were not kept (see --secrets): `strongroom webhook rotate` makes new ones."
        )
    return exits.OK


@contextmanager
def _secrets(path: Path | None) -> Iterator[Callable[[str, str, str], None] | None]:
    """Who takes secrets: a file that must not be there yet, readable by its owner alone; a JSON object a line."""
    if path is None:
        yield None
        return
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:

        def keep(name: str, uid: str, secret: str) -> None:
            file.write(json.dumps({"name": name, "uid": uid, "secret": secret}) + "\n")
            file.flush()

        yield keep


def _plain(made: "Plan") -> dict[str, object]:
    steps = [
        {
            "action": step.action,
            "kind": step.object.kind,
            "identity": dict(step.object.identity),
            "drifted": step.drifted,
            "changes": [
                {"member": one.member, "old": one.old, "new": one.new, "drifted": one.drifted}
                for one in step.differences
            ],
        }
        for step in made.steps
    ]
    left = [{"kind": one.kind, "identity": dict(one.identity)} for one in made.left]
    waiting = [{"kind": one.kind, "identity": dict(one.identity)} for one in made.waiting]
    said = {"left": left, "waiting": waiting, "problems": list(made.problems), "digest": made.digest}
    return {"steps": steps, **said}


def _show(made: "Plan", *, as_json: bool) -> None:
    from strongroom.sdk.declared.plan import shown

    if as_json:
        output.emit(_plain(made))
        return
    for step in made.steps:
        drift = "  (drift)" if step.drifted else ""
        output.line(f"{_SIGNS[step.action]} {output.text(step.object.title)}{drift}")
        for one in step.differences if step.action != "delete" else ():
            mark = "  (drift: applied before, changed since)" if one.drifted else ""
            output.line(output.text(f"    {one.member}: {shown(one.old)} -> {shown(one.new)}") + mark)
    for gone in made.left:
        output.line(f"  {output.text(gone.title)} is not declared any more: apply --prune removes it")
    for waits in made.waiting:
        output.line(f"  {output.text(waits.title)} is not there yet: its mark is set once it is")
    for problem in made.problems:
        output.note(f"strongroom: {output.text(problem)}")
    counts = {sign: sum(_SIGNS[step.action] == sign for step in made.steps) for sign in _SIGNS.values()}
    output.line(
        f"{counts['+']} to make, {counts['~']} to change, {counts['-']} to remove. Plan {made.digest}"
        if made.steps
        else "Nothing to do."
    )
