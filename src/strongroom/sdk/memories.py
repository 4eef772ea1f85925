"""Memories of agents: a record taken out, a memory forked. To write one, push a folder with ``records/``."""

from strongroom.sdk import transfers
from strongroom.sdk.api import Api
from strongroom.sdk.lookup import VersionRef, version_of
from strongroom.sdk.models import Version

KIND = "memory"


class Memories:
    """``client.memories``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def redact(self, memory: VersionRef, record: str, reason: str) -> Version:
        """Publish the latest version without a record, with a tombstone for it. Purge the versions before it too.

        :param record: its id: the path below ``records/``. :raises Conflict: somebody published meanwhile.
        """
        version = version_of(self._api, memory, KIND)
        return self._api.call("memory.redact", Version, uid=version.uid, record=record, reason=reason)

    def fork(self, memory: VersionRef, name: str, *, create: bool = True) -> Version:
        """Publish a version of one memory as the next one of another, ``namespace/name``."""
        version = version_of(self._api, memory, KIND)
        asset = transfers.find_or_create(self._api, name, KIND, create=create)
        return self._api.call("memory.fork", Version, uid=asset.uid, version_uid=version.uid)
