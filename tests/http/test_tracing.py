"""OpenTelemetry is off, and not even loaded, until its own variables switch it on."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from strongroom.adapters.telemetry.tracing import wanted
from tests.http.processes import ServerProcess
from tests.support.process import wait_until


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_when_it_is_wanted(environment: dict[str, str], on: bool) -> None:
    assert wanted(environment) is on


class Collector(BaseHTTPRequestHandler):
    """Takes what is exported."""

    received: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_spans_reach_the_collector_that_was_named_without_queries(tmp_path: Path) -> None:
    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    server = ServerProcess(tmp_path / "data", tmp_path / "log", env=env)
    try:
        server.wait()
        httpx.get(f"{server.url}/healthz", params={"hidden": "a-value-of-a-query"})
        wait_until(lambda: any(b"healthz" in body for body in Collector.received), what="a span")
    finally:
        server.close()
        collector.shutdown()
        collector.server_close()
    assert all(b"a-value-of-a-query" not in body for body in Collector.received)


def test_it_is_not_loaded_unasked() -> None:
    """In a process of its own: other tests here send traces with the same packages."""
    look = "import sys, strongroom.bootstrap.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    loaded = done.stdout.split()
    assert "strongroom.adapters.telemetry.tracing" in loaded
    assert not any(name.startswith("opentelemetry") for name in loaded)
