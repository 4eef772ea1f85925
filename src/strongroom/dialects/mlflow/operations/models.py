"""Registered models, their tags and aliases."""

from collections.abc import Sequence

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import aliases, assets, latest, locate, tags
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.application.registry.views import AssetView, VersionView, asset_view, version_view, weight
from strongroom.application.search import find
from strongroom.dialects.mlflow.errors import Spoken
from strongroom.dialects.mlflow.operation import command, flow, read
from strongroom.dialects.mlflow.operations.prompts import spoken_versions
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import prompts
from strongroom.dialects.mlflow.translate import registry as translate
from strongroom.dialects.mlflow.translate.common import page_size, tags_of
from strongroom.dialects.mlflow.translate.ids import version_number
from strongroom.dialects.mlflow.translate.registry import KINDS, stage_of
from strongroom.dialects.mlflow.translate.search.registry import models_question
from strongroom.dialects.mlflow.wire import registry as wire
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset

ABSENT = "Registered Model with name={name} not found"
RESULTS_DEFAULT, RESULTS_MOST = 100, 1_000
_P = Permission


def model_of(call: Call, message: wire.ByName, permission: Permission) -> Asset:
    """The model or prompt of a name, when the caller may do this to it."""
    return assets.named(call, translate.flat(message.name), KINDS, permission)


def answers(call: Call, views: Sequence[AssetView]) -> list[wire.RegisteredModel]:
    """Models with the newest version of every stage, in a constant number of queries."""
    newest = latest.by_stage(call, [view.uid for view in views])
    return [translate.registered_model(view, newest.get(view.uid, ())) for view in views]


def _answer(call: Call, view: AssetView) -> wire.ModelAnswer:
    return wire.ModelAnswer(registered_model=answers(call, [view])[0])


@command(
    "models.create", "POST", "/mlflow/registered-models/create", _P.ASSET_CREATE, wire.CreateModel, required=("name",)
)
def create(call: Call, message: wire.CreateModel) -> wire.ModelAnswer:
    """Make a registered model, or a prompt, as a tag says."""
    found = tags_of(message.tags)
    wanted = CreateAsset(
        "prompt" if prompts.is_prompt(found) else "model",
        message.name or "",
        description=message.description or "",
        tags={key: value for key, value in found.items() if key != translate.IS_PROMPT},
        exclusive=KINDS,
    )
    return _answer(call, assets.create(call, wanted))


@read(
    "models.get",
    "GET",
    "/mlflow/registered-models/get",
    _P.ASSET_READ,
    wire.ByName,
    required=("name",),
    absent=ABSENT,
    brief=True,
)
def get(call: Call, message: wire.ByName) -> wire.ModelAnswer:
    """One registered model."""
    return _answer(call, asset_view(call, model_of(call, message, _P.ASSET_READ)))


@read("models.search", "GET", "/mlflow/registered-models/search", _P.ASSET_READ, wire.SearchModels)
def search(call: Call, message: wire.SearchModels) -> wire.ModelsAnswer:
    """Registered models that fit a filter; prompts only when it asks for them."""
    size = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST)
    question = models_question(message.filter or "", message.order_by)
    page = gathered(lambda asked: find.assets(call, question, asked), size, message.page_token, weight)
    return wire.ModelsAnswer(registered_models=answers(call, page.items), next_page_token=page.next_page_token or "")


@command(
    "models.rename",
    "POST",
    "/mlflow/registered-models/rename",
    _P.ASSET_RENAME,
    wire.RenameModel,
    required=("name", "new_name"),
    absent=ABSENT,
)
def rename(call: Call, message: wire.RenameModel) -> wire.ModelAnswer:
    """Give a registered model another name; the old one leads to it until it is taken."""
    asset = model_of(call, message, _P.ASSET_RENAME)
    return _answer(call, assets.rename(call, asset.uid, None, message.new_name, None))


@command(
    "models.update",
    "PATCH",
    "/mlflow/registered-models/update",
    _P.ASSET_EDIT,
    wire.DescribeModel,
    required=("name",),
    absent=ABSENT,
)
def update(call: Call, message: wire.DescribeModel) -> wire.ModelAnswer:
    """Describe a registered model."""
    asset = model_of(call, message, _P.ASSET_EDIT)
    return _answer(call, assets.update(call, asset.uid, UpdateAsset(description=message.description or ""), None))


