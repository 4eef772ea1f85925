"""``strongroom agent``: keeps a folder at what is set to run on a line, and reports what is there."""

import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

from cyclopts import Parameter

from strongroom.cli import exits, output
from strongroom.cli.common import NONE, Common
from strongroom.sdk.errors import StrongroomError, TooManyRequests, Unavailable

if TYPE_CHECKING:
    from strongroom.sdk import Client
    from strongroom.sdk.delivery_models import Release, Target, Wanted

Flag = Annotated[bool, Parameter(negative="")]
LONGEST_PAUSE: Final = 60.0
"""Seconds between tries while the server does not answer."""
UNPOLLED: Final = 600.0
"""Seconds without waiting at the server, after it had no room for that."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


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

    The files of each part lie in INTO/DIGEST/ROLE; INTO/current says the digest, INTO/previous the one before, and
    folders of earlier releases are removed. Nothing is reported as running before it is whole and the command has
    succeeded. While the server does not answer, what runs stays, and it is asked again.

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
        follower = Follower(client, (environment, line, name), Folder(into), execute, min(max(period, 1.0), 30.0))
        return follower.once() if once else follower.follow()


class Folder:
    """Releases by digest, of which one is current and one was before."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __getitem__(self, digest: str) -> Path:
        return self.root / digest

    def said(self, name: str) -> str | None:
        """The digest in INTO/current or INTO/previous."""
        with suppress(FileNotFoundError):
            return (self.root / name).read_text().strip() or None
        return None

    def switch(self, digest: str) -> None:
        """Say that it is current; what is neither that nor the one before is removed."""
        before = self.said("current")
        if before:
            self._say("previous", before)
        self._say("current", digest)
        for old in self.root.iterdir():
            if _DIGEST.fullmatch(old.name) and old.name not in {digest, before} and not old.is_symlink():
                shutil.rmtree(old, ignore_errors=True)

    def _say(self, name: str, digest: str) -> None:
        half = self.root / f"{name}.half"
        half.write_text(digest + "\n")
        half.replace(self.root / name)


class Follower:
    """One target: what it runs, what is wrong with what it is to run, and the way from one to the other."""

    def __init__(
        self, client: "Client", place: tuple[str, str, str], folder: Folder, execute: str | None, period: float
    ) -> None:
        self._client, self._place, self._folder, self._execute = client, place, folder, execute
        self._period = period
        self._target: Target | None = None
        self._trouble = ""
        self._unpolled_until = 0.0

    def once(self) -> int:
        """Bring it to what is set to run now, and report; the exit code."""
        while not self._at(told := self._report()):
            self._bring(told)
            if self._trouble:
                output.note(f"strongroom: {self._trouble}")
                self._report()
                return exits.FAILURE
        return exits.OK

    def follow(self) -> NoReturn:
        """Do so until the process is ended. :raises StrongroomError: the server answers that it will not have it."""
        failures = 0
        while True:
            try:
                self._follow()
            except StrongroomError as error:
                if not _passing(error):
                    raise
                if failures == 0:
                    output.note(f"strongroom: {error.detail}; what runs stays, and it is asked again")
                time.sleep(min(2**failures, LONGEST_PAUSE) * (0.5 + random.random() / 2))  # noqa: S311 - spreads agents in time, keeps no secret
                failures = min(failures + 1, 10)
            else:
                failures = 0

    def _follow(self) -> None:
        told = self._report()
        if not self._at(told):
            self._bring(told)
            if not self._trouble:
                return
        if time.monotonic() >= self._unpolled_until:
            with suppress(TooManyRequests):
                self._client.delivery.wanted(told.target, mark=told.mark, wait=int(self._period))
                return
            self._unpolled_until = time.monotonic() + UNPOLLED
        time.sleep(self._period)

    def _report(self) -> "Wanted":
        if self._target is None:
            self._target = self._client.delivery.register(*self._place)
        health, message = ("failing" if self._trouble else "healthy"), self._trouble[:1000]
        running = self._folder.said("current")
        return self._client.delivery.report(self._target, running, health=health, message=message)

    def _at(self, told: "Wanted") -> bool:
        """Whether what is live is what runs here; where nothing is live, what runs stays."""
        wanted = _live(told)
        if wanted is None or wanted.digest == self._folder.said("current"):
            self._trouble = ""
            return True
        return False

    def _bring(self, told: "Wanted") -> None:
        """Bring the files, run the command, say that it is current; `_trouble` is what went wrong, or nothing."""
        release = _live(told)
        if release is None:
            return
        with self._beating():
            try:
                self._trouble = self._fetched(release) or self._executed(self._folder[release.digest])
                if not self._trouble:
                    self._folder.switch(release.digest)
            except OSError as error:
                self._trouble = f"{type(error).__name__}: {error}"

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Report beside whatever takes long, so that it is not taken for silence."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(self._period):
                with suppress(StrongroomError):
                    self._report()

        beating = threading.Thread(target=beat, daemon=True)
        beating.start()
        try:
            yield
        finally:
            over.set()
            beating.join()

    def _fetched(self, release: "Release") -> str:
        for part in release.parts:
            if part.version_uid is None:
                return f"you may not read the part {part.role!r}"
            try:
                version = self._client.versions.by_uid(part.version_uid)
                self._client.pull(version, to=self._folder[release.digest] / part.role)
            except StrongroomError as error:
                if _passing(error):
                    raise
                return f"{type(error).__name__}: {error}"
        return ""

    def _executed(self, folder: Path) -> str:
        if self._execute is None:
            return ""
        environment = {**os.environ, "STRONGROOM_RELEASE": str(folder)}
        done = subprocess.run(self._execute, shell=True, env=environment, check=False, stdout=sys.stderr)  # noqa: S602
        return f"the command ended with {done.returncode}" if done.returncode else ""


def _live(told: "Wanted") -> "Release | None":
    return next((one.release for one in told.releases if one.mode == "live"), None)


def _passing(error: StrongroomError) -> bool:
    """Whether the same may succeed later, without anybody doing anything about it here."""
    return isinstance(error, Unavailable) or (error.status or 0) >= 500  # noqa: PLR2004 - the server's own failures
