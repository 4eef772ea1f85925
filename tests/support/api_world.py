"""A small world behind the native API, and for every operation a request about it that its rules accept."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from time import monotonic, sleep
from urllib.parse import quote, urlencode

from strongroom.application.edge import DEFAULT_WORKSPACE
from strongroom.dialects.native.operation import Mode, Operation
from strongroom.dialects.native.routes import OPERATIONS
from tests.support import plausible
from tests.support.api import PREFIX, Answer, Api, Decoded, Headers
from tests.support.plausible import Asked

BY_ID: Mapping[str, Operation] = {operation.id: operation for operation in OPERATIONS}
#: What changes something; reads that leave a record of themselves are commands too, and GETs.
WRITING = [operation for operation in OPERATIONS if operation.mode is not Mode.READ and operation.method != "GET"]

#: Its good answer never ends: walks that run operations leave it out, or would wait for ever. It has tests of its own
#: (tests/bootstrap/test_events_served.py); here it is only asked where the answer is a refusal.
ENDLESS = {"event.stream"}
#: Refused by every server without a look at the network: a number needs no resolver, and loopback is never allowed.
NOWHERE = "https://127.0.0.1/hook"
WEBHOOKS_AT_ONCE = 50
#: Until the courier has tried to deliver.
PATIENCE_S = 30.0

_numbers = count(1)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def frame(body: bytes, claimed: str | None = None, size: int | None = None) -> bytes:
    """One blob as `blob.send` takes it."""
    head = bytes.fromhex(claimed or digest(body)) + (len(body) if size is None else size).to_bytes(4, "big")
    return head + body


class World:
    """Objects in one workspace, made by `who`; each is made when it is first asked for. Names never repeat.

    The workspace `default` is everybody's home and is not named in addresses: a stranger may not enter it by name.
    """

    def __init__(self, api: Api, who: str = "root", workspace: str = DEFAULT_WORKSPACE) -> None:
        self.api = api
        self.who = who
        self.workspace = workspace
        self.tag = f"w{next(_numbers)}"

    # -- asking --------------------------------------------------------------------------------------------------

    def address(self, id_: str, path: Mapping[str, object], query: Mapping[str, object], workspace: str) -> str:
        filled = BY_ID[id_].path.replace(":path}", "}")
        for name, value in path.items():
            filled = filled.replace(f"{{{name}}}", quote(str(value), safe="/"))
        behind = f"?{urlencode(query)}" if query else ""
        named = "" if workspace == DEFAULT_WORKSPACE else f"/w/{workspace}"
        return f"{named}{PREFIX}{filled}{behind}"

    def ask(
        self, who: str | None, id_: str, asked: Asked, *, workspace: str | None = None, headers: Headers = ()
    ) -> Answer:
        return self.api.request(
            who,
            BY_ID[id_].method,
            self.address(id_, asked.path, asked.query, workspace or self.workspace),
            asked.json,
            body=asked.body,
            headers=(*asked.headers, *headers),
        )

    def do(
        self,
        id_: str,
        json: object = ...,
        *,
        body: bytes | None = None,
        query: Mapping[str, object] | None = None,
        **path: object,
    ) -> Decoded:
        """As the world's maker, and it succeeds; the answer's JSON."""
        answer = self.ask(self.who, id_, Asked(path, query or {}, json, body))
        assert answer.status < 300, (id_, answer.status, answer.body[:500])
        return answer.json() if answer.body else None

    # -- objects -------------------------------------------------------------------------------------------------

    def new(self, word: str) -> str:
        """A name that nothing has."""
        return f"{word}-{self.tag}-{next(_numbers)}"

    @cached_property
    def namespace(self) -> Decoded:
        return self.do("namespace.create", {"path": self.new("space")})

    @cached_property
    def asset(self) -> Decoded:
        return self.do("asset.create", {"kind": "model", "name": self.new("model"), "tags": {"t": "1"}})

    @cached_property
    def private(self) -> Decoded:
        return self.do("asset.create", {"kind": "model", "name": self.new("secret"), "visibility": "private"})

    @cached_property
    def experiment(self) -> Decoded:
        return self.do("experiment.create", {"name": self.new("experiment")})

    @cached_property
    def run(self) -> Decoded:
        made = self.do("run.create", {"tags": {"t": "1"}, "environment": "a==1"}, uid=self.experiment["uid"])
        self.do(
            "run.log",
            {"params": [{"key": "p", "value": "1"}], "points": [{"key": "m", "value": 1.0}]},
            uid=made["uid"],
        )
        self.do("folder.upload", body=self.bytes, kind="run", uid=made["uid"], path="model.bin")
        return made

    @cached_property
    def bytes(self) -> bytes:
        return f"the bytes of {self.tag}".encode()

    @cached_property
    def draft(self) -> Decoded:
        made = self.do("draft.create", {}, uid=self.asset["uid"])
        self.do("folder.upload", body=self.bytes, kind="draft", uid=made["uid"], path="model.bin")
        return made

    def publish(self, asset_uid: str) -> Decoded:
        return self.do("version.register", {"run_uid": self.run["uid"]}, uid=asset_uid)

    @cached_property
    def version(self) -> Decoded:
        return self.publish(self.asset["uid"])

    @cached_property
    def trashed_version(self) -> Decoded:
        made = self.publish(self.asset["uid"])
        return self.do("version.delete", uid=made["uid"])

    @cached_property
    def trashed_asset(self) -> Decoded:
        made = self.do("asset.create", {"kind": "model", "name": self.new("gone")})
        return self.do("asset.delete", uid=made["uid"])

    @cached_property
    def alias(self) -> Decoded:
        made = {"version_uid": self.version["uid"]}
        return self.do("alias.set", made, uid=self.asset["uid"], name="champion")

    @cached_property
    def node(self) -> Decoded:
        return self.do("node.create", {"name": self.new("data"), "digest": digest(self.tag.encode())})

    @cached_property
    def team(self) -> Decoded:
        return self.do("team.create", {"name": self.new("team")})

    @cached_property
    def principal(self) -> Decoded:
        return self.do("principal.create", {"kind": "user", "name": self.new("person")})

    @cached_property
    def grant(self) -> Decoded:
        return self.do("grant.create", {"role": "viewer", "subject": self.principal["uid"]})

    @cached_property
    def token(self) -> Decoded:
        return self.do("token.issue", {"expires_at": in_days(30)})["details"]

    @cached_property
    def upload(self) -> Decoded:
        begun = {"sha256": digest(self.bytes), "size": len(self.bytes)}
        made = self.do("upload.begin", begun, kind="run", uid=self.run["uid"])
        self.do("upload.part", body=self.bytes, query={"sha256": digest(self.bytes)}, uid=made["uid"], number=1)
        return made

    @cached_property
    def record(self) -> Decoded:
        made = {"page_size": 1, "action": "asset.create", "subject": self.asset["uid"]}
        return self.do("audit.list", query=made)["items"][0]

    @cached_property
    def webhook(self) -> Decoded:
        """Of the world's asset only. Servers are shared and a workspace holds so many: the oldest make room."""
        there = self.do("webhook.list", query={"page_size": 1000})["items"]
        for old in there[: max(len(there) - WEBHOOKS_AT_ONCE, 0)]:
            self.do("webhook.delete", uid=old["uid"])
        return self.do("webhook.create", {"url": NOWHERE, "asset_uid": self.asset["uid"]})["webhook"]

    @cached_property
    def delivery(self) -> Decoded:
        """Of an event of the asset, tried once and to be tried again."""
        uid, end = self.webhook["uid"], monotonic() + PATIENCE_S
        self.do("asset.update", {"description": self.new("event")}, uid=self.asset["uid"])
        while monotonic() < end:
            for found in self.do("webhook.deliveries", uid=uid)["items"]:
                if found["tries"]:
                    return found
            sleep(0.05)
        raise AssertionError("nothing was delivered")

    @cached_property
    def trashed_experiment(self) -> Decoded:
        made = self.do("experiment.create", {"name": self.new("gone")})
        return self.do("experiment.delete", uid=made["uid"])

    @cached_property
    def trashed_run(self) -> Decoded:
        made = self.do("run.create", {}, uid=self.experiment["uid"])
        return self.do("run.delete", uid=made["uid"])

    @cached_property
    def member(self) -> Decoded:
        """Somebody in the team."""
        made = self.do("principal.create", {"kind": "user", "name": self.new("member")})
        self.do("team.add_member", uid=self.team["uid"], principal_uid=made["uid"])
        return made

    @cached_property
    def ended_run(self) -> Decoded:
        made = self.do("run.create", {}, uid=self.experiment["uid"])
        return self.do("run.end", {}, uid=made["uid"])

    # -- a request for every operation ---------------------------------------------------------------------------

    def plausible(self, id_: str) -> Asked:
        """What an area says of its own operations (tests/support/plausible); a regular one needs only its path."""
        said = plausible.requests().get(id_)
        return said(self) if said else Asked(self.place(id_), {})

    def place(self, id_: str) -> dict[str, object]:
        """What stands for `{uid}` in the path of an operation, when it has one."""
        operation = BY_ID[id_]
        return {"uid": self._uid(id_, operation)} if "{uid}" in operation.path else {}

    def _uid(self, id_: str, operation: Operation) -> str:
        special = {
            "asset.purge": "trashed_asset",
            "asset.restore": "trashed_asset",
            "version.purge": "trashed_version",
            "version.restore": "trashed_version",
            "run.resume": "ended_run",
            "run.restore": "trashed_run",
            "experiment.restore": "trashed_experiment",
        }
        first = operation.path.split("/")[1]
        by_place = {
            "namespaces": "namespace",
            "assets": "asset",
            "versions": "version",
            "drafts": "draft",
            "experiments": "experiment",
            "runs": "run",
            "nodes": "node",
            "teams": "team",
            "principals": "principal",
            "grants": "grant",
            "uploads": "upload",
            "audit": "record",
            "tags": "asset",
            "properties": "asset",
            "folders": "run",
            "lineage": "version",
            "webhooks": "webhook",
        }
        return str(getattr(self, special.get(id_, by_place[first]))["uid"])
