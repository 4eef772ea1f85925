"""``audit replay``: aliases, stages, roles, tokens and releases rebuilt from the log, and compared with the tables.

The comparison runs here. A server whose tables were changed by hand has no part in it but to tell what they hold.
"""

import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from strongroom.cli import exits, output
from strongroom.cli.audit import Many, key_lines, lines, tell
from strongroom.cli.common import NONE, Common
from strongroom.domain.audit.replay import Report, rebuilt
from strongroom.domain.audit.replay import replay as compared
from strongroom.domain.audit.state import Closing, decode
from strongroom.domain.audit.verify import verify_export
from strongroom.domain.errors import Invalid as DomainInvalid
from strongroom.sdk.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from strongroom.sdk import Client

_SHOWN = 20
_WAIT_S = 15.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def state(to: Path, *, at: str | None = None, common: Common | None = None) -> None:
    """Write what the live tables say stands to a file that `strongroom audit replay --state` reads.

    Parameters
    ----------
    to:
        The file.
    at:
        As it was at a time such as 2026-01-31T12:00:00Z; now when left out.
    """
    common = common or NONE
    with common.client() as client:
        path = client.audit.state(to, at=at)
    said = {"path": str(path), "bytes": path.stat().st_size}
    output.emit(said) if common.json else output.line(f"{path}: {said['bytes']:,} bytes")


def replay(
    log: Path | None = None,
    *,
    state: Path | None = None,
    at: str | None = None,
    to: Path | None = None,
    key: Annotated[list[str] | None, Many] = None,
    common: Common | None = None,
) -> int:
    """Rebuild from the log what stands, or stood at a time, compare it with the tables, and name each difference.

    Exit code 0: nothing differs. 6: something does, or the log is not as it was signed. With both files no server is
    asked.

    Parameters
    ----------
    log:
        File written by `strongroom audit export`, after that of `--state`; fetched when left out.
    state:
        File written by `strongroom audit state`; fetched when left out. It says the time.
    at:
        As it was at a time such as 2026-01-31T12:00:00Z; now when left out.
    to:
        Write what the log says to this file, and compare nothing.
    key:
        Key of the log that you trust (name+id+key), or a file with one a line; those that the export names when left
        out.
    """
    common = common or NONE
    if state is not None and (at is not None or to is not None):
        raise Invalid("The file of facts says the time, and is there to be compared: give --state, or --at, or --to.")
    with TemporaryDirectory(prefix="strongroom-replay-") as folder:
        told = state
        if told is None and to is None:
            if log is not None:
                raise Invalid("The log must be younger than the facts: give --state with it, or leave both out.")
            told = Path(folder) / "state"
            with common.client() as client:
                client.audit.state(told, at=at)
        if log is None:
            log = Path(folder) / "log"
            with common.client() as client:
                _export(client, log, told)
        try:
            return _write(log, to, at) if to else _compare(log, told, key, as_json=common.json)
        except (DomainInvalid, UnicodeDecodeError) as error:
            raise Invalid(str(error)) from error


def _export(client: "Client", log: Path, told: Path | None) -> None:
    """Export the log once it is long enough to explain the facts: records get their numbers a moment after commit."""
    needs = _end_of(told) if told else 0
    until = time.monotonic() + _WAIT_S
    while needs and client.audit.checkpoint().size < needs:
        if time.monotonic() > until:
            raise Unavailable("Records of the log wait for their numbers; try again.")
        time.sleep(0.2)
    client.audit.export(log)


def _end_of(told: Path) -> int:
    closing = decode(deque(lines(told), maxlen=1).pop())
    if not isinstance(closing, Closing):
        raise Invalid("The file of facts is not whole.")
    return closing.end


def _write(log: Path, to: Path, at: str | None) -> int:
    facts = -2  # the first line and the last are none
    with to.open("wb") as file:
        for line in rebuilt(lines(log), _microseconds(at)):
            file.write(line)
            facts += 1
    output.line(f"{to}: {facts} facts")
    return exits.OK


def _microseconds(at: str | None) -> int | None:
    if at is None:
        return None
    try:
        found = datetime.fromisoformat(at)
    except ValueError as error:
        raise Invalid(f"{at!r} is no time such as 2026-01-31T12:00:00Z.") from error
    return ((found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _compare(log: Path, told: Path | None, key: list[str] | None, *, as_json: bool) -> int:
    from strongroom.cli.ed25519 import verify as signed_by

    assert told is not None  # noqa: S101 - it was given or fetched
    keys = [line for text in key for line in key_lines(text)] if key else None
    verified = verify_export(lines(log), signed_by, keys)
    if not verified.ok:
        tell(verified, as_json=as_json)
        return exits.CORRUPTED
    report = compared(lines(told), lines(log))
    _tell(report, as_json=as_json, pinned=verified.pinned)
    return exits.OK if report.ok else exits.CORRUPTED


def _tell(report: Report, *, as_json: bool, pinned: bool) -> None:
    of = _EPOCH + timedelta(microseconds=report.of)
    if as_json:
        differences = [
            {"what": one.what, "kind": one.kind, "key": one.key, "leaf": one.leaf, "sentence": one.sentence}
            | {"logged": one.logged and dict(one.logged), "told": one.told and dict(one.told)}
            for one in report.differences
        ]
        said = {"ok": report.ok, "at": of, "records": report.records, "compared": report.compared}
        output.emit(said | {"moved": report.moved, "differences": differences, "left_out": report.left_out})
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.compared.items()))
    count = len(report.differences) + report.left_out
    found = "Nothing differs" if report.ok else f"{count} difference{'' if count == 1 else 's'}"
    output.line(f"{found}: {report.records} records against the tables as of {of:%Y-%m-%dT%H:%M:%SZ} ({kinds}).")
    _list(one.sentence for one in report.differences[:_SHOWN])
    if count > _SHOWN:
        output.line(f"  and {count - _SHOWN} more")
    if report.moved:
        output.note(f"{report.moved} changed while they were read and were not compared; run it again for those.")
    if not pinned:
        output.note("No key was given: compare the export's keys with one you got elsewhere, and name it by --key.")


def _list(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        output.line(f"  {sentence}")
