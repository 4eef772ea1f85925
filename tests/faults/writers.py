"""A client that publishes versions one after another, and remembers exactly what it was answered."""

import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from strongroom.cli.ed25519 import verify
from strongroom.domain.audit.verify import Report, verify_export
from tests.http.processes import ServerProcess

#: The states that a version's files may be seen in: all of them, with these bytes.
Files = dict[str, bytes]


@dataclass
class Publisher:
    """Creates a draft, uploads three files of different kinds, seals it, moves an alias; again and again."""

    server: ServerProcess
    token: str
    asset: str
    published: dict[str, Files] = field(default_factory=dict)
    alias: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Publish until the server goes away or `stop` is set."""
        try:
            with self.server.client(self.token) as client:
                while not self.stop.is_set():
                    self._publish(client)
        except httpx.TransportError:
            return

    def _publish(self, client: httpx.Client) -> None:
        files = {"small.txt": os.urandom(100), "dir/middle.bin": os.urandom(200_000), "big.bin": os.urandom(1_500_000)}
        draft = client.post(f"/assets/{self.asset}/drafts", json={}).json()["uid"]
        for path, body in files.items():
            answer = client.put(f"/folders/draft/{draft}/files/{path}", content=body)
            assert answer.status_code == 200, answer.text
            assert answer.json()["sha256"] == hashlib.sha256(body).hexdigest()
        sealed = client.post(f"/drafts/{draft}/seal", json={})
        assert sealed.status_code in {200, 201}, sealed.text
        self.receipts.append(sealed.headers["strongroom-receipt"])
        version = sealed.json()["uid"]
        self.published[version] = files
        moved = client.put(f"/assets/{self.asset}/aliases/champion", json={"version_uid": version})
        assert moved.status_code in {200, 201}, moved.text
        self.receipts.append(moved.headers["strongroom-receipt"])
        self.alias.append(version)


def new_asset(client: httpx.Client, name: str = "m") -> str:
    made = client.post("/assets", json={"kind": "model", "name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["uid"])


def check_whole(client: httpx.Client, asset: str, publisher: Publisher | None = None) -> int:
    """Every version that is listed is whole, and everything that was answered is there; how many versions there are."""
    answer = client.get(f"/assets/{asset}/versions", params={"page_size": 1000})
    assert answer.status_code == 200, answer.text
    listed = answer.json()["items"]
    published = [version for version in listed if version["number"] is not None]
    numbers = sorted(version["number"] for version in published)
    assert numbers == list(range(1, len(numbers) + 1))
    for version in published:
        for path in ("small.txt", "dir/middle.bin", "big.bin"):
            answer = client.get(f"/versions/{version['uid']}/files/{path}")
            assert answer.status_code == 200, answer.text
            expected = publisher.published.get(version["uid"]) if publisher else None
            assert expected is None or answer.content == expected[path]
    if publisher is not None:
        assert set(publisher.published) <= {version["uid"] for version in published}
    return len(published)


def verified_log(client: httpx.Client, receipts: Sequence[str] = (), checkpoints: Sequence[str] = ()) -> Report:
    """The exported audit log, verified as anybody may: every receipt that was handed out must be in it."""
    export = client.get("/audit/export")
    assert export.status_code == 200, export.text
    report = verify_export(export.content.splitlines(), verify, None, checkpoints, receipts)
    assert not report.findings, report.findings
    return report
