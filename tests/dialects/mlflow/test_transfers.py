"""Big files in parts by MLflow's own client, and what nobody may do with the addresses of parts."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.dialects.mlflow.client import MlflowProcess, client_of
from tests.http.processes import ServerProcess, new_token

PARTS = {
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "1000000",
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "400000",
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": "300000",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
}


@pytest.fixture(scope="module")
def mlflow(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """A client to which a megabyte is big."""
    with client_of(server.url, token, tmp_path_factory.mktemp("client"), **PARTS) as child:
        yield child


@pytest.fixture(scope="module", autouse=True)
def run_id(mlflow: MlflowProcess) -> str:
    return str(mlflow.run("result = run_id = client.create_run('0').info.run_id"))


class Wire:
    """MLflow's requests about parts, as a client or an attacker sends them."""

    def __init__(self, server: ServerProcess, token: str, run_id: str) -> None:
        self.base = f"{server.url}/api/2.0/mlflow-artifacts"
        self.place = f"0/{run_id}/artifacts"
        self.headers = {"Authorization": f"Bearer {token}"}

    def post(self, step: str, place: str | None = None, **body: Any) -> httpx.Response:
        url = f"{self.base}/mpu/{step}/{self.place if place is None else place}"
        return httpx.post(url, json={"path": "f.bin", **body}, headers=self.headers, timeout=30)

    def send(self, *parts: bytes) -> tuple[str, list[dict[str, Any]]]:
        """Begin a file and send its parts, the last one first; its id, and the parts for `complete`."""
        begun = self.post("create", num_parts=len(parts)).json()
        sent = []
        for credential, body in reversed(list(zip(begun["credentials"], parts, strict=True))):
            answer = httpx.put(credential["url"], content=body, timeout=30)
            assert answer.status_code == 200, answer.text
            sent.append({"part_number": credential["part_number"], "etag": answer.headers["etag"]})
        return begun["upload_id"], sent

    def read(self, path: str = "f.bin") -> bytes:
        return httpx.get(f"{self.base}/artifacts/{self.place}/{path}", headers=self.headers, timeout=30).content


@pytest.fixture
def wire(server: ServerProcess, token: str, run_id: str) -> Wire:
    return Wire(server, token, run_id)


def test_the_client_sends_and_reads_a_big_file_in_parts(mlflow: MlflowProcess) -> None:
    """ "the client uses it for files >= 500 MB": server-info says so, and the environment lowers the mark."""
    found = mlflow.run("""
        import hashlib, requests
        from mlflow.store.artifact import http_artifact_repo
        asked = []
        put = http_artifact_repo.requests.put
        def watched(url, **rest):
            asked.append(url.split("?")[0].rsplit("/", 1)[-1])
            return put(url, **rest)
        http_artifact_repo.requests.put = watched
        body = os.urandom(1_300_001)
        file = Path(tempfile.mkdtemp()) / "big model.bin"
        file.write_bytes(body)
        client.log_artifact(run_id, str(file), "models/deep")
        back = Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="models/deep/big model.bin"))
        listed = [(f.path, f.file_size) for f in client.list_artifacts(run_id, "models/deep")]
        result = [asked, back.read_bytes() == body, listed]
    """)
    assert found == [["part"] * 4, True, [["models/deep/big model.bin", 1_300_001]]]


def test_what_was_sent_in_parts_is_registered_like_any_file(mlflow: MlflowProcess) -> None:
    """ "Same folder semantics as PUT": it is frozen with the folder, and read from the version in parts."""
    found = mlflow.run("""
        client.create_registered_model("in-parts")
        client.create_model_version("in-parts", f"runs:/{run_id}/models/deep", run_id)
        folder = Path(mlflow.artifacts.download_artifacts("models:/in-parts/1"))
        result = (folder / "big model.bin").read_bytes() == body
    """)
    assert found is True


def test_a_file_in_parts_survives_kill_9_of_the_server(server: ServerProcess, wire: Wire) -> None:
    uid, parts = wire.send(b"a" * 70_000, b"b" * 5)
    server.restart()
    assert wire.post("complete", upload_id=uid, parts=parts).json() == {}
    assert wire.read() == b"a" * 70_000 + b"b" * 5


def test_parts_that_are_missing_or_others_are_not_joined(wire: Wire) -> None:
    uid, parts = wire.send(b"one", b"two")
    wrong = [{**parts[0], "etag": parts[1]["etag"]}, parts[1]]
    for bad in (parts[:1], [], wrong):
        answer = wire.post("complete", upload_id=uid, parts=bad)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert wire.post("abort", upload_id=uid).json() == {}
    assert wire.post("complete", upload_id=uid, parts=parts).status_code == 400


def test_every_step_checks_the_resource(server: ServerProcess, wire: Wire, run_id: str) -> None:
    """ "multipart endpoints without the resource check": a reader and a stranger get nowhere, at any step."""
    uid, parts = wire.send(b"secret")
    for name, role in (("vera", "viewer"), ("sam", None)):
        other = Wire(server, new_token(server.data, name, role), run_id)
        for step, body in (("create", {"num_parts": 1}), ("complete", {"upload_id": uid, "parts": parts})):
            answer = other.post(step, **body)
            assert answer.status_code in {403, 404}, (step, answer.text)
        assert other.post("abort", upload_id=uid).status_code in {403, 404}
        if role is None:
            presigned = httpx.get(f"{wire.base}/presigned/{wire.place}/f.bin", headers=other.headers)
            assert presigned.status_code in {403, 404}
    colleague = Wire(server, new_token(server.data, "cleo", "contributor"), run_id)
    assert colleague.post("complete", upload_id=uid, parts=parts).status_code == 404
    assert wire.post("complete", upload_id=uid, parts=parts).status_code == 200


