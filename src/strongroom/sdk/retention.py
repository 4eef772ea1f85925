"""Retention from the client's side: rules, what they would do, expiry, holds."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import AssetRef, VersionRef, asset_uid, version_uid
from strongroom.sdk.models import Answer, Version


class Best(msgspec.Struct, frozen=True):
    """The `count` versions whose runs ended with the greatest (``max``) or least (``min``) values of a metric."""

    metric: str
    count: int = 1
    direction: Literal["max", "min"] = "max"


class Rule(msgspec.Struct, frozen=True):
    """What is kept: any other version goes to the trash, unless something holds it.

    `purge_days`: what has been in the trash that long is purged; None leaves it there.
    """

    everything: bool = False
    last: int = 0
    best: list[Best] = []
    tags: list[str] = []
    days: int = 0
    purge_days: int | None = None


class Retained(Answer, frozen=True):
    """The rule that holds, whether it is set here, and else the path of the namespace where it is."""

    own: bool
    rule: Rule | None = None
    namespace: str | None = None


class Decision(Answer, frozen=True):
    """What happens to a version, and why: kept by all of `because`, or in the trash as `expired` or by the `rule`."""

    version_uid: str
    version: int
    kept: bool
    because: list[str]
    bytes: int
    created_at: datetime
    expires_at: datetime | None = None


class Hold(Answer, frozen=True):
    """A hold on a version."""

    uid: str
    version_uid: str
    reason: str
    placed_by: str
    placed_at: datetime
    version: int | None = None


class Retention:
    """``client.retention``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, asset: AssetRef) -> Retained:
        """The rule of an asset: its own, or that of the nearest namespace."""
        return self._api.call("retention.get", Retained, uid=asset_uid(self._api, asset))

    def set(self, asset: AssetRef, rule: Rule, *, etag: int | None = None) -> Retained:
        """Give an asset a rule of its own. For its admins."""
        uid = asset_uid(self._api, asset)
        return self._api.call("retention.set", Retained, etag=etag, uid=uid, rule=_plain(rule))

    def simulate(self, asset: AssetRef, rule: Rule | None = None, *, kept: bool | None = None) -> Iterator[Decision]:
        """What the next run would do, the greatest number first; with a rule, as if the asset had it.

        :param kept: only what is kept, or only what goes.
        """
        uid = asset_uid(self._api, asset)
        return self._api.every("retention.simulate", Decision, uid=uid, rule=_plain(rule), kept=kept)

    def expire(self, version: VersionRef, at: datetime | str, *, etag: int | None = None) -> Version:
        """Say when a version goes to the trash, whatever rules say."""
        uid = version_uid(self._api, version)
        return self._api.call("version.expire", Version, etag=etag, uid=uid, expires_at=at)

    def hold(self, version: VersionRef, reason: str) -> Hold:
        """Hold a version: nobody deletes or purges it, and no rule does."""
        return self._api.call("hold.place", Hold, uid=version_uid(self._api, version), reason=reason)

    def holds(self, asset: AssetRef) -> Sequence[Hold]:
        """All holds on versions of an asset."""
        return tuple(self._api.every("hold.list", Hold, uid=asset_uid(self._api, asset)))

    def release(self, hold: Hold | str) -> None:
        """End a hold. For admins of the asset. :raises NotFound: it is over."""
        self._api.send("hold.release", uid=hold.uid if isinstance(hold, Hold) else hold)


def _plain(rule: Rule | None) -> Any:  # noqa: ANN401 - JSON
    return None if rule is None else msgspec.to_builtins(rule)
