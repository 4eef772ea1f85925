"""Writers that want the same thing at the same time."""

import threading
from collections import Counter

import httpx

from tests.faults.writers import new_asset
from tests.http.processes import ServerProcess

WRITERS = 8


def new_version(client: httpx.Client, asset: str) -> str:
    draft = client.post(f"/assets/{asset}/drafts", json={}).json()["uid"]
    assert client.put(f"/folders/draft/{draft}/files/f", content=b"x").status_code == 200
    sealed = client.post(f"/drafts/{draft}/seal", json={})
    assert sealed.is_success, sealed.text
    return str(sealed.json()["uid"])


def test_of_writers_racing_for_an_alias_one_wins_and_the_others_get_412(server: ServerProcess, token: str) -> None:
    with server.client(token) as client:
        asset = new_asset(client)
        versions = [new_version(client, asset) for _ in range(WRITERS)]
        address = f"/assets/{asset}/aliases/champion"
        etag = client.put(address, json={"version_uid": versions[0]}).headers["etag"]
    barrier, answers = threading.Barrier(WRITERS), dict[str, int]()

    def move(version: str) -> None:
        with server.client(token) as client:
            client.get("/whoami")
            barrier.wait()
            answers[version] = client.put(
                address, json={"version_uid": version}, headers={"If-Match": etag}
            ).status_code

    threads = [threading.Thread(target=move, args=[version]) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers.values()) == {200: 1, 412: WRITERS - 1}
    with server.client(token) as client:
        winner = next(version for version, status in answers.items() if status == 200)
        assert client.get(address).json()["version_uid"] == winner


def test_parallel_versions_are_numbered_without_a_gap(server: ServerProcess, token: str) -> None:
    with server.client(token) as client:
        asset = new_asset(client)

    def publish() -> None:
        with server.client(token) as client:
            for _ in range(5):
                new_version(client, asset)

    threads = [threading.Thread(target=publish) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with server.client(token) as client:
        items = client.get(f"/assets/{asset}/versions", params={"page_size": 1000}).json()["items"]
    assert sorted(item["number"] for item in items) == list(range(1, 5 * WRITERS + 1))
