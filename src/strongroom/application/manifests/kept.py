"""The manifest that is kept of a version's tree, read once and remembered: a tree never says anything else."""

import json

from strongroom.application.call import Call
from strongroom.application.manifests.cache import Cache
from strongroom.domain.manifests import document, manifest
from strongroom.domain.manifests.manifest import FORMS, Manifest
from strongroom.domain.registry.model import Asset, Version

_read: Cache[Manifest] = Cache()


def of_version(call: Call, asset: Asset, version: Version) -> Manifest | None:
    """The manifest of a version that the caller may read, if it has one."""
    if asset.kind not in FORMS or version.tree is None:
        return None
    key = (version.tree, asset.kind)
    known = _read.get(key)
    if known is not None:
        return known
    stored = call.tx.manifests.of_tree(version.tree)
    if stored is None or stored.kind != asset.kind:
        return None
    found = manifest.read(document.checked(json.loads(stored.body)), asset.kind)
    return _read.put(key, found, len(stored.body))
