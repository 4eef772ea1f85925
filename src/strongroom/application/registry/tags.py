"""Tags of assets, versions and experiments, typed properties of the first two; runs are tagged as they record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.application.call import Call, check_etag
from strongroom.application.registry import assets, versions
from strongroom.application.registry.assets import check_size, clean_properties, clean_tags
from strongroom.application.registry.views import TagView, tag_views
from strongroom.application.tracking import experiments
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import Scalar, clean_tag_key
from strongroom.domain.registry.model import Asset, VersionState

OWNERS = ("asset", "version", "experiment")
PER_OBJECT_MOST = 500


@dataclass(frozen=True, slots=True)
class _Owner:
    kind: str
    id: int
    uid: str
    asset: Asset | None
    links: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """The object, and the links that show it."""
        return self.id, *self.links


def _owner(call: Call, kind: str, uid: str, *, change: bool, etag: int | None = None) -> _Owner:
    """What is tagged. :raises PreconditionFailed: it is not at this ETag any more."""
    # which right decides depends on what is tagged; this one stands for all of them where a route declares one
    call.ask(Permission.ASSET_EDIT if change else Permission.ASSET_READ)
    if kind == "asset":
        permission = Permission.ASSET_EDIT if change else Permission.ASSET_READ
        asset = assets.locked(call, uid, permission) if change else assets.by_uid(call, uid, permission)
        check_etag(etag, asset.etag)
        return _Owner("asset", asset.id, uid, call.tx.assets.advance(asset) if change else asset)
    if kind == "version":
        permission = Permission.ASSET_EDIT if change else Permission.ASSET_READ
        find = versions.locked if change else versions.by_uid
        asset, version = find(call, uid, permission)
        if change and version.state is not VersionState.LIVE:
            raise Conflict("Only a published version outside the trash can be tagged.", state=version.state.value)
        if change:
            versions.must_be_own(version)
        check_etag(etag, version.etag)
        links = tuple(link.id for link in call.tx.versions.links(version.id)) if change else ()
        return _Owner("version", version.id, uid, call.tx.assets.advance(asset) if change else asset, links)
    if kind == "experiment":
        experiment = (
            experiments.locked(call, uid, Permission.RUN_WRITE)
            if change
            else experiments.by_uid(call, uid, Permission.RUN_READ)
        )
        check_etag(etag, experiment.etag)
        return _Owner("experiment", experiment.id, uid, None)
    raise Invalid(f"Tags live on {' and '.join(OWNERS)}.")


def _bound(count: int, what: str) -> None:
    if count > PER_OBJECT_MOST:
        raise TooLarge(f"An object has at most {PER_OBJECT_MOST} {what}.", limit=PER_OBJECT_MOST)


def listed(call: Call, kind: str, uid: str, at: int | None) -> list[TagView]:
    """The tags of an object, now or as they were at a time (microseconds UTC)."""
    owner = _owner(call, kind, uid, change=False)
    if at is not None:
        return tag_views(call.tx.tags.at(owner.kind, owner.id, at))
    return tag_views(call.tx.tags.current(owner.kind, [owner.id]).get(owner.id, ()))


def set_tags(call: Call, kind: str, uid: str, tags: Mapping[str, str | None], etag: int | None = None) -> list[TagView]:
    """Set tags; other tags stay."""
    owner = _owner(call, kind, uid, change=True, etag=etag)
    clean = clean_tags(tags)
    present = {tag.key: tag.value for tag in call.tx.tags.current(owner.kind, [owner.id]).get(owner.id, ())}
    _bound(len(present | clean), "tags")
    check_size(present | clean)
    for id_ in owner.ids:
        call.tx.tags.set(call.workspace.id, owner.kind, id_, clean, call.actor.id)
    call.record("tag.set", Subject(kind, uid), {"keys": len(clean)}, asset=owner.asset)
    return tag_views(call.tx.tags.current(owner.kind, [owner.id]).get(owner.id, ()))


def remove_tags(
    call: Call, kind: str, uid: str, keys: Sequence[str], etag: int | None = None, *, strict: bool = True
) -> list[TagView]:
    """Remove tags. :raises NotFound: when `strict`: one of them is not there; nothing is changed."""
    owner = _owner(call, kind, uid, change=True, etag=etag)
    wanted = [clean_tag_key(key) for key in keys]
    removed, *_ = [call.tx.tags.remove(call.workspace.id, owner.kind, id_, wanted) for id_ in owner.ids]
    missing = sorted(set(wanted) - set(removed))
    if missing and strict:
        raise NotFound("There is no such tag.", keys=missing)
    call.record("tag.remove", Subject(kind, uid), {"keys": len(removed)}, asset=owner.asset)
    return tag_views(call.tx.tags.current(owner.kind, [owner.id]).get(owner.id, ()))


def set_properties(
    call: Call, kind: str, uid: str, values: Mapping[str, Scalar], etag: int | None = None
) -> Mapping[str, Scalar]:
    """Set typed properties; a null removes its key; others stay."""
    if kind == "experiment":
        raise Invalid("Properties live on assets and versions; experiments have tags.")
    owner = _owner(call, kind, uid, change=True, etag=etag)
    clean = clean_properties(values)
    present = call.tx.tags.properties(owner.kind, [owner.id]).get(owner.id, {})
    _bound(len(present.keys() | clean.keys()), "properties")
    for id_ in owner.ids:
        call.tx.tags.set_properties(call.workspace.id, owner.kind, id_, clean)
    call.record("property.set", Subject(kind, uid), {"keys": len(clean)}, asset=owner.asset)
    return call.tx.tags.properties(owner.kind, [owner.id]).get(owner.id, {})
