"""What storing things costs, from the client's side."""

from datetime import datetime

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import VersionRef, asset_uid, version_uid
from strongroom.sdk.models import Answer, Asset


class StorageFigures(Answer, frozen=True):
    """Bytes. `logical` counts each version whole, `unique` each different file once, `stored` what lies in the store.

    `shared` is the part of `stored` that more than one asset holds, `twice` that of `unique` that is kept in two forms.
    """

    logical: int
    unique: int
    stored: int
    shared: int
    twice: int = 0


class StoreFigures(Answer, frozen=True):
    """Bytes in the whole store: `held` by something, `unheld` by nothing."""

    total: int
    held: int
    unheld: int


class Holder(Answer, frozen=True):
    """What holds files: of an asset `name` is its path."""

    kind: str
    uid: str
    files: int
    bytes: int
    name: str = ""


class Freed(Answer, frozen=True):
    """What would leave the store by a purge (`freed_files`, `freed_bytes`), out of `files`, and what holds the rest.

    `own`: files that the asset still holds. `folders`: files in folders of runs and drafts. `hidden`: holders that are
    not named.
    """

    files: int
    bytes: int
    freed_files: int
    freed_bytes: int
    own: int
    folders: int
    holders: list[Holder]
    hidden: int


class BlobHeld(Answer, frozen=True):
    """Who holds a file. `stored` is 0 where it is in chunks; `condemned_at`: since then nobody has held it."""

    sha256: str
    size: int
    stored: int
    sent: bool
    chunks: bool
    holders: list[Holder]
    hidden: int
    condemned_at: datetime | None = None


class Storage:
    """``client.storage``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def asset(self, asset: str | Asset) -> StorageFigures:
        """Of one asset."""
        return self._api.call("storage.asset", StorageFigures, uid=asset_uid(self._api, asset))

    def why_asset(self, asset: str | Asset) -> Freed:
        """What purging an asset would free, and what holds the rest. For admins of the workspace."""
        return self._api.call("storage.why_asset", Freed, uid=asset_uid(self._api, asset))

    def why_version(self, version: VersionRef) -> Freed:
        """The same of a version."""
        return self._api.call("storage.why_version", Freed, uid=version_uid(self._api, version))

    def why_blob(self, sha256: str) -> BlobHeld:
        """Who holds a file. :raises NotFound: nothing in the workspace does."""
        return self._api.call("storage.why_blob", BlobHeld, sha256=sha256)

    def workspace(self) -> StorageFigures:
        """Of the whole workspace. For its admins."""
        return self._api.call("storage.workspace", StorageFigures)

    def total(self) -> StoreFigures:
        """Of the whole store. For those who may see the server."""
        return self._api.call("storage.total", StoreFigures)
