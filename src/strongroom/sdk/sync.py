"""Recordings of a folder sent to a server: in order, resumable, and however often, once.

The server itself holds how far a recording has come: each batch carries the tag ``strongroom.synced`` with the number
of its last line, all or none. Everything between two batches may be repeated without a change (edges, files by digest,
summary values), or is found again by the tag ``strongroom.recording``, which holds the recording's own id.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from strongroom.sdk.api import Api, decode
from strongroom.sdk.errors import Conflict, Corrupted, IdempotencyMismatch, Invalid, NotFound
from strongroom.sdk.finding import quoted, search
from strongroom.sdk.journal import BLOBS, NAME, Line, blob_path, read
from strongroom.sdk.localfiles import LocalFile
from strongroom.sdk.lookup import version_uid
from strongroom.sdk.models import Vertex
from strongroom.sdk.offline import FORMAT
from strongroom.sdk.progress import Progress, Silent
from strongroom.sdk.recorder import OTHERS_BATCH, OTHERS_SIZE, PARAMS_BATCH, POINTS_BATCH
from strongroom.sdk.run_models import LoggedModel, RunInfo
from strongroom.sdk.runs import Runs
from strongroom.sdk.upload import Folder, send_files

T = TypeVar("T")
RECORDING = "strongroom.recording"
SYNCED = "strongroom.synced"
TAGS_BATCH = 150
UNFINISHED = ("running", "killed")


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of a recording. `lines` were sent this time; `failure` is why it could not be sent to its end.

    :ivar run_uid: the run on the server, None when there is none yet. :ivar state: of that run.
    """

    recording: str
    run_uid: str | None
    state: str | None
    lines: int
    failure: str | None = None


@dataclass(slots=True)
class _Batch:
    """Lines of what a run recorded that are sent together."""

    last: int = 0
    params: list[dict[str, Any]] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    tags: dict[str, str | None] = field(default_factory=dict)

    def takes(self, more: Mapping[str, Any]) -> bool:
        """Whether a line still fits in."""
        return (
            len(self.params) + len(more.get("params", ())) <= PARAMS_BATCH
            and len(self.points) + len(more.get("points", ())) <= POINTS_BATCH
            and len(self.rows) + len(more.get("rows", ())) <= OTHERS_BATCH
            and (not self.rows or len(str(self.rows)) + len(str(more)) <= OTHERS_SIZE)
            # in one batch a series stands in rows or outside of them
            and not (self.rows and "points" in more)
            and not (self.points and "rows" in more)
            and len(self.tags) + len(more.get("tags", ())) <= TAGS_BATCH
        )

    def add(self, number: int, more: Mapping[str, Any]) -> None:
        """Take a line in."""
        self.last = number
        self.params += more.get("params", ())
        self.points += more.get("points", ())
        self.rows += more.get("rows", ())
        self.tags |= more.get("tags", {})


def recordings(folder: Path) -> list[Path]:
    """The recordings of a folder, in the order they were begun: a nested one after the one that it is nested in.

    :raises Invalid: there is no such folder.
    """
    if not folder.is_dir():
        raise Invalid(f"There is no folder {str(folder)!r}.", details={"path": str(folder)})
    begun = []
    for journal in folder.glob(f"*/{NAME}"):
        first = next(read(journal), None)
        if first is not None and first.op == "begin":  # else the process was killed as it began
            begun.append((first.at, journal.parent))
    return [one for _, one in sorted(begun)]


def sync(
    api: Api, folder: str | Path, *, unfinished: str = "running", progress: Progress | None = None
) -> list[Synced]:
    """Send every recording of a folder; what was sent before is not sent again.

    :param unfinished: what a recording without an end becomes: ``running`` (more may come) or ``killed``.
    :raises StrongroomError: the server cannot be reached; what is wrong with one recording is in its `failure`.
    """
    if unfinished not in UNFINISHED:
        raise Invalid(f"An unfinished recording becomes {' or '.join(UNFINISHED)}.")
    known: dict[str, str] = {}
    done = []
    for one in recordings(Path(folder)):
        sending = _Sending(api, one, known, progress or Silent())
        try:
            sending.send(unfinished)
            failure = None
        except (Conflict, Corrupted, Invalid, NotFound) as error:
            failure = f"{type(error).__name__}: {error.detail}"
        done.append(Synced(one.name, sending.run_uid, sending.state, sending.sent, failure))
    return done


