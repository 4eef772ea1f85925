"""Runs: made, filled, joined to what they read and put out, ended; each step again changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from strongroom.sdk.errors import AlreadyExists, Conflict, Invalid
from strongroom.sdk.imports.files import Files
from strongroom.sdk.imports.model import DatasetInput, Run
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.series import Series
from strongroom.sdk.imports.source import Source
from strongroom.sdk.imports.target import DIALECT, Known, Target, accepted, moment, safe_line
from strongroom.sdk.run_models import RunInfo
from strongroom.sdk.upload import Folder

Pair = tuple[str, str, str]
"""params or tags, key, value."""
NAME, NOTE, USER = "mlflow.runName", "mlflow.note.content", "mlflow.user"
PARENT = "mlflow.parentRunId"
KIND = "run"
PAIRS_AT_ONCE, INPUTS_AT_ONCE = 100, 100
NOTE_LONGEST, PROPERTY_LONGEST, URI_LONGEST = 65_536, 5_000, 2_000
ENDINGS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed"}
DEEPEST = 30
_SOURCE = {
    "repository": ("mlflow.source.git.repoURL", 2_000),
    "commit": ("mlflow.source.git.commit", 255),
    "branch": ("mlflow.source.git.branch", 255),
    "entry_point": ("mlflow.source.name", 255),
}


@dataclass(slots=True)
class Filled:
    """What is here and not marked as whole: its uid, how much of each kind it has, whether it was made just now."""

    uid: str
    parts: dict[str, int] = field(default_factory=dict)
    fresh: bool = False


class Runs:
    """Brings runs.

    :ivar experiments: ids of the source -> uids, of those that are imported.
    """

    def __init__(self, target: Target, source: Source, report: Report, files: Files) -> None:
        self._target, self._source, self._report, self._files = target, source, report, files
        self.experiments: dict[str, str] = {}

    def fill(self, run: Run, known: Known | None) -> Filled | None:
        """Make a run if it is not here, and bring what it recorded; None when there is nothing left to do.

        A run that earlier imports brought whole is not read again: what it holds is counted as they noted it.
        """
        self._report.found("runs")
        if known is not None and known.whole:
            self._count_there(known)
            return None
        uid = known.uid if known is not None else self._made(run, 0)
        if uid is None:
            return None
        (self._report.imported if known is None else self._report.there)("runs")
        filled = Filled(uid, fresh=known is None)
        info = None if known is None else self._target.api.call("run.get", RunInfo, uid=uid)
        if info is None or _is_open(info):
            self._record(run, filled, info)
        return filled

    def finish(self, run: Run, filled: Filled) -> bool:
        """Join a filled run to data sets and models, and end it; whether it is whole, but for the trash."""
        if filled.fresh or _is_open(self._target.api.call("run.get", RunInfo, uid=filled.uid)):
            self._join_models(run, filled)
            if run.status not in ENDINGS:
                return False  # it runs still: the next import goes on
            ended = moment(run.ended_ms) or moment(run.started_ms)
            self._target.api.send("run.end", uid=filled.uid, state=ENDINGS[run.status], ended_at=ended)
        return True

    def mark(self, filled: Filled) -> None:
        """Note that a run is whole."""
        self._target.mark(KIND, filled.uid, filled.parts)

    def trash(self, filled: Filled) -> None:
        """Move a run to the trash that lies there in the source, when nothing else needs it any more."""
        info = self._target.api.call("run.get", RunInfo, uid=filled.uid)
        if info.deleted_at is None:
            self._target.api.send("run.delete", uid=filled.uid)
        self.mark(filled)

    def uid_of(self, run_id: str) -> str | None:
        """The uid of an imported run."""
        found = self._target.find(DIALECT, KIND, [run_id]).get(run_id)
        return found.uid if found else None

    def _count_there(self, known: Known) -> None:
        self._report.there("runs")
        for kind, number in known.parts.items():
            if kind in self._report.counts:
                self._report.found(kind, number)
                self._report.there(kind, number)

    # -- making --------------------------------------------------------------------------------------------------

    def _made(self, run: Run, depth: int) -> str | None:
        """A new run, below its parent, which is made first when it is to come too; None when it is refused."""
        experiment = self.experiments.get(run.experiment_id)
        if experiment is None:
            return None
        fields = self._fields(run, self._parent(run, depth))
        try:
            return self._target.make("run.create", uid=experiment, **fields)
        except AlreadyExists:
            return self.uid_of(run.id)  # another import made it meanwhile
        except (Invalid, Conflict) as error:
            plain = {**fields, "name": safe_line(run.name), "source": None, "note": None, "parent_uid": None}
            self._report.note("runs", run.id, f"came without source, note and parent: {error.detail}")
            return self._plainly(run, experiment, plain)

    def _plainly(self, run: Run, experiment: str, fields: Mapping[str, Any]) -> str | None:
        try:
            return self._target.make("run.create", uid=experiment, **fields)
        except (Invalid, Conflict) as error:
            self._report.refuse("runs", run.id, error.detail)
            return None

    def _fields(self, run: Run, parent: str | None) -> dict[str, Any]:
        said = {
            "run_id": run.id,
            "experiment_id": run.experiment_id,
            "user_id": run.user,
            "status": run.status,
            "artifact_uri": run.location,
            "parent_run_id": run.tags.get(PARENT),
        }
        name = run.name or run.tags.get(NAME, "")
        clean = safe_line(name) if name else ""
        if clean != name.strip():
            said["run_name"] = name
            self._report.note("runs", run.id, f"its name {name!r} is {clean!r} here")
        return {
            "name": clean,
            "note": run.tags.get(NOTE, "")[:NOTE_LONGEST],
            "source": _source_of(run.tags),
            "started_at": moment(run.started_ms),
            "parent_uid": parent,
            "imported": self._target.imported([(DIALECT, KIND, run.id)], None, said),
        }

    def _parent(self, run: Run, depth: int) -> str | None:
        """The uid of the run above, made when it is of an experiment that is imported and is not here yet."""
        above = run.tags.get(PARENT)
        if not above or above == run.id:
            return None
        known = self.uid_of(above)
        if known is not None or depth >= DEEPEST:
            return known
        parent = self._source.run(above)
        if parent is None or parent.experiment_id not in self.experiments:
            self._report.note("runs", run.id, f"its parent {above} is not imported")
            return None
        return self._made(parent, depth + 1)

    # -- what it recorded ----------------------------------------------------------------------------------------

    def _record(self, run: Run, filled: Filled, info: RunInfo | None) -> None:
        """Bring what is not here yet. :param info: what an earlier import left; None of a run that was just made."""
        uid, parts, fresh = filled.uid, filled.parts, info is None
        present = [("params", key, value) for key, value in info.params.items()] if info is not None else []
        present += [("tags", tag.key, tag.value or "") for tag in info.tags] if info is not None else []
        said = [("params", key, value) for key, value in run.params.items()]
        said += [("tags", key, value) for key, value in self._tags(run).items()]
        parts |= self._log(run, uid, said, frozenset(present))
        parts["inputs"] = self._join(run, uid, "inputs", [_input(one) for one in run.datasets])
        series = Series(self._target, self._source, self._report, run, uid)
        series.bring(fresh=fresh)
        parts["points"] = series.compare()
        if run.location:
            place = self._source.place(run.location, run=run)
            if place is None:
                self._report.note("artifacts", run.id, f"at {run.location}, which is not read: see --artifacts")
            else:
                parts["artifacts"] = self._files.bring(place, Folder(KIND, uid), run.id, fresh=fresh)

    def _tags(self, run: Run) -> dict[str, str]:
        """Its tags, but name and note; those that name runs by id name them as they are called here."""
        tags = {key: value for key, value in run.tags.items() if key not in {NAME, NOTE}}
        if run.user not in {"", "unknown"}:  # what MLflow says of a run whose user it does not know
            tags.setdefault(USER, run.user)
        if above := tags.get(PARENT):
            uid = self.uid_of(above)
            tags[PARENT] = uid.replace("-", "") if uid else above
        return tags

    def _log(self, run: Run, uid: str, said: Sequence[Pair], present: frozenset[Pair]) -> dict[str, int]:
        """Send params and tags that are not here; returns how many of each are here then."""
        new = [pair for pair in said if pair not in present]
        there, taken = Counter(pair[0] for pair in said if pair in present), Counter[str]()
        for start in range(0, len(new), PAIRS_AT_ONCE):
            some = accepted(
                new[start : start + PAIRS_AT_ONCE],
                partial(self._log_pairs, uid),
                lambda pair, why: self._report.refuse(pair[0], f"{run.id}: {pair[1]}", why),
            )
            taken.update(pair[0] for pair in some)
        for kind, number in Counter(pair[0] for pair in said).items():
            self._report.found(kind, number)
            self._report.there(kind, there[kind])
            self._report.imported(kind, taken[kind])
        return {kind: there[kind] + taken[kind] for kind in ("params", "tags")}

    def _log_pairs(self, uid: str, pairs: Sequence[Pair]) -> None:
        params = [{"key": key, "value": value} for kind, key, value in pairs if kind == "params"]
        tags = {key: value for kind, key, value in pairs if kind == "tags"}
        self._target.api.send("run.log", uid=uid, params=params, tags=tags)

    # -- what it read and put out --------------------------------------------------------------------------------

    def _join_models(self, run: Run, filled: Filled) -> None:
        """Say which logged models it read and put out, which are here by now."""
        read = self._models(run, [(id_, None) for id_ in run.models_in])
        made = self._models(run, run.models_out)
        count = self._join(run, filled.uid, "inputs", read) + self._join(run, filled.uid, "outputs", made)
        filled.parts["inputs"] = filled.parts.get("inputs", 0) + count

    def _join(self, run: Run, uid: str, way: str, items: Sequence[dict[str, Any]]) -> int:
        """Say what it read, or put out; returns how much of it the server took."""
        self._report.found("inputs", len(items))
        count = 0
        for start in range(0, len(items), INPUTS_AT_ONCE):
            taken = accepted(
                items[start : start + INPUTS_AT_ONCE],
                partial(self._say, f"run.add_{way}", uid, way),
                lambda item, why: self._report.refuse("inputs", f"{run.id}: {item.get('name', '')}", why),
            )
            count += len(taken)
        self._report.imported("inputs", count)
        return count

    def _say(self, operation: str, uid: str, field_: str, some: Sequence[dict[str, Any]]) -> None:
        said: dict[str, Any] = {"uid": uid, field_: list(some)}
        self._target.api.send(operation, **said)

    def _models(self, run: Run, models: Sequence[tuple[str, int | None]]) -> list[dict[str, Any]]:
        found = self._target.find(DIALECT, "logged_model", [id_ for id_, _ in models])
        for id_, _ in models:
            if id_ not in found:
                self._report.note("inputs", run.id, f"the logged model {id_} is not imported")
        return [{"logged_model_uid": found[id_].uid, "step": step} for id_, step in models if id_ in found]


def _input(one: DatasetInput) -> dict[str, Any]:
    """A data set as the server takes it: what is said of it as MLflow's dialect keeps it."""
    described = {"source": one.source, "schema": one.schema, "profile": one.profile}
    return {
        "name": one.name,
        "digest": one.digest or None,
        "type": one.source_type,
        "context": one.context,
        "properties": {key: value[:PROPERTY_LONGEST] for key, value in described.items() if value},
    }


def _source_of(tags: Mapping[str, str]) -> dict[str, str]:
    """Where the code of a run came from, as far as tags say so."""
    return {field_: tags[key] for field_, (key, most) in _SOURCE.items() if 0 < len(tags.get(key, "")) <= most}


def _is_open(info: RunInfo) -> bool:
    """Whether a run takes what it records still: it is neither ended nor in the trash."""
    return info.state == "running" and info.deleted_at is None
