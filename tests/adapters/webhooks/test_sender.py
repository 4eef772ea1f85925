"""The sender reaches the public internet and what the operator allows; a canary on loopback is never reached."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from strongroom.adapters.webhooks.addresses import is_allowed, parse_networks
from strongroom.adapters.webhooks.sender import PinnedSender, Resolver
from strongroom.application.ports.events import Sent
from strongroom.domain.errors import Invalid
from strongroom.domain.events.model import Outcome
from tests.support.receiver import Receiver

LOOPBACK = parse_networks(["127.0.0.0/8"])


@pytest.fixture
def canary() -> Iterator[Receiver]:
    """What must never be reached."""
    with Receiver() as made:
        yield made
        assert made.tried == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def send(url: str, sender: PinnedSender, body: bytes = b"{}") -> Sent:
    return asyncio.run(sender.post(url, {"webhook-id": "x"}, body))


def answering(*answers: Sequence[str]) -> tuple[Resolver, list[str]]:
    """A resolver that gives one answer after the other, and the names it was asked."""
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


PRIVATE = [
    "0.0.0.0",  # noqa: S104 - refused, not bound to
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "198.18.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "203.0.113.5", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1",
    "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "5f00::1", "3fff::1",
    "not an address", "", "2130706433", "0x7f000001",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address)


def test_the_operator_allows_networks_and_those_only() -> None:
    networks = parse_networks(["10.1.0.0/16", "fd00::/8"])
    assert is_allowed("10.1.2.3", networks)
    assert is_allowed("fd00::5", networks)
    assert not is_allowed("10.2.0.1", networks)
    assert not is_allowed("::ffff:10.1.2.3", networks)
    with pytest.raises(Invalid):
        parse_networks(["10.1.0.1/16"])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]",
     "[::ffff:7f00:1]", "[::]", "localhost."],
)  # fmt: skip
def test_no_spelling_of_loopback_leads_to_it(host: str, canary: Receiver) -> None:
    sent = send(f"http://{host}:{canary.port}/", PinnedSender())
    assert sent.outcome in {Outcome.ADDRESS, Outcome.UNRESOLVED}
    assert sent.status is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"])
def test_a_name_that_leads_inside_is_refused(address: str, canary: Receiver) -> None:
    resolver, _ = answering([address])
    assert send(f"http://evil.example:{canary.port}/", PinnedSender(resolver=resolver)) == Sent(Outcome.ADDRESS)


def test_one_inner_address_among_public_ones_refuses_all(canary: Receiver) -> None:
    resolver, _ = answering(["93.184.216.34", "127.0.0.1"])
    assert send(f"http://evil.example:{canary.port}/", PinnedSender(resolver=resolver)) == Sent(Outcome.ADDRESS)


def test_a_name_is_resolved_once_so_that_rebinding_changes_nothing(canary: Receiver) -> None:
    """The first answer is what is checked and what is connected to; a second would lead to the canary."""
    resolver, asked = answering(["127.0.0.2"], ["127.0.0.1"])
    allowed = parse_networks(["127.0.0.2/32"])
    with socket.create_server(("127.0.0.2", canary.port)) as listener:  # same port, another address
        taken: list[str] = []

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                taken.append(connection.recv(65536).decode())
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=accept)
        thread.start()
        sender = PinnedSender(allowed, resolver=resolver)
        url = f"http://rebind.example:{canary.port}/x"
        assert send(url, sender) == Sent(Outcome.DELIVERED, 204)
        thread.join()
    assert asked == ["rebind.example"]
    assert f"Host: rebind.example:{canary.port}\r\n" in taken[0]
    assert send(url, sender) == Sent(Outcome.ADDRESS)


def test_the_numeric_address_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[tuple[object, ...]] = []

    async def open_connection(*args: object, **more: object) -> object:
        connected.append((*args, more["server_hostname"]))
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", open_connection)
    resolver, _ = answering(["93.184.216.34"])
    assert send("https://public.example/x", PinnedSender(resolver=resolver)) == Sent(Outcome.UNREACHABLE)
    assert connected == [("93.184.216.34", 443, "public.example")]


def test_a_redirect_is_not_followed(canary: Receiver, receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, canary.url
    assert send(receiver.url, PinnedSender(LOOPBACK)) == Sent(Outcome.REFUSED, 307)
    assert len(receiver.tried) == 1


def test_proxies_of_the_environment_are_ignored(
    canary: Receiver, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert send(receiver.url, PinnedSender(LOOPBACK)) == Sent(Outcome.DELIVERED, 204)


@pytest.mark.parametrize(
    "url",
    ["ftp://public.example/", "file:///etc/passwd", "gopher://public.example/", "http://user:pw@public.example/",
     "http://public.example:22/", "http://public.example:25/", "http:///x", "//public.example/", "http://a b/",
     "http://public.example/\r\nX: y", "http://public.example/#x", "http://public.example\\@127.0.0.1/",
     "http://[::1%25lo]/", "http://public.example:99999/", "http://ünï.example/"],
)  # fmt: skip
def test_an_address_of_another_form_is_refused_before_it_is_resolved(url: str) -> None:
    resolver, asked = answering(["93.184.216.34"])
    assert send(url, PinnedSender(resolver=resolver)).outcome is Outcome.ADDRESS
    assert asked == []


def serve(script: Callable[[socket.socket], None]) -> tuple[str, threading.Thread, socket.socket]:
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            try:
                script(connection)
            except OSError:
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/", thread, listener


def answer_with(data: bytes, *, then_wait: bool = False) -> Sent:
    over = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.sendall(data)
        if then_wait:
            over.wait(5)

    url, thread, listener = serve(script)
    try:
        return send(url, PinnedSender(LOOPBACK, seconds=0.5))
    finally:
        over.set()
        thread.join(5)
        listener.close()


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", Sent(Outcome.GARBAGE)),
        (b"", Sent(Outcome.GARBAGE)),
        (b"HTTP/1.1 200", Sent(Outcome.GARBAGE)),
        (b"A" * 100_000, Sent(Outcome.GARBAGE)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n", Sent(Outcome.DELIVERED, 202)),
        (b"HTTP/1.1 103 Hints\r\n" + b"Link: x\r\n" * 10_000, Sent(Outcome.GARBAGE)),
        (b"HTTP/1.0 500\r\n\r\nsecret words", Sent(Outcome.REFUSED, 500)),
    ],
)
def test_only_a_status_is_taken_of_an_answer(data: bytes, sent: Sent) -> None:
    assert answer_with(data) == sent


def test_a_receiver_that_says_nothing_or_drips_is_given_up() -> None:
    assert answer_with(b"", then_wait=True) == Sent(Outcome.TIMEOUT)
    assert answer_with(b"HTTP/1.1 ", then_wait=True) == Sent(Outcome.TIMEOUT)


def test_a_name_that_nobody_knows_and_a_port_that_nobody_opened() -> None:
    async def nobody(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror

    assert send("http://nobody.example/", PinnedSender(resolver=nobody)) == Sent(Outcome.UNRESOLVED)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/", PinnedSender(LOOPBACK)) == Sent(Outcome.UNREACHABLE)


def test_tls_to_a_server_that_has_none_fails() -> None:
    with Receiver() as plain:
        sent = send(f"https://127.0.0.1:{plain.port}/", PinnedSender(LOOPBACK))
    assert sent == Sent(Outcome.TLS)


def test_headers_cannot_break_out() -> None:
    with Receiver() as made:
        sent = asyncio.run(PinnedSender(LOOPBACK).post(made.url, {"x": "a\r\nEvil: 1"}, b""))
        assert made.tried == []
    assert sent.outcome is Outcome.ADDRESS
