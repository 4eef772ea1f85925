"""A fresh server with an asset on it, its clients in processes of their own, and what both cost."""

import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

from tests.http.processes import ServerProcess, admin

T = TypeVar("T")
MIB = 1024 * 1024
GIB = 1024 * MIB
ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-huggingface" / "bin" / "python"

UPLOAD = """
import hf_xet, json, os
told = json.loads(os.environ["TOLD"])
access = {"token_refresh_url": told["url"], "token_refresh_headers": told["headers"]}
with hf_xet.XetSession().new_upload_commit(**access) as commit:
    handle = commit.start_upload_file(told["path"], sha256=hf_xet.COMPUTE_SHA256)
found = handle.result()
print(json.dumps([found.xet_info.hash, found.dedup_metrics.new_bytes]))
"""
DOWNLOAD = """
import hf_xet, json, os
told = json.loads(os.environ["TOLD"])
access = {"token_refresh_url": told["url"], "token_refresh_headers": told["headers"]}
with hf_xet.XetSession().new_file_download_group(**access) as group:
    group.start_download_file(hf_xet.XetFileInfo(told["hash"], told["size"]), told["path"])
print("[]")
"""
#: What any HTTP client does: a file and a socket, a MiB at a time, nothing hashed.
PLAIN = """
import http.client, json, os
told = json.loads(os.environ["TOLD"])
there = http.client.HTTPConnection(told["host"], timeout=600, blocksize=1 << 20)
if told["method"] == "PUT":
    with open(told["path"], "rb") as file:
        size = {"Content-Length": str(os.path.getsize(told["path"]))}
        there.request("PUT", told["target"], file, {**told["headers"], **size})
    answer = there.getresponse()
    answer.read()
else:
    there.request("GET", told["target"], headers=told["headers"])
    answer, block = there.getresponse(), memoryview(bytearray(1 << 20))
    with open(told["path"], "wb", buffering=0) as file:
        while got := answer.readinto(block):
            file.write(block[:got])
assert answer.status in (200, 201), answer.status
print("[]")
"""
#: The hub's own client, which every other program uses.
HUB_CREATE = """
import json, os
from huggingface_hub import HfApi
HfApi().create_repo(json.loads(os.environ["TOLD"])["repo"], exist_ok=True)
print("[]")
"""
HUB_UPLOAD = """
import json, os
from huggingface_hub import HfApi
told = json.loads(os.environ["TOLD"])
HfApi().upload_file(repo_id=told["repo"], path_in_repo=told["name"], path_or_fileobj=told["path"])
print("[]")
"""
HUB_DOWNLOAD = """
import json, os
from huggingface_hub import HfApi
told = json.loads(os.environ["TOLD"])
print(json.dumps(HfApi().hf_hub_download(told["repo"], told["name"], local_dir=told["folder"])))
"""


@dataclass(frozen=True)
class Cost:
    """Of some work: seconds, and CPU seconds of the server and of its clients."""

    seconds: float
    server: float
    clients: float


class Bench:
    """A server, an asset on it, and the clients. `folder` is the benchmark's own."""

    def __init__(self, url: str, token: str, pid: int, folder: Path) -> None:
        self.url, self.token, self.pid, self.folder = url, token, pid, folder
        self.headers = {"Authorization": f"Bearer {token}"}
        self.asset = self.json("POST", "/assets", {"kind": "model", "name": "bench"})["uid"]

    def json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310 - our own server
            found: dict[str, Any] = json.load(answer)
            return found

    def start(self, program: str, home: str, env: dict[str, str] | None = None, **told: object) -> "Running":
        """Begin a client in a process of its own; `home` is what it remembers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTHON"))}
        said = {"TOLD": json.dumps({"headers": self.headers, **told}), "HF_HOME": str(self.folder / home)}
        quiet = {"HF_XET_TELEMETRY_ENABLED": "0", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        hub = {"HF_ENDPOINT": self.url, "HF_TOKEN": self.token}
        return Running([str(PYTHON), "-c", program], {**kept, **said, **quiet, **hub, **(env or {})})

    def xet(self, program: str, kind: str, home: str, **told: object) -> "Running":
        return self.start(program, home, url=f"{self.url}/cas/-/tokens/{kind}/{self.asset}", **told)

    def upload(self, path: Path, home: str) -> list[Any]:
        """By hf_xet; the file's hash and how many bytes were sent."""
        return self.xet(UPLOAD, "write", home, path=str(path)).result()

    def plain(self, method: str, target: str, path: Path) -> "Running":
        host = self.url.removeprefix("http://")
        return self.start(PLAIN, "plain", host=host, method=method, target=f"/api/v1{target}", path=str(path))

    def draft(self) -> str:
        return str(self.json("POST", f"/assets/{self.asset}/drafts", {})["uid"])

    def register(self, **files: str) -> str:
        """A version with files that were sent, by their SHA-256."""
        uid = self.draft()
        entries = [{"path": path, "sha256": sha256} for path, sha256 in files.items()]
        self.json("POST", f"/folders/draft/{uid}/entries", {"entries": entries})
        return str(self.json("POST", f"/drafts/{uid}/seal", {})["uid"])

    def cpu(self) -> float:
        """CPU seconds of the server so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def measured(self, work: Callable[[], T]) -> tuple[T, Cost]:
        clients, server, began = _children(), self.cpu(), time.perf_counter()
        found = work()
        took = time.perf_counter() - began
        return found, Cost(took, self.cpu() - server, _children() - clients)

    def stored(self) -> int:
        """Bytes of all files in the store, without the mark that says whose it is."""
        blobs = self.folder / "data" / "blobs"
        return total(blobs) - (blobs / "store.json").stat().st_size

    def database(self) -> int:
        return sum(path.stat().st_size for path in (self.folder / "data").glob("strongroom.db*"))


class Running:
    """A client that runs."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True)

    def result(self) -> list[Any]:
        """What its last line says, as JSON."""
        said, noise = self._child.communicate(timeout=1800)
        if self._child.returncode:
            raise SystemExit(f"a client failed:\n{noise[-3000:]}")
        found: list[Any] = json.loads(said.splitlines()[-1])
        return found


class Peak:
    """The greatest resident memory of a process while a block runs, in bytes above what it had before."""

    def __init__(self, pid: int) -> None:
        self._process, self._stop = psutil.Process(pid), threading.Event()
        self._idle = self._process.memory_info().rss
        self.above = 0
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.above = max(self.above, self._process.memory_info().rss - self._idle)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def fresh(folder: Path) -> Iterator[Bench]:
    """A server on SQLite and a folder on this machine."""
    if not PYTHON.exists():
        sys.exit("hf_xet is missing: make .venv-huggingface/.stamp")
    folder.mkdir(parents=True, exist_ok=True)
    started = ServerProcess(folder / "data", folder / "log").wait()
    try:
        options = ["--data", folder / "data", "--principal", "bench", "--role", "admin", "--server"]
        token = admin("token", "create", *options).stdout.splitlines()[-1]
        yield Bench(started.url, token, started.child.pid, folder)
    finally:
        started.close()


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def total(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def noise(path: Path, mib: int, seed: int) -> str:
    """A file of random bytes, the same each time; its SHA-256."""
    some, digest = random.Random(seed), hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(mib):
            block = some.randbytes(MIB)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
