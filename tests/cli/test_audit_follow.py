"""Issue 6: "Export to a SIEM (JSON lines, syslog)": real collectors on loopback, and a real server."""

import datetime as dt
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from strongroom.cli import exits
from strongroom.cli.__main__ import main
from strongroom.cli.audit_follow import AGAIN, Follower, Position
from strongroom.cli.audit_lines import DATAGRAM_MOST, content, datagram, json_line, syslog
from strongroom.cli.audit_sinks import opener
from strongroom.domain.audit.record import leaf_hash, parse
from strongroom.sdk import Client
from strongroom.sdk.identity_models import Followed
from tests.sdk.server import Served
from tests.support.process import wait_until

LINE = re.compile(rb"<(\d+)>1 (\S+) (\S+) strongroom - (\S+) - (\{.*\})")
LAST = 10
SAID = {"action": "alias.set", "outcome": "done", "recorded_at": 1_790_000_000_000_001, "leaf": 7}


@pytest.fixture(autouse=True)
def logged_in(served: Served, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a log of more than ten records, whichever test is the first that the server meets."""
    while client.audit.follow(0, limit=1).size <= LAST:
        client.audit.list()
    monkeypatch.setenv("STRONGROOM_URL", served.url)
    monkeypatch.setenv("STRONGROOM_TOKEN", served.token)


class Collector:
    """Takes syslog over a stream and keeps the messages; hangs up after `limit` bytes, once."""

    def __init__(self, context: ssl.SSLContext | None = None, limit: int | None = None) -> None:
        self._context, self._limit = context, limit
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.messages: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._server.accept()
                with (
                    suppress(OSError),
                    self._context.wrap_socket(plain, server_side=True) if self._context else plain as one,
                ):
                    self._read(one)

    def _read(self, one: socket.socket) -> None:
        held = b""
        while data := one.recv(65_536):
            held += data
            while (found := re.match(rb"(\d+) ", held)) and len(held) >= found.end() + int(found.group(1)):
                end = found.end() + int(found.group(1))
                self.messages.append(held[found.end() : end])
                held = held[end:]
            if self._limit is not None:
                self._limit = None
                return

    @property
    def leaves(self) -> list[int]:
        found = [LINE.fullmatch(one) for one in self.messages]
        return [json.loads(one.group(5))["leaf"] for one in found if one]

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def wait_for(collector: Collector, last: int) -> None:
    wait_until(lambda: bool(collector.leaves) and collector.leaves[-1] >= last, what=f"record {last}")


def test_a_message_of_syslog_has_the_form_of_rfc_5424() -> None:
    found = LINE.fullmatch(syslog(SAID, "registry.example.com"))
    assert found is not None
    assert found.groups()[:4] == (b"109", b"2026-09-21T14:13:20.000001Z", b"registry.example.com", b"alias.set")
    assert json.loads(found.group(5)) == SAID
    assert syslog(SAID | {"outcome": "refused"}, "a").startswith(b"<108>1 ")
    hostile = SAID | {"action": "x y\n<1>", "recorded_at": "now", "details": {"a": "line\n<0>1 forged ü"}}
    told = syslog(hostile, " ho\nst ")
    assert told.startswith(b"<109>1 - host strongroom - xy<1> - {")
    assert b"\n" not in told
    assert told.isascii()


def test_a_datagram_is_never_too_long() -> None:
    long = SAID | {"details": {f"k{number}": "x" * 1_000 for number in range(62)}}
    short = datagram(long, "h")
    assert len(short) <= DATAGRAM_MOST < len(syslog(long, "h"))
    found = LINE.fullmatch(short)
    assert found is not None
    assert json.loads(found.group(5))["left_out"] == len(syslog(long, "h"))
    assert datagram(SAID, "h") == syslog(SAID, "h")


def test_a_row_that_is_no_record_is_passed_on_as_it_is() -> None:
    for text in ("{", "[1]", "[" * 100_000, "\x00"):
        said = content(Followed(3, text, "ab"), "o")
        assert said == {"unreadable": text, "origin": "o", "leaf": 3, "hash": "ab"}
        assert json_line(said).isascii()


def test_json_lines_hold_the_records_and_go_on_where_they_were(
    client: Client, space: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client.assets.create(f"{space}/m")
    to, position = tmp_path / "siem.jsonl", tmp_path / "position"
    command = ["audit", "export", str(to), "--format", "jsonl", "--position", str(position)]
    assert main(command) == exits.OK
    first = [json.loads(line) for line in to.read_text().splitlines()]
    assert [one["leaf"] for one in first] == list(range(len(first)))
    assert "asset.create" in {one["action"] for one in first}
    for one in first:  # nothing is lost: the record can be had back, and has its hash
        plain = {key: value for key, value in one.items() if key not in ("leaf", "hash", "origin")}
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        assert leaf_hash(text).hex() == one["hash"]
        assert parse(text).uid == one["uid"]
    with to.open("a") as half:
        half.write('{"half":')
    client.assets.create(f"{space}/n")
    assert main(command) == exits.OK
    later = [line for line in to.read_text().splitlines()[len(first) :] if line != '{"half":']
    assert [json.loads(line)["leaf"] for line in later] == list(range(len(first), len(first) + len(later)))
    assert "records sent" in capsys.readouterr().err


def test_following_does_not_feed_on_itself(client: Client, space: str) -> None:
    """What says only that the log was followed is not said to have been followed."""
    client.assets.create(f"{space}/m")
    size = client.audit.follow(0, limit=1).size
    kept = []
    for _ in range(6):
        found = client.audit.follow(size)
        size = found.next
        kept += [json.loads(one.record)["action"] for one in found.records]
    assert kept.count("audit.follow") <= 3, kept


def test_a_collector_gets_every_record_counted(client: Client, collector: Collector) -> None:
    to = f"tcp://127.0.0.1:{collector.port}"
    assert main(["audit", "export", to, "--format", "syslog"]) == exits.OK
    wait_for(collector, LAST)
    assert collector.leaves == list(range(len(collector.leaves)))
    assert client.audit.follow(0, limit=1).size >= len(collector.leaves)


def test_after_a_broken_connection_the_last_records_are_sent_again(client: Client, tmp_path: Path) -> None:
    """At least once: what the network took and the collector never read comes again."""
    breaking = Collector(limit=1)
    position = tmp_path / "position"
    size = client.audit.follow(0, limit=1).size
    opened = opener(f"tcp://127.0.0.1:{breaking.port}", "syslog", "h", None)

    class Enough(Exception):
        pass

    paused: list[float] = []

    class Slow:
        """The collector's connection, with a look at it only after it had time to hang up."""

        def __init__(self) -> None:
            self.real = opened()

        def send(self, said: Mapping[str, Any]) -> None:
            self.real.send(said)

        def settle(self) -> None:
            if not paused:
                wait_until(lambda: _gone(self.real.settle), what="the end of the connection")
                raise ConnectionResetError("gone")
            self.real.settle()
            wait_until(lambda: len(breaking.leaves) >= size, what="all records")
            raise Enough

        def close(self) -> None:
            self.real.close()

    with pytest.raises(Enough):
        Follower(client.audit, Slow, position, paused.append).run(None, follow=True)
    breaking.close()
    assert paused == [0.5]
    assert set(range(size)) <= set(breaking.leaves)
    assert not position.exists(), "the position is of what was taken"
    assert size < AGAIN, "this log is sent from its first record again"


def _gone(settle: Any) -> bool:  # noqa: ANN401 - a bound method
    try:
        settle()
    except OSError:
        return True
    return False


def test_tls_trusts_the_certificates_that_it_is_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "collector")])
    begins = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(begins).not_valid_after(begins + dt.timedelta(days=9))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = built.sign(key, hashes.SHA256())
    pem = tmp_path / "pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    collector = Collector(context)
    command = ["audit", "export", f"tls://localhost:{collector.port}", "--format", "syslog"]
    assert main(command) == exits.UNAVAILABLE
    assert "certificate" in capsys.readouterr().err
    assert main([*command, "--ca", str(pem)]) == exits.OK
    wait_for(collector, LAST)
    collector.close()


