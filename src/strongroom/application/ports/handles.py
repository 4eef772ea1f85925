"""What the application asks of the database for handles."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from strongroom.domain.registry.handles import Handle


class Handles(Protocol):
    """Foreign ids and what they point at; one object may have several."""

    def get(self, workspace_id: int, dialect: str, kind: str, foreign: Sequence[str]) -> Mapping[str, Handle]:
        """Those of the foreign ids that are known."""
        ...

    def below(self, workspace_id: int, dialect: str, kind: str, prefix: str, limit: int) -> Sequence[Handle]:
        """Those whose foreign id begins so, in its order."""
        ...

    def lock(self, workspace_id: int, dialect: str, kind: str, foreign: str) -> Handle | None:
        """One handle, with its row locked until the end of the transaction."""
        ...

    def add(self, handle: Handle, set_by: int, /) -> bool:
        """Store a handle; whether it is new: one that exists stays as it was."""
        ...

    def move(self, handle: Handle, set_by: int, /) -> None:
        """Let a locked handle point at the object that `handle` names."""
        ...

    def remove(self, handle: Handle, /) -> None:
        """Remove a handle."""
        ...

    def of(self, dialect: str, kind: str, object_kind: str, object_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """Object -> its foreign ids of that dialect and kind, oldest first."""
        ...
