"""Artifacts: the proxy that clients read and write files through, and listings of runs."""

from strongroom.application.artifacts import folders, reading, trees, uploads
from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import locate
from strongroom.application.tracking import runs
from strongroom.dialects.mlflow.operation import Transfer, command, flow, read
from strongroom.dialects.mlflow.operations.experiments import default_uid
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate.artifacts import files
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.translate.ids import run_uid, version_number
from strongroom.dialects.mlflow.translate.places import Place, file_place, place_of, run_root
from strongroom.dialects.mlflow.translate.registry import KINDS
from strongroom.dialects.mlflow.wire import artifacts as wire
from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.domain.artifacts.paths import clean_directory
from strongroom.domain.errors import DomainError, Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission

_PROXY = "/mlflow-artifacts/artifacts"
_ABSENT = "No such artifact: '{artifact_path}'"
LISTED_MOST = 10_000
PROXIED_MOST = 100_000
"""Entries of one directory, all in one answer."""


def _listed(call: Call, place: Place, page: PageRequest) -> Page[EntryView]:
    """A directory of a folder or of a version's tree; one that is not there is empty."""
    if place.kind != "version":
        return folders.listed(call, place.kind, place.uid, place.path, page, recursive=False)
    try:
        return trees.listed(call, place.uid, place.path, page, recursive=False)
    except NotFound:
        return Page([], None)


async def _open(edge: Edge, place: Place) -> OpenFile:
    """A file, to be read. :raises Invalid: a directory. :raises NotFound: nothing lies there."""
    try:
        if place.kind == "version":
            return await reading.open_version_file(edge, place.uid, place.path)
        return await reading.open_folder_file(edge, place.kind, place.uid, place.path)
    except NotFound:
        below = await edge.read(lambda call: _listed(call, place, PageRequest(1)))
        if below.items:
            shown = place.path[:100]
            raise Invalid(f"Artifact path refers to a directory, not a file: '{shown}'") from None
        raise


@flow(
    "artifacts.download",
    "GET",
    _PROXY + "/{artifact_path:path}",
    Permission.FOLDER_READ,
    wire.ArtifactPath,
    raw=True,
    absent=_ABSENT,
)
async def download(edge: Edge, sent: Transfer[wire.ArtifactPath]) -> OpenFile:
    """The bytes of a file; nothing that a browser would run."""
    try:
        place = file_place(sent.message.artifact_path)
    except DomainError:
        await _ask(edge)
        raise
    if place.kind == "version":  # a folder asks for it by itself
        await _ask(edge)
    return await _open(edge, place)


async def _ask(edge: Edge) -> None:
    """Ask for the right that the route declares."""
    await edge.read(lambda call: call.ask(Permission.FOLDER_READ), brief=True)


@flow(
    "artifacts.upload",
    "PUT",
    _PROXY + "/{artifact_path:path}",
    Permission.FOLDER_WRITE,
    wire.ArtifactPath,
    raw=True,
    absent=_ABSENT,
)
async def upload(edge: Edge, sent: Transfer[wire.ArtifactPath]) -> Message:
    """Write a file into the folder of a run or logged model."""
    place = _writable(sent.message.artifact_path)
    await uploads.put_file(
        edge,
        place.kind,
        place.uid,
        place.path,
        sent.chunks,
        expect_sha256=None,
        expect_size=sent.size,
        media_type=sent.media_type,
    )
    return Message()


@command(
    "artifacts.delete",
    "DELETE",
    _PROXY + "/{artifact_path:path}",
    Permission.FOLDER_WRITE,
    wire.ArtifactPath,
    absent=_ABSENT,
)
def delete(call: Call, message: wire.ArtifactPath) -> None:
    """Remove a file, or all that lies below a directory."""
    place = _writable(message.artifact_path)
    folders.remove(call, place.kind, place.uid, place.path)


def _writable(path: str) -> Place:
    place = file_place(path)
    if place.kind == "version":
        raise Invalid("The files of a registered version do not change.")
    return place


@read("artifacts.list", "GET", _PROXY, Permission.FOLDER_READ, wire.ListProxied)
def list_proxied(call: Call, message: wire.ListProxied) -> wire.FilesAnswer:
    """What lies in a directory, by names in it."""
    call.ask(Permission.FOLDER_READ)
    place = place_of(message.path)
    page = gathered(lambda asked: _listed(call, place, asked), PROXIED_MOST, None)
    if page.next_page_token is not None:  # this listing has no pages: what it left out the client would not miss
        raise TooLarge(f"A directory of more than {PROXIED_MOST} entries is not listed.", limit=PROXIED_MOST)
    return wire.FilesAnswer(files=files(page.items, below=place.path))


@read(
    "artifacts.list_run",
    "GET",
    "/mlflow/artifacts/list",
    Permission.FOLDER_READ,
    wire.ListRunArtifacts,
    absent="Run with id={run_id} not found",
)
def list_run(call: Call, message: wire.ListRunArtifacts) -> wire.RunFilesAnswer:
    """What lies in a directory of a run, by whole paths."""
    uid = run_uid(message.run_id, message.run_uuid)
    directory = clean_directory(message.path)
    view = runs.get(call, uid, 0)
    page = gathered(lambda asked: _listed(call, Place("run", uid, directory), asked), LISTED_MOST, message.page_token)
    root = run_root(experiment_id(view.experiment_uid, default_uid(call)), uid)
    return wire.RunFilesAnswer(root_uri=root, files=files(page.items), next_page_token=page.next_page_token)


@flow("artifacts.get", "GET", "/get-artifact", Permission.FOLDER_READ, wire.GetArtifact, raw=True, versions=())
async def get_artifact(edge: Edge, sent: Transfer[wire.GetArtifact]) -> OpenFile:
    """A file of a run, as pages and scripts without a client ask for it."""
    message = sent.message
    place = Place("run", run_uid(message.run_id, message.run_uuid), clean_directory(message.path or ""))
    return await _open(edge, place)


@flow(
    "artifacts.get_of_version",
    "GET",
    "/model-versions/get-artifact",
    Permission.VERSION_BYTES,
    wire.GetVersionArtifact,
    raw=True,
    required=("name", "version", "path"),
    versions=(),
)
async def get_version_artifact(edge: Edge, sent: Transfer[wire.GetVersionArtifact]) -> OpenFile:
    """A file of a version, likewise."""
    message = sent.message
    number = version_number(message.version)

    def find(call: Call) -> str:
        _, version = locate.numbered(call, message.name or "", KINDS, number, Permission.VERSION_BYTES)
        return version.uid

    return await _open(edge, Place("version", await edge.read(find), clean_directory(message.path or "")))


OPERATIONS = (download, upload, delete, list_proxied, list_run, get_artifact, get_version_artifact)
