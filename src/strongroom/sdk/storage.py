"""What storing things costs, from the client's side."""

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import asset_uid
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


class Storage:
    """``client.storage``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def asset(self, asset: str | Asset) -> StorageFigures:
        """Of one asset."""
        return self._api.call("storage.asset", StorageFigures, uid=asset_uid(self._api, asset))

    def workspace(self) -> StorageFigures:
        """Of the whole workspace. For its admins."""
        return self._api.call("storage.workspace", StorageFigures)

    def total(self) -> StoreFigures:
        """Of the whole store. For those who may see the server."""
        return self._api.call("storage.total", StoreFigures)
