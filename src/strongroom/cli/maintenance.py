"""``strongroom migrate``, ``backup`` and ``restore``: upkeep of a server's data, loaded when called."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from strongroom.bootstrap.settings import Storage
from strongroom.domain.errors import DomainError

app = App(name="maintenance", help="Keep a server's data.")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except DomainError as error:
        print(f"strongroom: {error.message}", file=sys.stderr)  # noqa: T201 - what the command line says
        raise SystemExit(1) from error


@app.command
def migrate(*, to: str | None = None, storage: Storage | None = None) -> None:
    """Bring the database to this release's schema, or to another revision. Stop older releases first; back up first.

    Parameters
    ----------
    to:
        A revision; ``base`` removes every table with everything in it.
    """
    from strongroom.adapters.sql import migrate as migrations
    from strongroom.adapters.sql.migrations import HEAD

    with _refusals():
        before, after = migrations.move((storage or Storage()).database_url, to or HEAD)
    sys.stdout.write(f"{before or migrations.BASE} -> {after or migrations.BASE}\n")


@app.command
def backup(*, data: Path, to: Path, without_keys: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Copy a data folder while its server runs. The copy is a state that existed: that of the moment it began.

    Parameters
    ----------
    data:
        The server's data folder.
    to:
        Folder to make; it must not exist or be empty.
    without_keys:
        Leave the keys out. A log restored without them cannot be signed on: keep them elsewhere.
    """
    from strongroom.adapters.sql import backup as backups

    with _refusals():
        done = backups.backup(data, to, with_keys=not without_keys)
    sys.stdout.write(f"{done.blobs} blobs, {done.bytes} bytes, audit log of {done.log_size} records: {to}\n")
    if not without_keys:
        sys.stdout.write("The backup holds the server's private keys: guard it as you guard the server.\n")


@app.command
def restore(*, source: Annotated[Path, Parameter(name="--from")], data: Path) -> None:
    """Make a data folder from a backup, every byte compared on the way.

    Parameters
    ----------
    source:
        The folder that ``backup`` made.
    data:
        Folder to make; it must not exist or be empty.
    """
    from strongroom.adapters.sql import backup as backups

    with _refusals():
        done = backups.restore(source, data)
    sys.stdout.write(f"{done.blobs} blobs, {done.bytes} bytes, audit log of {done.log_size} records: {data}\n")


@app.command
def rescan(*, storage: Storage | None = None) -> None:
    """Read how models are packaged, of versions made before this was looked at; beside a running server or without one.

    Parameters
    ----------
    storage:
        Where the data is.
    """
    from strongroom.bootstrap import rescanning

    with _refusals():
        done = rescanning.rescan(storage or Storage())
    sys.stdout.write(f"{done.looked} trees looked at, {done.models} models found, {done.unreadable} unreadable\n")


@app.command
def gc(
    *,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    orphans: Annotated[bool, Parameter(negative="")] = False,
    quarantine: float = 24.0,
    servers_stopped: Annotated[bool, Parameter(negative="")] = False,
    storage: Storage | None = None,
) -> None:
    """Free the bytes that nothing names any more, beside a running server; it does so by itself every hour.

    What nobody holds is condemned now, and freed by the first run after the quarantine, unless it was sent again.

    Parameters
    ----------
    dry_run:
        Only say what holds which bytes, and what would be condemned and freed now.
    orphans:
        Look through the whole store too, and free what no row of this database names and was written before the
        quarantine. Never while another database, such as a restored copy, uses the same store: its bytes are orphans
        to this one.
    quarantine:
        Hours. Less than 24 are refused unless the servers are stopped.
    servers_stopped:
        You have stopped every server of this database. Beside a running one, a quarantine below 24 hours erases bytes
        that uploads and publications on their way are about to name: versions that cannot be read.
    """
    import asyncio

    from strongroom.bootstrap.collection import collected, previewed

    with _refusals():
        at = storage or Storage()
        if servers_stopped and not dry_run:
            sys.stderr.write("strongroom: taking your word that no server runs on this database.\n")
        done = collected(at, quarantine, orphans=orphans, stopped=servers_stopped) if not dry_run else None
        lines = asyncio.run(done or previewed(at, quarantine))
    sys.stdout.write("".join(f"{line}\n" for line in lines))


@app.command
def fsck(
    *,
    deep: Annotated[bool, Parameter(negative="")] = False,
    rate: float | None = None,
    grace: float = 24.0,
    resume: str = "",
    repair: Annotated[bool, Parameter(negative="")] = False,
    source: Annotated[tuple[str, ...], Parameter(name="--from", negative="")] = (),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    storage: Storage | None = None,
) -> int:
    """Check that the store holds all that the database names, and nothing else; beside a running server or without.

    Exit codes: 0 all is well, 1 something was found (and is not repaired), 2 it could not be checked to the end.

    Parameters
    ----------
    deep:
        Read and hash every byte; without it only names and sizes are compared.
    rate:
        Read at most so many MiB a second.
    grace:
        Hours: younger bytes that no row names are not said to be orphans, as they may be on their way.
    resume:
        Go on from a cursor that an earlier check said.
    repair:
        Mend what is found: from second copies in the store, from what the metadata still says, and from backups. Bytes
        are verified before they replace anything, and what they replace is kept in quarantine/.
    source:
        A backup for that: a data folder, a folder of bytes, or a bucket, as --artifacts is written; repeat it for
        several.
    as_json:
        A JSON object a line, and cursors on standard error.
    """
    import asyncio

    from strongroom.bootstrap.integrity import NOT_CHECKED, Wanted, checked

    wanted = Wanted(
        deep=deep, rate=rate, grace_hours=grace, resume=resume, repair=repair, sources=source, as_json=as_json
    )
    try:
        return asyncio.run(checked(storage or Storage(), wanted, _said))
    except DomainError as error:
        print(f"strongroom: {error.message}", file=sys.stderr)  # noqa: T201 - what the command line says
        return NOT_CHECKED


def _said(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    app()
