"""The services the tests run against start, answer, keep tests apart and end."""

import os
import shutil
import signal
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import obstore
import psycopg
import pytest
from obstore.exceptions import AlreadyExistsError

from tests.support.postgres import Postgres, PostgresServer, is_listening
from tests.support.process import Child, NotReadyError, free_port, wait_until
from tests.support.seaweed import S3

HTTP_SERVER = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]


@pytest.mark.postgres
def test_postgres_answers(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT 6 * 7").fetchone() == (42,)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


@pytest.mark.postgres
def test_a_database_from_a_template_holds_what_the_template_holds(postgres_server: Postgres) -> None:
    builds: list[str] = []

    def build(url: str) -> None:
        builds.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE thing AS SELECT 1 AS number")

    template = f"template_{uuid.uuid4().hex}"
    assert {postgres_server.template(template, build) for _ in range(2)} == {template}
    assert len(builds) == 1

    first, second = (postgres_server.create_database(template) for _ in range(2))
    with psycopg.connect(first) as connection:
        connection.execute("INSERT INTO thing VALUES (2)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT number FROM thing").fetchall() == [(1,)]

    for url in (first, second):
        postgres_server.drop_database(url)
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(url)


@pytest.mark.postgres
def test_a_private_durable_server_keeps_commits_over_kill_9() -> None:
    server = PostgresServer(durable=True)
    try:
        with psycopg.connect(server.handle.url()) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        server.kill()
        assert not is_listening(server.handle.port)
        server.start()
        with psycopg.connect(server.handle.url()) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
        server.stop()
    finally:
        server.close()
    assert not is_listening(server.handle.port)


@pytest.mark.s3
def test_s3_returns_what_was_put_and_lists_only_the_prefix(s3_server: S3, s3_prefix: str) -> None:
    store = s3_server.store(s3_prefix)
    obstore.put(store, "folder/blob", b"bytes")
    assert bytes(obstore.get(store, "folder/blob").bytes()) == b"bytes"
    assert [entry["path"] for entry in obstore.list(store).collect()] == ["folder/blob"]
    assert obstore.list(s3_server.store(s3_server.new_prefix())).collect() == []


@pytest.mark.s3
def test_s3_refuses_the_second_conditional_put(s3_server: S3, s3_prefix: str) -> None:
    store = s3_server.store(s3_prefix)
    obstore.put(store, "once", b"first", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "once", b"second", mode="create")
    assert bytes(obstore.get(store, "once").bytes()) == b"first"


@pytest.mark.s3
def test_s3_makes_a_bucket_of_ones_own(s3_server: S3) -> None:
    bucket = s3_server.new_bucket()
    store = s3_server.store(bucket=bucket)
    assert obstore.list(store).collect() == []
    obstore.put(store, "blob", b"bytes")
    assert [entry["path"] for entry in obstore.list(store).collect()] == ["blob"]


@pytest.fixture
def http_server(tmp_path: Path) -> Iterator[tuple[Child, int]]:
    port = free_port()
    with Child([*HTTP_SERVER, str(port)], log=tmp_path / "log", cwd=tmp_path) as child:
        yield child.wait_ready(f"http://127.0.0.1:{port}/"), port


def test_a_child_answers_and_its_output_is_kept(http_server: tuple[Child, int]) -> None:
    child, _ = http_server
    wait_until(lambda: '"GET / HTTP/1.1" 200' in child.output(), what="the request in the log")


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_child_ends_by_the_signal_it_was_sent(http_server: tuple[Child, int], end: str) -> None:
    child, port = http_server
    expected = signal.SIGKILL if end == "kill" else signal.SIGTERM
    assert getattr(child, end)() == -expected
    assert not is_listening(port)


def test_a_child_that_ends_early_is_reported_with_what_it_wrote(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such setting'); raise SystemExit(3)"]
    with Child(command, log=tmp_path / "log") as child, pytest.raises(NotReadyError, match=r"(?s)3.*no such setting"):
        child.wait_ready("http://127.0.0.1:1/")


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="only Linux can tie a child to its parent")
def test_a_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, time\nfrom pathlib import Path\nfrom tests.support.process import Child\n"
        f"child = Child(['sleep', '60'], log=Path({str(tmp_path / 'sleep.log')!r}))\n"
        "print(child.pid, flush=True)\ntime.sleep(60)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    with Child([sys.executable, script], log=tmp_path / "log", env={**os.environ, "PYTHONPATH": root}) as parent:
        parent.wait_ready(lambda: parent.output().endswith("\n"))
        grandchild = Path(f"/proc/{int(parent.output())}")
        assert grandchild.exists()
        parent.kill()
        wait_until(
            lambda: not grandchild.exists() or "Z" in grandchild.joinpath("stat").read_text().split(), deadline=5
        )
