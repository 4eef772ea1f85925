"""The same client with PostgreSQL and a bucket behind the server, to which it sends bodies itself; or through us."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.dialects.xet.client import XetClient, XetError
from tests.dialects.xet.conftest import make_version, new_asset
from tests.dialects.xet.test_client import MIB, noise
from tests.http.processes import ServerProcess, admin
from tests.support.seaweed import S3

pytestmark = [pytest.mark.postgres, pytest.mark.s3]


@pytest.fixture
def place(postgres_url: str, s3_server: S3, s3_prefix: str, tmp_path: Path) -> list[str | Path]:
    keys = {"access_key_id": s3_server.access_key, "secret_access_key": s3_server.secret_key}
    query = urlencode({"endpoint": s3_server.endpoint, "region": s3_server.region, **keys})
    bucket = f"s3://{s3_server.bucket}/{s3_prefix}?{query}"
    return ["--database", postgres_url, "--artifacts", bucket, "--keys", tmp_path / "keys"]


@pytest.fixture(params=[(), ("--proxy-uploads",)], ids=["direct", "through us"])
def there(request: pytest.FixtureRequest, place: list[str | Path], tmp_path: Path) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path / "unused", tmp_path / "log", *request.param, place=place)
    try:
        yield started.wait()
    finally:
        started.close()


def operations(folder: Path) -> list[tuple[str, int]]:
    """What the server answered: operation and status."""
    log = (folder / "log").read_text()
    return [(name, int(status)) for name, status in re.findall(r'"operation":"(xet[^"]*)","status":(\d+)', log)]


def test_bodies_go_to_the_bucket_itself_and_are_verified_there(
    there: ServerProcess, place: list[str | Path], tmp_path: Path, s3_server: S3, s3_prefix: str
) -> None:
    """ "straight-to-bucket grants where the store is S3 with commit reading back and verifying once"."""
    token = admin("token", "create", *place, "--principal", "ann", "--role", "maintainer").stdout.splitlines()[-1]
    data = noise(11, 5 * MIB) + b"words " * 100_000
    (tmp_path / "a.bin").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    with there.client(token) as http:
        asset = new_asset(http)
        client = XetClient(there.url, asset, token, tmp_path / "hf")
        sent = client.upload(tmp_path / "a.bin")["a.bin"]
        assert sent["sha256"] == digest
        version = make_version(http, asset, {"a.bin": digest})
        read = http.get(f"/versions/{version['uid']}/files/a.bin")
        assert hashlib.sha256(read.content).hexdigest() == digest
        part = http.get(f"/versions/{version['uid']}/files/a.bin", headers={"Range": "bytes=4999999-5300000"})
        assert part.content == data[4999999:5300001]
        client.download(sent["hash"], sent["size"], tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == data
        done = operations(tmp_path)
        names = [
            one["path"].removeprefix(f"{s3_prefix}/") for page in s3_server.store().list(s3_prefix) for one in page
        ]
        assert not [name for name in names if name.startswith(("direct/", "incoming/"))]
        if ("xet.xorb.put", 200) in done:
            assert ("xet.xorb.grant", 404) in done
            return
        assert ("xet.xorb.grant", 201) in done
        assert ("xet.xorb.take", 200) in done
        _refused_when_forged(http, there, asset, token)


def _refused_when_forged(http: httpx.Client, there: ServerProcess, asset: str, token: str) -> None:
    """What is sent to the bucket is believed no more than what is sent to us."""
    said = httpx.get(f"{there.url}/cas/-/tokens/write/{asset}", headers={"Authorization": f"Bearer {token}"}).json()
    with httpx.Client(headers={"Authorization": f"Bearer {said['accessToken']}"}, timeout=30) as cas:
        hashed = hashlib.sha256(b"no such xorb").hexdigest()
        grants, commits = (f"{said['casUrl']}/v1/{kind}/default/{hashed}" for kind in ("xorb-grants", "xorb-commits"))
        granted = cas.post(grants, json={"length": 5}).json()
        assert cas.post(f"{commits}/grant/{granted['id']}").status_code == 404, "nothing was sent yet"
        assert httpx.put(granted["url"], content=b"\0\1\0\0\0\1\0\0x", headers=granted["headers"]).status_code < 300
        assert cas.post(f"{commits}/grant/{granted['id']}").json()["code"] == "digest_mismatch"
        assert cas.post(f"{commits}/grant/{granted['id']}").status_code == 404, "what was refused is gone"
        other = hashlib.sha256(b"another").hexdigest()
        assert cas.post(f"{commits.replace(hashed, other)}/grant/{granted['id']}").status_code == 404
        assert cas.post(f"{commits}/grant/{'A' * 80}").status_code == 404
        assert cas.post(grants, json={"length": 1 << 40}).status_code == 413
        assert cas.post(grants, content=b"[").status_code == 400
        assert http.get("/whoami").status_code == 200


def test_a_store_that_lost_a_body_says_so_and_gives_no_wrong_byte(
    there: ServerProcess, place: list[str | Path], tmp_path: Path, s3_server: S3, s3_prefix: str
) -> None:
    """Bytes read equal bytes written, or an error; also of what is put together."""
    token = admin("token", "create", *place, "--principal", "ann", "--role", "maintainer").stdout.splitlines()[-1]
    data = noise(12, 3 * MIB)
    (tmp_path / "a.bin").write_bytes(data)
    with there.client(token) as http:
        asset = new_asset(http)
        client = XetClient(there.url, asset, token, tmp_path / "hf")
        sent = client.upload(tmp_path / "a.bin")["a.bin"]
        version = make_version(http, asset, {"a.bin": sent["sha256"]})
        bucket = s3_server.store()
        for page in bucket.list(f"{s3_prefix}/blobs"):
            for one in page:
                bucket.delete(one["path"])
        answer = http.get(f"/versions/{version['uid']}/files/a.bin")
        assert answer.status_code == 500
        assert answer.json()["code"] == "corrupted"
        with pytest.raises(XetError):
            client.download(sent["hash"], sent["size"], tmp_path / "back")
