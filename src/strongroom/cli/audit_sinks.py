"""Where followed records go: standard output, a file, or a collector of syslog. Nothing goes anywhere else."""

import os
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol
from urllib.parse import urlsplit

from strongroom.cli.audit_lines import Format, datagram, json_line, syslog
from strongroom.sdk.errors import Invalid

TIMEOUT_S: Final = 20.0
SCHEMES: Final = ("tcp", "tls", "udp")


class Sink(Protocol):
    """Takes records one by one. What it raises is an OSError."""

    def send(self, said: Mapping[str, Any]) -> None:
        """Take a record."""
        ...

    def settle(self) -> None:
        """Return when all that was sent is as safe as it gets."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class Lines:
    """A record a line, on standard output or appended to a file, which is on disk when it is settled."""

    def __init__(self, write: Callable[[Mapping[str, Any]], bytes], file: BinaryIO) -> None:
        self._write, self._file = write, file

    def send(self, said: Mapping[str, Any]) -> None:
        """See `Sink`."""
        self._file.write(self._write(said) + b"\n")

    def settle(self) -> None:
        """See `Sink`."""
        self._file.flush()
        if self._file is not sys.stdout.buffer:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """See `Sink`."""
        if self._file is not sys.stdout.buffer:
            self._file.close()


class Stream:
    """Syslog over TCP or TLS, each message after its length (RFC 6587, 3.4.1; RFC 5425, 4.3)."""

    def __init__(self, address: tuple[str, int], host: str, context: ssl.SSLContext | None) -> None:
        self._host = host
        plain = socket.create_connection(address, TIMEOUT_S)
        try:
            self._socket = context.wrap_socket(plain, server_hostname=address[0]) if context else plain
        except BaseException:
            plain.close()
            raise

    def send(self, said: Mapping[str, Any]) -> None:
        """See `Sink`."""
        message = syslog(said, self._host)
        self._socket.sendall(b"%d " % len(message) + message)

    def settle(self) -> None:
        """A collector says nothing; that it hung up is noticed."""
        self._socket.settimeout(0)
        try:
            if self._socket.recv(1) == b"":
                raise ConnectionResetError("the collector hung up")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self._socket.settimeout(TIMEOUT_S)

    def close(self) -> None:
        """See `Sink`."""
        self._socket.close()


class Datagrams:
    """Syslog over UDP: what is lost on the way, nobody learns."""

    def __init__(self, address: tuple[str, int], host: str) -> None:
        self._host = host
        family, kind, proto, _, place = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, kind, proto)
        self._socket.connect(place)

    def send(self, said: Mapping[str, Any]) -> None:
        """See `Sink`."""
        self._socket.send(datagram(said, self._host))

    def settle(self) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """See `Sink`."""
        self._socket.close()


def opener(to: str | None, format_: Format, host: str, authorities: Path | None) -> Callable[[], Sink]:
    """What opens the place that `to` names: a file, standard output (None), or tcp://, tls:// or udp:// HOST:PORT.

    :param host: of the server, as syslog's HOSTNAME.
    :param authorities: certificates that TLS trusts; else the system's.
    :raises Invalid: it names none, or the format does not go there.
    """
    scheme, there, _ = (to or "").partition("://")
    if authorities is not None and scheme != "tls":
        raise Invalid("--ca is for a collector that is reached by tls://.")
    if to is None or not there:
        return _file(to, format_, host)
    if scheme not in SCHEMES:
        raise Invalid(f"Records go to a file, or one of {', '.join(f'{one}://HOST:PORT' for one in SCHEMES)}.")
    if format_ != "syslog":
        raise Invalid("A collector is sent syslog: --format syslog.")
    address = _address(to)
    if scheme == "udp":
        return lambda: Datagrams(address, host)
    context = ssl.create_default_context(cafile=str(authorities) if authorities else None) if scheme == "tls" else None
    return lambda: Stream(address, host, context)


def _file(to: str | None, format_: Format, host: str) -> Callable[[], Sink]:
    write = json_line if format_ == "jsonl" else lambda said: syslog(said, host)
    if to is None:
        return lambda: Lines(write, sys.stdout.buffer)
    return lambda: Lines(write, _appended(Path(to)))


def _appended(path: Path) -> BinaryIO:
    """The file, open for more; half a line of a crash is ended."""
    file = path.open("a+b")
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")
    return file


def _address(to: str) -> tuple[str, int]:
    try:
        parts = urlsplit(to)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid(f"{to!r} is not SCHEME://HOST:PORT.") from error
    if not host or not port or parts.path or parts.query or parts.username is not None:
        raise Invalid(f"{to!r} is not SCHEME://HOST:PORT.")
    return host, port
