"""What the application asks of the database for annotations."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Annotations(Protocol):
    """One JSON document an object: a map from the word of a system to what it said."""

    def of(self, object_kind: str, object_ids: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """Object -> its annotations; those without any are left out."""
        ...

    def put(self, object_kind: str, object_id: int, body: Mapping[str, Any], /) -> None:
        """Replace the annotations of an object."""
        ...

    def remove(self, object_kind: str, object_id: int, /) -> None:
        """Remove the annotations of an object."""
        ...

    def erase_of(self, asset_id: int, /) -> None:
        """Remove the annotations of an asset and of its versions."""
        ...
