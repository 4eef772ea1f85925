"""A small world behind the native API, and for every operation a request about it that its rules accept."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote, urlencode

from strongroom.application.edge import DEFAULT_WORKSPACE
from strongroom.dialects.native.operation import Mode, Operation
from strongroom.dialects.native.routes import OPERATIONS
from strongroom.domain.registry.stages import DEFAULT_STAGES
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
        """What an area says of its own operations (tests/support/plausible), or what stands here."""
        said = plausible.requests().get(id_)
        return said(self) if said else self._plausible(id_)

    def _plausible(self, id_: str) -> Asked:  # noqa: C901, PLR0911, PLR0912 - one line an operation that is not regular
        operation = BY_ID[id_]
        path: dict[str, object] = {}
        query: dict[str, object] = {}
        if "{uid}" in operation.path:
            path["uid"] = self._uid(id_, operation)
        match id_.split("."):
            case ["workspace", "list"] | ["namespace", "list"] | ["asset", "list"]:
                return Asked(path, query)
            case ["workspace", "create"]:
                return Asked(path, query, {"slug": self.new("place")})
            case ["workspace", "define_stages"]:
                edges = sorted(map(list, DEFAULT_STAGES.edges))
                return Asked({"slug": self.workspace}, query, {"stages": [*DEFAULT_STAGES.stages], "edges": edges})
            case ["workspace", verb]:
                return Asked({"slug": self.workspace}, query, {"description": "d"} if verb == "update" else ...)
            case ["asset" | "experiment" | "namespace" | "team", "create"]:
                word = "path" if id_ == "namespace.create" else "name"
                kind = {"kind": "model"} if id_ == "asset.create" else {}
                return Asked(path, query, {word: self.new("made"), **kind})
            case ["experiment" | "namespace" | "team" | "asset" | "version", "update"]:
                return Asked(path, query, {"description": "d"})
            case ["asset", "resolve"]:
                return Asked(path, {"reference": self.asset["name"]})
            case ["asset", "rename"]:
                return Asked(path, query, {"name": self.new("renamed")})
            case ["asset" | "version", "purge"]:
                return Asked(path, query, {"reason": "r"})
            case ["alias", "change"]:
                change = {"name": "one", "version_uid": self.version["uid"]}
                return Asked(path, query, {"changes": [change]})
            case ["alias", "set"]:
                return Asked({**path, "name": "new"}, query, {"version_uid": self.version["uid"]})
            case ["alias", "get" | "remove"]:
                return Asked({"uid": self.asset["uid"], "name": self.alias["name"]}, query)
            case ["tag" | "property", verb]:
                bodies: dict[str, Any] = {
                    "tag.set": {"tags": {"a": "b"}},
                    "tag.remove": {"keys": ["t"]},
                    "property.set": {"properties": {"a": 1}},
                }
                return Asked({"kind": "asset", "uid": self.asset["uid"]}, query, bodies.get(id_, ...))
            case ["version", "register"]:
                return Asked(path, query, {"run_uid": self.run["uid"]})
            case ["draft", "create" | "seal"]:
                return Asked(path, query, {})
            case ["stage", "set"]:
                return Asked(path, query, {"stage": "development"})
            case ["version", "diff"]:
                return Asked({**path, "other": self.version["uid"]}, query)
            case ["file", "get"]:
                return Asked({**path, "path": "model.bin"}, query)
            case ["folder" | "blob", _] | ["upload", "begin"]:
                return self._about_folder(id_)
            case ["upload", "part"]:
                return Asked({**path, "number": 1}, {"sha256": digest(self.bytes)}, body=self.bytes)
            case ["experiment", "find"]:
                return Asked(path, {"name": self.experiment["name"]})
            case ["run", _] | ["metric", _]:
                return self._about_run(id_, path)
            case ["lineage", "walk"]:
                return Asked({"kind": "version", "uid": self.version["uid"]}, query)
            case ["node", "create"]:
                return Asked(path, query, {"name": self.new("node")})
            case ["setup", "complete"]:
                return Asked(path, query, {"code": "x", "name": self.new("admin"), "password": "a long password"})
            case ["login", "create"]:
                return Asked(path, query, {"name": "nobody", "password": "wrong"})
            case ["password", "change"]:
                return Asked(path, query, {"old_password": "x", "new_password": "a long password"})
            case ["password", "reset"]:
                return Asked(path, query, {"password": "a long password"})
            case ["token", "issue"]:
                return Asked(path, query, {"expires_at": in_days(30)})
            case ["token", "get" | "revoke"]:
                return Asked({"id": self.token["id"]}, query)
            case ["grant", "create"]:
                return Asked(path, query, {"role": "viewer", "subject": self.principal["uid"]})
            case ["principal", "create"]:
                return Asked(path, query, {"kind": "user", "name": self.new("someone")})
            case ["principal", "update"]:
                return Asked(path, query, {"display_name": "d"})
            case ["team", "add_member"]:
                return Asked({**path, "principal_uid": self.principal["uid"]}, query)
            case ["team", "remove_member"]:
                return Asked({**path, "principal_uid": self.member["uid"]}, query)
            case ["webhook", "create"]:
                return Asked(path, query, {"url": NOWHERE, "types": ["asset.*"], "description": "d"})
            case ["webhook", "update"]:
                return Asked(path, query, {"description": "d"})
            case ["webhook", "redeliver"]:
                return Asked({**path, "position": self.delivery["position"]}, query)
            case ["audit", "consistency"]:
                return Asked(path, {"old_size": 1})
        return Asked(path, query)

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

    def _about_folder(self, id_: str) -> Asked:
        path: dict[str, object] = {"kind": "run", "uid": self.run["uid"]}
        body = self.new("bytes").encode()
        match id_:
            case "folder.put":
                reference = {"path": self.new("reference"), "uri": "s3://bucket/key"}
                return Asked(path, {}, {"entries": [reference]})
            case "folder.upload":
                return Asked({**path, "path": self.new("file")}, {}, body=body)
            case "folder.download" | "folder.remove":
                return Asked({**path, "path": "model.bin"}, {})
            case "blob.missing":
                return Asked(path, {}, {"digests": [digest(self.bytes), "0" * 64]})
            case "blob.send":
                return Asked(path, {}, body=frame(body))
            case "upload.begin":
                return Asked(path, {}, {"sha256": digest(body), "size": len(body)})
        return Asked(path, {})

    def _about_run(self, id_: str, path: dict[str, object]) -> Asked:
        bodies: dict[str, Any] = {
            "run.create": {"name": "r"},
            "run.update": {"note": "n"},
            "run.end": {},
            "run.log": {"points": [{"key": "m", "value": 2.0, "step": 1}]},
            "run.untag": {"keys": ["t"]},
            "run.add_inputs": {"inputs": [{"name": self.new("data")}]},
            "run.add_outputs": {"outputs": [{"name": self.new("data")}]},
        }
        return Asked(
            path,
            {"key": "m"} if id_ in ("metric.series", "metric.columns", "metric.sample") else {},
            bodies.get(id_, ...),
        )
