"""Folders of runs, logged models, traces and drafts: the mutable maps that registration freezes (domain.md N4)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets, versions
from strongroom.application.tracking import experiments, logged_lookup, recording, runs, trace_lookup
from strongroom.application.tracking.covering import cover
from strongroom.application.views import time_of
from strongroom.domain.artifacts.folder import check_put, neighbours
from strongroom.domain.artifacts.model import Blob, Folder, FolderEntry
from strongroom.domain.artifacts.paths import clean_directory, clean_path
from strongroom.domain.artifacts.tree import ReferenceEntry, clean_entry
from strongroom.domain.errors import Conflict, Invalid, NotFound, NotPossessed, Purged, SizeMismatch, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.registry.model import VersionState
from strongroom.domain.tracking.logged_models import LoggedModel
from strongroom.domain.tracking.model import HeldRun, Run

ENTRIES_MOST = 10_000
DIGESTS_MOST = 10_000
BASES_MOST = 20
MEDIA_TYPE_LONGEST = 255
NO_FOLDER = 0
"""Instead of the id of a folder that nothing was written to yet."""
OWNERS = ("run", "logged_model", "trace", "draft")


@dataclass(frozen=True, slots=True)
class PutEntry:
    """One path to write: a file by digest (`sha256`, `size`), or a reference by `uri` with an optional pin."""

    path: str
    sha256: str | None = None
    size: int | None = None
    uri: str | None = None
    pin: str | None = None
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One path of a folder or tree. A directory has only its path, ending in `/`."""

    path: str
    kind: str
    size: int | None
    sha256: str | None
    uri: str | None
    pin: str | None
    written_at: datetime | None


@dataclass(frozen=True, slots=True)
class FolderOwner:
    """A folder with what it belongs to: a run, a logged model, a trace, or the draft of an asset's version."""

    kind: str
    uid: str
    folder: Folder
    asset_id: int | None
    run: Run | HeldRun | None = None
    sealed: bool = False
    model: LoggedModel | None = None


def open_folder(call: Call, kind: str, uid: str, *, write: bool, hold: bool = False) -> FolderOwner:
    """The folder of a run, logged model, trace or draft, when the caller may read or write it.

    A folder has no rights of its own: those of its owner decide.

    :param hold: to write to it in this very transaction: a run is locked in the same query, and a trace.
    :raises Conflict: to write: the draft is sealed or expired, or the other owner is in the trash, maybe with its
        experiment.
    :raises Purged: the draft became a version that was purged.
    """
    call.ask(Permission.FOLDER_WRITE if write else Permission.FOLDER_READ)
    if kind == "run":
        run = runs.held(call, uid) if hold else _run(call, uid, write=write)
        return FolderOwner(kind, uid, _folder(call, "run", run.id), None, run)
    if kind == "logged_model":
        permission = Permission.RUN_WRITE if write else Permission.RUN_READ
        experiment, model = logged_lookup.by_uid(call, uid, permission)
        if write:
            logged_lookup.must_live(experiment, model)
        return FolderOwner(kind, uid, _folder(call, "logged_model", model.id), None, model=model)
    if kind == "trace":
        return _trace(call, uid, write=write, hold=hold)
    if kind == "draft":
        return _draft(call, uid, write=write)
    raise Invalid(f"A folder belongs to one of {', '.join(OWNERS)}.")


def _run(call: Call, uid: str, *, write: bool) -> Run:
    experiment, run = runs.by_uid(call, uid, Permission.RUN_WRITE if write else Permission.RUN_READ)
    if write:
        experiments.must_live(experiment)
    if write and run.deleted_at is not None:
        raise Conflict("The run is in the trash; restore it first.")
    return run


def _trace(call: Call, ref: str, *, write: bool, hold: bool) -> FolderOwner:
    """Held while it is written to, so that none is deleted meanwhile and leaves its files behind."""
    permission = Permission.RUN_WRITE if write else Permission.RUN_READ
    experiment, trace = (trace_lookup.locked if hold else trace_lookup.by_ref)(call, ref, permission)
    if write:
        experiments.must_live(experiment)
    if hold:
        return FolderOwner("trace", trace.uid, _folder(call, "trace", trace.id), None)
    # few traces have files: the folder is made with the first
    none = Folder(NO_FOLDER, "trace", trace.id, call.workspace.id, 0)
    return FolderOwner("trace", trace.uid, call.tx.folders.of("trace", trace.id) or none, None)


def _draft(call: Call, uid: str, *, write: bool) -> FolderOwner:
    asset, version = versions.by_uid(call, uid, Permission.VERSION_REGISTER)
    draft = call.tx.versions.draft(version.id)
    if draft is None:
        raise NotFound("There is no such draft.")
    if write and (draft.state != "open" or draft.expires_at <= call.now):
        raise Conflict("The draft is sealed, ended or expired.", state=draft.state)
    if asset.purged_at is not None or version.state is VersionState.PURGED:
        raise Purged("The draft was purged; its content is gone.")
    folder = call.tx.folders.by_id(draft.folder_id)
    return FolderOwner("draft", uid, folder, asset.id, sealed=draft.state == "sealed")