def test_an_upload_ends_where_it_began(wire: Wire, mlflow: MlflowProcess) -> None:
    """The id of an upload is no way into another path or run."""
    uid, parts = wire.send(b"here")
    other = mlflow.run("result = client.create_run('0').info.run_id")
    for place, path in ((f"0/{other}/artifacts", "f.bin"), (wire.place, "g.bin"), (f"{wire.place}/sub", "f.bin")):
        answer = wire.post("complete", place, path=path, upload_id=uid, parts=parts)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(
    "place",
    [
        "..",
        "0/../../etc",
        "%2e%2e/x",
        "%252e%252e/x",
        "0/{run}/artifacts/../../x",
        "0/{run}/artifacts/a%5c..%5cb",
        "/etc",
    ],
)
def test_no_path_leads_out(wire: Wire, run_id: str, place: str) -> None:
    """ "traversal in ... artifact_path (.., encoded, double-encoded, #, ;, backslash, file://, absolute)"."""
    answer = wire.post("create", place.format(run=run_id), num_parts=1)
    assert answer.status_code in {400, 404}, answer.text


def test_the_name_is_the_last_part_of_the_clients_path(wire: Wire) -> None:
    for path, name in (("/home/ann/x/model.bin", "model.bin"), ("C:\\data\\model2.bin", "model2.bin")):
        begun = wire.post("create", path=path, num_parts=1).json()
        etag = httpx.put(begun["credentials"][0]["url"], content=b"x").headers["etag"]
        parts = [{"part_number": 1, "etag": etag}]
        assert wire.post("complete", path=path, upload_id=begun["upload_id"], parts=parts).status_code == 200
        assert wire.read(name) == b"x"
    for path in ("..", "/home/ann/", "a/..", ""):
        assert wire.post("create", path=path, num_parts=1).status_code == 400


def test_a_version_takes_no_parts(wire: Wire, mlflow: MlflowProcess) -> None:
    place = mlflow.run("result = client.get_model_version_download_uri('in-parts', '1')").removeprefix(
        "mlflow-artifacts:/"
    )
    assert wire.post("create", place, num_parts=1).status_code == 400


def test_addresses_of_parts_cannot_be_forged_or_used_for_anything_else(wire: Wire) -> None:
    begun = wire.post("create", num_parts=2).json()
    url = begun["credentials"][0]["url"]
    ticket = url.partition("?ticket=")[2]
    for forged in (
        url[:-4] + "AAAA",
        f"{wire.base}/mpu/part?ticket=",
        f"{wire.base}/mpu/part?ticket=x",
        f"{wire.base}/mpu/part",
    ):
        assert httpx.put(forged, content=b"x").status_code == 401
    assert httpx.get(f"{wire.base}/ticket", params={"ticket": ticket}).status_code == 401


@pytest.mark.parametrize("count", [0, -1, 10_001, 2**40])
def test_parts_are_bounded(wire: Wire, count: int) -> None:
    """ "batched or deep requests that try to exhaust the server"."""
    assert wire.post("create", num_parts=count).status_code == 400


def test_an_address_dies_with_the_token_that_made_it(server: ServerProcess, run_id: str) -> None:
    """domain.md N14: "signed URLs carry the token id and die with it"."""
    token = new_token(server.data, "dora", "contributor")
    wire = Wire(server, token, run_id)
    uid, _ = wire.send(b"x")
    url = wire.post("create", num_parts=1).json()["credentials"][0]["url"]
    read = httpx.get(f"{wire.base}/presigned/{wire.place}/model.bin", headers=wire.headers).json()["url"]
    assert httpx.get(read).content == b"x"
    with server.client(token) as client:
        me = client.get("/whoami").json()
        assert client.delete(f"/tokens/{me['token_id']}").status_code < 300
    assert httpx.put(url, content=b"x").status_code == 401
    assert httpx.get(read).status_code == 401
    assert uid


def test_an_address_gives_the_bytes_it_was_made_for_or_none(wire: Wire) -> None:
    """A file that is replaced while it is read in parts is not torn."""
    target = f"{wire.base}/artifacts/{wire.place}/swapped.bin"
    httpx.put(target, content=b"first" * 10, headers=wire.headers)
    signed = httpx.get(f"{wire.base}/presigned/{wire.place}/swapped.bin", headers=wire.headers).json()
    assert signed["file_size"] == 50
    part = httpx.get(signed["url"], headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content, part.headers["x-content-type-options"]) == (206, b"first", "nosniff")
    httpx.put(target, content=b"other" * 10, headers=wire.headers)
    assert httpx.get(signed["url"]).status_code == 400


def test_server_info_advertises_what_works(server: ServerProcess) -> None:
    info = httpx.get(f"{server.url}/api/3.0/mlflow/server-info").json()
    assert (info["multipart_uploads_enabled"], info["multipart_downloads_enabled"]) == (True, False)
