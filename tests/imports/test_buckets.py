"""Artifacts in a bucket: read when the user names it, else kept as an address."""

from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from strongroom.sdk import Client
from strongroom.sdk.imports.importer import Import, open_source
from strongroom.sdk.imports.report import Report
from tests.sdk import server
from tests.support.seaweed import S3

RUN = "3" * 32


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    running = server.start(tmp_path)
    with running.child, running.client() as one:
        yield one


def source(root: Path, uri: str) -> str:
    """An mlruns folder whose one run and version lie in a bucket."""
    for path, said in {
        "7/meta.yaml": "experiment_id: '7'\nname: far\ncreation_time: 1\n",
        f"7/{RUN}/meta.yaml": f"run_id: '{RUN}'\nstatus: 3\nstart_time: 1\nend_time: 2\nartifact_uri: {uri}/a\n",
        "models/m/meta.yaml": "name: m\ncreation_timestamp: 1\n",
        "models/m/version-1/meta.yaml": f"name: m\nversion: 1\nsource: {uri}/b/model\ncreation_timestamp: 2\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(said)
    return str(root)


def bring(client: Client, uri: str, *artifacts: str) -> Report:
    return Import(client.api, open_source(uri, artifacts)).run()


@pytest.mark.s3
def test_a_named_bucket_is_read_and_another_is_an_address(
    client: Client, s3_server: S3, s3_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "artifacts from s3://, or external reference when not reachable: recorded as unpinned reference, N5"."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_REGION", s3_server.region)
    bucket = f"s3://{s3_server.bucket}/{s3_prefix}"
    for path in ("a/deep/ü.txt", "a/one.txt", "b/model/weights.bin"):
        obstore.put(s3_server.store(s3_prefix), path, path.encode())
    report = bring(client, source(tmp_path / "mlruns", bucket), bucket)
    assert report.reconciles, report.refused
    assert report.counts["artifacts"].imported == 3
    version = client.resolve("m:1")
    assert (version.files, version.unpinned) == (1, False)
    client.call("workspace.create", slug="other")
    other = Client(client.settings.url, client.settings.token, "other")
    report = bring(other, source(tmp_path / "mlruns", bucket), "s3://another/place")
    assert report.reconciles
    assert {note.kind for note in report.notes} == {"artifacts", "versions"}
    assert other.resolve("m:1").unpinned
    other.close()
