"""Reading data files that nobody trusts, to say what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.artifacts.blobstore import StoredBlob


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a data set: its path and split, its form, and where its bytes are."""

    path: str
    split: str
    format: str
    blob: StoredBlob


class UnreadableError(Exception):
    """Nothing can be said of the files; the text says why, for people."""


class Examine(Protocol):
    """Looks into data files."""

    async def examine(self, files: Sequence[DataFile]) -> bytes:
        """What is in them, as JSON that `domain.manifests.statistics` reads. Takes at most a minute or two.

        :raises UnreadableError: the reading program was ended, or answered nothing of use.
        """
        ...
