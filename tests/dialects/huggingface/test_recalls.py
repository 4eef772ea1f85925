"""What is recalled is refused to the Hub's own clients: over plain HTTP, by look-ups, and in chunks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.dialects.huggingface.client import Decoded, HubProcess
from tests.http.processes import ServerProcess, new_token

FETCH = 'result = hashlib.sha256(Path(api.hf_hub_download("ann/recalled", {0!r}, {1})).read_bytes()).hexdigest()'
ANEW = "force_download=True"


class Admin:
    """The native API as an admin uses it."""

    def __init__(self, server: ServerProcess) -> None:
        self.url = server.url
        self.headers = {"Authorization": f"Bearer {new_token(server.data, 'recaller', 'admin')}"}

    def post(self, path: str, **body: object) -> Decoded:
        answer = httpx.post(f"{self.url}/api/v1/{path}", json=body, headers=self.headers, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    @contextmanager
    def recalled(self, kind: str, subject: str) -> Iterator[None]:
        uid = self.post("recalls", kind=kind, subject=subject, reason="it was found to be bad")["uid"]
        yield
        self.post(f"recalls/{uid}/lift", reason="it was found to be good")


@pytest.fixture(scope="module")
def admin(server: ServerProcess) -> Admin:
    return Admin(server)


@pytest.fixture(scope="module")
def commits(chunked: HubProcess) -> list[str]:
    """Two commits of a repository, the second with other weights and the same tokenizer."""
    found: list[str] = chunked.run("""
        api.create_repo("ann/recalled")
        big = lambda seed: hashlib.shake_256(seed).digest(300_000)
        add = lambda path, body: CommitOperationAdd(path, body)
        same = [add("tokenizer.bin", big(b"t")), add("config.json", b"{}")]
        first = api.create_commit("ann/recalled", [add("w.safetensors", big(b"1")), *same], commit_message="1")
        second = api.create_commit("ann/recalled", [add("w.safetensors", big(b"2"))], commit_message="2")
        result = [first.oid, second.oid, hashlib.sha256(big(b"1")).hexdigest()]
    """)
    return found


def test_the_hub_is_refused_what_is_recalled_and_does_not_wait(
    hub: HubProcess, admin: Admin, commits: list[str]
) -> None:
    """ "pulls answer 451 on every dialect and process": one file by its digest, wherever it is."""
    first, second, digest = commits
    assert hub.run(FETCH.format("w.safetensors", f"revision={first!r}")) == digest
    began = time.monotonic()
    with admin.recalled("digest", digest):
        anew = f"revision={first!r}, {ANEW}"
        assert hub.refused(FETCH.format("w.safetensors", anew))[0] == "ValueError"
        assert hub.run(FETCH.format("config.json", anew))
        assert hub.run(FETCH.format("w.safetensors", f"revision={second!r}"))
        listed = hub.run(f'result = [f.path for f in api.list_repo_tree("ann/recalled", revision={first!r})]')
        assert "w.safetensors" in listed
        fresh = f"cache_dir=tempfile.mkdtemp(), revision={first!r}"
        assert hub.refused(FETCH.format("w.safetensors", fresh)) == ("GatedRepoError", 451)
    assert time.monotonic() - began < 60, "it asked again"
    assert hub.run(FETCH.format("w.safetensors", f"revision={first!r}, {ANEW}")) == digest


def test_chunks_of_what_is_recalled_are_not_handed_out(
    chunked: HubProcess, admin: Admin, commits: list[str], server: ServerProcess, token: str
) -> None:
    """Reconstructions, token routes, and addresses that were given before."""
    first, second, _digest = commits
    bearer = {"Authorization": f"Bearer {token}"}
    api = f"{server.url}/api/models/ann/recalled"

    def cas(revision: str) -> tuple[str, dict[str, str]]:
        said = httpx.get(f"{api}/xet-read-token/{revision}", headers=bearer, timeout=30)
        assert said.status_code == 200, said.text
        return said.json()["casUrl"], {"Authorization": f"Bearer {said.json()['accessToken']}"}

    def plan(at: tuple[str, dict[str, str]], file: str) -> httpx.Response:
        return httpx.get(f"{at[0]}/v1/reconstructions/{file}", headers=at[1], timeout=30)

    old, new = cas(first), cas(second)
    by_path = hashes_of(chunked, first)
    before = plan(old, by_path["w.safetensors"]).json()
    (infos,) = before["fetch_info"].values()
    address, span = infos[0]["url"], infos[0]["url_range"]
    header = {"Range": f"bytes={span['start']}-{span['end']}"}
    assert httpx.get(address, headers=header, timeout=30).status_code == 206
    tree = admin_tree(admin, first)
    with admin.recalled("digest", tree):
        assert httpx.get(f"{api}/xet-read-token/{first}", headers=bearer, timeout=30).status_code == 451
        assert plan(old, by_path["w.safetensors"]).status_code == 451
        assert httpx.get(address, headers=header, timeout=30).status_code == 451
        assert plan(new, by_path["w.safetensors"]).status_code == 451, "by a token for another revision"
        assert plan(new, by_path["tokenizer.bin"]).status_code == 200, "which the other revision has too"
        assert plan(old, by_path["tokenizer.bin"]).status_code == 451
        fresh = f"cache_dir=tempfile.mkdtemp(), revision={first!r}"
        assert chunked.refused(FETCH.format("w.safetensors", fresh)) == ("GatedRepoError", 451)
        assert chunked.run(FETCH.format("w.safetensors", f"cache_dir=tempfile.mkdtemp(), revision={second!r}"))
    assert httpx.get(address, headers=header, timeout=30).status_code == 206


def hashes_of(chunked: HubProcess, revision: str) -> dict[str, str]:
    found: dict[str, str] = chunked.run(f"""
        paths = ["tokenizer.bin", "w.safetensors"]
        infos = api.get_paths_info("ann/recalled", paths, revision={revision!r})
        result = {{info.path: info.xet_hash for info in infos}}
    """)
    return found


def admin_tree(admin: Admin, revision: str) -> str:
    """The tree of a commit."""
    asked = {"reference": "ann/recalled", "kind": "model"}
    found = httpx.get(f"{admin.url}/api/v1/resolve", params=asked, headers=admin.headers, timeout=30).json()
    uid = found["asset"]["uid"]
    of = {"revision": f"~{revision}"}
    view = httpx.get(f"{admin.url}/api/v1/assets/{uid}/revision", params=of, headers=admin.headers, timeout=30).json()
    return str(view["tree"])
