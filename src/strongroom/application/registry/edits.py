"""Edits of a commit as callers write them, checked against what they may do, and as the domain applies them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from strongroom.application.artifacts.folders import open_folder, possessed_by
from strongroom.application.artifacts.trees import StoredPages, load_root, tree_entry
from strongroom.application.call import Call
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import locate, versions
from strongroom.domain.artifacts.edits import Delete, Edit, Put, Take, at_or_below
from strongroom.domain.artifacts.folder import frozen, placed_under, subpath
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.pages import TreeRoot
from strongroom.domain.artifacts.paths import clean_path
from strongroom.domain.artifacts.tree import FileEntry, MountEntry, ReferenceEntry, clean_entry
from strongroom.domain.errors import Invalid, NotPossessed, SizeMismatch
from strongroom.domain.registry.model import Asset

VERBS: Final = ("put", "delete", "copy", "move", "reference", "mount", "folder")


@dataclass(frozen=True, slots=True)
class EditCommand:
    """One edit. `path` is what it is about; for `copy`, `move` and `folder` where it goes, and `source` where from.

    :param verb: one of `VERBS`. :param sha256: of `put`: bytes that the caller has sent or may read (domain.md N16).
    :param revision: of `copy`: whose `source` is meant, the base's when None. :param version_uid: one of any asset.
    :param folder: of `folder`: kind (run, draft) and uid.
    """

    verb: str
    path: str
    sha256: str | None = None
    size: int | None = None
    uri: str | None = None
    pin: str | None = None
    source: str | None = None
    revision: str | None = None
    version_uid: str | None = None
    folder: tuple[str, str] | None = None


def checked(call: Call, asset: Asset, root: TreeRoot, commands: Sequence[EditCommand]) -> tuple[list[Edit], list[int]]:
    """Edits of a tree, and the blobs that the asset comes to hold by them.

    :raises NotPossessed: a digest was named whose bytes the caller has not sent and may not read.
    :raises Invalid: an edit lacks what it needs. :raises SizeMismatch: a size that the bytes do not have.
    """
    digests = [one.sha256 for one in commands if one.verb == "put" and one.sha256 is not None]
    blobs = possessed_by(call, asset.id, digests)
    if absent := [digest for digest in dict.fromkeys(digests) if digest not in blobs]:
        raise NotPossessed("Send these bytes first.", digests=absent[:100], count=len(absent))
    reading = _Reading(call, asset, root, blobs, [blob.id for blob in blobs.values()])
    for one in commands:
        reading.edit(one)
    return reading.edits, reading.held


@dataclass(slots=True)
class _Reading:
    """What came of the edits so far."""

    call: Call
    asset: Asset
    root: TreeRoot
    blobs: Mapping[str, Blob]
    held: list[int]
    edits: list[Edit] = field(default_factory=list)

    def edit(self, one: EditCommand) -> None:
        """Take the next one."""
        match one:
            case EditCommand(verb="put", sha256=str(sha256)):
                self._put(one, self.blobs[sha256])
            case EditCommand(verb="reference", uri=str(uri)):
                self.edits.append(Put(clean_entry(ReferenceEntry(one.path, uri, one.size, one.pin))))
            case EditCommand(verb="mount", uri=str(uri)):
                self.edits.append(Put(clean_entry(MountEntry(one.path, uri, one.pin))))
            case EditCommand(verb="delete"):
                self.edits.append(Delete(clean_path(one.path)))
            case EditCommand(verb="move", source=str(source)):
                old = clean_path(source)
                self.edits += [Delete(old), Take(self.root, old, clean_path(one.path))]
            case EditCommand(verb="copy", source=str(source)):
                self._copy(one, clean_path(source))
            case EditCommand(verb="folder", folder=(kind, uid)):
                self._folder(one, kind, uid)
            case _:
                raise Invalid(f"An edit is one of {', '.join(VERBS)}, with what it needs.", path=one.path[:200])

    def _put(self, one: EditCommand, blob: Blob) -> None:
        if one.size not in {None, blob.size}:
            raise SizeMismatch("The size is not that of the bytes.", path=one.path[:200], size=blob.size)
        self.edits.append(Put(FileEntry(clean_path(one.path), blob.sha256, blob.size)))

    def _copy(self, one: EditCommand, source: str) -> None:
        root = self.root
        if one.version_uid is not None:
            owner, version = versions.readable(self.call, one.version_uid)
            root = load_root(self.call, version.tree or "")
            if owner.id != self.asset.id:
                refuse_recalled(self.call, Content(version.tree, None, version))
                self._hold_below(root, source)
        elif one.revision is not None:
            found = locate.revision_of(self.call, self.asset, locate.parse_revision(one.revision))
            root = load_root(self.call, found.tree)
        self.edits.append(Take(root, source, clean_path(one.path)))

    def _hold_below(self, root: TreeRoot, path: str) -> None:
        """What another asset has, and the caller may read there, becomes this asset's too."""
        entries = at_or_below(root, StoredPages(self.call.tx.trees), path)
        digests = {entry.sha256 for entry in entries if isinstance(entry, FileEntry)}
        self.held += [blob.id for blob in self.call.tx.blobs.by_sha256(sorted(digests)).values()]

    def _folder(self, one: EditCommand, kind: str, uid: str) -> None:
        """What lies in the folder of a run or draft at this moment."""
        source = one.source or ""
        owner = open_folder(self.call, kind, uid, write=False)
        rows = self.call.tx.folders.all(owner.folder.id, source)
        if not rows:
            raise Invalid("There are no files in this folder.", path=source[:200])
        entries = placed_under(frozen(subpath(map(tree_entry, rows), source)), one.path)
        self.edits += [Put(entry) for entry in entries]
        self.held += [row.blob_id for row in rows if row.blob_id is not None]
