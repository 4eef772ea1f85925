"""What a check found to be damaged is marked and said, once: as an audit record and event of whoever holds it."""

from typing import Final

from strongroom.application.identity import setup
from strongroom.application.integrity.affected import blob_of
from strongroom.application.integrity.findings import OF_BYTES, Finding, Kind
from strongroom.application.integrity.marking import mark
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.identity.model import SYSTEM

ASSETS_MOST: Final = 100
ACTION: Final = "blob.corrupted"
#: A reader gets an error instead of the bytes.
UNREAD: Final = OF_BYTES | {Kind.DIGESTS, Kind.CHUNKS, Kind.RECONSTRUCTION}


def report(tx: Transaction, *, finding: Finding, by: str) -> None:
    """Mark what is damaged, and say so once: to each asset that holds it, or to the server where none does.

    :param by: who found it: `scrub`, `fsck`.
    """
    blob = _blob(tx, finding) if finding.kind in UNREAD else None
    if blob is None or not mark(tx, [blob.sha256]):
        return
    details: dict[str, Json] = {"blob": blob.sha256, "kind": finding.kind.value, "by": by}
    if "block" in finding.details:
        details["block"] = int(finding.details["block"])
    _, holders, _ = tx.integrity.hurt_by(blob.id, ASSETS_MOST)
    for asset_id in holders:
        asset = tx.assets.by_id(asset_id)
        call = setup.as_system(tx, tx.workspaces.by_id(asset.workspace_id))
        call.record(ACTION, Subject("asset", asset.uid), details)
    if not holders:
        uid = tx.new_uid()
        subject = Subject("blob", uid)
        tx.audit.append(
            AuditRecord(uid, None, tx.now(), SYSTEM, None, ACTION, "done", subject, None, None, details), None
        )


def _blob(tx: Transaction, finding: Finding) -> Blob | None:
    if finding.blob is not None:
        return finding.blob
    found = blob_of(tx, finding)
    return tx.integrity.blob(found) if found is not None else None
