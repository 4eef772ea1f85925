"""Many requests at once, and clients that go away."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.api import PREFIX, InProcess, Real
from tests.support.api_world import World, digest
from tests.support.plausible import Asked
from tests.support.process import wait_until

REQUESTS = 1_000
AT_ONCE = 200


@pytest.fixture(scope="module")
def there(server: Real) -> World:
    return World(server)


async def one(server: Real, slots: asyncio.Semaphore, method: str, path: str, body: bytes) -> int:
    async with slots:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {server.tokens['root']}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ", 2)[1])


def test_a_thousand_small_requests_at_once(server: Real, there: World) -> None:
    """ "schemathesis finds no 5xx": nor does a crowd; every request is answered, every write is there afterwards."""
    tag = there.new("crowd")
    uid, run = there.asset["uid"], there.run["uid"]
    kinds: list[Callable[[int], tuple[str, str, bytes]]] = [
        lambda _: ("GET", f"{PREFIX}/assets/{uid}", b""),
        lambda n: ("POST", f"{PREFIX}/assets", f'{{"kind":"model","name":"{tag}-{n}"}}'.encode()),
        lambda n: (
            "POST",
            f"{PREFIX}/runs/{run}/log",
            f'{{"points":[{{"key":"crowd","value":{n},"step":{n}}}]}}'.encode(),
        ),
        lambda n: ("PUT", f"{PREFIX}/folders/run/{run}/files/crowd/{n}", f"bytes {n}".encode()),
        lambda n: ("GET", f"{PREFIX}/nowhere/{n}", b""),
    ]

    async def crowd() -> Counter[int]:
        slots = asyncio.Semaphore(AT_ONCE)
        asked = (kinds[n % len(kinds)](n) for n in range(REQUESTS))
        return Counter(await asyncio.gather(*(one(server, slots, *request) for request in asked)))

    each = REQUESTS // len(kinds)
    assert asyncio.run(crowd()) == {200: 3 * each, 201: each, 404: each}
    assets = there.do("asset.list", query={"name_prefix": tag, "page_size": 1000})["items"]
    assert len(assets) == each
    assert len(there.do("metric.series", query={"key": "crowd", "page_size": 1000}, uid=run)["items"]) == each
    files = there.do("folder.list", kind="run", uid=run, query={"path": "crowd", "page_size": 1000})["items"]
    assert len(files) == each


def test_versions_of_a_crowd_are_numbered_without_gap(there: World) -> None:
    """ "200 parallel creates ... give exactly 1..200" (a smaller crowd here, through HTTP)."""
    asset = there.do("asset.create", {"kind": "model", "name": there.new("numbered")})["uid"]
    assert there.run

    def register(_number: int) -> int:
        return int(there.publish(asset)["number"])

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(register, range(40))) == list(range(1, 41))


def test_clients_that_go_away_leave_nothing_behind(server: Real, there: World) -> None:
    """A client that asks and does not wait costs nothing that stays: no connection, no file, no temporary."""
    data = server.child.log.parent / "data" / "blobs"
    uid, run = there.version["uid"], there.run["uid"]
    head = f"Host: localhost\r\nAuthorization: Bearer {server.tokens['root']}\r\n"
    asked = [
        f"GET {PREFIX}/versions/{uid}/files/model.bin HTTP/1.1\r\n{head}\r\n",
        f"GET {PREFIX}/audit/export HTTP/1.1\r\n{head}\r\n",
        f"PUT {PREFIX}/folders/run/{run}/files/gone HTTP/1.1\r\n{head}Content-Length: 1000000\r\n\r\nabc",
        f"POST {PREFIX}/assets HTTP/1.1\r\n{head}Content-Length: 50\r\n\r\n{{",
    ]
    files, open_files = len([p for p in data.rglob("*") if p.is_file()]), descriptors(server)
    for text in asked * 25:
        with socket.create_connection(("127.0.0.1", server.port)) as wire:
            wire.sendall(text.encode())
    wait_until(lambda: descriptors(server) <= open_files + 5, what="the end of abandoned connections")
    wait_until(lambda: len([p for p in data.rglob("*") if p.is_file()]) == files, what="the end of temporary files")
    assert there.do("version.get", uid=uid)["uid"] == uid
    assert "gone" not in {item["path"] for item in there.do("folder.list", kind="run", uid=run)["items"]}


def descriptors(server: Real) -> int:
    """Open sockets and files of the server, without its pool of database connections."""
    found = 0
    for link in Path(f"/proc/{server.child.pid}/fd").iterdir():
        with suppress(OSError):
            found += "strongroom.db" not in str(link.readlink())
    return found


def test_a_cut_part_does_not_count(world: World) -> None:
    """ "resumable after the client is killed": what came of a part before the client went away is not a part."""
    api = world.api
    assert isinstance(api, InProcess)
    body = b"the whole of the only part"
    made = world.do("upload.begin", {"sha256": digest(body), "size": len(body)}, kind="run", uid=world.run["uid"])
    address = f"{PREFIX}/uploads/{made['uid']}/parts/1?sha256={digest(body)}"
    headers = [("Authorization", f"Bearer {api.tokens['root']}"), ("Content-Length", str(len(body)))]
    answer = api.run(api.send("PUT", address, headers, [body[:10]], cut=True))
    assert answer.status == 400
    assert world.do("upload.get", uid=made["uid"])["received"] == []
    assert world.ask("root", "upload.complete", Asked({"uid": made["uid"]}, {})).status == 409
    world.do("upload.part", body=body, uid=made["uid"], number=1, query={"sha256": digest(body)})
    assert world.do("upload.complete", uid=made["uid"])["size"] == len(body)
