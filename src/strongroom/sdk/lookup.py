"""From what callers write (``prod/churn@champion``, or an answer they hold) to uids."""

from datetime import datetime

from strongroom.sdk.api import Api
from strongroom.sdk.errors import BadName, NotFound
from strongroom.sdk.models import Asset, Resolved, Version
from strongroom.sdk.run_models import Experiment

AssetRef = str | Asset | Version
"""An asset by reference (what it selects does not matter), or an answer that tells it."""
VersionRef = str | Version
"""A version by reference, or the answer itself."""
SIGNS = ":@^~"


def resolve(api: Api, reference: str, kind: str | None = None, at: datetime | str | None = None) -> Resolved:
    """What a reference means, now or (for an alias) as of a time. :raises NotFound: no such asset or version."""
    return api.call("asset.resolve", Resolved, reference=reference, kind=kind, at=at)


def version_of(api: Api, reference: VersionRef, kind: str | None = None, at: datetime | str | None = None) -> Version:
    """The version that is meant. :raises NotFound: none."""
    if isinstance(reference, Version):
        return reference
    found = resolve(api, reference, kind, at)
    if found.version is None:
        raise NotFound(f"{found.asset.path!r} has no version yet.")
    return found.version


def asset_uid(api: Api, reference: AssetRef, kind: str | None = None) -> str:
    """The uid of the asset that is meant. :raises NotFound: none."""
    match reference:
        case Asset(uid=uid) | Version(asset_uid=uid):
            return uid
        case _:
            return resolve(api, reference, kind).asset.uid


def version_uid(api: Api, reference: VersionRef) -> str:
    """The uid of the version that is meant. :raises NotFound: none."""
    return version_of(api, reference).uid


def experiment_uid(api: Api, experiment: str | Experiment) -> str:
    """The uid of an experiment by ``namespace/name``. :raises NotFound: there is none."""
    if isinstance(experiment, Experiment):
        return experiment.uid
    namespace, name = plain_name(experiment)
    return api.call("experiment.find", Experiment, namespace=namespace, name=name).uid


def owner_of(api: Api, reference: str | Asset | Version) -> tuple[str, str]:
    """What tags and properties are on: a reference with a selector is a version, without one the asset.

    :returns: kind (asset or version) and uid.
    """
    match reference:
        case Asset():
            return "asset", reference.uid
        case Version():
            return "version", reference.uid
        case str() if any(sign in reference for sign in SIGNS):
            return "version", version_uid(api, reference)
    return "asset", asset_uid(api, reference)


def plain_name(text: str) -> tuple[str, str]:
    """Namespace and name of an asset to be made, from ``namespace/name``.

    :raises BadName: it selects a version, or a sign in the name is not excused by ``@latest`` at its end.
    """
    bare = text.removesuffix("@latest")
    if bare == text and any(sign in text for sign in SIGNS):
        raise BadName(f"{text!r} names a version; to say the asset, leave the selector out (or write @latest).")
    namespace, _, name = bare.rpartition("/")
    return namespace, name
