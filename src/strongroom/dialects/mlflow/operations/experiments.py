"""Experiments."""

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import tags
from strongroom.application.search import find
from strongroom.application.tracking import experiments, standing
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.views import experiment_weight
from strongroom.dialects.mlflow.operation import command, flow, read
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import experiments as translate
from strongroom.dialects.mlflow.translate.common import page_size, state_of, tags_of
from strongroom.dialects.mlflow.translate.ids import DEFAULT_EXPERIMENT, experiment_uid
from strongroom.dialects.mlflow.translate.search.experiments import question as question_of
from strongroom.dialects.mlflow.wire import experiments as wire
from strongroom.domain.errors import Forbidden, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.names import place_of_experiment

(DEFAULT,) = [one for one in standing.STANDING if one.dialect == "mlflow"]
ABSENT = "No Experiment with id={experiment_id} exists"
RESULTS_DEFAULT, RESULTS_MOST = 1_000, 50_000
_READ, _WRITE, _DELETE = Permission.RUN_READ, Permission.RUN_WRITE, Permission.RUN_DELETE


def default_uid(call: Call) -> str | None:
    """The uid of the default experiment, None before anybody needed it."""
    return standing.find(call, DEFAULT)


def uid_of(call: Call, experiment_id: str) -> str:
    """The uid of the experiment that an id means. :raises NotFound: none of ours."""
    if experiment_id != DEFAULT_EXPERIMENT:
        return experiment_uid(experiment_id)
    uid = default_uid(call)
    if uid is None:
        raise NotFound("The default experiment is not there yet.")
    return uid


def uid_to_write(call: Call, experiment_id: str) -> str:
    """The same where something is written: the default experiment is made when it is not there."""
    return standing.ensure(call, DEFAULT) if experiment_id == DEFAULT_EXPERIMENT else experiment_uid(experiment_id)


async def _ensure_default(edge: Edge) -> None:
    """Make the default experiment of a workspace that was made before there was one, for whoever may read it."""
    if await edge.read(default_uid) is None:
        try:
            await edge.command(standing.make_for)
        except Forbidden:
            raise NotFound("The default experiment is not there yet.") from None


@command("experiments.create", "POST", "/mlflow/experiments/create", _WRITE, wire.CreateExperiment, required=("name",))
def create(call: Call, message: wire.CreateExperiment) -> wire.ExperimentId:
    """Make an experiment; a note among its tags is its description."""
    translate.check_location(message.artifact_location)
    found = tags_of(message.tags)
    namespace, name = place_of_experiment(message.name or "")
    note = found.pop(translate.NOTE, "")
    made = experiments.create(call, CreateExperiment(name, namespace, note, found))
    return wire.ExperimentId(experiment_id=translate.experiment_id(made.uid, default_uid(call)))


@flow(
    "experiments.get",
    "GET",
    "/mlflow/experiments/get",
    _READ,
    wire.ExperimentId,
    required=("experiment_id",),
    absent=ABSENT,
)
async def get(edge: Edge, message: wire.ExperimentId) -> wire.ExperimentAnswer:
    """One experiment."""
    if message.experiment_id == DEFAULT_EXPERIMENT:
        await _ensure_default(edge)

    def look(call: Call) -> wire.ExperimentAnswer:
        view = experiments.get(call, uid_of(call, message.experiment_id or ""))
        return wire.ExperimentAnswer(experiment=translate.experiment(view, default_uid(call)))

    return await edge.read(look, brief=True)


@flow(
    "experiments.get_by_name",
    "GET",
    "/mlflow/experiments/get-by-name",
    _READ,
    wire.ExperimentName,
    required=("experiment_name",),
    absent="Could not find experiment with name '{experiment_name}'",
)
async def get_by_name(edge: Edge, message: wire.ExperimentName) -> wire.ExperimentAnswer:
    """The experiment of a name, in the trash too."""
    if message.experiment_name == DEFAULT.name:
        await _ensure_default(edge)

    def look(call: Call) -> wire.ExperimentAnswer:
        view = experiments.by_path(call, message.experiment_name or "")
        return wire.ExperimentAnswer(experiment=translate.experiment(view, default_uid(call)))

    return await edge.read(look, brief=True)


@read("experiments.search", "GET POST", "/mlflow/experiments/search", _READ, wire.SearchExperiments)
def search(call: Call, message: wire.SearchExperiments) -> wire.ExperimentsAnswer:
    """Experiments that fit a filter."""
    size = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST)
    default = default_uid(call)
    question = question_of(message.filter or "", message.order_by, state_of(message.view_type), default)
    page = gathered(
        lambda asked: find.found_experiments(call, question, asked), size, message.page_token, experiment_weight
    )
    found = [translate.experiment(view, default) for view in page.items]
    return wire.ExperimentsAnswer(experiments=found, next_page_token=page.next_page_token)


@command(
    "experiments.update",
    "POST",
    "/mlflow/experiments/update",
    _WRITE,
    wire.UpdateExperiment,
    required=("experiment_id",),
    absent=ABSENT,
)
def update(call: Call, message: wire.UpdateExperiment) -> None:
    """Rename an experiment."""
    uid = uid_to_write(call, message.experiment_id or "")
    if message.new_name:
        experiments.rename(call, uid, message.new_name)
    else:
        experiments.locked(call, uid, _WRITE)


@command(
    "experiments.delete",
    "POST",
    "/mlflow/experiments/delete",
    _DELETE,
    wire.ExperimentId,
    required=("experiment_id",),
    absent=ABSENT,
)
def delete(call: Call, message: wire.ExperimentId) -> None:
    """Move an experiment to the trash."""
    experiments.delete(call, uid_of(call, message.experiment_id or ""))


@command(
    "experiments.restore",
    "POST",
    "/mlflow/experiments/restore",
    _DELETE,
    wire.ExperimentId,
    required=("experiment_id",),
    absent=ABSENT,
)
def restore(call: Call, message: wire.ExperimentId) -> None:
    """Take an experiment out of the trash."""
    experiments.restore(call, uid_of(call, message.experiment_id or ""))


@command(
    "experiments.set_tag",
    "POST",
    "/mlflow/experiments/set-experiment-tag",
    _WRITE,
    wire.SetExperimentTag,
    required=("experiment_id", "key"),
    absent=ABSENT,
)
def set_tag(call: Call, message: wire.SetExperimentTag) -> None:
    """Set a tag; the note is the description."""
    uid = uid_to_write(call, message.experiment_id or "")
    if message.key == translate.NOTE:
        experiments.update(call, uid, message.value or "", None)
    else:
        tags.set_tags(call, "experiment", uid, {message.key or "": message.value or ""})


@command(
    "experiments.delete_tag",
    "POST",
    "/mlflow/experiments/delete-experiment-tag",
    _WRITE,
    wire.SetExperimentTag,
    required=("experiment_id", "key"),
    absent="No tag with name: {key} in experiment with id {experiment_id}",
)
def delete_tag(call: Call, message: wire.SetExperimentTag) -> None:
    """Remove a tag."""
    uid = uid_of(call, message.experiment_id or "")
    if message.key == translate.NOTE:
        experiments.update(call, uid, "", None)
    else:
        tags.remove_tags(call, "experiment", uid, [message.key or ""])


OPERATIONS = (create, get, get_by_name, search, update, delete, restore, set_tag, delete_tag)
