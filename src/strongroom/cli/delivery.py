"""``strongroom where``, ``release make``, ``promote``, ``rollback`` and ``environment history``."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.cli.values import pairs

if TYPE_CHECKING:
    from strongroom.sdk import Client
    from strongroom.sdk.delivery_models import Placement, Release, Target

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
    numbers = {one.release.digest: f"#{one.release.number}" for of in board.lines for one in of.placements}
    targets = [_target(one, numbers) for of in board.lines for one in of.targets]
    if targets:
        output.line("")
        columns = ("environment", "line", "name", "status", "running", "health", "reported_at")
        output.rows(targets, as_json=False, columns=columns)


def _target(one: "Target", numbers: dict[str, str]) -> dict[str, object]:
    runs = "" if one.running is None else numbers.get(one.running, one.running[:12])
    said = {"environment": one.environment, "line": one.line, "name": one.name, "status": one.status}
    return {**said, "running": runs, "health": one.health, "reported_at": one.reported_at}


def history(environment: str, *, line: str | None = None, limit: int = 100, common: Common | None = None) -> None:
    """Everything that ever ran in an environment, the latest first.

    Parameters
    ----------
    environment:
        Where.
    line:
        On one line.
    limit:
        At most so many rows.
    """
    common = common or NONE
    with common.client() as client:
        found = list(islice(client.delivery.history(environment, line), limit))
        if common.json:
            output.emit(found)
            return
        who = _names(client, [uid for one in found for uid in (one.placed_by, one.ended_by) if uid])
    rows = [{**_row(one, who), **_end(one, who)} for one in found]
    output.rows(rows, as_json=False, columns=(*_SHOWN[1:], "until", "ended_by", "ended_how", "ended_note"))


def _end(one: "Placement", who: dict[str, str]) -> dict[str, object]:
    by = who.get(one.ended_by, one.ended_by) if one.ended_by else ""
    return {"until": one.valid_to, "ended_by": by, "ended_how": one.ended_how or "", "ended_note": one.ended_note}


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
