"""Branches, pins and revisions of assets: commits by compare-and-swap, history, merges, publication."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.localfiles import find, hash_all
from strongroom.sdk.lookup import AssetRef, VersionRef, asset_uid, version_uid
from strongroom.sdk.models import Diff, Entry, Head, Ref, Relation, Revision, Rule, Scalar, Version
from strongroom.sdk.progress import Progress, choose
from strongroom.sdk.upload import Folder, send_bytes

MAIN = "main"


class Branches:
    """``client.branches``: names that move from revision to revision."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, asset: AssetRef) -> Iterator[Ref]:
        """By name."""
        return self._api.every("branch.list", Ref, uid=asset_uid(self._api, asset))

    def get(self, asset: AssetRef, name: str = MAIN) -> Ref:
        """One branch. :raises NotFound: there is none."""
        return self._api.call("branch.get", Ref, uid=asset_uid(self._api, asset), name=name)

    def create(self, asset: AssetRef, name: str, revision: str = MAIN) -> Head:
        """Make one at a revision. :raises AlreadyExists: a branch or pin has the name."""
        uid = asset_uid(self._api, asset)
        return self._api.call("branch.create", Head, uid=uid, name=name, revision=revision)

    def delete(self, asset: AssetRef, name: str, *, etag: int | None = None) -> None:
        """Delete one; versions stay. :raises Held: it is protected."""
        self._api.send("branch.delete", etag=etag, uid=asset_uid(self._api, asset), name=name)

    def protect(self, asset: AssetRef, name: str = MAIN, *, protected: bool = True, etag: int | None = None) -> Ref:
        """Only maintainers move it from now on, and nobody deletes or squashes it."""
        uid = asset_uid(self._api, asset)
        return self._api.call("branch.update", Ref, etag=etag, uid=uid, name=name, protected=protected)

    def merge(
        self,
        asset: AssetRef,
        source: str,
        into: str = MAIN,
        *,
        message: str = "",
        parent: str | None = None,
        fast_forward: bool = True,
    ) -> Head:
        """Bring what a revision changed since it and the branch parted into the branch.

        :raises Conflict: both changed the same paths; ``details["paths"]`` names them.
        """
        said: dict[str, Any] = {"message": message, "parent": parent, "fast_forward": fast_forward}
        return self._api.call("branch.merge", Head, uid=asset_uid(self._api, asset), source=source, branch=into, **said)

    def squash(self, asset: AssetRef, name: str = MAIN, *, message: str = "", parent: str | None = None) -> Head:
        """Replace its history by one revision with the same files; published versions keep theirs."""
        uid = asset_uid(self._api, asset)
        return self._api.call("branch.squash", Head, uid=uid, branch=name, message=message, parent=parent)


