"""What MLflow's hot calls cost the database, in transactions and statements: the figures of benchmarks/RESULTS.md rest
on it, and nothing else would say that a statement was added. A timed test would; it would also fail by itself.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from tests.support.api import Answer, Api, in_process

MLFLOW = "/api/2.0/mlflow"


class Calls:
    """A run with a model's two files, registered once as the version that an alias points at."""

    def __init__(self, api: Api) -> None:
        self._api = api
        experiment = self.json("POST", "experiments/create", {"name": "e"})["experiment_id"]
        body = {"experiment_id": experiment, "run_name": "r", "start_time": 1}
        self.run = self.json("POST", "runs/create", body)["run"]["info"]["run_id"]
        self.files = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{self.run}/artifacts"
        for name in ("MLmodel", "model.bin"):
            self.put(f"model/{name}")
        self.json("POST", "registered-models/create", {"name": "m"})
        self.register()
        self.json("POST", "registered-models/alias", {"name": "m", "alias": "champion", "version": "1"})

    def ask(self, method: str, path: str, body: bytes = b"", media_type: str = "application/json") -> Answer:
        headers = [("content-type", media_type), ("content-length", str(len(body)))]
        answer = self._api.request("root", method, path, body=body, headers=headers)
        assert answer.status == 200, answer.body
        return answer

    def json(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - what JSON becomes
        raw = json.dumps(body).encode() if body is not None else b""
        return self.ask(method, f"{MLFLOW}/{path}", raw).json()

    def put(self, path: str) -> None:
        self.ask("PUT", f"{self.files}/{path}", path.encode() * 100, "application/octet-stream")

    def get(self) -> None:
        self.ask("GET", f"{self.files}/model/model.bin")

    def register(self) -> None:
        source = {"source": f"runs:/{self.run}/model", "run_id": self.run}
        self.json("POST", "model-versions/create", {"name": "m", "tags": [{"key": "n", "value": "1"}], **source})

    def by_alias(self) -> None:
        self.json("GET", "registered-models/alias?name=m&alias=champion")

    def log(self) -> None:
        self.json("POST", "runs/log-metric", {"run_id": self.run, "key": "m", "value": 1.0, "timestamp": 1, "step": 1})


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    with in_process(tmp_path_factory.mktemp("cost") / "data") as api:
        yield Calls(api)


def _cost(work: Callable[[], None]) -> tuple[int, int]:
    """Transactions and statements; the least of several times, since the server's own jobs run beside it."""
    seen: Counter[str] = Counter()

    def begun(_connection: object) -> None:
        seen["transactions"] += 1

    def executed(*_: object) -> None:
        seen["statements"] += 1

    listeners = (("begin", begun), ("before_cursor_execute", executed))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        found = []
        for _ in range(6):
            seen.clear()
            work()
            found.append((seen["transactions"], seen["statements"]))
        return min(count for count, _ in found), min(count for _, count in found)
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


@pytest.mark.parametrize(
    ("name", "transactions", "statements"),
    [("by_alias", 1, 8), ("get", 1, 7), ("log", 1, 8), ("put", 2, 22), ("register", 3, 40)],
)
def test_a_hot_call_costs_no_more_than_this(calls: Calls, name: str, transactions: int, statements: int) -> None:
    """Issue 4, Speed: "server CPU per operation"; three transactions a registration and two a small file.

    A registration asks for the policies and the recalls of the workspace, a statement each.
    """
    numbers = iter(range(1_000))
    work = {"put": lambda: calls.put(f"small/{next(numbers)}")}.get(name, getattr(calls, name))
    found = _cost(work)
    assert found <= (transactions, statements), found
    assert found[0] == transactions
    assert found[1] <= statements, found
