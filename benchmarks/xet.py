"""Files in chunks against the same bytes sent whole, on one fresh server with SQLite and a folder on this machine.

    .venv/bin/python -m benchmarks.xet [--mib 1024] [--versions 10] [--version-mib 500]

Needs hf_xet: make .venv-huggingface/.stamp. Prints Markdown rows for benchmarks/RESULTS.md: first upload and download
of a file of random bytes by `hf_xet` and by plain HTTP, with the CPU seconds of server and client a GiB; a plain GET of
the file in chunks; what a fresh client sends of it when 1 MiB is inserted; what versions of a file store that differ by
1 % in one run and in 100, against the bytes that are new; the server's memory. All is bounded; it takes some minutes.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import psutil

from tests.http.processes import ServerProcess, admin

T = TypeVar("T")
MIB = 1024 * 1024
PYTHON = Path(__file__).resolve().parents[1] / ".venv-huggingface" / "bin" / "python"
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


class Bench:
    """A server, an asset on it, and the clients."""

    def __init__(self, url: str, token: str, pid: int, folder: Path) -> None:
        self.url, self.token, self.pid, self.folder = url, token, pid, folder
        self.asset = self.json("POST", "/assets", {"kind": "model", "name": "bench"})["uid"]

    def open(self, method: str, path: str, body: Any = None, size: int | None = None) -> Any:  # noqa: ANN401 - an answer
        headers = {"Authorization": f"Bearer {self.token}"}
        if size is not None:
            headers["Content-Length"] = str(size)
        if size is None and body is not None:
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(f"{self.url}/api/v1{path}", body, headers, method=method)  # noqa: S310
        return urllib.request.urlopen(request, timeout=600)  # noqa: S310 - our own server

    def json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        with self.open(method, path, body) as answer:
            return json.load(answer)

    def xet(self, program: str, kind: str, home: str, **told: object) -> list[Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        said = {"url": f"{self.url}/cas/-/tokens/{kind}/{self.asset}", "headers": headers, **told}
        env = {
            **os.environ,
            "TOLD": json.dumps(said),
            "HF_HOME": str(self.folder / home),
            "HF_XET_TELEMETRY_ENABLED": "0",
        }
        done = subprocess.run([PYTHON, "-c", program], env=env, capture_output=True, text=True, timeout=900, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def draft(self) -> str:
        return self.json("POST", f"/assets/{self.asset}/drafts", {})["uid"]

    def register(self, **files: str) -> str:
        uid = self.draft()
        entries = [{"path": path, "sha256": sha256} for path, sha256 in files.items()]
        self.json("POST", f"/folders/draft/{uid}/entries", {"entries": entries})
        return self.json("POST", f"/drafts/{uid}/seal", {})["uid"]

    def put(self, path: Path) -> None:
        with path.open("rb") as file:
            self.open("PUT", f"/folders/draft/{self.draft()}/files/plain.bin", file, path.stat().st_size).close()

    def get(self, version: str, name: str) -> str:
        digest = hashlib.sha256()
        with self.open("GET", f"/versions/{version}/files/{name}") as answer:
            while piece := answer.read(MIB):
                digest.update(piece)
        return digest.hexdigest()

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def timed(self, what: str, size: int, work: Callable[[], T]) -> T:
        """Run it and print wall-clock and the CPU seconds a GiB of the server and of its client."""
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        mine = time.process_time()
        server_before, began = self.cpu(), time.perf_counter()
        found = work()
        took, gib = time.perf_counter() - began, size / (1024 * MIB)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        client = ended.ru_utime + ended.ru_stime - own.ru_utime - own.ru_stime + time.process_time() - mine
        served = self.cpu() - server_before
        print(f"| {what} | {size / took / 1e6:.0f} MB/s | {served / gib:.2f} | {client / gib:.2f} |", flush=True)
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


def transfers(bench: Bench, mib: int) -> None:
    path, size = bench.folder / "a.bin", mib * MIB
    digest = noise(path, mib, 1)
    print("\n| what | rate | server CPU s/GiB | client CPU s/GiB |\n|---|---|---|---|")
    bench.timed("plain PUT", size, lambda: bench.put(path))
    plain = bench.register(**{"plain.bin": digest})
    bench.timed("plain GET", size, lambda: bench.get(plain, "plain.bin"))
    path_b = bench.folder / "b.bin"
    digest_b = noise(path_b, mib, 2)
    sent = bench.timed("first upload by hf_xet", size, lambda: bench.xet(UPLOAD, "write", "hf", path=str(path_b)))
    version = bench.register(**{"b.bin": digest_b})
    back = bench.folder / "back.bin"
    told = {"hash": sent[0], "size": size, "path": str(back)}
    bench.timed("download by hf_xet", size, lambda: bench.xet(DOWNLOAD, "read", "hf2", **told))
    assert sha256(back) == digest_b
    back.unlink()
    assert bench.timed("plain GET of the file in chunks", size, lambda: bench.get(version, "b.bin")) == digest_b

    data = path_b.open("rb")
    grown = bench.folder / "c.bin"
    with grown.open("wb") as file, data:
        file.write(data.read(size // 3))
        file.write(random.Random(3).randbytes(MIB))
        while block := data.read(MIB):
            file.write(block)
    sent = bench.timed(
        "1 MiB inserted, by a fresh client", size, lambda: bench.xet(UPLOAD, "write", "hf3", path=str(grown))
    )
    print(f"\n1 MiB inserted in {mib} MiB: {sent[1]:,} bytes sent, {100 * sent[1] / size:.2f} %")
    for one in (path, path_b, grown):
        one.unlink()


def stored(bench: Bench) -> int:
    return sum(p.stat().st_size for p in (bench.folder / "data" / "blobs").rglob("*") if p.is_file())


def versions(bench: Bench, count: int, mib: int, runs: int) -> None:
    """Versions that differ from the one before by 1 %, in so many runs of bytes."""
    path, some, size = bench.folder / "v.bin", random.Random(runs), mib * MIB
    noise(path, mib, 100 + runs)
    before, new = stored(bench), size
    for number in range(count):
        if number:
            with path.open("r+b") as file:
                for _ in range(runs):
                    file.seek(some.randrange(size - size // 100 // runs))
                    file.write(some.randbytes(size // 100 // runs))
            new += size // 100
        bench.xet(UPLOAD, "write", f"v{runs}", path=str(path))
        bench.register(**{f"v{runs}.bin": sha256(path)})
    kept = stored(bench) - before
    print(
        f"| {count} versions of {mib} MiB, 1 % changed in {runs} | {count * size / 1e6:,.0f} MB | {new / 1e6:,.0f} MB "
        f"| {kept / 1e6:,.0f} MB | {kept / new:.3f} |", flush=True
    )  # fmt: skip
    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--version-mib", type=int, default=500)
    given = parser.parse_args()
    if not PYTHON.exists():
        sys.exit("hf_xet is missing: make .venv-huggingface/.stamp")
    with tempfile.TemporaryDirectory(prefix="strongroom-xet-") as name:
        folder = Path(name)
        started = ServerProcess(folder / "data", folder / "log").wait()
        try:
            options = ["--data", folder / "data", "--principal", "bench", "--role", "admin", "--server"]
            token = admin("token", "create", *options).stdout.splitlines()[-1]
            measure(Bench(started.url, token, started.child.pid, folder), given)
        finally:
            started.close()


def measure(bench: Bench, given: argparse.Namespace) -> None:
    with Peak(bench.pid) as memory:
        transfers(bench, given.mib)
        print("\n| what | logical | floor | stored | stored / floor |\n|---|---|---|---|---|")
        for runs in (1, 100):
            versions(bench, given.versions, given.version_mib, runs)
    database = sum(p.stat().st_size for p in (bench.folder / "data").glob("strongroom.db*"))
    print(f"\nMemory above idle: {memory.above / MIB:.0f} MiB. Database: {database / MIB:.1f} MiB.")
    figures = bench.json("GET", f"/assets/{bench.asset}/storage")
    total = bench.json("GET", "/storage/total")
    print(f"The asset as the server tells it: {figures}; the store: {total}; its files: {stored(bench)} bytes.")


if __name__ == "__main__":
    main()