def _folder(call: Call, kind: str, owner_id: int) -> Folder:
    return call.tx.folders.of(kind, owner_id) or call.tx.folders.add(kind, owner_id, call.workspace.id)


def _base_assets(call: Call, bases: Sequence[str]) -> list[int]:
    """Assets of versions named as base, each of which the caller may read."""
    if len(bases) > BASES_MOST:
        raise Invalid(f"At most {BASES_MOST} bases.", limit=BASES_MOST)
    return [versions.readable(call, uid)[0].id for uid in bases]


def possessed_by(
    call: Call, asset_id: int | None, digests: Sequence[str], bases: Sequence[str] = ()
) -> dict[str, Blob]:
    """Those of `digests` that the caller has sent, or that the asset or one of the bases holds (domain.md N16)."""
    if len(digests) > DIGESTS_MOST:
        raise TooLarge(f"At most {DIGESTS_MOST} digests at a time.", limit=DIGESTS_MOST)
    held = _base_assets(call, bases)
    if asset_id is not None:
        held.append(asset_id)
    return dict(call.tx.blobs.possessed(call.actor.id, held, digests))


def intake(call: Call, kind: str, uid: str) -> int | None:
    """Where bytes are sent to, before a path names them: a folder to write, or an asset to commit to.

    :returns: the asset, whose bytes need not be sent; None for a run's folder.
    """
    if kind != "asset":
        return open_folder(call, kind, uid, write=True).asset_id
    call.ask(Permission.FOLDER_WRITE)
    asset = assets.by_uid(call, uid, Permission.VERSION_REGISTER)
    if asset.deleted_at is not None:
        raise Conflict("The asset is in the trash; restore it first.")
    return asset.id


def possessed(call: Call, owner: FolderOwner, digests: Sequence[str], bases: Sequence[str]) -> dict[str, Blob]:
    """Those of `digests` whose bytes the caller need not send (domain.md N16)."""
    return possessed_by(call, owner.asset_id, digests, bases)


def missing(call: Call, kind: str, uid: str, digests: Sequence[str], bases: Sequence[str]) -> list[str]:
    """Those of `digests` whose bytes the caller must send before naming them."""
    have = possessed_by(call, intake(call, kind, uid), digests, bases)
    return [digest for digest in dict.fromkeys(digests) if digest not in have]


def put(call: Call, kind: str, uid: str, entries: Sequence[PutEntry], bases: Sequence[str] = ()) -> int:
    """Write paths into a folder, replacing those that exist; returns the folder's new generation.

    :raises NotPossessed: a digest was named whose bytes the caller has not sent and may not read.
    :raises BadPath: a path is no path, stands twice, or a file stands where another needs a directory.
    """
    owner = open_folder(call, kind, uid, write=True, hold=True)
    if not 1 <= len(entries) <= ENTRIES_MOST:
        raise TooLarge(f"Between 1 and {ENTRIES_MOST} entries at a time.", limit=ENTRIES_MOST)
    digests = [entry.sha256 for entry in entries if entry.sha256 is not None]
    blobs = possessed(call, owner, digests, bases)
    if absent := [digest for digest in dict.fromkeys(digests) if digest not in blobs]:
        raise NotPossessed("Send these bytes first.", digests=absent[:100], count=len(absent))
    return _write(call, owner, [_row(call, entry, blobs) for entry in entries])


def put_sent(call: Call, kind: str, uid: str, entry: PutEntry, blob: Blob) -> int:
    """Write one path whose bytes the caller has just sent, in the transaction that takes note of them; see `put`."""
    owner = open_folder(call, kind, uid, write=True, hold=True)
    return _write(call, owner, [_row(call, entry, {blob.sha256: blob})])


def _write(call: Call, owner: FolderOwner, rows: Sequence[FolderEntry]) -> int:
    if len({row.path for row in rows}) < len(rows):
        raise Invalid("The same path stands twice in one request.")
    folder = call.tx.folders.lock(owner.folder.id)
    _check_clashes(call, folder, [row.path for row in rows])
    _cover(call, owner, {"put": [[row.path, row.sha256 or row.uri] for row in rows]})
    return call.tx.folders.put(folder, rows)


