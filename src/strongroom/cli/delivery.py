"""``strongroom where``, ``release make``, ``promote``, ``rollback``, and the agent that keeps a target right."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from strongroom.cli import exits, output
from strongroom.cli.common import NONE, Common
from strongroom.cli.values import pairs

if TYPE_CHECKING:
    from strongroom.sdk import Client
    from strongroom.sdk.delivery import Placement, Release, Wanted

Flag = Annotated[bool, Parameter(negative="")]
_SHOWN = ("environment", "line", "release", "mode", "share", "parts", "since", "by", "how", "note")


def where(
    *, environment: str | None = None, line: str | None = None, at: str | None = None, common: Common | None = None
) -> None:
    """What runs where, who put it there and why; now, or as it was at a time.

    Parameters
    ----------
    environment:
        Of one environment.
    line:
        On one line.
    at:
        A time such as 2026-01-31T12:00:00Z.
    """
    common = common or NONE
    with common.client() as client:
        board = client.delivery.where(environment=environment, line=line, at=at)
        if common.json:
            output.emit(board)
            return
        who = _names(client, [one.placed_by for of in board.lines for one in of.placements])
    output.rows([_row(one, who) for of in board.lines for one in of.placements], as_json=False, columns=_SHOWN)
    targets = [one for of in board.lines for one in of.targets]
    if targets:
        output.line("")
        columns = ("environment", "line", "name", "status", "running", "health", "reported_at")
        output.rows(targets, as_json=False, columns=columns)


def _names(client: "Client", uids: Sequence[str]) -> dict[str, str]:
    """Names of principals, where you may know them."""
    from strongroom.sdk.errors import StrongroomError

    found = {}
    for uid in dict.fromkeys(uids):
        try:
            found[uid] = client.principals.get(uid).name
        except StrongroomError:
            found[uid] = uid
    return found


def _row(one: "Placement", who: dict[str, str]) -> dict[str, object]:
    return {
        "environment": one.environment,
        "line": one.line,
        "release": f"#{one.release.number}",
        "mode": one.mode,
        "share": f"{one.share} %",
        "parts": ", ".join(f"{part.role}={part.reference or 'hidden'}" for part in one.release.parts),
        "since": one.valid_from,
        "by": who.get(one.placed_by, one.placed_by),
        "how": one.action,
        "note": one.note,
    }


def make(line: str, parts: list[str], /, *, note: str = "", common: Common | None = None) -> None:
    """Make a release of versions that go together.

    Parameters
    ----------
    line:
        What is delivered, such as fraud-scoring.
    parts:
        ROLE=VERSION, such as model=prod/churn@candidate prompt=prod/ask:4.

    Note:
        What is new.
    """
    common = common or NONE
    chosen = {role: reference or "" for role, reference in pairs(parts).items()}
    with common.client() as client:
        made = client.delivery.release(line, dict(chosen), note=note)
    output.one(made, as_json=common.json)


def promote(
    release: str,
    environment: str,
    *,
    mode: Literal["live", "canary", "shadow"] = "live",
    share: int | None = None,
    note: str = "",
    despite_freeze: Flag = False,
    common: Common | None = None,
) -> None:
    """Set a release to run in an environment.

    Parameters
    ----------
    release:
        LINE for its latest release, LINE#NUMBER, or a uid.
    environment:
        Where to.
    mode:
        live replaces what runs; canary and shadow stand beside it.
    share:
        Percent of the traffic, of a canary or shadow.

    Note:
        Why.
    despite_freeze:
        In a freeze window; for those who may change environments, with a note.
    """
    common = common or NONE
    with common.client() as client:
        found = _release(client, release)
        placed = client.delivery.promote(
            found, environment, mode=mode, share=share, note=note, despite_freeze=despite_freeze
        )
    _shown(placed, as_json=common.json)


def _release(client: "Client", text: str) -> "Release | str":
    from strongroom.sdk.errors import NotFound

    line, sign, number = text.partition("#")
    if len(text) == 36 and not sign:  # noqa: PLR2004 - a uid
        return text
    for one in client.delivery.releases(line):
        if not sign or str(one.number) == number:
            return one
    raise NotFound(f"There is no release {text!r}.")


def rollback(environment: str, line: str, *, note: str = "", common: Common | None = None) -> None:
    """Put back what ran before on a line, in one transaction.

    Parameters
    ----------
    environment:
        Where.
    line:
        What.

    Note:
        Why.
    """
    common = common or NONE
    with common.client() as client:
        placed = client.delivery.rollback(environment, line, note=note)
    _shown(placed, as_json=common.json)


def _shown(placed: "Sequence[Placement]", *, as_json: bool) -> None:
    columns = ("environment", "line", "release", "mode", "share", "parts")
    output.rows(placed if as_json else [_row(one, {}) for one in placed], as_json=as_json, columns=columns)


def agent(
    environment: str,
    line: str,
    name: str,
    *,
    into: Path,
    execute: str | None = None,
    period: float = 10.0,
    once: Flag = False,
    common: Common | None = None,
) -> int:
    """Keep a folder at what is set to run, and report what is there.

    The files of each part lie in INTO/DIGEST/ROLE; INTO/current says the digest. Nothing is reported as running before
    it is whole and the command has succeeded.

    Parameters
    ----------
    environment:
        Where this target is.
    line:
        What it runs.
    name:
        What it is called.
    into:
        Folder for the files.
    execute:
        A command that is run, through the shell, after each change, with STRONGROOM_RELEASE as the folder's path.
    period:
        Seconds between reports; 1 to 30.
    once:
        Bring it to what is set to run now, report, and end.
    """
    common = common or NONE
    into.mkdir(parents=True, exist_ok=True)
    with common.client() as client:
        target = client.delivery.register(environment, line, name)
        running, trouble = _present(into), ""
        while True:
            health = "failing" if trouble else "healthy"
            told = client.delivery.report(target, running, health=health, message=trouble[:1000])
            wanted = _live(told)
            if wanted is None or wanted.digest == running:
                trouble = ""
                if once:
                    return exits.OK
                time.sleep(min(max(period, 1.0), 30.0))
                continue
            trouble = _bring(client, wanted, into, execute)
            if not trouble:
                running = wanted.digest
            elif once:
                output.note(f"strongroom: {trouble}")
                client.delivery.report(target, running, health="failing", message=trouble[:1000])
                return exits.FAILURE
            else:
                time.sleep(min(max(period, 1.0), 30.0))


def _present(into: Path) -> str | None:
    current = into / "current"
    return current.read_text().strip() or None if current.is_file() else None


def _live(told: "Wanted") -> "Release | None":
    return next((one.release for one in told.releases if one.mode == "live"), None)


def _bring(client: "Client", release: "Release", into: Path, execute: str | None) -> str:
    """Bring the files, run the command, say that it is current; what went wrong, or nothing."""
    from strongroom.sdk.errors import StrongroomError

    folder = into / release.digest
    try:
        for part in release.parts:
            if part.reference is None:
                return f"you may not read the part {part.role!r}"
            client.pull(part.reference, to=folder / part.role)
    except (StrongroomError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    if execute is not None:
        environment = {**os.environ, "STRONGROOM_RELEASE": str(folder)}
        done = subprocess.run(execute, shell=True, env=environment, check=False, stdout=sys.stderr)  # noqa: S602
        if done.returncode:
            return f"the command ended with {done.returncode}"
    half = into / "current.half"
    half.write_text(release.digest + "\n")
    half.replace(into / "current")
    return ""
