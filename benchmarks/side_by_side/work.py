"""What is measured: the same requests of MLflow's REST API for both servers."""

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks.side_by_side.load import Ask, Measured, load, once, transfer
from benchmarks.side_by_side.servers import Server

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is loaded and asked; the issue's figures are for `full`."""

    runs: int = 1_000
    versions: int = 1_000
    history: int = 100_000
    file_mib: int = 256
    small_files: int = 400
    seconds: float = 6.0


FULL = Sizes(runs=10_000, versions=100_000, file_mib=1024, small_files=2_000, seconds=15.0)

Row = tuple[str, float, str, float]
"""Name, rate or seconds, its unit, and the server's processor milliseconds a request."""


def post(path: str, body: object) -> Ask:
    """A POST of JSON below MLflow's API."""
    return Ask("POST", f"{API}/{path}", json.dumps(body).encode())


def get(path: str, **query: object) -> Ask:
    """A GET below MLflow's API."""
    return Ask("GET", f"{API}/{path}?{urlencode(query, doseq=True)}")


class Work:
    """The measures on one server, in order; each leaves what the next ones need."""

    def __init__(self, server: Server, sizes: Sizes) -> None:
        self.server, self.sizes = server, sizes
        made = self._do(post("experiments/create", {"name": "side by side"}))
        self.experiment = made["experiment_id"]
        self.run = self._run("first")
        path = f"{PROXY}/{self.experiment}/{self.run}/artifacts/model"
        once(server, Ask("PUT", f"{path}/MLmodel", b"flavors: {}\n", "text/plain"))
        once(server, Ask("PUT", f"{path}/model.bin", os.urandom(10_000), "application/octet-stream"))
        self._do(post("registered-models/create", {"name": "model"}))

    def _do(self, ask: Ask) -> Any:  # noqa: ANN401 - what JSON becomes
        return json.loads(once(self.server, ask))

    def _run(self, name: str) -> str:
        body = {"experiment_id": self.experiment, "run_name": name, "start_time": 1_700_000_000_000}
        return str(self._do(post("runs/create", body))["run"]["info"]["run_id"])

    def _load(self, make: Any, connections: int, count: int = 1_000_000) -> Measured:  # noqa: ANN401 - a function
        return load(self.server, make, connections=connections, count=count, seconds=self.sizes.seconds)

    def all(self) -> Iterator[Row]:
        """Every measure."""
        yield from self.registry()
        yield from self.points()
        yield from self.searches()
        yield from self.files()

    # -- registry ------------------------------------------------------------------------------------------------

    def _version(self, number: int) -> Ask:
        body = {"name": "model", "source": f"runs:/{self.run}/model", "run_id": self.run}
        return post("model-versions/create", {**body, "tags": [{"key": "n", "value": str(number)}]})

    def registry(self) -> Iterator[Row]:
        """Versions are made, then one is read by alias."""
        one = self._load(self._version, 1, 500)
        yield "create model version, 1 connection", one.rate, "/s", one.cpu_ms
        eight = self._load(self._version, 8)
        yield "create model version, 8 connections, one model", eight.rate, "/s", eight.cpu_ms
        missing = self.sizes.versions - one.count - eight.count
        if missing > 0:
            load(self.server, self._version, connections=8, count=missing, seconds=3600)
        self._do(post("registered-models/alias", {"name": "model", "alias": "champion", "version": "1"}))
        ask = get("registered-models/alias", name="model", alias="champion")
        found = self._load(lambda _: ask, 16)
        yield "get version by alias, 16 connections", found.rate, "/s", found.cpu_ms
        page = get("model-versions/search", filter="name='model'", max_results=200)
        searched = self._load(lambda _: page, 1)
        yield f"search versions, a page of 200 of {self.sizes.versions}", searched.rate, "/s", searched.cpu_ms

    # -- points --------------------------------------------------------------------------------------------------

    def _batch(self, run: str, number: int) -> Ask:
        metrics = [
            {"key": f"k{n % 10}", "value": n * 0.37, "timestamp": 1_700_000_000_000 + n, "step": number * 100 + n // 10}
            for n in range(1_000)
        ]
        return post("runs/log-batch", {"run_id": run, "metrics": metrics})

    def points(self) -> Iterator[Row]:
        """Batches and single points are written, then a long history is read."""
        for connections in (1, 8):
            runs = [self._run(f"batch {n}") for n in range(connections)]
            asks = [self._batch(runs[n % connections], n) for n in range(64)]
            made = self._load(lambda n, asks=asks: asks[n % 64], connections)
            yield f"log_batch of 1,000, {connections} clients", made.rate * 1_000, "points/s", made.cpu_ms
        run = self._run("single")
        single = self._load(
            lambda n: post(
                "runs/log-metric",
                {"run_id": run, "run_uuid": run, "key": "m", "value": n / 3, "timestamp": 1_700_000_000_000, "step": n},
            ),
            1,
        )
        yield "single log_metric, 1 client", single.rate, "/s", single.cpu_ms
        yield from self._history()

    def _history(self) -> Iterator[Row]:
        run = self._run("long")
        for start in range(0, self.sizes.history, 1_000):
            metrics = [
                {"key": "loss", "value": n**0.5, "timestamp": 1_700_000_000_000 + n, "step": n}
                for n in range(start, start + 1_000)
            ]
            once(self.server, post("runs/log-batch", {"run_id": run, "metrics": metrics}))
        began, cpu, token, points = time.perf_counter(), self.server.cpu_s(), "", 0
        while True:
            query = {"run_id": run, "run_uuid": run, "metric_key": "loss", "max_results": 25_000}
            page = self._do(get("metrics/get-history", **query, **({"page_token": token} if token else {})))
            points += len(page["metrics"])
            token = page.get("next_page_token", "")
            if not token:
                break
        assert points == self.sizes.history, points
        used = (self.server.cpu_s() - cpu) * 1000
        yield f"history of {points} points", time.perf_counter() - began, "s", used
        ask = get("metrics/get-history-bulk-interval", run_ids=run, metric_key="loss", max_results=2_000)
        sampled = self._load(lambda _: ask, 1)
        yield "sampled history of 2,000 points", 1 / sampled.rate, "s", sampled.cpu_ms

    # -- searches ------------------------------------------------------------------------------------------------

    def searches(self) -> Iterator[Row]:
        """Runs with a metric are made, then ordered by it."""
        chance = random.Random(7)
        experiment = self._do(post("experiments/create", {"name": "many runs"}))["experiment_id"]
        ids: list[str] = []
        for number in range(self.sizes.runs):
            body = {"experiment_id": experiment, "run_name": f"r{number}", "start_time": 1_700_000_000_000 + number}
            ids.append(self._do(post("runs/create", body))["run"]["info"]["run_id"])
        values = [chance.random() for _ in ids]

        def batch(number: int) -> Ask:
            metric = {"key": "accuracy", "value": values[number], "timestamp": 1_700_000_000_000, "step": 0}
            params = [{"key": "lr", "value": str(number % 10)}]
            return post("runs/log-batch", {"run_id": ids[number], "metrics": [metric], "params": params})

        load(self.server, batch, connections=4, count=len(ids), seconds=3600)
        ask = post(
            "runs/search",
            {
                "experiment_ids": [experiment],
                "filter": "metrics.accuracy > 0.2",
                "order_by": ["metrics.accuracy DESC"],
                "max_results": 100,
            },
        )
        found = self._do(ask)["runs"]
        best = sorted((value for value in values if value > 0.2), reverse=True)[:100]
        assert [run["data"]["metrics"][0]["value"] for run in found] == best, "the two would answer unlike things"
        searched = self._load(lambda _: ask, 1)
        yield f"search {len(ids)} runs ordered by a metric", 1 / searched.rate, "s", searched.cpu_ms

    # -- files ---------------------------------------------------------------------------------------------------

    def files(self) -> Iterator[Row]:
        """One big file, then many small ones, through the server."""
        run = self._run("files")
        place = f"{PROXY}/{self.experiment}/{run}/artifacts"
        big = os.urandom(MIB) * self.sizes.file_mib
        for name, ask in (
            ("upload", Ask("PUT", f"{place}/big.bin", big, "application/octet-stream")),
            ("download", Ask("GET", f"{place}/big.bin")),
        ):
            made = transfer(self.server, ask, 600)
            assert name == "upload" or made.received >= len(big), "the answer ended early"
            yield f"{name} {self.sizes.file_mib} MiB", self.sizes.file_mib / made.seconds, "MiB/s", made.cpu_ms
        bodies = [os.urandom(10_240) for _ in range(self.sizes.small_files)]

        def put(number: int) -> Ask:
            return Ask("PUT", f"{place}/small/{number}.bin", bodies[number], "application/octet-stream")

        up = load(self.server, put, connections=8, count=len(bodies), seconds=600)
        yield "10 KiB files up, 8 connections", up.rate, "files/s", up.cpu_ms
        down = load(
            self.server,
            lambda n: Ask("GET", f"{place}/small/{n}.bin"),
            connections=8,
            count=len(bodies),
            seconds=600,
        )
        yield "10 KiB files down, 8 connections", down.rate, "files/s", down.cpu_ms
