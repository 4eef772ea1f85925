"""Bytes of one asset named in another: by who may read them there and register versions here (domain.md N16)."""

from collections.abc import Sequence

from strongroom.application.artifacts.uploads import LEDGER_US
from strongroom.application.call import Call
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import assets
from strongroom.domain.errors import TooLarge
from strongroom.domain.identity.roles import Permission

FILES_MOST = 10_000


def share(call: Call, source_uid: str, target_uid: str, digests: Sequence[str]) -> list[str]:
    """Let the caller name files of an asset in another for 48 hours; returns those that the source does not hold."""
    if len(digests) > FILES_MOST:
        raise TooLarge(f"At most {FILES_MOST} files at a time.", limit=FILES_MOST)
    source = assets.by_uid(call, source_uid, Permission.VERSION_BYTES)
    assets.by_uid(call, target_uid, Permission.VERSION_REGISTER)
    for digest in digests:
        refuse_recalled(call, Content(sha256=digest))
    found = call.tx.blobs.possessed(call.actor.id, [source.id], digests)
    call.tx.blobs.note_sent(call.actor.id, [blob.id for blob in found.values()], call.now + LEDGER_US)
    return [digest for digest in dict.fromkeys(digests) if digest not in found]
