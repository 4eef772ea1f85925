"""500 targets on one machine: how long until drift and silence are found, and what their heartbeats cost.

    PYTHONPATH=src:. python -m benchmarks.targets [--only sqlite|postgres] [--targets 500] [--seconds 90]

Every target reports every ten seconds, over HTTP, from eight threads. At first all run what they should. Then a
twentieth of them reports another digest, and another twentieth falls silent: measured is the time from the first wrong
report, and from the last report, to the event that says so. Promised: drift found within 60 s.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.series import server_on, server_token
from strongroom.sdk import Client

EVERY_S = 10.0
THREADS = 8


class Fleet:
    """Targets that report from some threads; `at` has the time of the first wrong, or of the last, report."""

    def __init__(self, address: str, token: str, digest: str, uids: list[str]) -> None:
        self.address, self.token, self.digest = address, token, digest
        twentieth = max(len(uids) // 20, 1)
        self.uids, self.wrong, self.silent = uids, set(uids[:twentieth]), set(uids[twentieth : 2 * twentieth])
        self.faults, self.stop = threading.Event(), threading.Event()
        self.at: dict[str, float] = {}
        self.took: list[float] = []
        self.threads = [threading.Thread(target=self._report, args=(uids[n::THREADS],)) for n in range(THREADS)]

    def _report(self, mine: list[str]) -> None:
        with Client(self.address, token=self.token) as client:
            while not self.stop.is_set():
                turn = time.monotonic()
                for place, uid in enumerate(mine):
                    time.sleep(max(0.0, turn + EVERY_S * place / len(mine) - time.monotonic()))
                    if self.stop.is_set():
                        return
                    self._one(client, uid)
                time.sleep(max(0.0, turn + EVERY_S - time.monotonic()))

    def _one(self, client: Client, uid: str) -> None:
        faults = self.faults.is_set()
        if faults and uid in self.silent:
            return
        wrong = faults and uid in self.wrong
        begun = time.time()
        client.call("target.report", uid=uid, running="f" * 64 if wrong else self.digest, numbers={"errors": 0.01})
        self.took.append(time.time() - begun)
        if uid in self.silent:
            self.at[uid] = time.time()
        elif wrong:
            self.at.setdefault(uid, begun)


def found(client: Client, status: str) -> dict[str, float]:
    """When each target was said to have this status: the times of the events."""
    times: dict[str, float] = {}
    after = 0
    while True:
        page = client.call("event.list", after=after, limit=1_000)
        for event in page["events"]:
            if event["data"].get("details", {}).get("to") == status:
                times[event["subject"].split("/")[-1]] = datetime.fromisoformat(event["time"]).timestamp()
        if not page["events"]:
            return times
        after = page["next"]


def row(what: str, seconds: list[float], promised: str) -> str:
    return f"| {what} | {len(seconds)} | {statistics.median(seconds):.1f} s | {max(seconds):.1f} s | {promised} |"


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--targets", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=90)
    arguments = parser.parse_args()
    for database in [arguments.only] if arguments.only else ["sqlite", "postgres"]:
        with (
            tempfile.TemporaryDirectory() as name,
            server_on(database, Path(name)) as (server, url),
            Client(f"http://127.0.0.1:{server.port}", token=server_token(database, server, url)) as client,
        ):
            measure(client, server, server_token(database, server, url), database, arguments)


def measure(client: Client, server: Any, token: str, database: str, arguments: argparse.Namespace) -> None:  # noqa: ANN401 - a server of the tests
    """One database."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"weights")
        file.flush()
        version = client.push(Path(file.name), "bench/model").uid
    release = client.call("release.create", line="main", parts=[{"role": "model", "version_uid": version}])
    client.call("release.promote", name="dev", release_uid=release["uid"])
    uids = [
        client.call("target.register", environment="dev", line="main", name=f"target-{n}")["uid"]
        for n in range(arguments.targets)
    ]
    fleet = Fleet(f"http://127.0.0.1:{server.port}", token, release["digest"], uids)
    for thread in fleet.threads:
        thread.start()
    time.sleep(2 * EVERY_S)
    process = psutil.Process(server.child.pid)
    before, begun, many = sum(process.cpu_times()[:2]), time.monotonic(), len(fleet.took)
    fleet.faults.set()
    time.sleep(arguments.seconds)
    busy = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - begun)
    rate = (len(fleet.took) - many) / (time.monotonic() - begun)
    fleet.stop.set()
    for thread in fleet.threads:
        thread.join()
    print(f"\n| {database}, {len(uids)} targets | targets | median | longest | promised |\n|---|---|---|---|---|")
    for what, status, mine in (("drift", "drifted", fleet.wrong), ("silence", "stale", fleet.silent)):
        seen = found(client, status)
        missed = mine - set(seen)
        if missed:
            raise SystemExit(
                f"{len(missed)} of {len(mine)} were never said to be {status}: {json.dumps(sorted(missed)[:3])}"
            )
        print(row(f"{what} found", [max(0.0, seen[uid] - fleet.at[uid]) for uid in mine], "60 s"))
    p95 = sorted(fleet.took)[int(len(fleet.took) * 0.95)] * 1e3
    print(f"\n{rate:.0f} reports/s, p95 {p95:.1f} ms, server {busy * 100:.0f} % of a core", flush=True)


if __name__ == "__main__":
    main()
