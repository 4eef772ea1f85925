"""``strongroom import mlflow``: another MLflow, copied into a server, with an account of what came."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common

if TYPE_CHECKING:
    from strongroom.sdk.imports.report import Report

Many = Annotated[list[str] | None, Parameter(negative_iterable="")]
Flag = Annotated[bool, Parameter(negative="")]
SHOWN = 20
_EVERY = 0.5


def mlflow(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    artifacts: Many = None,
    experiments: Many = None,
    models: Many = None,
    dry_run: Flag = False,
    merge: Flag = False,
    report: Path | None = None,
    common: Common | None = None,
) -> None:
    """Copy experiments, runs, models, versions, prompts and artifacts of another MLflow. Again it brings what is new.

    Parameters
    ----------
    from_:
        Address of a tracking server, an mlruns folder, or a database (sqlite:///mlflow.db, postgresql://...).
    artifacts:
        A folder or bucket (s3://...) where the source says that artifacts lie; only those are read. May be given again.
    experiments:
        Only these, by id or name; * and ? stand for any text. Then models only if they are named.
    models:
        Only these registered models and prompts, by name. Then experiments only if they are named.
    dry_run:
        Count what would come, and change nothing.
    merge:
        Join experiments and models that have the same name here and were not imported.
    report:
        Write the whole account to this file, as JSON.
    """
    from strongroom.sdk.errors import Conflict, Corrupted
    from strongroom.sdk.imports.importer import Import, Wanted, open_source

    common = common or NONE
    source = open_source(from_, artifacts or ())
    wanted = Wanted(experiments or (), models or (), dry_run, merge)
    with common.client() as client:
        try:
            found = Import(client.api, source, wanted, _teller()).run()
        finally:
            source.close()
    if report is not None:
        report.write_text(json.dumps(found.as_json(), indent=1) + "\n", encoding="utf-8")
    _show(found, as_json=common.json)
    if found.differs:
        raise Corrupted("What is here is not what was found; the account names it.")
    if not found.reconciles:
        raise Conflict("Not everything came; the account names what did not.")


def _show(found: "Report", *, as_json: bool) -> None:
    if as_json:
        output.emit(found.as_json())
        return
    rows = [
        {"kind": kind, "found": c.found, "imported": c.imported, "there": c.there, "refused": c.refused + c.lacking}
        for kind, c in found.counts.items()
        if c.found or c.refused or c.lacking
    ]
    output.rows(rows, as_json=False, columns=("kind", "found", "imported", "there", "refused"))
    if not found.dry_run:
        output.line(f"artifacts: {found.bytes.source:,} bytes found, {found.bytes.target:,} bytes here")
    for what, listed in (("refused", found.refused), ("note", found.notes)):
        for one in listed[:SHOWN]:
            output.line(f"{what}: {one.kind}: {_shown(one.name)}: {_shown(one.reason)}")
        if len(listed) > SHOWN:
            output.line(f"{what}: {len(listed) - SHOWN} more; see --report or --json")
    for kind, number in found.not_imported.items():
        if number != 0:
            output.line(f"not imported: {'an unknown number of' if number is None else number} {kind}")


def _shown(text: str) -> str:
    """A text of the source for a terminal, which it may not steer."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _teller() -> Callable[[str, "Report"], None]:
    """A line on standard error that is written over, where that is a terminal."""
    shown = 0.0

    def tell(what: str, report: "Report") -> None:
        nonlocal shown
        if time.monotonic() - shown < _EVERY or not sys.stderr.isatty():
            return
        shown = time.monotonic()
        runs, files = report.counts["runs"], report.counts["artifacts"]
        done = f"{runs.found:,} runs, {report.counts['points'].found:,} points, {files.found:,} files: {_shown(what)}"
        sys.stderr.write(f"\r\x1b[K{done[:100]}")
        sys.stderr.flush()

    return tell
