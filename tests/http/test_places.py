"""PostgreSQL and a bucket instead of the data folder, several workers, and keys that they share."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from strongroom.bootstrap.settings import Serving, Storage
from strongroom.domain.errors import Invalid
from tests.faults.writers import new_asset, verified_log
from tests.http.processes import ServerProcess, admin, environment
from tests.support.process import wait_until
from tests.support.seaweed import S3


@pytest.fixture
def place(postgres_url: str, s3_server: S3, s3_prefix: str, tmp_path: Path) -> list[str | Path]:
    """Options that name a database, a bucket and a folder of keys."""
    query = urlencode(
        {
            "endpoint": s3_server.endpoint,
            "region": s3_server.region,
            "access_key_id": s3_server.access_key,
            "secret_access_key": s3_server.secret_key,
        }
    )
    bucket = f"s3://{s3_server.bucket}/{s3_prefix}?{query}"
    return ["--database", postgres_url, "--artifacts", bucket, "--keys", tmp_path / "keys"]


@pytest.fixture
def workers(place: list[str | Path], tmp_path: Path) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path / "unused", tmp_path / "log", "--workers", "2", place=place)
    try:
        yield started.wait()
    finally:
        started.child.terminate()
        started.close()


def server_token(place: list[str | Path]) -> str:
    options = ["--principal", "root-of-tests", "--role", "admin", "--server", *place]
    return admin("token", "create", *options).stdout.splitlines()[-1]


@pytest.mark.postgres
@pytest.mark.s3
def test_several_workers_share_database_bucket_and_keys(
    workers: ServerProcess, place: list[str | Path], tmp_path: Path
) -> None:
    token = server_token(place)
    body = bytes(range(256)) * 20_000
    with workers.client(token) as client:
        asset = new_asset(client)

    def publish() -> None:
        with workers.client(token) as client:
            for _ in range(5):
                draft = client.post(f"/assets/{asset}/drafts", json={}).json()["uid"]
                assert client.put(f"/folders/draft/{draft}/files/f", content=body).status_code == 200
                assert client.post(f"/drafts/{draft}/seal", json={}).is_success

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with workers.client(token) as client:
        tokens = client.get(f"/assets/{asset}/versions", params={"page_size": 7}).json()
        assert len(tokens["items"]) == 7
        numbers: list[int] = [item["number"] for item in tokens["items"]]
        uid = tokens["items"][0]["uid"]
        while next_page := tokens["next_page_token"]:
            with workers.client(token) as other:  # another connection, so perhaps another worker
                query = {"page_size": 7, "page_token": next_page}
                tokens = other.get(f"/assets/{asset}/versions", params=query).json()
            numbers += [item["number"] for item in tokens["items"]]
        assert sorted(numbers) == list(range(1, 21))
        assert client.get(f"/versions/{uid}/files/f").content == body
        verified_log(client)
    assert not (tmp_path / "unused").exists()
    metrics = httpx.get(f"{workers.url}/metrics").text
    counted = re.search(r'operation="draft.seal",status="20\d"} ([\d.]+)', metrics)
    assert counted
    assert float(counted[1]) == 20


@pytest.mark.postgres
@pytest.mark.s3
def test_workers_end_with_their_parent(place: list[str | Path], tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "unused", tmp_path / "log", "--workers", "2", place=place)
    try:
        server.wait()
        server.child.kill()

        def gone() -> bool:
            try:
                httpx.get(f"{server.url}/healthz", timeout=1)
            except httpx.TransportError:
                return True
            return False

        wait_until(gone, deadline=20, what="the end of the workers")
    finally:
        server.close()


@pytest.mark.postgres
@pytest.mark.s3
def test_a_replica_with_other_keys_is_refused(place: list[str | Path], tmp_path: Path) -> None:
    server_token(place)
    others = [*place[:-1], tmp_path / "other-keys"]
    done = admin("audit", "checkpoint", *others, check=False)
    assert done.returncode == 1
    assert "keys are missing" in done.stderr
    assert not (tmp_path / "other-keys").exists()


def test_the_signing_key_is_replaced_while_the_server_runs(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        server.wait()
        place: list[str | Path] = ["--data", server.data]
        token = server_token(place)
        with server.client(token) as client:
            asset = new_asset(client, "before")
            old = client.get("/audit/checkpoint").json()
            done = admin("key", "rotate", *place)
            key = done.stdout.splitlines()[-1]
            assert key not in old["keys"]

            def picked_up() -> bool:
                client.patch(f"/assets/{asset}", json={"description": "x"})
                return key in client.get("/audit/checkpoint").json()["keys"]

            wait_until(picked_up, deadline=25, what="the new key")
            receipt = client.post("/assets", json={"kind": "model", "name": "after"}).headers["strongroom-receipt"]
            report = verified_log(client, [receipt], [old["note"]])
            assert report.size > old["size"]
    finally:
        server.close()


def test_a_checkpoint_from_the_command_line_covers_everything(tmp_path: Path) -> None:
    server_token(["--data", tmp_path / "data"])
    note = admin("audit", "checkpoint", "--data", tmp_path / "data").stdout
    assert re.match(r"strongroom/[0-9a-f-]{36}\n[1-9]\d*\n", note)


def test_the_setup_link_is_made_again_until_there_is_a_user(tmp_path: Path) -> None:
    place: list[str | Path] = ["--data", tmp_path / "data"]
    first, second = (admin("setup-link", *place).stdout for _ in range(2))
    assert re.fullmatch(r"http://127\.0\.0\.1:8600/setup\?code=[\w-]+\n", first)
    assert first != second
    server_token(place)
    done = admin("setup-link", *place, check=False)
    assert done.returncode == 1
    assert "users already" in done.stderr


def test_settings_that_do_not_fit_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="--data"):
        Storage()
    with pytest.raises(Invalid, match="--keys"):
        Storage(database="postgresql://h/d")
    with pytest.raises(Invalid, match="--artifacts"):
        _ = Storage(database="postgresql://h/d", keys=tmp_path).blobs
    for bad in ({"port": -1}, {"port": 70_000}, {"workers": 0}, {"workers": 1000}):
        with pytest.raises(Invalid):
            Serving(**bad)  # type: ignore[arg-type]
    assert Serving(host="0.0.0.0", allowed_host=("A.Example",)).hosts == {"127.0.0.1", "::1", "localhost", "a.example"}  # noqa: S104 - not bound


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "strongroom.toml"
    file.write_text('port = 1\nhost = "192.0.2.1"\nworkers = 100\n')
    variables = environment(
        STRONGROOM_CONFIG=str(file), STRONGROOM_HOST="no such host", STRONGROOM_DATA=str(tmp_path / "d")
    )
    command = [sys.executable, "-m", "strongroom.cli.serve"]

    def said(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own program, no shell
            [*command, *arguments], env=variables, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1
        return done.stderr

    assert "Between 1 and 64 workers" in said()
    assert "Cannot listen on no such host:2" in said("--workers", "1", "--port", "2")
