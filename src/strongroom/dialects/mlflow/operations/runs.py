"""Runs: begun, found, changed, deleted and restored."""

from collections.abc import Mapping

from strongroom.application.call import Call
from strongroom.application.search import find
from strongroom.application.tracking import recording, runs, used
from strongroom.application.tracking.recording import Batch
from strongroom.application.tracking.runs import CreateRun, UpdateRun
from strongroom.application.tracking.views import run_weight
from strongroom.dialects.mlflow.operation import command, read
from strongroom.dialects.mlflow.operations.experiments import default_uid, uid_of, uid_to_write
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import runs as translate
from strongroom.dialects.mlflow.translate.common import page_size, state_of, tags_of, time_us
from strongroom.dialects.mlflow.translate.experiments import NOTE
from strongroom.dialects.mlflow.translate.ids import DEFAULT_EXPERIMENT, run_uid
from strongroom.dialects.mlflow.translate.recording import cut_tags
from strongroom.dialects.mlflow.translate.search.runs import question as question_of
from strongroom.dialects.mlflow.wire import runs as wire
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.naming import BYTES, made_up_name

ABSENT = "Run with id={run_id} not found"
RESULTS_DEFAULT, RESULTS_MOST = 1_000, 50_000
_READ, _WRITE, _DELETE = Permission.RUN_READ, Permission.RUN_WRITE, Permission.RUN_DELETE


@command(
    "runs.create",
    "POST",
    "/mlflow/runs/create",
    _WRITE,
    wire.CreateRun,
    required=("experiment_id",),
    absent="No Experiment with id={experiment_id} exists",
)
def create(call: Call, message: wire.CreateRun) -> wire.RunAnswer:
    """Begin a run; what its tags say of name, note, parent and code is kept where we look for it."""
    found = tags_of(message.tags)
    if message.user_id:
        found.setdefault(translate.USER, message.user_id)
    said = translate.said(found)
    made = runs.create(
        call,
        CreateRun(
            uid_to_write(call, message.experiment_id or ""),
            name=message.run_name or said.name or made_up_name(call.tx.random_bytes(BYTES)),
            parent_uid=_parent(call, found),
            note=said.note or "",
            source=translate.source_of(found),
            started_at=time_us(message.start_time),
            tags=cut_tags(said.tags),
        ),
    )
    return wire.RunAnswer(run=translate.run(made, default_uid(call)))


def _parent(call: Call, tags: Mapping[str, str]) -> str | None:
    """The run above, if the tag names one that the caller may see; it stays a tag in any case."""
    uid = translate.parent_uid(tags)
    try:
        return runs.by_uid(call, uid, _READ)[1].uid if uid else None
    except NotFound:
        return None


@read("runs.get", "GET", "/mlflow/runs/get", _READ, wire.ByRun, absent=ABSENT, brief=True)
def get(call: Call, message: wire.ByRun) -> wire.RunAnswer:
    """One run with what it recorded."""
    view = runs.get(call, run_uid(message.run_id, message.run_uuid), translate.VALUES_MOST)
    return wire.RunAnswer(run=translate.run(view, default_uid(call), used.of_runs(call, [view.uid])[view.uid]))


@read("runs.search", "POST", "/mlflow/runs/search", _READ, wire.SearchRuns)
def search(call: Call, message: wire.SearchRuns) -> wire.RunsAnswer:
    """Runs of some experiments that fit a filter."""
    size = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST)
    state, default = state_of(message.run_view_type), default_uid(call)
    call.ask(_READ)
    # nobody has recorded anything in a default experiment that is not there yet
    named = [uid_of(call, id_) for id_ in message.experiment_ids if id_ != DEFAULT_EXPERIMENT or default is not None]
    question = question_of(message.filter or "", message.order_by, state, named)
    if not named:
        return wire.RunsAnswer()
    page = gathered(
        lambda asked: find.runs(call, question, asked, translate.VALUES_MOST), size, message.page_token, run_weight
    )
    uses = used.of_runs(call, [view.uid for view in page.items])
    found = [translate.run(view, default, uses[view.uid]) for view in page.items]
    return wire.RunsAnswer(runs=found, next_page_token=page.next_page_token)


@command("runs.update", "POST", "/mlflow/runs/update", _WRITE, wire.UpdateRun, absent=ABSENT)
def update(call: Call, message: wire.UpdateRun) -> wire.RunInfoAnswer:
    """Rename a run, end it, or open it again; an ended one may be ended otherwise."""
    uid = run_uid(message.run_id, message.run_uuid)
    state, ended_at = translate.state_of(message.status), time_us(message.end_time)
    if message.run_name:
        runs.update(call, uid, UpdateRun(name=message.run_name))
    if state == "running":
        runs.resume(call, uid)
    elif state is not None:
        runs.end(call, uid, state, ended_at, again=True)
    return wire.RunInfoAnswer(run_info=translate.run_info(runs.get(call, uid), default_uid(call)))


@command("runs.delete", "POST", "/mlflow/runs/delete", _DELETE, wire.ByRun, required=("run_id",), absent=ABSENT)
def delete(call: Call, message: wire.ByRun) -> None:
    """Move a run to the trash."""
    runs.delete(call, run_uid(message.run_id))


@command("runs.restore", "POST", "/mlflow/runs/restore", _DELETE, wire.ByRun, required=("run_id",), absent=ABSENT)
def restore(call: Call, message: wire.ByRun) -> None:
    """Take a run out of the trash."""
    runs.restore(call, run_uid(message.run_id))


@command("runs.set_tag", "POST", "/mlflow/runs/set-tag", _WRITE, wire.SetTag, required=("key",), absent=ABSENT)
def set_tag(call: Call, message: wire.SetTag) -> None:
    """Set a tag; some of them are the run's name or note."""
    uid = run_uid(message.run_id, message.run_uuid)
    said = translate.said({message.key or "": message.value or ""})
    if said.tags:
        recording.log(call, uid, Batch(tags=cut_tags(said.tags)))
    else:
        runs.update(call, uid, UpdateRun(name=said.name, note=said.note))


@command(
    "runs.delete_tag",
    "POST",
    "/mlflow/runs/delete-tag",
    _WRITE,
    wire.SetTag,
    required=("run_id", "key"),
    absent="No tag with name: {key} in run with id {run_id}",
)
def delete_tag(call: Call, message: wire.SetTag) -> None:
    """Remove a tag, or the note."""
    uid, key = run_uid(message.run_id), message.key or ""
    if key == NOTE:
        runs.update(call, uid, UpdateRun(note=""))
    else:
        recording.remove_tags(call, uid, [key], strict=True)


OPERATIONS = (create, get, search, update, delete, restore, set_tag, delete_tag)
