"""Progress of a transfer as a bar on the terminal."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Bars:
    """Told by the SDK (`strongroom.sdk.progress.Progress`), shows on standard error."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def start(self, what: str, total: int) -> None:
        """A step begins; `total` in bytes."""
        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(what, total=total)
        self._progress.start()

    def advance(self, done: int) -> None:
        """So many more bytes are done."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, done)

    def finish(self) -> None:
        """The step is over."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