class Pins:
    """``client.pins``: names for revisions that never move (Git calls them tags)."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, asset: AssetRef) -> Iterator[Ref]:
        """By name."""
        return self._api.every("pin.list", Ref, uid=asset_uid(self._api, asset))

    def get(self, asset: AssetRef, name: str) -> Ref:
        """One pin. :raises NotFound: there is none."""
        return self._api.call("pin.get", Ref, uid=asset_uid(self._api, asset), name=name)

    def create(self, asset: AssetRef, name: str, revision: str = MAIN) -> Head:
        """Pin a revision. :raises AlreadyExists: a branch or pin has the name."""
        return self._api.call("pin.create", Head, uid=asset_uid(self._api, asset), name=name, revision=revision)

    def delete(self, asset: AssetRef, name: str, *, etag: int | None = None) -> None:
        """Delete one; versions stay. :raises Held: it is protected."""
        self._api.send("pin.delete", etag=etag, uid=asset_uid(self._api, asset), name=name)

    def protect(self, asset: AssetRef, name: str, *, protected: bool = True, etag: int | None = None) -> Ref:
        """Nobody deletes it from now on."""
        uid = asset_uid(self._api, asset)
        return self._api.call("pin.update", Ref, etag=etag, uid=uid, name=name, protected=protected)


class Revisions:
    """``client.revisions``: immutable commits. A revision is named by a branch, a pin, a digest or ``:3``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def commit(
        self,
        asset: AssetRef,
        source: str | Path | None = None,
        *,
        to: str = "",
        delete: Sequence[str] = (),
        move: Mapping[str, str] | None = None,
        copy: Mapping[str, str] | None = None,
        edits: Sequence[Mapping[str, Any]] = (),
        branch: str = MAIN,
        message: str = "",
        parent: str | None = None,
        start: str | None = None,
        allow_empty: bool = False,
        progress: Progress | bool = False,
    ) -> Head:
        """Commit to a branch: files from this disk, and paths that are deleted, moved or copied.

        :param source: file or folder to put at or below `to`; bytes that the asset holds are not sent.
        :param move: old path -> new path; `copy` likewise. :param edits: more, as the API has them.
        :param parent: digest that the branch must stand at; ``""`` when it must not exist; None compares nothing.
        :param start: where a branch begins that is not there yet.
        :raises PreconditionFailed: the branch moved; ``details["head"]`` is where it stands.
        """
        uid = asset_uid(self._api, asset)
        said: list[Mapping[str, Any]] = list(edits)
        if source is not None:
            said += self._sent(uid, Path(source), to, choose(progress))
        said += [{"verb": "delete", "path": path} for path in delete]
        for verb, pairs in (("move", move), ("copy", copy)):
            said += [{"verb": verb, "source": old, "path": new} for old, new in (pairs or {}).items()]
        more: dict[str, Any] = {"parent": parent, "start": start, "allow_empty": allow_empty}
        return self._api.call("revision.commit", Head, uid=uid, edits=said, branch=branch, message=message, **more)

    def _sent(self, uid: str, source: Path, to: str, progress: Progress) -> list[Mapping[str, Any]]:
        files = hash_all(find(source, to), progress)
        send_bytes(self._api, Folder("asset", uid), files, (), progress)
        return [{"verb": "put", "path": file.path, "sha256": file.sha256, "size": file.size} for file in files]

    def history(self, asset: AssetRef, revision: str = "", *, first_parent: bool = False) -> Iterator[Revision]:
        """A revision and what it came from, newest first; `main` unless told otherwise."""
        uid = asset_uid(self._api, asset)
        return self._api.every("revision.list", Revision, uid=uid, revision=revision, first_parent=first_parent)

    def get(self, asset: AssetRef, revision: str = "") -> Revision:
        """One revision. :raises NotFound: none, or nothing leads to it any more."""
        return self._api.call("revision.get", Revision, uid=asset_uid(self._api, asset), revision=revision)

    def compare(self, asset: AssetRef, before: str, after: str) -> Relation:
        """Where two revisions parted, and how far they are ahead of each other."""
        uid = asset_uid(self._api, asset)
        return self._api.call("revision.compare", Relation, uid=uid, before=before, after=after)

    def diff(self, asset: AssetRef, before: str, after: str = "") -> Diff:
        """What differs between two revisions: files, card, params and metrics of their runs."""
        return self._api.call("revision.diff", Diff, uid=asset_uid(self._api, asset), before=before, after=after)

    def files(self, asset: AssetRef, revision: str = "", path: str = "", *, recursive: bool = False) -> Iterator[Entry]:
        """What lies in a directory of a revision, by path."""
        uid = asset_uid(self._api, asset)
        return self._api.every("revision.files", Entry, uid=uid, revision=revision, path=path, recursive=recursive)

    def read_bytes(self, asset: AssetRef, path: str, revision: str = "") -> bytes:
        """The bytes of a file of a revision."""
        uid = asset_uid(self._api, asset)
        return self._api.send("revision.file", uid=uid, path=path, revision=revision).body

    def publish(
        self,
        asset: AssetRef,
        revision: str = "",
        *,
        label: str | None = None,
        description: str = "",
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, Scalar] | None = None,
        aliases: Sequence[str] = (),
        base: Sequence[VersionRef] = (),
    ) -> Version:
        """Make a version of a revision."""
        said: dict[str, Any] = {
            "label": label,
            "description": description,
            "tags": dict(tags or {}),
            "aliases": list(aliases),
        }
        bases = [version_uid(self._api, one) for one in base]
        uid = asset_uid(self._api, asset)
        properties = dict(properties or {})
        return self._api.call(
            "revision.publish", Version, uid=uid, revision=revision, properties=properties, base_uids=bases, **said
        )

    def rule(self, asset: AssetRef) -> Rule:
        """When revisions become versions by themselves: request, pin, commit, quiet(N), or pin with one of these."""
        return self._api.call("publication.get", Rule, uid=asset_uid(self._api, asset))

    def set_rule(self, asset: AssetRef, rule: str | None, *, etag: int | None = None) -> Rule:
        """Set it; None takes the rule of the namespace. :param etag: of the asset."""
        uid = asset_uid(self._api, asset)
        op = "publication.set"
        return self._api.call(op, Rule, etag=etag, uid=uid, rule=rule)
