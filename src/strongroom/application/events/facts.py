"""What an event was about, gathered for a dialect whose messages to webhooks say more than ours."""

import json
from collections.abc import Sequence
from typing import Any, Final

from strongroom.application.artifacts.trees import StoredPages
from strongroom.application.call import Call
from strongroom.application.identity.authority import as_system
from strongroom.application.ports.events import Facts, StoredEvent
from strongroom.application.ports.transaction import Transaction
from strongroom.application.recalls.standing import Content, is_recalled
from strongroom.domain.artifacts.lookup import find
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.pages import decode_root
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.registry.model import Version, VersionState, Workspace

QUOTED_LARGEST: Final = 1 << 20
"""Bytes of a file that a message may quote."""


def facts_of(tx: Transaction, event: StoredEvent, workspace: Workspace, paths: Sequence[str]) -> Facts:
    """The object of an event, its tags as they were after it and what it changed of them; nothing of what was purged.

    :param paths: of files of a new version that are quoted.
    """
    details = json.loads(event.details)
    version = tx.versions.by_uid(workspace.id, event.subject_uid) if event.subject_kind == "version" else None
    asset = tx.assets.by_id(event.asset_id) if event.asset_id is not None else None
    if asset is None or asset.purged_at is not None or (version is not None and version.state is VersionState.PURGED):
        return Facts(event, workspace.slug, details)
    owner = ("version", version.id) if version is not None else ("asset", asset.id)
    return Facts(
        event,
        workspace.slug,
        details,
        name=asset.name,
        description=version.description if version is not None else asset.description,
        number=version.number if version is not None else details.get("number"),
        origin=version.origin if version is not None else None,
        run_uid=version.run_uid if version is not None else None,
        files=_files(as_system(tx, workspace), version, paths) if version is not None else {},
        **_tags(tx, owner, event.recorded_at),
    )


def _tags(tx: Transaction, owner: tuple[str, int], at: int) -> dict[str, Any]:
    """Values have the time of their command, so what an event changed is what began or ended with it."""
    changed = tx.tags.changed(*owner, at)
    began = {tag.key: tag.value for tag in changed if tag.valid_from == at}
    ended = [tag.key for tag in changed if tag.valid_to == at and tag.key not in began]
    return {"tags": {tag.key: tag.value for tag in tx.tags.at(*owner, at)}, "set_tags": began, "ended_tags": ended}


def _files(call: Call, version: Version, paths: Sequence[str]) -> dict[str, Blob]:
    """What is quoted of a version; nothing that was recalled meanwhile."""
    tx = call.tx
    root = tx.trees.root(version.tree) if version.tree is not None and paths else None
    if root is None:
        return {}
    decoded, pages = decode_root(root), StoredPages(tx.trees)
    entries = [entry for path in paths if isinstance(entry := find(decoded, pages, path), FileEntry)]
    blobs = tx.blobs.by_sha256([entry.sha256 for entry in entries if entry.size <= QUOTED_LARGEST])
    return {
        entry.path: blobs[entry.sha256]
        for entry in entries
        if entry.sha256 in blobs and not is_recalled(call, Content(version.tree, entry.sha256, version))
    }
