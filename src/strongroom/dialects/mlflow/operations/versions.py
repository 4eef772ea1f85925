"""Versions of registered models and of prompts."""

from dataclasses import replace

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import locate, publishing, sources, stages, tags, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import UpdateVersion
from strongroom.application.registry.views import VersionView, version_view, weight
from strongroom.application.search import find
from strongroom.dialects.mlflow.operation import command, flow, read
from strongroom.dialects.mlflow.operations.models import ABSENT as MODEL_ABSENT
from strongroom.dialects.mlflow.operations.models import model_of
from strongroom.dialects.mlflow.operations.prompts import spoken_versions
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import prompts
from strongroom.dialects.mlflow.translate import registry as translate
from strongroom.dialects.mlflow.translate.common import page_size, tags_of
from strongroom.dialects.mlflow.translate.ids import model_uid, run_uid, version_number
from strongroom.dialects.mlflow.translate.places import Place, version_root
from strongroom.dialects.mlflow.translate.registry import KINDS, stage_of
from strongroom.dialects.mlflow.translate.search.registry import versions_question
from strongroom.dialects.mlflow.translate.sources import Copied, Elsewhere, source_of
from strongroom.dialects.mlflow.wire import registry as wire
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Version

ABSENT = "Model Version (name={name}, version={version}) not found"
RESULTS_DEFAULT, RESULTS_MOST = 10_000, 200_000
_P = Permission


def version_of(call: Call, message: wire.ByVersion, permission: Permission) -> tuple[Asset, Version]:
    """The version that a name and a number mean, when the caller may do this to it."""
    return locate.numbered(call, message.name or "", KINDS, version_number(message.version), permission)


def _answer(view: VersionView) -> wire.VersionAnswer:
    return wire.VersionAnswer(model_version=translate.model_version(view))


@flow(
    "versions.create",
    "POST",
    "/mlflow/model-versions/create",
    _P.VERSION_REGISTER,
    wire.CreateVersion,
    required=("name", "source"),
    absent=MODEL_ABSENT,
)
async def create(edge: Edge, message: wire.CreateVersion) -> wire.VersionAnswer:
    """Register what lies at a source, frozen at this moment."""
    found = tags_of(message.tags)
    details = PublishDetails(
        description=message.description or "",
        tags={key: value for key, value in found.items() if key not in prompts.CONTENT_TAGS},
        run_uid=run_uid(message.run_id) if message.run_id else None,
        origin=message.source,
    )
    asset = await edge.read(lambda call: model_of(call, message, _P.VERSION_REGISTER), brief=True)
    if asset.kind == "prompt":
        files = prompts.files_of(found, message.source or "")
        made = await sources.register_files(edge, asset.uid, files, replace(details, origin=None))
    else:
        made = await _registered(edge, asset.uid, message, details)
    return wire.VersionAnswer(model_version=(await spoken_versions(edge, [made]))[0])


async def _registered(edge: Edge, asset: str, message: wire.CreateVersion, details: PublishDetails) -> VersionView:
    model = model_uid(message.model_id) if message.model_id else None
    source = source_of(message.source or "", details.run_uid, model)
    if isinstance(source, Elsewhere):
        return await sources.register_mount(edge, asset, source.uri, details)
    if isinstance(source, Copied):
        return await sources.register_copy(edge, asset, await _copied(edge, source), details)
    return await _frozen(edge, asset, source, details)


async def _frozen(edge: Edge, asset: str, place: Place, details: PublishDetails) -> VersionView:
    if place.kind == "logged_model":
        return await publishing.register_logged_model(edge, asset, place.uid, place.path, details)
    if place.kind == "version":
        return await sources.register_copy(edge, asset, place.uid, details)
    return await publishing.register(edge, asset, place.uid, place.path, details)


async def _copied(edge: Edge, source: Copied) -> str:
    """The uid of the version to copy."""

    def find_it(call: Call) -> str:
        if source.version is not None:
            return locate.numbered(call, source.name, KINDS, source.version, _P.VERSION_BYTES)[1].uid
        asset = model_of(call, wire.ByName(name=source.name), _P.VERSION_BYTES)
        return locate.aliased(call, asset, source.alias or "").uid

    return await edge.read(find_it, brief=True)


