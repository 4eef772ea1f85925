"""The audit log's keys as the running server holds them: read again when another process has made a new one."""

from pathlib import Path
from typing import Final

from strongroom.adapters.identity.keys import LogKeys
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.export import LogKey
from strongroom.domain.audit.note import Signer
from strongroom.domain.errors import Conflict

#: The public half of the key that signs now, as the database knows it: a replica whose folder lacks it must not sign.
KEY_SETTING: Final = "log_key"


class Keyring:
    """See :class:`strongroom.application.audit.log.LogKeyring`."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._folder, self._origin = folder, origin
        self._loaded = LogKeys.open(folder, origin)
        self._seen = folder.stat().st_mtime_ns

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._origin

    @property
    def current(self) -> Signer:
        """The key that signs now."""
        return self._keys.current

    @property
    def header(self) -> tuple[LogKey, ...]:
        """Public halves with the sizes they are valid from."""
        return self._keys.header

    def signers(self, size: int) -> tuple[Signer, ...]:
        """Who must sign the checkpoint of that size."""
        return self._keys.signers(size)

    @property
    def _keys(self) -> LogKeys:
        """The keys, read again when the folder has changed: no checkpoint after a rotation bears the old key alone."""
        changed = self._folder.stat().st_mtime_ns
        if changed != self._seen:
            self._loaded, self._seen = LogKeys.open(self._folder, self._origin), changed
        return self._loaded

    def rotate(self, size: int) -> None:
        """Make a new key that takes over at this size of the log; see `LogKeys.rotate`."""
        self._loaded = self._keys.rotate(size)

    def agree(self, tx: Transaction) -> None:
        """Take the folder's newest key as the log's, or see that the log knows it.

        :raises Conflict: the log is signed with a key that this folder does not hold.
        """
        known = tx.settings.get(KEY_SETTING)
        if known == str(self.current.key):
            return
        if known is not None and known not in {str(key.key) for key in self.header}:
            raise Conflict("The keys folder lacks the key that signs this audit log; give this server the same folder.")
        tx.settings.put(KEY_SETTING, str(self.current.key))
