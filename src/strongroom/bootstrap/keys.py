"""The server's keys in one folder, the same on every replica (docs/decisions/0005-keys.md).

log-key-0001.json   the audit log's signing keys, see strongroom.adapters.identity.keys
server-key          32 random bytes: keys derived from it seal page tokens, and what stands for a client's token
                    for a while (CAS tokens, addresses of LFS and MLflow); losing it ends those
webhook-key         32 random bytes: secrets of webhooks are derived from it; losing it voids all of them
"""

import os
import secrets
from pathlib import Path
from typing import Final

from strongroom.domain.errors import Corrupted, Invalid

_SERVER_KEY: Final = "server-key"
_WEBHOOK_KEY: Final = "webhook-key"
_BYTES: Final = 32
_OTHERS: Final = 0o077


def has_log_key(folder: Path) -> bool:
    """Whether the folder holds a key of an audit log."""
    return any(folder.glob("log-key-*.json"))


def server_key(folder: Path) -> bytes:
    """The key that the keys of page tokens and short-lived credentials are derived from; see `_key`."""
    return _key(folder, _SERVER_KEY)


def webhook_key(folder: Path) -> bytes:
    """The key that secrets of webhooks are derived from; see `_key`."""
    return _key(folder, _WEBHOOK_KEY)


def has_webhook_key(folder: Path) -> bool:
    """Whether the folder holds the key of webhooks."""
    return (folder / _WEBHOOK_KEY).exists()


def set_webhook_key_aside(folder: Path) -> None:
    """Give the key of webhooks, if there is one, a name under which nothing looks for it."""
    if has_webhook_key(folder):
        (folder / _WEBHOOK_KEY).rename(folder / f"{_WEBHOOK_KEY}-{secrets.token_hex(8)}")


def _key(folder: Path, name: str) -> bytes:
    """The key in the folder, made with the folder if it is not there; 32 bytes.

    :raises Invalid: others may read it. :raises Corrupted: it has another length.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        _create(path)
    if path.stat().st_mode & _OTHERS:
        raise Invalid(f"The key {path.name} may be read by others; make it private with chmod 600.")
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise Corrupted(f"The key {path.name} does not have {_BYTES} bytes.")
    return key


def _create(path: Path) -> None:
    """Write it whole before it bears its name; of two processes that make it at once, one wins."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
