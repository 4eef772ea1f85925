"""How a model is packaged, kept by its tree from the seal on, and read from there once."""

import json
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.manifests.cache import Cache
from strongroom.application.ports.manifests import StoredPackaging
from strongroom.domain.manifests import packaging
from strongroom.domain.manifests.packaging import Packaging


@dataclass(frozen=True, slots=True)
class Packaged:
    """What an MLmodel file says, or why it says nothing.

    :ivar body: the documents that it was read from, as JSON.
    """

    packaging: Packaging | None
    reason: str | None
    body: str = ""


_kept: Cache[Packaged] = Cache()


def of_body(body: str) -> Packaged:
    """What the documents say that were kept.

    :raises UnreadablePackagingError: nothing.
    """
    said = json.loads(body)
    return Packaged(packaging.read(said["mlmodel"], said["requirements"], said["files"]), None, body)


def keep(call: Call, tree: str, packaged: Packaged | None) -> None:
    """Record how the model of a tree is packaged."""
    if packaged is None:
        return
    found = packaged.packaging
    row = StoredPackaging(
        tree=tree,
        flavor=found.flavor if found else None,
        flavor_version=found.version if found else None,
        python_version=found.python_version if found else None,
        has_signature=packaging.has_signature({}, found),
        reason=packaged.reason,
        body=packaged.body,
    )
    call.tx.manifests.put_packaging(row, call.now)


def of_tree(call: Call, tree: str | None) -> Packaged | None:
    """How the model of a tree is packaged, which must be the tree of a version that the caller may read."""
    if tree is None:
        return None
    known = _kept.get(tree)
    if known is not None:
        return known
    row = call.tx.manifests.packaging(tree)
    if row is None:
        return None
    found = Packaged(None, row.reason) if row.reason is not None else of_body(row.body)
    return _kept.put(tree, found, len(row.body))
