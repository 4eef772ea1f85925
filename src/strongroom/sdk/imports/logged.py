"""Logged models: made, filled, finalised."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from strongroom.sdk.errors import AlreadyExists, Conflict, Invalid
from strongroom.sdk.imports.files import Files
from strongroom.sdk.imports.model import LoggedModel, Measured, Run
from strongroom.sdk.imports.reading import LATEST_MS
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.runs import Filled, Runs
from strongroom.sdk.imports.source import Source, SourceError
from strongroom.sdk.imports.target import DIALECT, Known, Target, accepted, safe_line
from strongroom.sdk.models import number
from strongroom.sdk.run_models import LoggedModel as Answer
from strongroom.sdk.run_models import Measured as Point
from strongroom.sdk.upload import Folder

KIND = "logged_model"
NAMED, MEASURED = "logged models", "measurements"
PARAMS_AT_ONCE, TAGS_AT_ONCE = 200, 100


class LoggedModels:
    """Brings logged models, after the runs of their experiment."""

    def __init__(self, target: Target, source: Source, report: Report, files: Files, runs: Runs) -> None:
        self._target, self._source, self._report = target, source, report
        self._files, self._runs = files, runs

    def fill(self, model: LoggedModel, known: Known | None) -> Filled | None:
        """Make a logged model if it is not here, and bring what belongs to it; None when nothing is left to do."""
        self._report.found(NAMED)
        if known is not None and known.whole:
            self._report.there(NAMED)
            for kind, count in known.parts.items():
                if kind in self._report.counts:
                    self._report.found(kind, count)
                    self._report.there(kind, count)
            return None
        uid = known.uid if known is not None else self._made(model)
        if uid is None:
            return None
        (self._report.imported if known is None else self._report.there)(NAMED)
        filled = Filled(uid)
        answer = self._target.api.call("logged_model.get", Answer, uid=uid)
        if answer.deleted_at is None:
            self._record(model, filled, fresh=known is None)
            if model.status in {"READY", "FAILED"} and answer.status == "pending":
                self._target.api.send("logged_model.finalise", uid=uid, status=model.status.lower())
        return filled

    def mark(self, filled: Filled) -> None:
        """Note that a logged model is whole."""
        self._target.mark(KIND, filled.uid, filled.parts)

    def trash(self, filled: Filled) -> None:
        """Move a logged model to the trash that lies there in the source."""
        if self._target.api.call("logged_model.get", Answer, uid=filled.uid).deleted_at is None:
            self._target.api.send("logged_model.delete", uid=filled.uid)
        self.mark(filled)

    def _made(self, model: LoggedModel) -> str | None:
        experiment = self._runs.experiments.get(model.experiment_id)
        if experiment is None:
            return None
        run = self._source.run(model.run_id) if model.run_id else None
        run_uid = self._runs.uid_of(model.run_id) if run is not None and model.run_id else None
        name, kind = safe_line(model.name) if model.name else "model", safe_line(model.type) if model.type else ""
        if name != model.name:
            self._report.note(NAMED, model.id, f"its name {model.name!r} is {name!r} here")
        said = {
            "model_id": model.id,
            "name": model.name,
            "experiment_id": model.experiment_id,
            "source_run_id": model.run_id,
            "artifact_location": model.location,
            "status": model.status,
            "last_updated_timestamp_ms": model.updated_ms,
        }
        fields: dict[str, Any] = {
            "name": name,
            "type": kind,
            "imported": self._target.imported([(DIALECT, KIND, model.id)], model.created_ms, said),
        }
        try:
            if run is None or run.experiment_id != model.experiment_id:
                return self._target.make("logged_model.create", uid=experiment, **fields)
            return self._target.make(
                "logged_model.create", uid=experiment, run_uid=run_uid, step=_step(model, run), **fields
            )
        except AlreadyExists:
            return self._target.find(DIALECT, KIND, [model.id])[model.id].uid
        except (Invalid, Conflict) as error:
            self._report.refuse(NAMED, model.id, error.detail)
            return None

    def _record(self, model: LoggedModel, filled: Filled, *, fresh: bool) -> None:
        uid, parts = filled.uid, filled.parts
        parts["params"] = self._log(model, uid, "params", list(model.params.items()), PARAMS_AT_ONCE)
        parts["tags"] = self._log(model, uid, "tags", list(model.tags.items()), TAGS_AT_ONCE)
        parts[MEASURED] = self._measure(model, uid, fresh=fresh)
        if model.location:
            place = self._source.place(model.location, model=model)
            if place is None:
                self._report.note("artifacts", model.id, f"at {model.location}, which is not read: see --artifacts")
            else:
                parts["artifacts"] = self._files.bring(place, Folder(KIND, uid), model.id, fresh=fresh)

    def _log(self, model: LoggedModel, uid: str, kind: str, pairs: Sequence[tuple[str, str]], most: int) -> int:
        self._report.found(kind, len(pairs))
        count = 0
        for start in range(0, len(pairs), most):
            taken = accepted(
                pairs[start : start + most],
                partial(self._send, uid, kind),
                lambda pair, why: self._report.refuse(kind, f"{model.id}: {pair[0]}", why),
            )
            count += len(taken)
        self._report.imported(kind, count)
        return count

    def _send(self, uid: str, kind: str, some: Sequence[tuple[str, str]]) -> None:
        said: dict[str, Any] = {"uid": uid, kind: dict(some)}
        self._target.api.send("logged_model.log", **said)

    def _measure(self, model: LoggedModel, uid: str, *, fresh: bool) -> int:
        """Send measurements that are not here yet, key by key as many as there are; returns how many are here."""
        present: dict[str, int] = {}
        count = 0
        runs: dict[str, str | None] = {}
        try:
            for batch in self._source.measured(model):
                self._report.found(MEASURED, len(batch))
                items = []
                for one in batch:
                    if not fresh and one.key not in present:
                        present[one.key] = self._points(uid, one.key)
                    if present.get(one.key, 0):
                        present[one.key] -= 1
                        count += 1
                        self._report.there(MEASURED)
                    elif (item := self._item(model, one, runs)) is not None:
                        items.append(item)
                taken = accepted(
                    items,
                    lambda some: self._target.api.send("logged_model.log", uid=uid, points=list(some)),
                    lambda item, why: self._report.refuse(MEASURED, f"{model.id}: {item['key']}", why),
                )
                count += len(taken)
                self._report.imported(MEASURED, len(taken))
        except SourceError as error:
            self._report.found(MEASURED)
            self._report.refuse(MEASURED, model.id, error.detail)
        return count

    def _item(self, model: LoggedModel, one: Measured, runs: dict[str, str | None]) -> dict[str, Any] | None:
        if not 0 <= one.time_ms <= LATEST_MS:
            self._report.refuse(MEASURED, f"{model.id}: {one.key}", "a point before 1970 or after 9999")
            return None
        if one.run_id is not None and one.run_id not in runs:
            runs[one.run_id] = self._runs.uid_of(one.run_id)
        return {
            "key": one.key,
            "value": number(one.value),
            "step": one.step,
            "time_us": one.time_ms * 1000,
            "run_uid": runs.get(one.run_id) if one.run_id is not None else None,
            "dataset": one.dataset,
            "dataset_digest": one.dataset_digest if one.dataset else None,
        }

    def _points(self, uid: str, key: str) -> int:
        return sum(1 for _ in self._target.api.every("logged_model.points", Point, uid=uid, key=key))


def _step(model: LoggedModel, run: Run) -> int | None:
    return next((step for id_, step in run.models_out if id_ == model.id), None)
