"""Aliases: names that point at one version, moved by compare-and-swap, with their whole history."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from strongroom.sdk.api import Api
from strongroom.sdk.errors import Conflict, NotFound
from strongroom.sdk.lookup import AssetRef, VersionRef, asset_uid, plain_name, version_of
from strongroom.sdk.models import Alias, Asset, Version

NEW = 0
"""What to expect of an alias that must not exist yet."""


class Aliases:
    """``client.aliases``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, asset: AssetRef, *, at: datetime | str | None = None) -> Sequence[Alias]:
        """All aliases of an asset, now or as of a time."""
        return self._api.call("alias.list", tuple[Alias, ...], uid=asset_uid(self._api, asset), at=at)

    def get(self, asset: AssetRef, name: str, *, at: datetime | str | None = None) -> Alias:
        """One alias, now or as of a time. :raises NotFound: there is or was none."""
        return self._api.call("alias.get", Alias, uid=asset_uid(self._api, asset), name=name, at=at)

    def protect(self, asset: AssetRef, name: str, *, protected: bool = True, etag: int | None = None) -> Alias:
        """Only admins of the asset move or remove it from now on, and the version that it points at stays."""
        uid = asset_uid(self._api, asset)
        return self._api.call("alias.protect", Alias, etag=etag, uid=uid, name=name, protected=protected)

    def set(
        self,
        asset: AssetRef,
        name: str,
        version: VersionRef | int | None = None,
        *,
        expect: int | None = None,
    ) -> Alias:
        """Point an alias at a version.

        :param asset: with `version` None the reference says the version itself: ``set("churn:3", "champion")``.
        :param version: a number, a reference or a version.
        :param expect: the alias's ETag as last seen; `NEW` (0) when it must not exist yet; None compares nothing.
        :raises PreconditionFailed: somebody moved it meanwhile.
        """
        uid, target = self._target(asset, version)
        return self._api.call("alias.set", Alias, etag=expect, uid=uid, name=name, version_uid=target)

    def remove(self, asset: AssetRef, name: str, *, expect: int | None = None) -> None:
        """Remove an alias; its history stays."""
        self._api.send("alias.remove", etag=expect, uid=asset_uid(self._api, asset), name=name)

    def history(self, asset: AssetRef, name: str | None = None) -> Iterator[Alias]:
        """Every version that the alias (or any) ever pointed at, newest first."""
        return self._api.every("alias.history", Alias, uid=asset_uid(self._api, asset), name=name)

    def rollback(self, asset: AssetRef, name: str) -> Alias:
        """Point an alias at the version that it pointed at before; doing it twice is back where it was.

        :raises NotFound: there is no such alias. :raises Conflict: it never pointed at another version.
        :raises PreconditionFailed: somebody moved it meanwhile.
        """
        uid = asset_uid(self._api, asset)
        history = self._api.every("alias.history", Alias, page_size=100, uid=uid, name=name)
        now = next(history, None)
        if now is None:
            raise NotFound(f"There is no alias {name!r}.")
        gone = now.valid_to is not None
        before = now if gone else next((one for one in history if one.version_uid != now.version_uid), None)
        if before is None:
            raise Conflict(f"The alias {name!r} never pointed at another version.")
        expect = NEW if gone else now.etag
        return self._api.call("alias.set", Alias, etag=expect, uid=uid, name=name, version_uid=before.version_uid)

    def _target(self, asset: AssetRef, version: VersionRef | int | None) -> tuple[str, str]:
        """Uids of the asset and of the version."""
        if version is None:
            found = version_of(self._api, f"{asset.path}@latest" if isinstance(asset, Asset) else asset)
            return found.asset_uid, found.uid
        if not isinstance(version, int):
            return asset_uid(self._api, asset), version_of(self._api, version).uid
        match asset:
            case Asset(path=path) | Version(asset=path):
                pass
            case _:
                path = "/".join(filter(None, plain_name(asset)))
        found = version_of(self._api, f"{path}:{version}")
        return found.asset_uid, found.uid
