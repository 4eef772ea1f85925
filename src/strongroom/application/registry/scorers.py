"""Scorers of experiments: assets of kind scorer, whose versions each hold one document. Stored as data, never run here.

A scorer is known by its experiment and its name, through a handle; the asset lies in the experiment's namespace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts import reading
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import MAX_PAGE, PageRequest
from strongroom.application.registry import assets, handles, sources, versions
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import VersionView
from strongroom.application.tracking import experiments
from strongroom.domain.errors import AlreadyExists, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset

KIND: Final = "scorer"
FILE: Final = "scorer.json"
DOCUMENT_LARGEST: Final = 1 << 20
"""Bytes of a scorer's document."""
LISTED_MOST: Final = 1_000
_ABSENT = "There is no such scorer."


@dataclass(frozen=True, slots=True)
class Named:
    """A scorer by the dialect, the experiment and the name that its clients know it by."""

    dialect: str
    experiment_uid: str
    name: str

    @property
    def foreign(self) -> str:
        """The foreign id of its handle."""
        return f"{self.experiment_uid}/{self.name}"


@dataclass(frozen=True, slots=True)
class Scorer:
    """One version of a scorer, with its document."""

    name: str
    version: VersionView
    document: bytes


async def register(edge: Edge, named: Named, document: bytes) -> Scorer:
    """Add a version; the first one makes the scorer.

    :raises Conflict: the experiment is in the trash.
    """
    asset_uid = await edge.command(lambda call: _ensure(call, named))
    view = await sources.register_files(edge, asset_uid, {FILE: document}, PublishDetails())
    return Scorer(named.name, view, document)


def _ensure(call: Call, named: Named) -> str:
    experiment = experiments.locked(call, named.experiment_uid, Permission.RUN_READ)
    found = _find(call, named)
    if found is not None:
        return assets.by_uid(call, found.uid, Permission.VERSION_REGISTER).uid
    for name in (named.name, f"{named.name}-{experiment.uid[-12:]}"):
        taken = call.tx.assets.by_name(experiment.namespace_id, name, [KIND])
        if not any(asset.deleted_at is None for asset in taken):
            made = assets.create(call, CreateAsset(KIND, name, experiment.namespace_path))
            if call.tx.handles.get(call.workspace.id, named.dialect, KIND, [named.foreign]):
                handles.remove(call, named.dialect, KIND, named.foreign)  # of one that was deleted
            handles.put(call, named.dialect, KIND, named.foreign, "asset", made.uid)
            return made.uid
    raise AlreadyExists("Another scorer has this name.")


def _find(call: Call, named: Named) -> Asset | None:
    found = call.tx.handles.get(call.workspace.id, named.dialect, KIND, [named.foreign]).get(named.foreign)
    asset = call.tx.assets.by_id(found.object_id) if found else None
    return asset if asset is not None and asset.deleted_at is None else None


def _asset(call: Call, named: Named, permission: Permission) -> Asset:
    experiments.by_uid(call, named.experiment_uid, Permission.RUN_READ)
    asset = _find(call, named)
    if asset is None:
        raise NotFound(_ABSENT)
    return assets.by_uid(call, asset.uid, permission)


async def listed(edge: Edge, dialect: str, experiment_uid: str) -> list[Scorer]:
    """The latest version of every scorer of an experiment, by name."""

    def look(call: Call) -> list[tuple[str, VersionView]]:
        call.ask(Permission.ASSET_READ)
        experiments.by_uid(call, experiment_uid, Permission.RUN_READ)
        rows = call.tx.handles.below(call.workspace.id, dialect, KIND, f"{experiment_uid}/", LISTED_MOST)
        found = []
        for row in rows:
            named = Named(dialect, experiment_uid, row.foreign.partition("/")[2])
            found += [(named.name, view) for view in _seen(call, named, 1)]
        return found

    return [await _whole(edge, name, view) for name, view in await edge.read(look)]


def _seen(call: Call, named: Named, most: int) -> Sequence[VersionView]:
    """Its versions, the newest first; none of one that the caller may not see."""
    try:
        asset = _asset(call, named, Permission.ASSET_READ)
    except NotFound:
        return []
    return versions.listed(call, asset.uid, ListVersions(), PageRequest(most)).items


async def history(edge: Edge, named: Named) -> list[Scorer]:
    """Every version of a scorer, the oldest first. :raises NotFound: there is no such scorer."""

    def look(call: Call) -> Sequence[VersionView]:
        asset = _asset(call, named, Permission.ASSET_READ)
        return versions.listed(call, asset.uid, ListVersions(), PageRequest(MAX_PAGE)).items

    found = [await _whole(edge, named.name, view) for view in await edge.read(look)]
    return found[::-1]


async def get(edge: Edge, named: Named, number: int | None) -> Scorer:
    """One version, by default the latest. :raises NotFound: none."""
    return await _whole(edge, named.name, await edge.read(lambda call: _version(call, named, number)))


def _version(call: Call, named: Named, number: int | None) -> VersionView:
    asset = _asset(call, named, Permission.ASSET_READ)
    for view in versions.listed(call, asset.uid, ListVersions(), PageRequest(MAX_PAGE)).items:
        if number in (None, view.number):
            return view
    raise NotFound(_ABSENT)


async def _whole(edge: Edge, name: str, view: VersionView) -> Scorer:
    return Scorer(name, view, await reading.read_whole(edge, view.uid, FILE, DOCUMENT_LARGEST))


def delete(call: Call, named: Named, number: int | None) -> None:
    """Move a version of a scorer to the trash, or with no number the scorer itself."""
    if number is None:
        asset = _asset(call, named, Permission.ASSET_DELETE)
        assets.delete(call, asset.uid, release_aliases=True, etag=None)
        return
    call.ask(Permission.ASSET_DELETE)
    view = _version(call, named, number)
    versions.delete(call, view.uid, release_aliases=True, etag=None)
