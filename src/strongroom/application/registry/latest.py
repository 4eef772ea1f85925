"""The newest version at every stage, for clients that show models so."""

from collections.abc import Mapping, Sequence

from strongroom.application.call import Call
from strongroom.application.registry.views import VersionView, version_views


def by_stage(call: Call, asset_uids: Sequence[str]) -> Mapping[str, Sequence[VersionView]]:
    """Asset -> its newest live version at every stage where one stands, newest first.

    :param asset_uids: assets that the caller may see.
    """
    found = call.tx.versions.newest_at_stages(call.workspace.id, asset_uids)
    owners = call.tx.assets.by_ids(sorted({version.asset_id for version in found}))
    views: dict[str, list[VersionView]] = {}
    for view in version_views(call, owners, found):
        views.setdefault(view.asset_uid, []).append(view)
    return views
