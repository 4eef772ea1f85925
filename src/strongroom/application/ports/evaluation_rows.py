"""Reading the results of single rows, of which nobody knows whether they are what they say."""

from typing import Protocol

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.domain.evaluations.comparing import Outcome, Plan
from strongroom.domain.evaluations.model import Rows


class EvaluationRows(Protocol):
    """Looks into Parquet files of rows, in a process with hard limits."""

    async def describe(self, blob: StoredBlob) -> Rows:
        """What is in a file.

        :raises Invalid: it is none of rows (docs/evaluations.md), or too large.
        """
        ...

    async def compare(self, champion: StoredBlob, challenger: StoredBlob, column: str, plan: Plan) -> Outcome:
        """Rows of one id are pairs; those with a value in one file only are left out.

        :raises Invalid: a file cannot be read, a file has no such column, or there is no pair.
        """
        ...
