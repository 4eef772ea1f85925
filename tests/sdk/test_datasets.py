"""Data sets through the client: pushed, and what is in them told shortly after."""

from pathlib import Path

import pytest

from strongroom.sdk import Client, errors


def test_what_is_in_a_data_set(client: Client, space: str, tmp_path: Path) -> None:
    """ "schema, splits, row counts and column statistics read from Parquet / CSV / Arrow at commit"."""
    (tmp_path / "train.csv").write_text(f"x,word\n1,{space}\n3,{space}\n")
    one = client.push(tmp_path, f"{space}/data", kind="dataset")
    found = client.datasets.statistics(one, wait=60)
    assert (found.state, found.splits[0].name, found.splits[0].rows) == ("ready", "train", 2)
    x, word = found.splits[0].columns
    assert (x.type, x.min, x.max, x.mean, x.nulls) == ("int64", 1, 3, 2.0, 0)
    assert [(top.value, top.count) for top in word.top] == [(space, 2)]
    (tmp_path / "train.csv").write_text(f"x,word\n1,{space}\n30,{space}\n")
    two = client.push(tmp_path, f"{space}/data", kind="dataset")
    client.datasets.statistics(two, wait=60)
    told = {change.path: (change.before, change.after) for change in client.datasets.diff(one, two).changes}
    assert told["$.train.columns.x.max"] == (3, 30)
    assert client.datasets.scan(two).state == "pending"
    assert client.datasets.statistics(two, wait=60).state == "ready"


def test_a_hostile_file_takes_nothing_along(client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + space.encode() + b"\xff\xff\xff\x7fPAR1")
    version = client.push(tmp_path, f"{space}/data", kind="dataset")
    found = client.datasets.statistics(version, wait=60)
    assert (found.state, found.splits[0].rows) == ("ready", None)
    assert "not readable" in found.splits[0].notes[0]
    assert client.resolve(version.reference).number == 1


def test_only_data_sets_have_them(client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(space)
    version = client.push(tmp_path, f"{space}/model")
    with pytest.raises(errors.NotFound):
        client.datasets.statistics(version)
    with pytest.raises(errors.Conflict):
        client.datasets.scan(version)
