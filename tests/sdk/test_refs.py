"""Commits, branches, copies and references through the client and a real server."""

import hashlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors, outside
from strongroom.sdk.models import Entry
from strongroom.sdk.progress import Silent
from tests.adapters.outside.certificate import certificate

DATA = b"weights elsewhere"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def asset(client: Client, space: str) -> str:
    return client.assets.create(f"{space}/m").path


def test_a_folder_is_committed_and_only_new_bytes_are_sent(client: Client, asset: str, tmp_path: Path) -> None:
    """ "SDK (`asset.commit(...)`, `asset.history()`)"."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "README.md").write_bytes(b"# card")
    (tmp_path / "sub" / "big.bin").write_bytes(bytes(100_000))
    first = client.revisions.commit(asset, tmp_path, message="first")
    assert first.changed
    again = client.revisions.commit(asset, tmp_path)
    assert (again.changed, again.revision.digest) == (False, first.revision.digest)
    client.revisions.commit(
        asset, move={"README.md": "docs/README.md"}, delete=["sub"], message="tidy", parent=first.revision.digest
    )
    assert [entry.path for entry in client.revisions.files(asset, recursive=True)] == ["docs/README.md"]
    assert client.revisions.read_bytes(asset, "docs/README.md") == b"# card"
    assert [one.message for one in client.revisions.history(asset)] == ["tidy", "first"]
    with pytest.raises(errors.PreconditionFailed) as refused:
        client.revisions.commit(asset, delete=["docs"], parent=first.revision.digest)
    assert refused.value.details["head"] == client.branches.get(asset).revision


def test_branches_merge_and_pins_stay(client: Client, asset: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    client.revisions.commit(asset, tmp_path)
    client.branches.create(asset, "dev")
    client.pins.create(asset, "v1")
    (tmp_path / "b").write_bytes(b"b")
    client.revisions.commit(asset, tmp_path, branch="dev")
    relation = client.revisions.compare(asset, "main", "dev")
    assert (relation.ahead, relation.behind) == (0, 1)
    assert client.branches.merge(asset, "dev").changed
    assert [entry.path for entry in client.revisions.files(asset, "v1")] == ["a"]
    version = client.revisions.publish(asset, label="1.0")
    assert client.resolve(f"{asset}^dev").uid == version.uid
    with pytest.raises(errors.NotFound):
        client.resolve(f"{asset}^v1")
    assert client.revisions.set_rule(asset, "pin").rule == "pin"
    assert client.pins.create(asset, "v2").published is not None
    assert [ref.name for ref in client.pins.list(asset)] == ["v1", "v2"]
    assert client.branches.squash(asset, "dev").changed
    client.branches.delete(asset, "dev")
    assert [ref.name for ref in client.branches.list(asset)] == ["main"]


def test_a_version_is_promoted_and_says_from_where(client: Client, asset: str, space: str, tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"w")
    version = client.push(tmp_path, asset, tags={"t": "1"}, progress=False)
    made = client.versions.copy(version, f"{space}-prod/m", aliases=["champion"])
    assert made.tree == version.tree
    assert client.versions.origin(made).version_uid == version.uid
    (tmp_path / "w").write_bytes(b"w2")
    diff = client.diff(version, client.push(tmp_path, asset, progress=False))
    assert [(one.path, one.change) for one in diff.changes] == [("w", "changed")]


def test_a_version_is_linked_and_pulled_from_there(client: Client, asset: str, space: str, tmp_path: Path) -> None:
    """ "its number, aliases, stage and time are its own"; all else is the source's, which it holds."""
    (tmp_path / "w").write_bytes(b"linked")
    version = client.push(tmp_path, asset, tags={"t": "1"}, progress=False)
    shelf = client.assets.create(f"{space}-shelf/m")
    made = client.versions.link(version, shelf, aliases=["champion"])
    assert (made.number, made.tree, made.source_uid) == (1, version.tree, version.uid)
    client.pull(f"{space}-shelf/m@champion", tmp_path / "there", progress=False)
    assert (tmp_path / "there" / "w").read_bytes() == b"linked"
    assert [one.uid for one in client.versions.links(version)] == [made.uid]
    with pytest.raises(errors.Held):
        client.versions.delete(version, release_aliases=True)
    client.versions.delete(version, release_aliases=True, release_links=True)
    assert [one.state for one in client.versions.links(version)] == ["trashed"]


def test_pull_refuses_what_nothing_fixes_unless_it_is_allowed(client: Client, asset: str, tmp_path: Path) -> None:
    """ "pull refuses by default": `--allow-unpinned`."""
    edit = {"verb": "reference", "path": "loose", "uri": "s3://bucket/x"}
    client.revisions.commit(asset, edits=[edit])
    version = client.revisions.publish(asset)
    with pytest.raises(errors.Unpinned) as refused:
        client.pull(version, tmp_path / "to", progress=False)
    assert refused.value.details["paths"] == ["loose"]
    found = client.pull(version, tmp_path / "to", allow_unpinned=True, progress=False)
    assert [entry.path for entry in found.references] == ["loose"]
    (check,) = client.versions.verify_references(version)
    assert (check.verdict, check.reason) == ("unpinned", "not_configured")


class Elsewhere:
    """An HTTPS server with one object, which may have moved."""

    def __init__(self, folder: Path) -> None:
        self.data = DATA
        self.authorization: list[str | None] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.authorization.append(self.headers["Authorization"])
                if self.path != "/w":
                    self.send_response(302)
                    self.send_header("Location", "/w" if self.path == "/moved" else "http://127.0.0.1/inside")
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("ETag", '"v1"')
                self.send_header("Content-Length", str(len(owner.data)))
                self.end_headers()
                self.wfile.write(owner.data)

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.trust, key = certificate(folder, "localhost")
        context.load_cert_chain(self.trust, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"https://localhost:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    made = Elsewhere(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.trust))
    yield made
    made.close()


def fetch(root: Path, elsewhere: Elsewhere, pin: str | None, at: str = "/w", *, loose: bool = False) -> Path:
    size = len(DATA) if pin else None
    entry = Entry(path="d/w", kind="reference", uri=elsewhere.url + at, size=size, pin=pin)
    return outside.fetch_reference(root, entry, Silent(), allow_unpinned=loose)


@pytest.mark.parametrize("pin", [f"sha256:{SHA256}", "etag:v1", 'W/"v1"'])
def test_a_reference_is_fetched_and_compared_with_its_pin(pin: str, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """ "checks digest while downloading"."""
    root = tmp_path / "root"
    root.mkdir()
    assert fetch(root, elsewhere, pin).read_bytes() == DATA
    assert fetch(root, elsewhere, pin, "/moved").read_bytes() == DATA
    assert set(elsewhere.authorization) == {None}


@pytest.mark.parametrize("changed", [b"weights elsewherE", b"short"])
def test_a_reference_that_drifted_is_not_kept(changed: bytes, elsewhere: Elsewhere, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    elsewhere.data = changed
    with pytest.raises(errors.Drifted):
        fetch(root, elsewhere, f"sha256:{SHA256}")
    assert list((root / "d").iterdir()) == []


def test_a_pin_that_cannot_be_compared_is_refused_unless_allowed(elsewhere: Elsewhere, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(errors.Unpinned):
        fetch(root, elsewhere, "crc32c:yZRlqg==")
    assert fetch(root, elsewhere, "crc32c:yZRlqg==", loose=True).read_bytes() == DATA
    with pytest.raises(errors.Unreachable):
        fetch(root, elsewhere, f"sha256:{SHA256}", "/inside")
