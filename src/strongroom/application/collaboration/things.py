"""What can be commented on, found by its kind and uid under one set of rules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.call import Call, asset_target
from strongroom.application.registry import assets, versions
from strongroom.application.tracking import experiments, runs
from strongroom.domain.collaboration.model import On
from strongroom.domain.errors import Conflict, Invalid, Purged
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, VersionState
from strongroom.domain.tracking.model import Experiment


class _HasUid(Protocol):
    @property
    def uid(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with what its visibility goes by: an asset, or an experiment.

    :param shut: why nothing may be written to it now; empty while it may.
    """

    kind: On
    id: int
    uid: str
    asset: Asset | None = None
    experiment: Experiment | None = None
    shut: str = ""

    @property
    def target(self) -> Target:
        """As the target of a permission."""
        if self.asset is not None:
            return asset_target(self.asset)
        assert self.experiment is not None  # noqa: S101 - one of the two is there
        return Target(self.experiment.workspace_id, self.experiment.namespace_slug_path)

    @property
    def read(self) -> Permission:
        """What whoever is told of it must hold, beside `COMMENT_READ`."""
        return Permission.ASSET_READ if self.asset is not None else Permission.RUN_READ


def clean_kind(text: str) -> On:
    """What a comment is on. :raises Invalid: nothing that takes comments."""
    try:
        return On(text)
    except ValueError:
        raise Invalid(f"Comments are on {', '.join(On)}.") from None


def find(call: Call, kind: On, uid: str, permission: Permission) -> Thing:
    """The object of that kind and uid, when the caller may do this to it.

    :raises NotFound: none, or not visible.
    """
    match kind:
        case On.ASSET:
            asset = assets.by_uid(call, uid, permission)
            return _of_asset(kind, asset, asset.id, uid)
        case On.VERSION:
            asset, version = versions.by_uid(call, uid, permission)
            if version.state is VersionState.PURGED and permission is not Permission.COMMENT_READ:
                raise Purged("The version was purged; only its tombstone is left.")
            return _of_asset(kind, asset, version.id, uid)
        case On.DISCUSSION:
            discussion = call.tx.discussions.by_uid(call.workspace.id, uid)
            owner = call.tx.assets.by_id(discussion.asset_id) if discussion else None
            asset = call.require_asset(permission, owner, "discussion")
            assert discussion is not None  # noqa: S101 - require_asset refused None
            return _of_asset(kind, asset, discussion.id, uid)
        case On.EXPERIMENT:
            experiment = experiments.by_uid(call, uid, permission)
            return _of_experiment(kind, experiment, experiment.id, uid)
        case On.RUN:
            experiment, run = runs.by_uid(call, uid, permission)
            trashed = "The run is in the trash; restore it first." if run.deleted_at is not None else ""
            return _of_experiment(kind, experiment, run.id, uid, trashed)


def of(call: Call, kind: On, object_id: int, permission: Permission) -> Thing:
    """The same for what a stored comment is on."""
    finders: dict[On, Callable[[int], _HasUid]] = {
        On.ASSET: call.tx.assets.by_id,
        On.VERSION: call.tx.versions.by_id,
        On.DISCUSSION: call.tx.discussions.by_id,
        On.EXPERIMENT: call.tx.experiments.by_id,
        On.RUN: call.tx.runs.by_id,
    }
    return find(call, kind, finders[kind](object_id).uid, permission)


def must_be_open(thing: Thing) -> None:
    """:raises Conflict: the object, or what it belongs to, is in the trash."""
    if thing.shut:
        raise Conflict(thing.shut)


def _of_asset(kind: On, asset: Asset, object_id: int, uid: str) -> Thing:
    shut = "The asset is in the trash; restore it first." if asset.deleted_at is not None else ""
    return Thing(kind, object_id, uid, asset=asset, shut=shut)


def _of_experiment(kind: On, experiment: Experiment, object_id: int, uid: str, shut: str = "") -> Thing:
    shut = "The experiment is in the trash; restore it first." if experiment.deleted_at is not None else shut
    return Thing(kind, object_id, uid, experiment=experiment, shut=shut)