def _row(call: Call, entry: PutEntry, blobs: dict[str, Blob]) -> FolderEntry:
    if (entry.sha256 is None) == (entry.uri is None):
        raise Invalid("An entry is a file (sha256) or a reference (uri), not both.", path=entry.path[:200])
    if entry.media_type is not None and len(entry.media_type) > MEDIA_TYPE_LONGEST:
        raise Invalid(f"A media type is at most {MEDIA_TYPE_LONGEST} characters.")
    if entry.sha256 is not None:
        blob = blobs[entry.sha256]
        if entry.size is not None and entry.size != blob.size:
            raise SizeMismatch("The size is not that of the bytes.", path=entry.path[:200], size=blob.size)
        path = clean_path(entry.path)
        return FolderEntry(path, blob.id, blob.sha256, None, None, blob.size, entry.media_type, call.now)
    clean = clean_entry(ReferenceEntry(entry.path, entry.uri or "", entry.size, entry.pin))
    assert isinstance(clean, ReferenceEntry)  # noqa: S101 - clean_entry keeps the type
    return FolderEntry(clean.path, None, None, clean.uri, clean.pin, clean.size, entry.media_type, call.now)


def _check_clashes(call: Call, folder: Folder, paths: Sequence[str]) -> None:
    """:raises BadPath: among these paths and those of the folder, a file stands where a directory is needed."""
    above = {parent for path in paths for parent in neighbours(path)[0]}
    files = {*call.tx.folders.present(folder.id, sorted(above)), *above.intersection(paths)}
    below = call.tx.folders.below(folder.id, paths)
    for path in sorted(paths):
        check_put(path, files.intersection(neighbours(path)[0]))
        if path in below:
            check_put(path, [below[path]])


def remove(call: Call, kind: str, uid: str, path: str) -> None:
    """Remove a file, or everything below a directory. :raises NotFound: nothing lies there."""
    owner = open_folder(call, kind, uid, write=True, hold=True)
    clean = clean_path(path)
    if not call.tx.folders.remove(call.tx.folders.lock(owner.folder.id), clean):
        raise NotFound("Nothing lies at this path.")
    _cover(call, owner, {"remove": clean})


def _cover(call: Call, owner: FolderOwner, what: Mapping[str, object]) -> None:
    """A draft's writes need none: its tree is in the record of its version. Nor do a trace's: see decision 17."""
    if owner.run is not None:
        recording.extend_chain(call, owner.run, what)
    elif owner.model is not None:
        cover(call, owner.model, what)


def entry_view(entry: FolderEntry) -> EntryView:
    """An entry of a folder."""
    kind = "file" if entry.sha256 else "reference"
    return EntryView(entry.path, kind, entry.size, entry.sha256, entry.uri, entry.pin, time_of(entry.written_at))


def listed(call: Call, kind: str, uid: str, directory: str, page: PageRequest, *, recursive: bool) -> Page[EntryView]:
    """What lies in a directory of a folder, by path; everything below it when `recursive`."""
    owner = open_folder(call, kind, uid, write=False)
    base = clean_directory(directory)
    listing = f"folder/{owner.folder.id}/{base}/{recursive}"
    after = call.sealer.open(listing, page.token)
    start = str(after[0]) if after else ""
    items: list[EntryView] = []
    for item in _walk(
        call, owner.folder.id, base + "/" if base else "", start, recursive=recursive, limit=page.size + 1
    ):
        items.append(item)
        if len(items) > page.size:
            break
    return call.sealer.page(listing, items, page.size, lambda item: (item.path,))


def _walk(call: Call, folder_id: int, prefix: str, after: str, *, recursive: bool, limit: int) -> Iterable[EntryView]:
    """Skip scan: one look-up a directory, however much lies in it."""
    if recursive:
        entries = call.tx.folders.entries(folder_id, prefix=prefix, after=after, limit=limit)
        yield from map(entry_view, entries)
        return
    start = after
    if after.endswith("/"):
        start = after[:-1] + "0"  # the first key behind the directory, which may itself be a file
        if (at := call.tx.folders.get(folder_id, start)) is not None:
            yield entry_view(at)
    while True:
        found = call.tx.folders.entries(folder_id, prefix=prefix, after=start, limit=1)
        if not found:
            return
        name, slash, _ = found[0].path[len(prefix) :].partition("/")
        if slash:
            yield EntryView(prefix + name + "/", "directory", None, None, None, None, None)
            start = prefix + name + "0"
            if (at := call.tx.folders.get(folder_id, start)) is not None:
                yield entry_view(at)
        else:
            yield entry_view(found[0])
            start = found[0].path


def file_of(call: Call, kind: str, uid: str, path: str) -> tuple[Vertex | None, FolderEntry, Blob]:
    """A file of a folder with its bytes' place, and the run or logged model that the folder belongs to.

    :raises Conflict: the draft is sealed: its bytes are a version's, whose trash holds them back and whose reads count.
    """
    owner = open_folder(call, kind, uid, write=False)
    if owner.sealed:
        raise Conflict("The draft is sealed; read the version that it became.")
    entry = call.tx.folders.get(owner.folder.id, clean_path(path))
    if entry is None or entry.blob_id is None:
        raise NotFound("There is no file at this path.")
    of = Vertex(kind, owner.folder.owner_id) if kind in {"run", "logged_model"} else None
    return of, entry, call.tx.blobs.by_id(entry.blob_id)