class _Sending:
    """One recording on its way."""

    def __init__(self, api: Api, folder: Path, known: dict[str, str], progress: Progress) -> None:
        self._api, self._folder, self._known, self._progress = api, folder, known, progress
        self._blobs = folder.parent / BLOBS
        self._last: Line
        self._recording = ""
        self._ended: Line | None = None
        self.run_uid: str | None = None
        self.state: str | None = None
        self.sent = 0

    def send(self, unfinished: str) -> None:
        """Send what the server has not, and end the run as the recording says."""
        lines = read(self._folder / NAME)
        begun = next(lines)
        self._last, self._recording = begun, str(begun.fields.get("recording"))
        run, position = self._begin(begun)
        self.run_uid, self.state = run.uid, run.state
        self._known[self._folder.name] = run.uid
        for part in _gathered(self._ahead(lines, position)):
            if isinstance(part, _Batch):
                position = self._log(part, position)
            else:
                self._one(part)
        if self._last.number > position:
            self._log(_Batch(self._last.number), position)  # so that what needed no batch is not sent again either
        self._end(run, unfinished)

    def _ahead(self, lines: Iterator[Line], position: int) -> Iterator[Line]:
        """The lines that are to be sent; the last of all and the end are noted on the way."""
        for line in lines:
            self._last = line
            if line.op == "end":
                self._ended = line
            elif line.number > position:
                self.sent += 1
                yield line

    # -- the run itself ------------------------------------------------------------------------------------------

    def _begin(self, begun: Line) -> tuple[RunInfo, int]:
        """The run of this recording, made when there is none yet, and the line up to which it was sent."""
        said = begun.fields
        if said.get("format") != FORMAT:
            raise Invalid("The recording was made by another release; sync it with that one.")
        experiment = Runs(self._api).experiment(said["experiment"], create=True)
        run = self._find(said["recording"], [experiment.uid]) or self._create(experiment.uid, begun)
        tags = {tag.key: tag.value for tag in run.tags}
        return run, int(tags.get(SYNCED) or 0)

    def _find(self, recording: str, experiments: Sequence[str]) -> RunInfo | None:
        wanted = f"tags.`{RECORDING}` = {quoted(recording)}"
        found = search(
            self._api, "run", RunInfo, filter=wanted, order_by=(), state="all", at=None, experiment_uids=experiments
        )
        return next(iter(found), None)

    def _parent(self, above: Mapping[str, Any]) -> str | None:
        """The uid of the run that this one is nested in, recorded here or elsewhere. :raises NotFound: none."""
        recording = above.get("recording")
        if recording is None:
            return above.get("uid")
        if recording not in self._known:
            found = self._find(recording, [])
            if found is None:
                raise NotFound("The recording that this one is nested in was not synced yet.")
            self._known[recording] = found.uid
        return self._known[recording]

    def _create(self, experiment_uid: str, begun: Line) -> RunInfo:
        said = begun.fields
        parent = self._parent(said["parent"])
        fields = {key: said.get(key) for key in ("name", "kind", "note", "source", "environment")}
        tags = {**said["tags"], RECORDING: said["recording"], SYNCED: "0"}
        return self._made(
            "run.create", RunInfo, f"{said['recording']}/0", uid=experiment_uid, parent_uid=parent, tags=tags,
            started_at=_time(begun.at), **fields,
        )  # fmt: skip

    def _end(self, run: RunInfo, unfinished: str) -> None:
        if run.state != "running":
            return
        if self._ended is not None:
            at, state = self._ended.at, str(self._ended.fields["state"])
        elif unfinished != "running":
            at, state = self._last.at, unfinished
        else:
            return
        self.state = self._api.call("run.end", RunInfo, uid=run.uid, state=state, ended_at=_time(at)).state

    # -- what it recorded ----------------------------------------------------------------------------------------

    def _log(self, batch: _Batch, behind: int) -> int:
        """Send a batch with the number of its last line; returns that.

        :param behind: the line up to which the run was synced. It makes the key, so of two syncs at the same moment
            one sends what follows, and the other gets the same answer or, if it would send less or more, a refusal.
        """
        tags = {**batch.tags, SYNCED: str(batch.last)}
        fields: dict[str, Any] = {"params": batch.params, "points": batch.points, "tags": tags}
        if batch.rows:  # an older server knows none
            fields["rows"] = batch.rows
        try:
            self._api.send(
                "run.log", idempotency_key=_key(f"{self._recording}/after/{behind}"), uid=self.run_uid, **fields
            )
        except IdempotencyMismatch as error:
            raise Conflict("Another sync sends this recording; sync again when that one is done.") from error
        return batch.last

    def _one(self, line: Line) -> None:
        match line.op:
            case "files":
                self._send(Folder("run", str(self.run_uid)), line.fields["files"])
            case "model":
                self._model(line)
            case "summary":
                self._api.send("run.summarise", uid=self.run_uid, values=line.fields["values"])
            case "lines":
                self._api.send("run.write_lines", uid=self.run_uid, **line.fields)
            case "inputs" | "outputs":
                items = [self._item(item) for item in line.fields["items"]]
                fields: dict[str, Any] = {line.op: items}
                self._api.call(f"run.add_{line.op}", list[Vertex], uid=self.run_uid, **fields)
            case _:
                raise Invalid(f"Line {line.number} records something that this release does not know.")

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        if "version" not in item:
            return dict(item)
        rest = {key: value for key, value in item.items() if key != "version"}
        return {**rest, "version_uid": version_uid(self._api, item["version"])}

    def _send(self, folder: Folder, rows: Sequence[Sequence[Any]]) -> None:
        files = []
        for path, digest, size in rows:
            source = blob_path(self._blobs, digest)
            if not source.is_file() or source.stat().st_size != size:
                details = {"path": path, "blob": digest}
                raise Corrupted(f"The bytes of {path!r} are not in the folder any more.", details=details)
            files.append(LocalFile(path, source, size, digest, source.stat().st_mtime_ns))
        send_files(self._api, folder, files, [], self._progress)

    def _model(self, line: Line) -> None:
        said = line.fields["model"]
        model = self._found_model(said["id"])
        if model is None:
            assert self.run_uid is not None  # noqa: S101 - the run was made before its lines are sent
            run = self._api.call("run.get", RunInfo, uid=self.run_uid)
            fields = {key: said[key] for key in ("name", "type", "step", "params")}
            tags = {**said["tags"], RECORDING: said["id"]}
            model = self._made(
                "logged_model.create",
                LoggedModel,
                said["id"],
                uid=run.experiment_uid,
                run_uid=run.uid,
                tags=tags,
                **fields,
            )
        self._send(Folder("logged_model", model.uid), line.fields["files"])
        self._api.send("logged_model.finalise", uid=model.uid, status="ready")

    def _found_model(self, id_: str) -> LoggedModel | None:
        run = self._api.call("run.get", RunInfo, uid=str(self.run_uid))
        mine = self._api.every("logged_model.list", LoggedModel, uid=run.experiment_uid, run_uid=run.uid)
        return next((one for one in mine if any(tag.key == RECORDING and tag.value == id_ for tag in one.tags)), None)

    def _made(self, operation: str, answer: type[T], key: str, **fields: Any) -> T:
        reply = self._api.send(operation, idempotency_key=_key(key), **fields)
        return decode(reply.body, answer)


def _gathered(lines: Iterator[Line]) -> Iterator[_Batch | Line]:
    """Lines of points, params and tags that follow each other as batches; the others as they are."""
    batch = _Batch()
    for line in lines:
        if line.op == "log" and batch.takes(line.fields):
            batch.add(line.number, line.fields)
            continue
        if batch.last:
            yield batch
            batch = _Batch()
        if line.op == "log":
            batch.add(line.number, line.fields)
        else:
            yield line
    if batch.last:
        yield batch


def _key(text: str) -> str:
    """A key that any machine which sends the same lines uses too."""
    return uuid.uuid5(uuid.NAMESPACE_OID, text).hex


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()
