"""Replacing the audit log's signing key: a recorded act, after which old and new key both sign one checkpoint."""

from strongroom.application.audit import log
from strongroom.application.identity import setup
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap.installation import Installation
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Unavailable

_TRIES = 20


async def rotate(installation: Installation) -> str:
    """Make the new key and have the log sign with it; returns its verifier string, to hand to those who check.

    Running servers see the new key in the folder at once.

    :raises Unavailable: the log is signed so often that no size is free; try again.
    """
    keyring, database = installation.keyring, installation.database

    def record(tx: Transaction) -> None:
        call = setup.as_system(tx, setup.ensure_default_workspace(tx))
        call.record("log.key_rotate", Subject("log", "audit"), {"from": keyring.current.key.key_id.hex()}, event=False)

    def take_over(tx: Transaction) -> bool:
        size, kept = tx.audit.size(), tx.audit.latest_checkpoint()
        if kept is not None and kept[0] == size:
            return False  # that size is signed, by the old key alone
        keyring.rotate(size)
        keyring.agree(tx)
        log.sign(tx, keyring)
        return True

    for _ in range(_TRIES):
        await database.command(record)
        if await database.command(take_over):
            return str(keyring.current.key)
    raise Unavailable("The log was signed at every moment in which its key could have been replaced; try again.")
