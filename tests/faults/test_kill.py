"""`kill -9` of the server in the middle of everything: nothing that was answered is lost, nothing is half there."""

import threading
import time

import httpx

from tests.faults.writers import Publisher, check_whole, new_asset, verified_log
from tests.http.processes import ServerProcess

ROUNDS = 6


def test_promise_1_a_version_answered_as_committed_survives_kill(server: ServerProcess, token: str) -> None:
    with server.client(token) as client:
        asset = new_asset(client)
    publisher = Publisher(server, token, asset)
    count = 0
    for number in range(ROUNDS):
        writer = threading.Thread(target=publisher.run)
        writer.start()
        time.sleep(0.4 + 0.23 * number)
        server.child.kill()
        writer.join()
        server.restart()
        with server.client(token) as client:
            count = check_whole(client, asset, publisher)
            _check_alias(client, asset, publisher)
    assert count >= len(publisher.published) > 0
    assert count - len(publisher.published) <= ROUNDS  # at most the one under way each time
    with server.client(token) as client:
        report = verified_log(client, publisher.receipts)
    assert report.size > len(publisher.receipts)


def _check_alias(client: httpx.Client, asset: str, publisher: Publisher) -> None:
    """The alias stands where it was last answered to stand, or where the one request under way would put it."""
    if not publisher.alias:
        return
    answer = client.get(f"/assets/{asset}/aliases/champion")
    assert answer.status_code == 200
    versions = list(publisher.published)
    assert answer.json()["version_uid"] in versions[versions.index(publisher.alias[-1]) :]


def test_a_polite_stop_between_requests_loses_nothing_either(server: ServerProcess, token: str) -> None:
    with server.client(token) as client:
        asset = new_asset(client)
    publisher = Publisher(server, token, asset)
    writer = threading.Thread(target=publisher.run)
    writer.start()
    time.sleep(1)
    assert server.child.terminate() == 0
    writer.join()
    server.restart()
    with server.client(token) as client:
        assert check_whole(client, asset, publisher) >= 1
        verified_log(client, publisher.receipts)
