"""The audit log: read, proved, exported. The export is verified by ``strongroom audit verify``, with no server."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from strongroom.sdk.api import Api, make
from strongroom.sdk.identity_models import Checkpoint, Consistency, Follow, Inclusion, Record
from strongroom.sdk.operations import BY_ID

_BLOCK = 1024 * 1024


class Audit:
    """``client.audit``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
    ) -> Iterator[Record]:
        """Records of the workspace, newest first. `actor` and `subject` are uids."""
        return self._api.every(
            "audit.list", Record, actor=actor, action=action, subject=subject, since=since, until=until
        )

    def get(self, uid: str) -> Record:
        """One record."""
        return self._api.call("audit.get", Record, uid=uid)

    def checkpoint(self) -> Checkpoint:
        """The log's size and root, signed now. Keep the note: it proves later that nothing was cut off or rewritten."""
        return self._api.call("audit.checkpoint", Checkpoint)

    def proof(self, uid: str) -> Inclusion:
        """Proof that a record is in the log."""
        return self._api.call("audit.inclusion", Inclusion, uid=uid)

    def consistency(self, old_size: int, new_size: int | None = None) -> Consistency:
        """Proof that the log only grew between two sizes; the present size when `new_size` is None."""
        return self._api.call("audit.consistency", Consistency, old_size=old_size, new_size=new_size)

    def follow(self, start: int = 0, *, limit: int = 100, wait: int = 0) -> Follow:
        """Records of the whole log from a leaf on; where there are none, after up to `wait` seconds (30 at most)."""
        return self._api.call("audit.follow", Follow, start=start, limit=limit, wait=wait)

    def export(self, to: str | Path) -> Path:
        """Write the whole log to a file, which appears when it is complete.

        :raises EndedEarly: the answer ended early; there is no file then.
        """
        return self._kept(to, "audit.export")

    def state(self, to: str | Path, *, at: datetime | str | None = None) -> Path:
        """Write what the live tables say stands, now or at a time, to a file for `strongroom audit replay`.

        :raises EndedEarly: the answer ended early; there is no file then.
        """
        return self._kept(to, "audit.state", at=at)

    def _kept(self, to: str | Path, operation: str, **fields: object) -> Path:
        target = Path(to)
        partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        made = make(BY_ID[operation], fields)
        response = self._api.transport.stream(made.path, query=made.query)
        try:
            with partial.open("wb") as file:
                for block in response.blocks(_BLOCK):
                    file.write(block)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
            response.close()
        return target
