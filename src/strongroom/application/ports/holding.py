"""What the application asks of the database about who holds bytes."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.ports.collection import Sum


@dataclass(frozen=True, slots=True)
class Beside:
    """What else holds some blobs: which of them it holds, how many of them by assets (id), how many by folders."""

    held: AbstractSet[int]
    assets: dict[int, Sum]
    folders: int


@dataclass(frozen=True, slots=True)
class BlobHeld:
    """Who holds one blob: ids of assets, owners of folders of a workspace (kind and uid), and more folders anywhere."""

    assets: Sequence[int]
    folders: Sequence[tuple[str, str]]
    more_folders: int
    sent: bool
    chunks: bool
    condemned_at: int | None


class Holding(Protocol):
    """Holders of blobs. Who has sent bytes holds them for a time only, and does not count."""

    def beside(self, asset_id: int, blob_ids: Sequence[int], /) -> Beside:
        """What holds these, beside one asset."""
        ...

    def chunks_alone(self, blob_ids: Sequence[int], /) -> int:
        """Bytes of packs of chunks that only files among these are made of."""
        ...

    def of_blob(self, blob_id: int, workspace_id: int, limit: int, /) -> BlobHeld: ...
