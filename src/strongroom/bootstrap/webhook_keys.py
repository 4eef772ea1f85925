"""Whether the keys folder holds the key that this installation's webhooks are signed with; and a new one if it is lost.

The database keeps the key's fingerprint, so that a server that was restored without its key says so when it starts, and
not by signatures that no receiver accepts.
"""

import hashlib
import hmac
from pathlib import Path
from typing import Final

from strongroom.application.identity import setup
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap import keys
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict

SETTING: Final = "webhook_key"
_HELP: Final = "Bring it back from your backup, or give it up by: strongroom admin key replace-webhook-key"


def fingerprint(key: bytes) -> str:
    """What tells a key from others and nothing about it: 64 hex digits."""
    return hashlib.sha256(hmac.digest(key, b"strongroom/webhook-key", "sha256")).hexdigest()


def agree(tx: Transaction, folder: Path) -> None:
    """See that the folder's key is the one that webhooks were made with; where there are none, it becomes the one.

    :raises Conflict: there are webhooks, and their key is missing or another.
    """
    known, used = tx.settings.get(SETTING), tx.webhooks.any()
    if used and not keys.has_webhook_key(folder):
        raise Conflict(f"The key webhook-key, which signs what webhooks get, is missing from {folder}. {_HELP}")
    found = fingerprint(keys.webhook_key(folder))
    if known == found:
        return
    if known is not None and used:
        raise Conflict(f"The key webhook-key in {folder} is not the one that webhooks were made with. {_HELP}")
    tx.settings.put(SETTING, found)


def replace(tx: Transaction, folder: Path) -> int:
    """Make a new key and pause every webhook, as each has another secret now; returns how many.

    Nothing is sent that no receiver would accept: each goes on when it was rotated, its receiver told, and it is made
    active again. Until then it misses nothing.
    """
    keys.set_webhook_key_aside(folder)
    tx.settings.put(SETTING, fingerprint(keys.webhook_key(folder)))
    paused = tx.webhooks.pause_all()
    for workspace_id, uid in paused:
        call = setup.as_system(tx, tx.workspaces.by_id(workspace_id))
        call.record("webhook.update", Subject("webhook", uid), {"state": "paused", "because": "key_replaced"})
    return len(paused)
