"""The rows of a loaded database, thing by thing, with the same random numbers every time."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from benchmarks.searching.asked import PAST
from strongroom.adapters.sql import tables as t

KEYS = {
    name: n + 1_000
    for n, name in enumerate(("auc", "loss", "epoch", "depth", "seed", "lr", "team", "ticket", "f1", "format"))
}
DATASETS = 500
SPANS = 4
Made = tuple[Table, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose rows they are."""

    workspace_id: int
    namespace_id: int
    actor_id: int
    quoted: bool


class Rows:
    """`count` runs and versions; a tenth as many assets, logged models and traces; 500 data sets."""

    def __init__(self, place: Place, count: int) -> None:
        self.place, self.count = place, count
        self.random = random.Random(5)

    def all(self) -> Iterator[Made]:
        """Every row, with its table."""
        workspace_id = self.place.workspace_id
        for name, id_ in KEYS.items():
            yield t.name_dict, {"id": id_, "workspace_id": workspace_id, "text": name}
        for id_ in range(1, 5):
            yield t.experiment, {**self._common(id_), "namespace_id": self.place.namespace_id, "name": f"exp-{id_}"}
        for id_ in range(1, DATASETS + 1):
            named = {"dialect": "native", "foreign_id": str(id_), "kind": "dataset", "name": f"data-{id_}"}
            yield t.node, {**self._common(id_), **named, "digest": f"sha256:{id_}"}
        for id_ in range(1, self.count + 1):
            yield from self._run(id_)
            yield from self._version(id_)
            if id_ % 10 == 0:
                yield from self._asset(id_ // 10)
                yield from self._logged_model(id_ // 10)
                yield from self._trace(id_ // 10)

    def _common(self, id_: int) -> dict[str, Any]:
        return {
            "id": id_, "uid": f"01900000-0000-7000-8000-{id_:012d}", "workspace_id": self.place.workspace_id,
            "created_by": self.place.actor_id, "recorded_at": PAST + id_,
        }  # fmt: skip

    def _experiment(self) -> int:
        return 1 if self.random.random() < 0.7 else self.random.randint(2, 4)

    def _tags(self, kind: str, owner: int, **values: str) -> Iterator[Made]:
        said = {"workspace_id": self.place.workspace_id, "owner_kind": kind, "owner_id": owner}
        said["set_by"] = self.place.actor_id
        for key, value in values.items():
            was = owner % 10 == 1 and key == "team"
            since = PAST + 1 if was else 1
            yield t.tag, {**said, "key_id": KEYS[key], "value": value, "valid_from": since, "valid_to": None}
            if was:
                yield t.tag, {**said, "key_id": KEYS[key], "value": "old", "valid_from": 1, "valid_to": since}

    def _document(self, kind: str, place: int, id_: int, *words: str) -> Made:
        known = [f"\ue000{kind}{self.place.workspace_id}", *words]
        quoted = self.place.quoted  # as PostgreSQL reads lexemes
        return t.document, {"id": id_ * 8 + place, "words": " ".join(f"'{one}'" if quoted else one for one in known)}

    def _run(self, id_: int) -> Iterator[Made]:
        draw, experiment_id = self.random.random, self._experiment()
        state = "finished" if draw() < 0.8 else "failed"
        common = self._common(id_)
        yield t.run, {
            **common, "experiment_id": experiment_id, "name": f"run-{id_}", "state": state,
            "started_at": common["recorded_at"],
        }  # fmt: skip
        for key, number in (("auc", draw()), ("loss", draw()), ("epoch", float(self.random.randint(1, 20)))):
            yield t.run_value, {
                "run_id": id_, "key_id": KEYS[key], "experiment_id": experiment_id, "last": number, "last_step": 9,
                "last_time": 1, "min": number, "max": number, "count": 10,
            }  # fmt: skip
        params = {"depth": str(self.random.randint(0, 9)), "seed": str(self.random.randint(0, 999)), "lr": str(draw())}
        for key, value in params.items():
            yield t.run_param, {
                "run_id": id_, "key_id": KEYS[key], "text": value, "number": float(value), "once": True,
                "experiment_id": experiment_id,
            }  # fmt: skip
        yield from self._tags("run", id_, team=f"t{self.random.randint(0, 9)}")
        yield self._document("run", 3, id_, "run", str(id_))
        yield t.edge, {
            "workspace_id": self.place.workspace_id, "source_kind": "node", "type": "input", "target_kind": "run",
            "source_id": self.random.randint(1, DATASETS), "target_id": id_, "properties": '{"context":"training"}',
            "recorded_at": PAST,
        }  # fmt: skip

    def _asset(self, id_: int) -> Iterator[Made]:
        named = {"kind": "model", "name": f"asset-{id_}", "slug": f"asset-{id_}", "visibility": "workspace"}
        yield t.asset, {**self._common(id_), "namespace_id": self.place.namespace_id, **named}

    def _version(self, id_: int) -> Iterator[Made]:
        asset_id, is_tenth = (id_ - 1) // 10 + 1, id_ % 10 == 0
        yield t.version, {
            **self._common(id_), "asset_id": asset_id, "namespace_id": self.place.namespace_id,
            "number": (id_ - 1) % 10 + 1, "state": "live", "stage": "production" if is_tenth else None,
            "updated_at": PAST + id_,
        }  # fmt: skip
        yield from self._tags(
            "version", id_, team=f"t{self.random.randint(0, 9)}", ticket=f"T-{self.random.randint(0, 999)}"
        )
        owner = {"owner_kind": "version", "owner_id": id_}
        number, word = self.random.random(), self.random.choice(["onnx", "torch"])
        yield t.object_property, {**owner, "key_id": KEYS["f1"], "type": "float", "number": number, "text": None}
        yield t.object_property, {**owner, "key_id": KEYS["format"], "type": "str", "text": word, "number": None}
        yield self._document("version", 1, id_, "release", str(id_))
        held = {"asset_id": asset_id, "version_id": id_, "set_by": self.place.actor_id, "from_seq": 1}
        if is_tenth:
            yield t.alias, {**held, "name": "champion", "etag": 1, "valid_from": PAST + 1, "valid_to": None}
            yield t.stage, {**held, "name": "production", "valid_from": PAST + 1, "valid_to": None}
        elif id_ % 10 == 1:
            yield t.alias, {**held, "name": "candidate", "etag": 1, "valid_from": 1, "valid_to": PAST + 1}
            yield t.stage, {**held, "name": "staging", "valid_from": 1, "valid_to": PAST + 1}

    def _logged_model(self, id_: int) -> Iterator[Made]:
        draw, experiment_id, depth = self.random.random, self._experiment(), str(self.random.randint(0, 9))
        status = "ready" if draw() < 0.9 else "failed"
        common = self._common(id_)
        yield t.logged_model, {
            **common, "experiment_id": experiment_id, "run_id": id_ * 10, "name": f"model-{id_}", "type": "sklearn",
            "status": status, "updated_at": common["recorded_at"],
        }  # fmt: skip
        yield t.logged_model_param, {
            "model_id": id_, "key_id": KEYS["depth"], "text": depth, "number": float(depth),
            "experiment_id": experiment_id,
        }  # fmt: skip
        for key, dataset_id in (("auc", 0), ("auc", self.random.randint(1, DATASETS)), ("loss", 0)):
            yield t.logged_model_value, {
                "model_id": id_, "key_id": KEYS[key], "dataset_id": dataset_id, "experiment_id": experiment_id,
                "run_id": id_ * 10, "last": draw(), "last_step": 9, "last_time": 1, "count": 1,
            }  # fmt: skip
        yield from self._tags("logged_model", id_, team=f"t{self.random.randint(0, 9)}")

    def _trace(self, id_: int) -> Iterator[Made]:
        draw, experiment_id = self.random.random, self._experiment()
        common = self._common(id_)
        yield t.trace, {
            **common, "experiment_id": experiment_id, "trace_id": f"{id_:032x}", "run_id": self.random.randint(1, 1000),
            "name": f"chat-{id_}", "state": "error" if draw() < 0.01 else "ok",
            "session": f"session-{self.random.randint(0, 999)}", "started_at": common["recorded_at"],
            "duration_us": int(draw() * 1_000_000), "request": "How?", "response": "So.", "told": True, "spans": SPANS,
            "size": 1_000, "updated_at": common["recorded_at"],
        }  # fmt: skip
        for number in range(SPANS):
            yield self._span(id_, number, experiment_id)
        score = draw()
        yield self._feedback(id_, experiment_id, "good", text="true" if score < 0.9 else "false")
        yield self._feedback(id_, experiment_id, "score", number=score)

    def _feedback(
        self, trace_id: int, experiment_id: int, name: str, *, text: str | None = None, number: float | None = None
    ) -> Made:
        return t.assessment, {
            "uid": f"{name}-{trace_id:030d}", "trace_id": trace_id, "experiment_id": experiment_id, "kind": "feedback",
            "name": name, "value": text or str(number), "text": text,
            "number": number if text is None else float(text == "true"), "source": "human", "source_id": "u",
            "rationale": "", "valid": True, "created_by": self.place.actor_id, "recorded_at": PAST + trace_id,
            "updated_at": PAST + trace_id,
        }  # fmt: skip

    def _span(self, trace_id: int, number: int, experiment_id: int) -> Made:
        name = "chain" if number == 0 else f"tool-{self.random.randint(0, 299)}"
        attributes = {"tokens": self.random.randint(0, 999), "model": "m-1", "input": "How is the weather there?"}
        return t.span, {
            "trace_id": trace_id, "span_id": f"{number:016x}", "experiment_id": experiment_id,
            "parent_id": f"{0:016x}" if number else None, "name": name, "type": "TOOL" if number else "CHAIN",
            "status": "error" if self.random.random() < 0.01 else "ok", "start_ns": 10**18, "end_ns": 10**18 + 10**6,
            "size": 200, "body": json.dumps({"attributes": attributes, "events": []}),
        }  # fmt: skip
