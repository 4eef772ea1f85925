"""Record sets through the SDK and the command line against a real server: the daily use of docs/runs.md."""

import json
from typing import Any

import pytest

from strongroom.sdk import Client, errors

ROWS: list[dict[str, Any]] = [
    {"inputs": {"question": "How?"}, "expectations": {"answer": "So."}},
    {"inputs": {"question": "Why?"}, "outputs": None, "tags": {"from": "ann"}},
]


def test_rows_are_merged_frozen_and_removed(client: Client, space: str) -> None:
    with client.run(f"{space}/answers", capture=False):
        pass
    rows = client.record_sets.create("qa", namespace=space, experiments=[f"{space}/answers"], tags={"team": "x"})
    done = client.record_sets.merge(rows, [*ROWS, {"inputs": {"question": "How?"}, "outputs": ["a"]}])
    assert (done.inserted, done.updated) == (2, 1)
    first, second = client.record_sets.records(rows)
    assert (first.outputs, first.expectations, second.tags) == (["a"], {"answer": "So."}, {"from": "ann"})
    client.assets.create(f"{space}/qa", "dataset")
    version = client.record_sets.freeze(rows, f"{space}/qa", aliases=["gold"])
    lines = client.read_bytes(version, "records.jsonl").splitlines()
    assert [json.loads(line)["inputs"]["question"] for line in lines] == ["How?", "Why?"]
    assert client.record_sets.remove(rows, [first]) == 1
    seen = client.record_sets.get(rows.uid)
    assert (seen.records, seen.namespace) == (1, space)
    assert [one.uid for one in client.record_sets.list(name="qa", experiment=f"{space}/answers")] == [rows.uid]
    client.record_sets.delete(rows)
    with pytest.raises(errors.NotFound):
        client.record_sets.get(rows.uid)
    assert client.read_bytes(version, "records.jsonl")
