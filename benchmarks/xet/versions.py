"""What versions of a file take that differ by 1 %: here, in DVC's local remote and in MLflow's own server."""

import random
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.side_by_side import servers
from benchmarks.xet.bench import MIB, ROOT, Bench, fresh, noise, sha256, total

DVC = ROOT / ".cache" / "bench-dvc"
HEAD = """
| what | logical | floor | Strongroom stores | of the floor | MLflow stores | DVC stores |
|---|---|---|---|---|---|---|"""
RUNS = (1, 100)


def versions(path: Path, count: int, mib: int, runs: int) -> Iterator[int]:
    """The file as each version in turn, changed in place; for each the bytes that are new."""
    some, size = random.Random(runs), mib * MIB
    noise(path, mib, 100 + runs)
    yield size
    length = size // 100 // runs
    for _ in range(count - 1):
        with path.open("r+b") as file:
            for _ in range(runs):
                file.seek(some.randrange(size - length))
                file.write(some.randbytes(length))
        yield length * runs


def table(folder: Path, count: int, mib: int, *, rivals: bool) -> None:
    print(HEAD)
    ways: list[Callable[[Path, int, int, int], tuple[int, int]]] = [strongroom, *([mlflow, dvc] if rivals else [])]
    for runs in RUNS:
        new, kept = 0, list[str]()
        for way in ways:
            place = folder / f"{way.__name__}{runs}"
            try:
                new, stored = way(place, count, mib, runs)
                kept.append(f"{stored / 1e6:,.0f} MB" + (f" | {stored / new:.3f}" if way is strongroom else ""))
            except Unavailable as error:
                kept.append(f"({error})")
            shutil.rmtree(place, ignore_errors=True)
        logical = f"{count * mib * MIB / 1e6:,.0f} MB | {new / 1e6:,.0f} MB"
        print(f"| {count} versions of {mib} MiB, 1 % changed in {runs} | {logical} | {' | '.join(kept)} |", flush=True)


class Unavailable(Exception):
    """A rival that cannot be had here, with the reason."""


def strongroom(folder: Path, count: int, mib: int, runs: int) -> tuple[int, int]:
    """Sent by hf_xet. The bytes of the store, and of the database."""
    with fresh(folder) as bench:
        new, path, before = 0, folder / "v.bin", bench.stored() + bench.database()
        for fresh_bytes in versions(path, count, mib, runs):
            new += fresh_bytes
            bench.upload(path, "hf")
            bench.register(**{"v.bin": sha256(path)})
        _as_told(bench)
        return new, bench.stored() + bench.database() - before


def _as_told(bench: Bench) -> None:
    """What the server says that it holds is what lies in its folder."""
    told = bench.json("GET", "/storage/total")["total"]
    assert told == bench.stored(), (told, bench.stored())


def mlflow(folder: Path, count: int, mib: int, runs: int) -> tuple[int, int]:
    """Sent to `mlflow server`, as its client sends artifacts of a run each."""
    if not servers.MLFLOW_PYTHON.exists():
        raise Unavailable("make .venv-mlflow/.stamp")
    with servers.mlflow(folder, None) as server:
        new, path = 0, folder / "v.bin"
        for number, fresh_bytes in enumerate(versions(path, count, mib, runs)):
            new += fresh_bytes
            with path.open("rb") as file:
                target = f"/api/2.0/mlflow-artifacts/artifacts/0/run{number}/artifacts/v.bin"
                size = {"Content-Length": str(path.stat().st_size)}
                url = f"http://127.0.0.1:{server.port}{target}"
                request = urllib.request.Request(url, file, size, method="PUT")
                urllib.request.urlopen(request, timeout=600).close()  # noqa: S310 - a server of ours
        return new, total(folder / "artifacts")


def dvc(folder: Path, count: int, mib: int, runs: int) -> tuple[int, int]:
    """`dvc add` and `dvc push` to a folder as remote; its cache is emptied each time, only the remote is counted."""
    program, remote, work = str(_installed()), folder / "remote", folder / "work"
    work.mkdir(parents=True)

    def run(*arguments: str) -> None:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "DVC_NO_ANALYTICS": "1"}
        done = subprocess.run([program, *arguments], cwd=work, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"dvc {arguments}: {done.stderr[-2000:]}")

    run("init", "--no-scm", "--quiet")
    run("remote", "add", "--quiet", "--default", "there", str(remote))
    new, path = 0, folder / "v.bin"
    for fresh_bytes in versions(path, count, mib, runs):
        new += fresh_bytes
        (work / "v.bin").unlink(missing_ok=True)
        shutil.copyfile(path, work / "v.bin")
        run("add", "--quiet", "v.bin")
        run("push", "--quiet")
        shutil.rmtree(work / ".dvc" / "cache", ignore_errors=True)
    return new, total(remote)


def _installed() -> Path:
    """DVC in an environment of its own, made once."""
    program = DVC / "bin" / "dvc"
    if not program.exists():
        DVC.parent.mkdir(exist_ok=True)
        with suppress(subprocess.CalledProcessError):
            subprocess.run([sys.executable, "-m", "venv", "--clear", DVC], check=True, capture_output=True)
            pip = [DVC / "bin" / "python", "-m", "pip", "install", "--quiet", "dvc"]
            subprocess.run(pip, check=True, capture_output=True, timeout=600)
    if not program.exists():
        shutil.rmtree(DVC, ignore_errors=True)
        raise Unavailable("DVC could not be installed")
    return program