@command(
    "models.delete",
    "DELETE",
    "/mlflow/registered-models/delete",
    _P.ASSET_DELETE,
    wire.ByName,
    required=("name",),
    absent=ABSENT,
)
def delete(call: Call, message: wire.ByName) -> None:
    """Delete a registered model with its versions and aliases; a protected alias refuses it."""
    asset = model_of(call, message, _P.ASSET_DELETE)
    assets.delete(call, asset.uid, release_aliases=True, etag=None)


@read(
    "models.latest",
    "GET POST",
    "/mlflow/registered-models/get-latest-versions",
    _P.ASSET_READ,
    wire.LatestVersions,
    required=("name",),
    absent=ABSENT,
)
def latest_versions(call: Call, message: wire.LatestVersions) -> wire.VersionsAnswer:
    """The newest version of every stage, or of those asked for."""
    asset = model_of(call, message, _P.ASSET_READ)
    wanted = {stage_of(stage) for stage in message.stages}
    found = latest.by_stage(call, [asset.uid]).get(asset.uid, ())
    shown = [view for view in found if not wanted or (view.stage or "none") in wanted]
    return wire.VersionsAnswer(model_versions=[translate.model_version(view) for view in shown])


@command(
    "models.set_tag",
    "POST",
    "/mlflow/registered-models/set-tag",
    _P.ASSET_EDIT,
    wire.SetModelTag,
    required=("name", "key"),
    absent=ABSENT,
)
def set_tag(call: Call, message: wire.SetModelTag) -> None:
    """Set a tag."""
    asset = model_of(call, message, _P.ASSET_EDIT)
    tags.set_tags(call, "asset", asset.uid, {message.key or "": message.value or ""})


@command(
    "models.delete_tag",
    "DELETE",
    "/mlflow/registered-models/delete-tag",
    _P.ASSET_EDIT,
    wire.SetModelTag,
    required=("name", "key"),
    absent=ABSENT,
)
def delete_tag(call: Call, message: wire.SetModelTag) -> None:
    """Remove a tag; one that is not there does not matter."""
    asset = model_of(call, message, _P.ASSET_EDIT)
    tags.remove_tags(call, "asset", asset.uid, [message.key or ""], strict=False)


@command(
    "aliases.set",
    "POST",
    "/mlflow/registered-models/alias",
    _P.ALIAS_SET,
    wire.ByAlias,
    required=("name", "alias", "version"),
    absent="Model Version (name={name}, version={version}) not found",
)
def set_alias(call: Call, message: wire.ByAlias) -> None:
    """Point an alias at a version."""
    number = version_number(message.version)
    asset, version = locate.numbered(call, message.name or "", KINDS, number, _P.ALIAS_SET)
    aliases.change(call, asset.uid, [ChangeAlias(message.alias or "", version.uid)])


@command(
    "aliases.delete",
    "DELETE",
    "/mlflow/registered-models/alias",
    _P.ALIAS_SET,
    wire.ByAlias,
    required=("name", "alias"),
    absent=ABSENT,
)
def delete_alias(call: Call, message: wire.ByAlias) -> None:
    """Remove an alias; one that is not there does not matter."""
    asset = model_of(call, message, _P.ALIAS_SET)
    if any(alias.name == message.alias for alias in aliases.listed(call, asset.uid, None)):
        aliases.change(call, asset.uid, [ChangeAlias(message.alias or "", None)])


@flow(
    "aliases.get",
    "GET",
    "/mlflow/registered-models/alias",
    _P.ASSET_READ,
    wire.ByAlias,
    required=("name", "alias"),
    absent=ABSENT,
)
async def get_by_alias(edge: Edge, message: wire.ByAlias) -> wire.VersionAnswer:
    """The version that an alias points at. One that is not there is a bad parameter to MLflow's clients."""

    def look(call: Call) -> VersionView:
        asset = model_of(call, message, _P.ASSET_READ)
        try:
            version = locate.aliased(call, asset, message.alias or "")
        except NotFound:
            shown = (message.alias or "")[:255]
            words = f"Registered model alias {shown} not found."
            raise Spoken(400, "INVALID_PARAMETER_VALUE", words) from None
        return version_view(call, asset, version)

    view = await edge.read(look, brief=True)
    return wire.VersionAnswer(model_version=(await spoken_versions(edge, [view]))[0])


OPERATIONS = (
    create,
    get,
    search,
    rename,
    update,
    delete,
    latest_versions,
    set_tag,
    delete_tag,
    set_alias,
    delete_alias,
    get_by_alias,
)
