"""Looks at references: real servers on loopback, a real bucket; and nothing that the operator did not allow."""

import asyncio
import hashlib
import ssl
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import obstore
import pytest

from strongroom.adapters.outside.looking import Looker, open_buckets
from strongroom.adapters.webhooks.addresses import parse_networks
from strongroom.adapters.webhooks.sender import PinnedSender
from strongroom.application.ports.outside import Look
from strongroom.domain.artifacts.pins import Observed, Verdict, judge
from strongroom.domain.errors import Invalid
from tests.adapters.blobs.homes import BucketHome
from tests.adapters.outside.certificate import certificate
from tests.support.seaweed import S3

LOOPBACK = parse_networks(["127.0.0.0/8"])
DATA = b"weights"


class Place:
    """An HTTPS server that answers HEAD as it is told, and counts what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.status = 200
        self.headers: dict[str, str] = {"Content-Length": "7", "ETag": '"v1"'}
        self.asked: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                owner.asked.append(f"{self.headers['Host']} {self.path}")
                self.send_response(owner.status)
                for name, value in owner.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert, key = certificate(folder, "models.example")
        context.load_cert_chain(cert, key)
        self.trust = ssl.create_default_context(cafile=str(cert))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://models.example:{self._server.server_address[1]}/a/w.bin"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


async def on_loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def look(looker: Looker, uri: str) -> Look:
    return asyncio.run(looker.look(uri))


def allowed(place: Place) -> Looker:
    return Looker(PinnedSender(LOOPBACK, resolver=on_loopback, tls=place.trust))


def test_a_head_tells_size_and_digests(place: Place) -> None:
    found = look(allowed(place), place.url)
    assert found == Look(Observed(7, {"etag": "v1"}))
    assert place.asked == [f"{place.url.split('/')[2]} /a/w.bin"]
    assert judge(7, "etag:v1", found.seen) is Verdict.OK
    place.headers["ETag"] = '"v2"'
    assert judge(7, "etag:v1", look(allowed(place), place.url).seen) is Verdict.DRIFTED


def test_what_leads_inside_is_never_reached(place: Place) -> None:
    """A reference is an address that somebody else chose: the rules of webhooks hold."""
    looker = Looker(PinnedSender(resolver=on_loopback, tls=place.trust))
    assert look(looker, place.url) == Look(None, "address_not_allowed")
    for uri in ("https://127.0.0.1:1/x", "https://[::ffff:127.0.0.1]/x", "https://169.254.169.254/latest/meta-data"):
        assert look(Looker(PinnedSender()), uri) == Look(None, "address_not_allowed")
    assert place.asked == []


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1/x", "file:///etc/passwd", "s3://bucket/key", "gs://b/k", "ftp://h/x", "x:y"]
)
def test_by_default_only_https_is_looked_at(uri: str) -> None:
    """ "obstore for s3://, gs:// when the operator configured credentials for that prefix (nothing by default)"."""
    assert look(Looker(PinnedSender(LOOPBACK)), uri) == Look(None, "not_configured")


def test_a_redirect_is_not_followed_and_says_so(place: Place) -> None:
    place.status, place.headers = 302, {"Location": "https://127.0.0.1/inside"}
    assert look(allowed(place), place.url) == Look(None, "redirected")
    place.status = 404
    assert look(allowed(place), place.url) == Look(None, "refused_404")
    assert len(place.asked) == 2


def test_a_server_without_a_trusted_name_is_not_believed(place: Place) -> None:
    assert look(Looker(PinnedSender(LOOPBACK, resolver=on_loopback)), place.url) == Look(None, "tls_failed")


def test_endless_headers_end(place: Place) -> None:
    place.headers = {"Content-Length": "7", "ETag": '"x"', **{f"X-{n}": "y" * 1000 for n in range(60)}}
    found = look(allowed(place), place.url)
    assert found.seen is not None
    assert found.seen.size == 7


@pytest.mark.s3
def test_buckets_are_looked_at_below_what_the_operator_named(s3_server: S3) -> None:
    home = BucketHome(s3_server, s3_server.new_prefix())
    (bucket,) = open_buckets([home.url])
    obstore.put(bucket.store, "dir/w.bin", DATA)
    looker = Looker(PinnedSender(), [bucket])
    found = look(looker, f"{bucket.prefix}dir/w.bin")
    assert found.seen is not None
    assert (found.seen.size, found.seen.digests["etag"]) == (7, hashlib.md5(DATA, usedforsecurity=False).hexdigest())
    assert look(looker, f"{bucket.prefix}dir/gone").seen is None
    for path in ("../x", "a/../../x", "", "a//x"):
        assert look(looker, bucket.prefix + path).seen is None
    assert look(looker, bucket.prefix.rstrip("/") + "2/w") == Look(None, "not_configured")


def test_a_bucket_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(Invalid):
        open_buckets(["https://bucket"])