@flow(
    "versions.get",
    "GET",
    "/mlflow/model-versions/get",
    _P.ASSET_READ,
    wire.ByVersion,
    required=("name", "version"),
    absent=ABSENT,
)
async def get(edge: Edge, message: wire.ByVersion) -> wire.VersionAnswer:
    """One version."""
    view = await edge.read(lambda call: version_view(call, *version_of(call, message, _P.ASSET_READ)), brief=True)
    return wire.VersionAnswer(model_version=(await spoken_versions(edge, [view]))[0])


@flow("versions.search", "GET", "/mlflow/model-versions/search", _P.ASSET_READ, wire.SearchModels)
async def search(edge: Edge, message: wire.SearchModels) -> wire.VersionsAnswer:
    """Versions that fit a filter; those of prompts only when it asks for them."""
    size = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST)
    question = versions_question(message.filter or "", message.order_by)

    def look(call: Call) -> Page[VersionView]:
        return gathered(lambda asked: find.versions(call, question, asked), size, message.page_token, weight)

    page = await edge.read(look)
    shown = await spoken_versions(edge, page.items, listed=True)
    return wire.VersionsAnswer(model_versions=shown, next_page_token=page.next_page_token or "")


@read(
    "versions.download_uri",
    "GET",
    "/mlflow/model-versions/get-download-uri",
    _P.VERSION_BYTES,
    wire.ByVersion,
    required=("name", "version"),
    absent=ABSENT,
)
def download_uri(call: Call, message: wire.ByVersion) -> wire.DownloadUri:
    """From where the files can be read: the frozen tree, or the address elsewhere that the version refers to."""
    _, version = version_of(call, message, _P.VERSION_BYTES)
    refuse_recalled(call, Content(version.tree, None, version))
    elsewhere = sources.mount_of(call, version)
    return wire.DownloadUri(artifact_uri=elsewhere or version_root(version.uid))


@command(
    "versions.update",
    "PATCH",
    "/mlflow/model-versions/update",
    _P.VERSION_EDIT,
    wire.DescribeVersion,
    required=("name", "version"),
    absent=ABSENT,
)
def update(call: Call, message: wire.DescribeVersion) -> wire.VersionAnswer:
    """Describe a version."""
    _, version = version_of(call, message, _P.VERSION_EDIT)
    return _answer(versions.update(call, version.uid, UpdateVersion(description=message.description or ""), None))


@command(
    "versions.move",
    "POST",
    "/mlflow/model-versions/transition-stage",
    _P.STAGE_SET,
    wire.MoveVersion,
    required=("name", "version", "stage"),
    absent=ABSENT,
)
def move(call: Call, message: wire.MoveVersion) -> wire.VersionAnswer:
    """Move a version to another stage."""
    stage = stage_of(message.stage or "")
    _, version = version_of(call, message, _P.STAGE_SET)
    moved = stages.place(call, version.uid, stage, "", move_others=message.archive_existing_versions, etag=None)
    return _answer(moved)


@command(
    "versions.delete",
    "DELETE",
    "/mlflow/model-versions/delete",
    _P.VERSION_DELETE,
    wire.ByVersion,
    required=("name", "version"),
    absent=ABSENT,
)
def delete(call: Call, message: wire.ByVersion) -> None:
    """Delete a version with its aliases; a protected alias refuses it."""
    _, version = version_of(call, message, _P.VERSION_DELETE)
    versions.delete(call, version.uid, release_aliases=True, etag=None)


@command(
    "versions.set_tag",
    "POST",
    "/mlflow/model-versions/set-tag",
    _P.ASSET_EDIT,
    wire.SetVersionTag,
    required=("name", "version", "key"),
    absent=ABSENT,
)
def set_tag(call: Call, message: wire.SetVersionTag) -> None:
    """Set a tag; a prompt's text is content, which does not change."""
    prompts.refuse_content(message.key or "")
    _, version = version_of(call, message, _P.ASSET_EDIT)
    tags.set_tags(call, "version", version.uid, {message.key or "": message.value or ""})


@command(
    "versions.delete_tag",
    "DELETE",
    "/mlflow/model-versions/delete-tag",
    _P.ASSET_EDIT,
    wire.SetVersionTag,
    required=("name", "version", "key"),
    absent=ABSENT,
)
def delete_tag(call: Call, message: wire.SetVersionTag) -> None:
    """Remove a tag; one that is not there does not matter."""
    _, version = version_of(call, message, _P.ASSET_EDIT)
    tags.remove_tags(call, "version", version.uid, [message.key or ""], strict=False)


OPERATIONS = (create, get, search, download_uri, update, move, delete, set_tag, delete_tag)
