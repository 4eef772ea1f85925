"""Logged models, and what runs read and put out."""

from strongroom.application.artifacts import folders
from strongroom.application.call import Call
from strongroom.application.search import find
from strongroom.application.tracking import inputs, logged_models, measuring
from strongroom.application.tracking.logged_models import CreateLoggedModel
from strongroom.application.tracking.logged_views import LoggedModelView, logged_model_weight
from strongroom.application.tracking.measuring import ModelBatch
from strongroom.dialects.mlflow.operation import command, read
from strongroom.dialects.mlflow.operations.experiments import default_uid, uid_of, uid_to_write
from strongroom.dialects.mlflow.operations.runs import ABSENT as RUN_ABSENT
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import logged_models as translate
from strongroom.dialects.mlflow.translate.artifacts import files
from strongroom.dialects.mlflow.translate.common import page_size, tags_of
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.translate.ids import DEFAULT_EXPERIMENT, model_uid, run_uid
from strongroom.dialects.mlflow.translate.places import model_root
from strongroom.dialects.mlflow.translate.search.logged_models import question as question_of
from strongroom.dialects.mlflow.wire import logged_models as wire
from strongroom.domain.artifacts.paths import clean_directory
from strongroom.domain.identity.roles import Permission

ABSENT = "Logged model with ID '{model_id}' not found."
RESULTS_DEFAULT, RESULTS_MOST, LISTED_MOST = 100, 1_000, 10_000
_READ, _WRITE, _DELETE = Permission.RUN_READ, Permission.RUN_WRITE, Permission.RUN_DELETE
_BASE = "/mlflow/logged-models"


def _answer(call: Call, view: LoggedModelView) -> wire.LoggedModelAnswer:
    return wire.LoggedModelAnswer(model=translate.logged_model(view, default_uid(call)))


@command("logged_models.create", "POST", _BASE, _WRITE, wire.CreateLoggedModel, required=("experiment_id",))
def create(call: Call, message: wire.CreateLoggedModel) -> wire.LoggedModelAnswer:
    """Begin a logged model; its files follow, then it is finalised."""
    wanted = CreateLoggedModel(
        uid_to_write(call, message.experiment_id or ""),
        message.name or "model",
        message.model_type or "",
        run_uid(message.source_run_id) if message.source_run_id else None,
        params=translate.params_of(message.params),
        tags=tags_of(message.tags),
    )
    return _answer(call, logged_models.create(call, wanted))


@command("logged_models.finalize", "PATCH", _BASE + "/{model_id}", _WRITE, wire.FinalizeModel, absent=ABSENT)
def finalize(call: Call, message: wire.FinalizeModel) -> wire.LoggedModelAnswer:
    """Say that a logged model is ready, or that its files did not all arrive."""
    uid = model_uid(message.model_id or "")
    return _answer(call, logged_models.finalise(call, uid, translate.status_of(message.status)))


@read("logged_models.get", "GET", _BASE + "/{model_id}", _READ, wire.ByModel, absent=ABSENT)
def get(call: Call, message: wire.ByModel) -> wire.LoggedModelAnswer:
    """One logged model."""
    return _answer(call, logged_models.get(call, model_uid(message.model_id or "")))


@command("logged_models.delete", "DELETE", _BASE + "/{model_id}", _DELETE, wire.ByModel, absent=ABSENT)
def delete(call: Call, message: wire.ByModel) -> None:
    """Move a logged model to the trash."""
    logged_models.delete(call, model_uid(message.model_id or ""))


@read("logged_models.search", "POST", _BASE + "/search", _READ, wire.SearchLoggedModels)
def search(call: Call, message: wire.SearchLoggedModels) -> wire.LoggedModelsAnswer:
    """Logged models of some experiments that fit a filter."""
    size, default = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST), default_uid(call)
    call.ask(_READ)
    # nobody has made anything in a default experiment that is not there yet
    named = [uid_of(call, id_) for id_ in message.experiment_ids if id_ != DEFAULT_EXPERIMENT or default is not None]
    question = question_of(message.filter or "", message.datasets, message.order_by, named)
    if not named:
        return wire.LoggedModelsAnswer()
    page = gathered(
        lambda asked: find.found_logged_models(call, question, asked), size, message.page_token, logged_model_weight
    )
    return wire.LoggedModelsAnswer(
        models=[translate.logged_model(view, default) for view in page.items], next_page_token=page.next_page_token
    )


@command("logged_models.set_tags", "PATCH", _BASE + "/{model_id}/tags", _WRITE, wire.SetModelTags, absent=ABSENT)
def set_tags(call: Call, message: wire.SetModelTags) -> wire.LoggedModelAnswer:
    """Set tags."""
    batch = ModelBatch(tags=tags_of(message.tags))
    return _answer(call, measuring.log(call, model_uid(message.model_id or ""), batch))


@command(
    "logged_models.delete_tag",
    "DELETE",
    _BASE + "/{model_id}/tags/{tag_key:path}",
    _WRITE,
    wire.DeleteModelTag,
    absent=ABSENT,
)
def delete_tag(call: Call, message: wire.DeleteModelTag) -> None:
    """Remove a tag."""
    measuring.remove_tags(call, model_uid(message.model_id or ""), [message.tag_key or ""])


@command("logged_models.log_params", "POST", _BASE + "/{model_id}/params", _WRITE, wire.LogModelParams, absent=ABSENT)
def log_params(call: Call, message: wire.LogModelParams) -> None:
    """Set params, each once."""
    batch = ModelBatch(params=translate.params_of(message.params))
    measuring.log(call, model_uid(message.model_id or ""), batch)


@read(
    "logged_models.files",
    "GET",
    _BASE + "/{model_id}/artifacts/directories",
    Permission.FOLDER_READ,
    wire.ListModelFiles,
    absent=ABSENT,
)
def list_files(call: Call, message: wire.ListModelFiles) -> wire.ModelFilesAnswer:
    """What lies in a directory of a logged model."""
    uid, directory = model_uid(message.model_id or ""), clean_directory(message.artifact_directory_path)
    view = logged_models.get(call, uid)
    page = gathered(
        lambda asked: folders.listed(call, "logged_model", uid, directory, asked, recursive=False),
        LISTED_MOST,
        message.page_token,
    )
    root = model_root(experiment_id(view.experiment_uid, default_uid(call)), uid)
    return wire.ModelFilesAnswer(root_uri=root, files=files(page.items), next_page_token=page.next_page_token)


@command(
    "runs.log_inputs",
    "POST",
    "/mlflow/runs/log-inputs",
    _WRITE,
    wire.LogInputs,
    required=("run_id",),
    absent=RUN_ABSENT,
)
def log_inputs(call: Call, message: wire.LogInputs) -> None:
    """Say what a run read."""
    inputs.add_inputs(call, run_uid(message.run_id), translate.inputs_of(message), late=True)


@command(
    "runs.log_outputs", "POST", "/mlflow/runs/outputs", _WRITE, wire.LogOutputs, required=("run_id",), absent=RUN_ABSENT
)
def log_outputs(call: Call, message: wire.LogOutputs) -> None:
    """Say what a run put out."""
    inputs.add_outputs(call, run_uid(message.run_id), translate.outputs_of(message), late=True)


OPERATIONS = (
    create,
    finalize,
    get,
    delete,
    search,
    set_tags,
    delete_tag,
    log_params,
    list_files,
    log_inputs,
    log_outputs,
)
