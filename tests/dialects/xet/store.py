"""The store as one principal reaches it for one asset, over a server in this process; what it sends is made by hand."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from tests.support.api import Answer, Decoded, InProcess
from tests.support.xet import MadeFile, MadeShard, MadeTerm, MadeXorb

_numbers = count()


@dataclass
class Store:
    """The store as `who` reaches it for one asset."""

    api: InProcess
    who: str
    asset: str
    write: str = field(init=False)
    read: str = field(init=False)
    path: str = field(init=False)

    def __post_init__(self) -> None:
        self.write, self.path = self._token("write")
        self.read, _ = self._token("read")

    def _token(self, kind: str) -> tuple[str, str]:
        said = self.api.request(self.who, "GET", f"/cas/-/tokens/{kind}/{self.asset}").json()
        return said["accessToken"], "/cas/" + said["casUrl"].rpartition("/")[2]

    def ask(self, method: str, path: str, body: bytes | None = None, *, token: str | None = None) -> Answer:
        headers = [("Authorization", f"Bearer {token or self.write}")]
        return self.api.request(None, method, self.path + path, body=body, headers=headers)

    def put(self, xorb: MadeXorb) -> Answer:
        return self.ask("POST", f"/v1/xorbs/default/{xorb.name}", xorb.body)

    def shard(self, made: MadeShard | bytes, version: int = 1) -> Answer:
        return self.ask("POST", f"/v{version}/shards", made if isinstance(made, bytes) else made.data)

    def plan(self, name: str, range_header: str | None = None) -> Answer:
        headers = [("Authorization", f"Bearer {self.read}")]
        headers += [("Range", range_header)] if range_header else []
        return self.api.request(None, "GET", f"{self.path}/v1/reconstructions/{name}", headers=headers)

    def register(self, *files: MadeFile) -> None:
        """A version of the asset with these files."""

        def do(method: str, path: str, json: object) -> Decoded:
            answer = self.api.request(self.who, method, f"/api/v1{path}", json=json)
            assert answer.status < 300, answer.body
            return answer.json()

        uid = do("POST", f"/assets/{self.asset}/drafts", {})["uid"]
        entries = [{"path": f"{number}.bin", "sha256": file.digest} for number, file in enumerate(files)]
        do("POST", f"/folders/draft/{uid}/entries", {"entries": entries})
        do("POST", f"/drafts/{uid}/seal", {})


def new_store(api: InProcess, who: str = "maintainer", visibility: str = "workspace") -> Store:
    body = {"kind": "model", "name": f"forged-{next(_numbers)}", "visibility": visibility}
    made = api.request(who, "POST", "/api/v1/assets", json=body)
    assert made.status == 201, made.body
    return Store(api, who, made.json()["uid"])


def fresh(chunks: int = 3, size: int = 3_000) -> MadeXorb:
    """A xorb that nobody has sent before."""
    start = next(_numbers) * 1_000
    return MadeXorb([hashlib.shake_128(b"%d" % (start + n)).digest(size + n) for n in range(chunks)])


def whole(xorb: MadeXorb, sha256: str = "") -> MadeFile:
    return MadeFile([MadeTerm(xorb, 0, len(xorb.chunks))], sha256)


def sent(store: Store, xorb: MadeXorb | None = None) -> MadeXorb:
    """A xorb that is stored, sent by this client."""
    made = xorb or fresh()
    assert store.put(made).status == 200
    return made


def fetched(store: Store, planned: Decoded) -> Iterator[bytes]:
    """The file of a reconstruction, chunk by chunk, as a client joins it."""
    for term in planned["terms"]:
        for fetch in planned["fetch_info"][term["hash"]]:
            if fetch["range"]["start"] <= term["range"]["start"] and term["range"]["end"] <= fetch["range"]["end"]:
                span = fetch["url_range"]
                ranged = [("Range", f"bytes={span['start']}-{span['end']}")]
                answer = store.api.request(None, "GET", "/" + fetch["url"].split("/", 3)[3], headers=ranged)
                assert answer.status == 206
                yield from _chunks(answer.body, fetch["range"]["start"], term["range"])
                break
        else:
            pytest.fail("no range holds the term")


def _chunks(body: bytes, first: int, wanted: Decoded) -> Iterator[bytes]:
    at, number = 0, first
    while at < len(body):
        size = int.from_bytes(body[at + 1 : at + 4], "little")
        if wanted["start"] <= number < wanted["end"]:
            yield body[at + 8 : at + 8 + size]
        at, number = at + 8 + size, number + 1


def places(api: InProcess) -> list[Decoded]:
    """Every blob in the store's folder."""

    async def listed() -> list[Decoded]:
        return [one async for one in api.server.services.gateway.store.list_places()]

    return api.run(listed())
