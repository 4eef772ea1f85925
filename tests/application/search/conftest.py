"""A small world of random rows, and the same rows as the oracle sees them."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, Table, insert

from strongroom.adapters.sql.repositories import documents
from strongroom.adapters.sql.repositories.tags import _encode
from strongroom.adapters.sql.tables import (
    alias,
    assessment,
    asset,
    asset_reads,
    edge,
    evaluation_value,
    experiment,
    logged_model,
    logged_model_param,
    logged_model_value,
    name_dict,
    namespace,
    node,
    object_property,
    packaging,
    run,
    run_param,
    run_value,
    span,
    stage,
    tag,
    trace,
    trace_link,
    version,
)
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.search.ast import Group, Part
from strongroom.domain.search.evaluate import Reading, Record
from strongroom.domain.search.schema import Entity
from strongroom.domain.search.words import words
from strongroom.domain.tracking.assessments import value_number, value_text
from strongroom.domain.tracking.values import spelled_number
from tests.application.conftest import DAY, World
from tests.domain.search.strategies import KEYS, NUMBERS, TEXTS, TIMES

Row = dict[str, Any]
THEN = 3
"""A past time, microseconds."""


@dataclass
class Filled:
    """Records by entity, with the ids that the database gave."""

    world: World
    records: Mapping[Entity, list[Record]]
    then: Mapping[int, Record]
    """The same at `THEN`, by the identity of the record."""
    experiment_uids: Mapping[int, str]


class Filler:
    """Inserts random rows and remembers them as records."""

    def __init__(self, connection: Connection, world: World, seed: int) -> None:
        self.connection, self.world, self.random = connection, world, random.Random(seed)  # noqa: S311 - a world that is the same each time
        self.workspace_id = world.workspace.id
        self.actor = world.principals["contributor"]
        self.keys = {key: self.add(name_dict, workspace_id=self.workspace_id, text=key) for key in KEYS}
        self.packagings = {text: self.packaging(text) for text in TEXTS if self.random.random() < 0.7}
        self.records: dict[Entity, list[Record]] = {entity: [] for entity in Entity}
        self.uids: dict[int, str] = {}
        self.then: dict[int, Record] = {}
        self.past: dict[str, Any] = {}
        self.prompts: dict[int, str] = {}
        self.own_datasets: list[tuple[int, str, str | None]] = []
        self.run_uids: list[tuple[int, str]] = []
        self.evaluated = 0
        self.nodes = self.datasets()

    def add(self, table: Table, **values: Any) -> int:
        return cast("int", self.connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())

    def some(self, choices: Sequence[Any]) -> Any:  # noqa: ANN401 - one of whatever they are
        return self.random.choice(choices)

    def maybe(self, choices: Sequence[Any]) -> Any:  # noqa: ANN401 - or nothing
        return self.some([None, self.some(choices)])

    def uid(self) -> str:
        return self.world.clock.new_uid()

    def common(self) -> Row:
        return {"uid": self.uid(), "workspace_id": self.workspace_id, "created_by": self.actor.id}

    def packaging(self, tree: str) -> Row:
        row = {name: self.maybe(TEXTS) for name in ("flavor", "flavor_version", "python_version")}
        row["has_signature"] = self.some([True, False])
        self.connection.execute(insert(packaging).values(tree=tree, body="", recorded_at=0, **row))
        return row

    def tags(self, kind: str, owner: int) -> dict[str, str | None]:
        found = {key: self.some([None, *TEXTS]) for key in KEYS if self.random.random() < 0.6}
        past: dict[str, str | None] = {}
        for key, value in found.items():
            mine = {"owner_kind": kind, "owner_id": owner, "key_id": self.keys[key], "set_by": self.actor.id}
            self.add(tag, workspace_id=self.workspace_id, value=value, valid_from=5, **mine)
            if self.random.random() < 0.3:  # what was said before says nothing now
                past[key] = self.some([None, *TEXTS])
                self.add(tag, workspace_id=self.workspace_id, value=past[key], valid_from=1, valid_to=5, **mine)
        self.past["tags"] = past
        return found

    def properties(self, kind: str, owner: int) -> dict[str, Any]:
        values = [True, False, *TEXTS, *NUMBERS, 2**62]
        found = {key: self.some(values) for key in KEYS if self.random.random() < 0.7}
        for key, value in found.items():
            row = {"owner_kind": kind, "owner_id": owner, "key_id": self.keys[key], **_encode(value)}
            self.connection.execute(insert(object_property).values(row))
        return found

    def params(self, owner: int, experiment_id: int, kind: Entity = Entity.RUN) -> dict[str, str]:
        found = {
            key: self.some([*TEXTS, *map(str, NUMBERS), "nan", "1_0"]) for key in KEYS if self.random.random() < 0.7
        }
        for key, text in found.items():
            row = {"key_id": self.keys[key], "text": text, "number": spelled_number(text)}
            row["experiment_id"] = experiment_id
            if kind is Entity.RUN:
                self.connection.execute(insert(run_param).values(once=True, run_id=owner, **row))
            else:
                self.connection.execute(insert(logged_model_param).values(model_id=owner, **row))
        return found

    def datasets(self) -> list[tuple[int, str, str | None]]:
        """Nodes that runs read and models are measured on; of one name there are several."""

        def add(number: int, name: str, digest: str | None, kind: str = "dataset") -> int:
            row = {"workspace_id": self.workspace_id, "dialect": "native", "created_by": self.actor.id}
            row |= {"uid": self.uid(), "kind": kind, "foreign_id": str(number), "recorded_at": 0}
            return self.add(node, name=name, digest=digest, **row)

        add(9, "a", "no data set", "code")
        known = [("a", "1"), ("a", "x'y"), ("ab", None), ("Äb", "1")]
        return [(add(number, *one), *one) for number, one in enumerate(known)]

    def reads(self, run_id: int, known: list[tuple[int, str, str | None]]) -> list[dict[str, str | None]]:
        """What a run read: some data sets, one of ours among them."""
        found = []
        for kind, (id_, name, digest) in [
            *(("node", one) for one in known),
            *(("version", one) for one in self.own_datasets[:3]),
        ]:
            if self.random.random() < 0.7:
                continue
            context = self.maybe(["train", "a"])
            row = {"workspace_id": self.workspace_id, "source_kind": kind, "source_id": id_, "type": "input",
                   "target_kind": "run", "target_id": run_id, "recorded_at": 0,
                   "properties": json.dumps({"context": context} if context else {"other": 1})}  # fmt: skip
            self.connection.execute(insert(edge).values(row))
            found.append({"name": name, "digest": digest, "context": context})
        return found

    def readings(self, model_id: int, experiment_id: int) -> dict[str, list[Reading]]:
        """What was measured of a logged model, on no data set or on several."""
        found: dict[str, list[Reading]] = {}
        for key in KEYS:
            for id_, name, digest in [(0, None, None), *self.nodes]:
                if self.random.random() < 0.7:
                    continue
                row = {"last": self.some([None, *NUMBERS, float("inf")]), "last_step": self.some([-1, 0, 1, 2]),
                       "last_time": self.some([0, 1]), "count": self.some([1, 2])}  # fmt: skip
                mine = {"model_id": model_id, "key_id": self.keys[key], "experiment_id": experiment_id}
                self.connection.execute(insert(logged_model_value).values(dataset_id=id_, **mine, **row))
                last = float("nan") if row["last"] is None else row["last"]
                parts = {Part.LAST: last, Part.STEP: row["last_step"], Part.COUNT: row["count"]}
                at = (row["last_time"], row["last_step"], id_)
                found.setdefault(key, []).append(Reading(parts, name, digest, at))
        return found

    def evaluations(self, version_id: int) -> dict[str, list[Reading]]:
        """The newest values of a version's metrics, on some data sets, some of which share names or bytes."""
        found: dict[str, list[Reading]] = {}
        for key in KEYS:
            several = [("", "x'y"), ("a", "1"), ("ab", "1"), ("a", "ab"), ("Äb", "Äb")]
            for name, digest in (one for one in several if self.random.random() < 0.4):
                self.evaluated += 1
                newest = (name, digest) != ("a", "1")
                row = {"dataset_name": name, "dataset_digest": digest, "value": self.some([*NUMBERS, 0.5])}
                row |= {"dataset_asset_id": 0, "newest": newest}
                mine = {"version_id": version_id, "key_id": self.keys[key], "rank": self.evaluated}
                self.connection.execute(insert(evaluation_value).values(evaluation_id=0, **mine, **row))
                reading = Reading({Part.LAST: row["value"]}, name, digest, (self.evaluated,), newest)
                found.setdefault(key, []).append(reading)
        return found

    def metrics(self, owner: int, experiment_id: int) -> dict[str, list[Reading]]:
        found: dict[str, list[Reading]] = {}
        for key in KEYS:
            if self.random.random() < 0.3:
                continue
            row = {name: self.some([None, *NUMBERS, float("inf")]) for name in ("last", "min", "max")}
            row |= {"last_step": self.some([-1, 0, 1, 2]), "count": self.some([1, 2])}
            mine = {"run_id": owner, "key_id": self.keys[key], "experiment_id": experiment_id, "last_time": 0}
            self.connection.execute(insert(run_value).values(**mine, **row))
            parts = {"last": Part.LAST, "min": Part.MIN, "max": Part.MAX, "last_step": Part.STEP, "count": Part.COUNT}
            numbers = {part: float("nan") if row[name] is None else row[name] for name, part in parts.items()}
            found[key] = [Reading(numbers)]
        return found

    def remember(self, entity: Entity, id_: int, row: Row, more: Row, **said: Any) -> None:
        names = {"recorded_at": "created_at", "bytes": "size"}
        found = {names.get(name, name): value for name, value in row.items()} | more
        if entity is Entity.EXPERIMENT:
            found["path"] = f"{more['namespace']}/{row['name']}"
        if entity in documents.TEXTS:
            said["words"] = frozenset(words(str(row[name]) for name in documents.TEXTS[entity] if row.get(name)))
            documents.note_new(self.connection, entity, self.workspace_id, id_, SimpleNamespace(**{"card": ""} | row))
        now = Record(id_, found | {"created_by": self.actor.uid}, **said)
        self.records[entity].append(now)
        attributes = {**now.attributes, **{name: self.past.get(name) for name in ("stage",) if name in found}}
        aliases = self.past.get("aliases", frozenset())
        self.then[id(now)] = replace(now, attributes=attributes, tags=self.past.get("tags", {}), aliases=aliases)
        self.past = {}

    def namespaces(self) -> list[tuple[int, str]]:
        paths = ["Äb", "a"]
        row = {"workspace_id": self.workspace_id, "recorded_at": 0}
        return [
            (self.add(namespace, uid=self.uid(), path=path, slug_path=f"s{n}", **row), path)
            for n, path in enumerate(paths)
        ]

    def asset(self, place: tuple[int, str], **fixed: object) -> tuple[int, Row]:
        row: Row = {
            **self.common(), "kind": self.some(["model", "dataset"]), "type": self.some(TEXTS), "slug": self.uid(),
            "name": self.some(TEXTS), "display_name": self.some(TEXTS), "description": self.some(TEXTS),
            "visibility": "workspace", "gated": self.some(["", "auto"]),
            "recorded_at": self.some(TIMES), "updated_at": self.some(TIMES),
            "archived_at": self.maybe(TIMES), "deleted_at": self.maybe(TIMES), **fixed,
        }  # fmt: skip
        id_ = self.add(asset, namespace_id=place[0], **row)
        return id_, row | {"namespace": place[1], "downloads": self.downloads(id_)}

    def downloads(self, asset_id: int) -> int:
        """Reads today, 29 days ago and earlier, of which the last do not count."""
        today, times = self.world.clock.now_us() // DAY, asset_id % 3
        for day, reads in ((today, times), (today - 29, 2 * times), (today - 30, 7)):
            self.connection.execute(insert(asset_reads).values(asset_id=asset_id, day=day, reads=reads))
        return 3 * times

    def versions(
        self, asset_id: int, owner: Row, place: tuple[int, str], count: int
    ) -> tuple[frozenset[str], frozenset[str]]:
        names: set[str] = set()
        past: set[str] = set()
        for number in range(count):
            row = {
                **self.common(), "number": self.some([number + 10, None]), "label": None, "stage": self.maybe(TEXTS),
                "description": self.some(TEXTS), "origin": self.maybe(TEXTS), "tree": self.maybe(TEXTS),
                "files": self.some([0, 1, 2]),
                "bytes": self.some([0, 1, 2**53 + 1]), "unpinned": self.some([True, False]),
                "locked": self.some([True, False]), "signature": self.some(["{}", "{}", '{"a":1}']),
                "recorded_at": self.some(TIMES), "updated_at": self.some(TIMES),
                "archived_at": self.maybe(TIMES),
                "expires_at": self.maybe(TIMES), "deleted_at": self.maybe(TIMES),
            }  # fmt: skip
            id_ = self.add(version, asset_id=asset_id, namespace_id=place[0], state="live", **row)
            mine = frozenset(name for name in TEXTS if self.random.random() < 0.1 and name not in names)
            names |= mine
            held = frozenset(name for name in TEXTS if self.random.random() < 0.1 and name not in past)
            past |= held
            for name, ended in (*((name, None) for name in mine), *((name, 5) for name in held)):
                self.add(
                    alias, asset_id=asset_id, name=name, version_id=id_, etag=1, set_by=self.actor.id, from_seq=1,
                    valid_from=1 if ended else 5, valid_to=ended,
                )  # fmt: skip
            stood = self.maybe(TEXTS)
            for name, began, ended in ((stood, 1, 5), (row["stage"], 5, None)):
                if name is not None:
                    self.add(
                        stage, asset_id=asset_id, version_id=id_, name=name, set_by=self.actor.id, from_seq=1,
                        valid_from=began, valid_to=ended,
                    )  # fmt: skip
            more = {
                "name": owner["name"],
                "namespace": place[1],
                "kind": owner["kind"],
                "asset_uid": owner["uid"],
                "run_uid": None,
                "source_uid": None,
                **self.packaged(row),
            }
            if owner["kind"] == "dataset":
                self.own_datasets.append((id_, owner["name"], row["tree"]))
            self.past = {"aliases": held, "stage": stood}
            said = {"tags": self.tags("version", id_), "properties": self.properties("version", id_), "aliases": mine}
            said["evaluations"] = self.evaluations(id_)
            self.remember(Entity.VERSION, id_, row, more, **said)
        return frozenset(names), frozenset(past)

    def packaged(self, row: Row) -> Row:
        """What a version's tree says of how its model is packaged."""
        none = {"flavor": None, "flavor_version": None, "python_version": None, "has_signature": False}
        said = self.packagings.get(row["tree"], none)
        return {**said, "has_signature": said["has_signature"] or row["signature"] != "{}"}

    def registry(self, places: list[tuple[int, str]], assets: int, versions: int) -> None:
        for _ in range(assets):
            place = self.some(places)
            id_, row = self.asset(place)
            names, past = self.versions(id_, row, place, versions)
            self.past = {"aliases": past}
            said = {"tags": self.tags("asset", id_), "properties": self.properties("asset", id_), "aliases": names}
            self.remember(Entity.ASSET, id_, row, {}, **said)

    def tracking(self, places: list[tuple[int, str]], experiments: int, runs: int) -> None:
        for number in range(experiments):
            place = self.some(places)
            row = {**self.common(), "name": f"{self.some(TEXTS)}{number}", "description": self.some(TEXTS),
                   "recorded_at": self.some(TIMES), "updated_at": self.some(TIMES), "deleted_at": None}  # fmt: skip
            id_ = self.add(experiment, namespace_id=place[0], **row)
            self.uids[id_] = row["uid"]
            self.remember(Entity.EXPERIMENT, id_, row, {"namespace": place[1]})
            for _ in range(runs):
                self.run(id_, row, place)
            for _ in range(runs):
                self.model(id_, row, place)
            for _ in range(runs // 2):
                self.trace(id_, row, place)

    def trace(self, experiment_id: int, owner: Row, place: tuple[int, str]) -> None:
        runs = [record for record in self.records[Entity.RUN] if record.attributes["experiment_uid"] == owner["uid"]]
        made, linked = self.maybe(runs), self.maybe(runs)
        row = {
            **self.common(), "trace_id": f"{len(self.records[Entity.TRACE]) + 1:032x}", "name": self.some(TEXTS),
            "state": self.some(["ok", "error"]), "request_id": self.maybe(TEXTS), "session": self.maybe(TEXTS),
            "started_at": self.some(TIMES), "duration_us": self.some([None, 0, 1, 2]), "request": self.maybe(TEXTS),
            "response": self.maybe(TEXTS), "told": True, "spans": self.some([0, 1, 2]), "size": 0,
            "recorded_at": self.some(TIMES), "updated_at": self.some(TIMES),
        }  # fmt: skip
        id_ = self.add(trace, experiment_id=experiment_id, run_id=made.id if made else None, **row)
        prompts = {number: name for number, name in self.prompts.items() if self.random.random() < 0.3}
        for kind, targets in (("run", [linked.id] if linked else []), ("version", prompts)):
            for target in targets:
                link = {"trace_id": id_, "kind": kind, "target_id": target, "recorded_at": 0}
                self.connection.execute(insert(trace_link).values(link))
        found = {**row, "span_count": row["spans"], "created_at": row["recorded_at"]}
        more = {
            "experiment": owner["name"], "experiment_uid": owner["uid"], "namespace": place[1],
            "run_uid": made.attributes["uid"] if made else None, "created_by": self.actor.uid,
            "ended_at": row["started_at"] + (row["duration_us"] or 0),
        }  # fmt: skip
        runs_of = frozenset(str(one.attributes["uid"]) for one in (made, linked) if one)
        tags = self.tags("trace", id_)
        self.past = {}
        record = Record(
            id_,
            found | more,
            tags=tags,
            properties=self.properties("trace", id_),
            said=self.said(id_, experiment_id),
            spans=[self.span(id_, experiment_id, number) for number in range(self.some([0, 1, 2, 3]))],
            sets={Group.RUN: runs_of, Group.PROMPT: frozenset(prompts.values())},
        )
        self.records[Entity.TRACE].append(record)

    def span(self, trace_id: int, experiment_id: int, number: int) -> dict[str, Any]:
        values = [*TEXTS, *NUMBERS, True, False, None, ["a", 1], {"a": "b"}]
        attributes = {key: self.some(values) for key in KEYS if self.random.random() < 0.5}
        start, took = self.some([0, 999, 5_000]), self.some([None, 0, 1_999, 2_000])
        body = json.dumps({"attributes": attributes}, ensure_ascii=False, separators=(",", ":"))
        row = {
            "span_id": f"{number + 1:016x}", "parent_id": self.some([None, "a"]), "name": self.some(TEXTS),
            "type": self.some(TEXTS), "status": self.some(["ok", "a"]),
        }  # fmt: skip
        stored = {"start_ns": start, "end_ns": None if took is None else start + took, "size": 0, "body": body}
        self.connection.execute(insert(span).values(trace_id=trace_id, experiment_id=experiment_id, **row, **stored))
        found = {**row, "content": body, "duration_us": None if took is None else took // 1_000}
        return found | {f"attributes.{key}": _of_attribute(value) for key, value in attributes.items()}

    def said(self, trace_id: int, experiment_id: int) -> dict[tuple[Group, str], list[str | float | None]]:
        found: dict[tuple[Group, str], list[str | float | None]] = {}
        for _ in range(self.some([0, 1, 4])):
            group, name = self.some([Group.FEEDBACK, Group.EXPECTATION, Group.ISSUE]), self.some(KEYS)
            value, valid = self.some([*TEXTS, *NUMBERS, True, False, None]), self.random.random() < 0.8
            self.add(
                assessment, uid=self.uid(), trace_id=trace_id, experiment_id=experiment_id, kind=group.value, name=name,
                value="null", text=value_text(value), number=value_number(value), source="human", source_id="",
                rationale="", valid=valid, created_by=self.actor.id, recorded_at=0, updated_at=0,
            )  # fmt: skip
            if valid:
                found.setdefault((group, name), []).extend([value_text(value), value_number(value)])
        return found

    def prompt(self, place: tuple[int, str]) -> None:
        """A prompt of a name that a filter may ask for, with two versions."""
        id_, row = self.asset(place, kind="prompt", name="champion", deleted_at=None)
        self.remember(Entity.ASSET, id_, row, {}, tags={}, properties={}, aliases=frozenset())
        for number in (1, 2):
            empty = {"recorded_at": 0, "updated_at": 0, "files": 0, "bytes": 0, "description": "", "state": "draft"}
            more = {**self.common(), "number": number, "unpinned": False, "locked": False}
            made = self.add(version, asset_id=id_, namespace_id=place[0], **empty, **more)
            self.prompts[made] = f"champion/{number}"

    def run(self, experiment_id: int, owner: Row, place: tuple[int, str]) -> None:
        row = {
            **self.common(), "name": self.some(TEXTS), "kind": self.some(TEXTS), "note": self.some(TEXTS),
            "state": self.some(["running", "failed"]), "started_at": self.some(TIMES), "ended_at": self.maybe(TIMES),
            "recorded_at": self.some(TIMES), "deleted_at": self.maybe(TIMES),
        }  # fmt: skip
        id_ = self.add(run, experiment_id=experiment_id, **row)
        more = {"experiment": owner["name"], "experiment_uid": owner["uid"], "namespace": place[1], "parent_uid": None}
        said = {
            "tags": self.tags("run", id_),
            "params": self.params(id_, experiment_id),
            "metrics": self.metrics(id_, experiment_id),
            "datasets": self.reads(id_, self.nodes),
        }
        self.run_uids.append((id_, row["uid"]))
        self.remember(Entity.RUN, id_, row, more, **said)

    def model(self, experiment_id: int, owner: Row, place: tuple[int, str]) -> None:
        row = {
            **self.common(), "name": self.some(TEXTS), "type": self.some(TEXTS), "deleted_at": self.maybe(TIMES),
            "status": self.some(["ready", "failed"]), "recorded_at": self.some(TIMES), "updated_at": self.some(TIMES),
        }  # fmt: skip
        made_by = self.maybe(self.run_uids)
        id_ = self.add(logged_model, experiment_id=experiment_id, run_id=made_by and made_by[0], **row)
        more = {"experiment": owner["name"], "experiment_uid": owner["uid"], "namespace": place[1]}
        readings = self.readings(id_, experiment_id)
        on = {(one.dataset, one.digest) for several in readings.values() for one in several if one.dataset}
        said = {
            "tags": self.tags("logged_model", id_),
            "params": self.params(id_, experiment_id, Entity.LOGGED_MODEL),
            "metrics": readings,
            "datasets": [{"name": name, "digest": digest} for name, digest in on],
        }
        self.remember(Entity.LOGGED_MODEL, id_, row, {**more, "run_uid": made_by and made_by[1]}, **said)


def _of_attribute(value: object) -> Any:  # noqa: ANN401 - a text or a number
    """What search sees of an attribute: truth values, lists and maps as JSON writes them."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    if value is None or plain:
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@pytest.fixture
def filled(world: World) -> Filled:
    """A few dozen rows of each kind."""

    def fill(tx: Transaction) -> Filled:
        filler = Filler(cast("SqlTransaction", tx).connection, world, 7)
        places = filler.namespaces()
        filler.registry(places, assets=12, versions=4)
        filler.prompt(places[0])
        filler.tracking(places, experiments=3, runs=15)
        return Filled(world, filler.records, filler.then, filler.uids)

    return world.command_tx(fill)
