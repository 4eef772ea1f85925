"""How fast one file goes up and down: by hf_xet, by plain HTTP, and by the hub's client with Xet and without."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.xet.bench import (
    DOWNLOAD,
    GIB,
    HUB_CREATE,
    HUB_DOWNLOAD,
    HUB_UPLOAD,
    MIB,
    UPLOAD,
    Bench,
    Cost,
    Peak,
    noise,
    sha256,
)

T = TypeVar("T")
CLIENTS = 8
NO_XET = {"HF_HUB_DISABLE_XET": "1"}
HEAD = """
| what | rate | server CPU s/GiB | client CPU s/GiB | of plain |
|---|---|---|---|---|"""


class Transfers:
    """Each figure is the best of some rounds, so that a busy moment hits nobody alone; a fresh server each round."""

    def __init__(self, mib: int) -> None:
        self.mib, self.size = mib, mib * MIB
        self._best: dict[str, Cost] = {}

    def timed(self, bench: Bench, what: str, work: Callable[[], T]) -> T:
        found, cost = bench.measured(work)
        if what not in self._best or cost.seconds < self._best[what].seconds:
            self._best[what] = cost
        return found

    def row(self, what: str, plain: str | None = None) -> None:
        cost, gib = self._best[what], self.size / GIB
        beside = f"{self._best[plain].seconds / cost.seconds:.2f}x" if plain else ""
        rate, cpu = self.size / cost.seconds / 1e6, f"{cost.server / gib:.2f} | {cost.clients / gib:.2f}"
        print(f"| {what} | {rate:.0f} MB/s | {cpu} | {beside} |", flush=True)

    def print(self) -> None:
        print(HEAD)
        self.row("PUT")
        self.row("GET")
        self.row("first upload by hf_xet", "PUT")
        self.row("download by hf_xet", "GET")
        self.row("GET of the file in chunks", "GET")
        for way in ("first upload", "download"):
            self.row(f"{way} by huggingface_hub, Xet off")
            self.row(f"{way} by huggingface_hub", f"{way} by huggingface_hub, Xet off")

    def round(self, bench: Bench, number: int) -> None:
        path, back = bench.folder / "a.bin", bench.folder / "back.bin"
        digest = noise(path, self.mib, 10 * number + 1)
        target = f"/folders/draft/{bench.draft()}/files/a.bin"
        self.timed(bench, "PUT", lambda: bench.plain("PUT", target, path).result())
        plain = bench.register(**{"a.bin": digest})
        self.timed(bench, "GET", lambda: bench.plain("GET", f"/versions/{plain}/files/a.bin", back).result())
        _is(back, digest)

        digest = noise(path, self.mib, 10 * number + 2)
        sent = self.timed(bench, "first upload by hf_xet", lambda: bench.upload(path, "up"))
        version = bench.register(**{"b.bin": digest})
        told = {"hash": sent[0], "size": self.size, "path": str(back)}
        self.timed(bench, "download by hf_xet", lambda: bench.xet(DOWNLOAD, "read", "down", **told).result())
        _is(back, digest)
        target = f"/versions/{version}/files/b.bin"
        self.timed(bench, "GET of the file in chunks", lambda: bench.plain("GET", target, back).result())
        _is(back, digest)
        for seed, suffix, env in ((3, ", Xet off", NO_XET), (4, "", {})):
            self._hub(bench, noise(path, self.mib, 10 * number + seed), suffix, env)
        path.unlink()

    def _hub(self, bench: Bench, digest: str, suffix: str, env: dict[str, str]) -> None:
        folder, name, home = bench.folder / "hub", f"{digest[:8]}.bin", f"hub{digest[:8]}"
        told = {"repo": "hub/bench", "name": name, "path": str(bench.folder / "a.bin"), "folder": str(folder)}
        bench.start(HUB_CREATE, home, env, **told).result()
        for way, program in (("first upload", HUB_UPLOAD), ("download", HUB_DOWNLOAD)):
            begin = partial(bench.start, program, home, env, **told)
            self.timed(bench, f"{way} by huggingface_hub{suffix}", lambda: begin().result())  # noqa: B023 - called at once
        _is(folder / name, digest)


def _is(path: Path, digest: str) -> None:
    assert sha256(path) == digest, "what came back is not what was sent"
    path.unlink()


def inserted(bench: Bench, mib: int) -> None:
    """1 MiB put into a file that is there; a client that has never been here sends it."""
    path, grown, size = bench.folder / "a.bin", bench.folder / "c.bin", mib * MIB
    noise(path, mib, 2)
    bench.upload(path, "first")
    bench.register(**{"a.bin": sha256(path)})
    with grown.open("wb") as file, path.open("rb") as data:
        file.write(data.read(size // 3))
        file.write(random.Random(3).randbytes(MIB))
        while block := data.read(MIB):
            file.write(block)
    sent = bench.upload(grown, "fresh")
    print(f"\n1 MiB inserted in {mib} MiB, by a fresh client: {sent[1]:,} bytes sent, {100 * sent[1] / size:.2f} %")
    path.unlink()
    grown.unlink()


def memory(bench: Bench, mib: int) -> None:
    """Clients at once, each sending a file of its own, then each fetching one; the server's memory above idle."""
    size = mib // CLIENTS
    paths = [bench.folder / f"m{number}.bin" for number in range(CLIENTS)]
    digests = [noise(path, size, 200 + number) for number, path in enumerate(paths)]
    with Peak(bench.pid) as up:
        ways = [bench.xet(UPLOAD, "write", f"m{n}", path=str(path)) for n, path in enumerate(paths)]
        hashes = [way.result()[0] for way in ways]
    version = bench.register(**dict(zip((path.name for path in paths), digests, strict=True)))
    with Peak(bench.pid) as down:
        told = [{"hash": h, "size": size * MIB, "path": str(p)} for h, p in zip(hashes, paths, strict=True)]
        for way in [bench.xet(DOWNLOAD, "read", f"m{n}", **one) for n, one in enumerate(told)]:
            way.result()
    with Peak(bench.pid) as plain:
        for way in [bench.plain("GET", f"/versions/{version}/files/{path.name}", path) for path in paths]:
            way.result()
    for path, digest in zip(paths, digests, strict=True):
        assert sha256(path) == digest
        path.unlink()
    peaks = {"Xet up": up, "Xet down": down, "GET in chunks": plain}
    each = ", ".join(f"{name} {peak.above / MIB:.0f}" for name, peak in peaks.items())
    print(f"\nServer memory above idle, MiB, {CLIENTS} clients at once, {size} MiB each: {each}.")
