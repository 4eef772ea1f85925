"""Console capture: what is printed becomes the run's stream, on a server and without one."""

import sys
import threading
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from strongroom.sdk.console import LINE_LONGEST, LINES_HELD, Console, Lines
from strongroom.sdk.offline import Offline
from strongroom.sdk.sync import sync


def printed(client: Client, uid: str) -> list[str]:
    found: list[str] = client.call("run.read_lines", uid=uid, stream="console", first=0, limit=1000)["lines"]
    return found


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (["a\nb\n"], ["a", "b"]),
        (["a", "b\n", "c"], ["ab", "c"]),
        (["10 %\r", "50 %\r", "100 %\n"], ["100 %"]),
        (["one\r\ntwo\r\n"], ["one", "two"]),
        (["\n\n"], ["", ""]),
        (["x" * (LINE_LONGEST + 1) + "\n"], ["x" * LINE_LONGEST, "x"]),
        (["a\x00\ud800b\n"], ["a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"]),
    ],
)
def test_text_becomes_lines(texts: list[str], lines: list[str]) -> None:
    found = Lines()
    for text in texts:
        found.add(text)
    found.end()
    assert found.whole == lines


def test_a_run_keeps_what_is_printed_until_it_ends(
    client: Client, space: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sys.stdout, sys.stderr
    with client.run(f"{space}/exp", capture=False, capture_console=True) as run:
        sys.stdout.write("to out\n")
        sys.stderr.write("to err\n")
        sys.stdout.write("no end")
    sys.stdout.write("after\n")
    assert (sys.stdout, sys.stderr) == before
    assert printed(client, run.uid) == ["to out", "to err", "no end"]
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("to out\nno endafter\n", "to err\n")
    assert not [one for one in threading.enumerate() if one.name == "strongroom-console"]


def test_without_a_server_too_and_sent_twice_it_is_there_once(client: Client, space: str, tmp_path: Path) -> None:
    with Offline(tmp_path).run(f"{space}/exp", capture=False, capture_console=True):
        for number in range(1_500):
            sys.stdout.write(f"line {number}\n")
    (done,) = sync(client.api, tmp_path)
    sync(client.api, tmp_path)
    assert printed(client, str(done.run_uid))[:2] == ["line 0", "line 1"]
    assert client.call("run.streams", uid=done.run_uid)["items"] == [{"stream": "console", "next": 1_500}]


def test_what_cannot_be_sent_waits_and_is_bounded() -> None:
    sent: list[tuple[str, int]] = []

    def sink(key: str, lines: list[str]) -> None:
        sent.append((key, len(lines)))
        if len(sent) == 1:
            raise errors.Unavailable("away")

    console = Console(sink)
    sys.stdout.write("x\n" * (LINES_HELD + 5_000))
    console._send()
    console._send()
    console.stop()
    assert sent[0] == sent[1], "the same lines under the same key"
    assert sum(count for _, count in sent[1:]) <= LINES_HELD + 1
