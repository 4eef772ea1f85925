"""What ``strongroom fsck`` does and says, with the database and the store in hand."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from strongroom.adapters.sql.backup_source import DATABASE, BackupSource
from strongroom.adapters.xet.codec import Codec
from strongroom.application.integrity import checking, ownership
from strongroom.application.integrity.affected import with_hurt
from strongroom.application.integrity.checking import GRACE, Options, Place
from strongroom.application.integrity.findings import Finding, Hurt
from strongroom.application.integrity.pace import Pace
from strongroom.application.integrity.repairing import Repairer
from strongroom.application.integrity.reporting import UNREAD, report
from strongroom.application.xet.store import RebuildingStore
from strongroom.bootstrap.installation import install, open_store, open_upkeep, require_there
from strongroom.bootstrap.settings import BLOBS, Storage
from strongroom.domain.errors import Invalid, NotFound

CLEAN: Final = 0
FOUND: Final = 1
NOT_CHECKED: Final = 2
HOURS_MOST: Final = 24.0 * 365
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator asked for. :ivar rate: MiB a second. :ivar resume: from where to go on."""

    deep: bool = False
    rate: float | None = None
    grace_hours: float = GRACE.total_seconds() / 3600
    resume: str = ""
    repair: bool = False
    sources: Sequence[str] = ()
    as_json: bool = False

    def options(self) -> Options:
        """:raises Invalid: a number is out of range."""
        if not 0 <= self.grace_hours <= HOURS_MOST:
            raise Invalid(f"The grace is between 0 and {HOURS_MOST:.0f} hours.")
        if self.rate is not None and self.rate <= 0:
            raise Invalid("The rate is a number of MiB a second above 0.")
        if self.sources and not self.repair:
            raise Invalid("Say --repair, to take anything from a backup.")
        checking.parse_cursor(self.resume)
        pace = Pace(self.rate * _MIB if self.rate else None)
        return Options(self.deep, timedelta(hours=self.grace_hours), pace, self.resume)


@asynccontextmanager
async def opened(storage: Storage) -> AsyncIterator[Place]:
    """The database and the store, for a check beside a running server or without one."""
    require_there(storage)
    installation = await install(storage)
    store, upkeep = open_store(storage), open_upkeep(storage.blobs)
    codec = Codec()
    try:
        await ownership.settle(installation.database, upkeep)
        yield Place(installation.database, RebuildingStore(store, codec, installation.database), upkeep, codec)
    finally:
        await upkeep.aclose()
        await store.aclose()
        installation.database.close()


@asynccontextmanager
async def backups(written: Sequence[str]) -> AsyncIterator[Sequence[BackupSource]]:
    """Backups as the operator names them: a data folder, a folder of bytes, or a bucket.

    :raises NotFound: there is no such folder.
    """
    async with AsyncExitStack() as stack:
        found = []
        for name in written:
            source = backup_of(name)
            stack.push_async_callback(source.upkeep.aclose)
            found.append(source)
        yield found


def backup_of(name: str) -> BackupSource:
    """One of them."""
    if "://" in name:
        return BackupSource(name.partition("?")[0], open_upkeep(name), None)
    folder = Path(name)
    bytes_ = next((one for one in (folder / BLOBS, folder) if (one / "blobs").is_dir()), None)
    if bytes_ is None:
        raise NotFound(f"There is no backup in {name}.")
    return BackupSource(name, open_upkeep(bytes_), folder / DATABASE)


async def checked(storage: Storage, wanted: Wanted, say: Callable[[str], None]) -> int:
    """Check, and say what is found while it goes; the exit code."""
    options = wanted.options()
    told = Report(say, as_json=wanted.as_json)
    async with opened(storage) as place, backups(wanted.sources) as sources:
        repairer = Repairer(place, sources) if wanted.repair else None
        async for step in checking.check(place, options):
            for finding in step.findings:
                found = await place.executor.read(lambda tx, one=finding: with_hurt(tx, one))  # type: ignore[misc]
                if finding.kind in UNREAD:
                    await place.executor.command(partial(report, finding=finding, by="fsck"))
                told.finding(await repairer.repair(found) if repairer else found)
            told.step(step.cursor, step.looked)
    told.end(options.pace.spent if options.pace else 0)
    return FOUND if told.left else CLEAN


class Report:
    """Findings as lines of JSON or of a table, and how far it has come on a terminal's standard error."""

    def __init__(self, say: Callable[[str], None], *, as_json: bool) -> None:
        self._say, self._json = say, as_json
        self._looked = self.found = self.left = 0

    def finding(self, finding: Finding) -> None:
        """One finding, as soon as it is known."""
        self.found += 1
        self.left += finding.repaired is None
        self._say(as_line(finding) if self._json else as_text(finding))

    def step(self, cursor: str, looked: int) -> None:
        """How far it has come; whoever is interrupted goes on from there."""
        self._looked += looked
        if sys.stderr.isatty() or self._json:
            with suppress(OSError):
                sys.stderr.write(json.dumps({"cursor": cursor, "looked": self._looked}) + "\n")

    def end(self, read: int) -> None:
        """The sum."""
        done = {"looked": self._looked, "read": read, "found": self.found, "repaired": self.found - self.left}
        if self._json:
            self._say(json.dumps({"done": done}))
        else:
            fixed = f", {self.found - self.left} repaired" if self.found != self.left else ""
            self._say(f"{self._looked:,} looked at, {read:,} bytes read, {self.found} found{fixed}")


def as_line(finding: Finding) -> str:
    """A finding for programs."""
    said = {
        "kind": finding.kind.value,
        "waste": finding.waste,
        "digest": finding.digest,
        "where": finding.where,
        "size": finding.size,
        "details": dict(finding.details),
        "hurts": [{key: value for key, value in asdict(one).items() if value is not None} for one in finding.hurts],
        "more": finding.more,
        "repaired": finding.repaired,
    }
    return json.dumps(said, ensure_ascii=True)


def as_text(finding: Finding) -> str:
    """A finding for people: a line, and a line for each that it hurts."""
    details = "".join(f"  {key}={_plain(str(value))}" for key, value in finding.details.items() if value != "")
    fixed = f"  -> {finding.repaired}" if finding.repaired else ""
    where = _plain(finding.where)
    lines = [f"{finding.kind.value:<15} {finding.digest or '-':<64} {finding.size:>14,}  {where}{details}{fixed}"]
    lines += [f"    hurts {_hurt(one)}" for one in finding.hurts]
    return "\n".join([*lines, *([f"    and {finding.more} more"] if finding.more else [])])


def _hurt(hurt: Hurt) -> str:
    version = f" version {hurt.version}" if hurt.version is not None else ""
    path = f": {hurt.path}" if hurt.path is not None else ""
    return _plain(f"{hurt.kind} {hurt.name}{version}{path}")


def _plain(text: str) -> str:
    """Without what a terminal would obey: paths are made by users."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


async def adopted(storage: Storage) -> None:
    """Make the store this database's, whosever it was."""
    require_there(storage)
    installation = await install(storage)
    upkeep = open_upkeep(storage.blobs)
    try:
        await ownership.adopt(installation.database, upkeep)
    finally:
        await upkeep.aclose()
        installation.database.close()