def test_datagrams_come_one_by_one() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        sink = opener(f"udp://127.0.0.1:{receiver.getsockname()[1]}", "syslog", "h", None)()
        sink.send(SAID)
        sink.settle()
        assert receiver.recv(65_536) == syslog(SAID, "h")
        sink.close()


def test_a_log_that_is_not_the_one_that_was_followed_is_told(tmp_path: Path) -> None:
    position = tmp_path / "position"
    command = ["audit", "export", "--format", "jsonl", "--position", str(position)]
    assert main(command) == exits.OK
    kept = Position.read(position)
    assert kept is not None
    Position(kept.origin, kept.next, "0" * 64).write(position)
    assert main(command) == exits.CORRUPTED
    Position("another", kept.next, kept.hash).write(position)
    assert main(command) == exits.CORRUPTED
    Position(kept.origin, kept.next + 10_000_000, kept.hash).write(position)
    assert main(command) == exits.CONFLICT


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["log", "--follow"],
        ["log", "--start", "3"],
        ["--format", "jsonl", "--start", "-1"],
        ["tcp://127.0.0.1:1", "--format", "jsonl"],
        ["http://127.0.0.1:1", "--format", "syslog"],
        ["tcp://127.0.0.1", "--format", "syslog"],
        ["tcp://127.0.0.1:99999", "--format", "syslog"],
        ["udp://u@127.0.0.1:1/x", "--format", "syslog"],
        ["--format", "syslog", "--ca", "x"],
        ["--format", "jsonl", "--position", "{}"],
    ],
)
def test_what_makes_no_sense_is_said(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad").write_text("[]")
    given = [one.format(tmp_path / "bad") for one in arguments]
    assert main(["audit", "export", *given]) == exits.FAILURE
    assert capsys.readouterr().out == ""
