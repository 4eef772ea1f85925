"""What a run records beside plain points: whole series, texts, JSON, histograms, media, and the console."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

from strongroom.sdk.recorder import Recorder, row_of
from strongroom.sdk.series_models import split_lines


@runtime_checkable
class Picture(Protocol):
    """What knows how to save itself as an image, as Pillow's do."""

    def save(self, fp: io.BytesIO, format: str) -> object:  # noqa: A002 - Pillow's word
        """Write it in a format such as PNG."""
        ...


class SeriesRecording:
    """The part of a :class:`Run` that records series of any kind, and streams."""

    _recorder: Recorder

    def log_file(self, source: str | Path, path: str | None = None) -> None:
        """See :class:`Run`."""
        raise NotImplementedError

    def flush(self) -> None:
        """See :class:`Run`."""
        raise NotImplementedError

    def log_series(
        self, key: str, values: Sequence[Any], steps: Sequence[int], *, times_us: Sequence[int] | None = None
    ) -> None:
        """Record many points of one series at once.

        :param steps: as many as values. :param times_us: microseconds since 1970; now when None.
        """
        self._recorder.series(key, values, steps, times_us)

    def log_row(
        self,
        values: Mapping[str, Any],
        *,
        row: int | None = None,
        step: int | None = None,
        time_us: int | None = None,
    ) -> None:
        """Record values that belong together: numbers, texts, and anything else that JSON has.

        :param row: its number, 0 or more; behind the run's greatest when None. A row that the run has with the same
            values is the same write; with others it is refused (`conflict`).
        :param step: of all of them; the row's number when None. :param time_us: microseconds since 1970; now when None.
        """
        self._recorder.row(row_of(values, row, step, time_us))

    def log_text(self, key: str, text: str, step: int = 0, *, time_us: int | None = None) -> None:
        """Record a point of a series of texts, up to 64 KiB each."""
        self._recorder.other(key, "text", text, step, time_us)

    def log_json(self, key: str, value: object, step: int = 0, *, time_us: int | None = None) -> None:
        """Record a point of a series of JSON values, up to 64 KiB each."""
        self._recorder.other(key, "json", value, step, time_us)

    def log_histogram(
        self, key: str, edges: Sequence[float], counts: Sequence[float], step: int = 0, *, time_us: int | None = None
    ) -> None:
        """Record a histogram: ascending edges, and one fewer counts; up to 512 bins."""
        value: Mapping[str, object] = {"edges": list(map(float, edges)), "counts": list(map(float, counts))}
        self._recorder.other(key, "histogram", value, step, time_us)

    def log_media(
        self, key: str, source: str | Path, step: int = 0, *, path: str | None = None, time_us: int | None = None
    ) -> str:
        """Put a file into the run's folder and record it as a point of a series of files.

        :param path: where it lies in the folder; ``media/KEY/STEP-NAME`` when None.
        :returns: that path. If another file is put there later, the point's digest tells.
        """
        where = path or f"media/{key}/{step}-{Path(source).name}"
        self.log_file(source, where)
        self._recorder.other(key, "file", where, step, time_us)
        return where

    def log_image(self, key: str, image: str | Path | Picture, step: int = 0, *, time_us: int | None = None) -> str:
        """Record an image: a file, or what saves itself as one (Pillow)."""
        if isinstance(image, str | Path):
            return self.log_media(key, image, step, time_us=time_us)
        written = io.BytesIO()
        image.save(written, "PNG")
        with TemporaryDirectory() as folder:
            file = Path(folder) / "image.png"
            file.write_bytes(written.getvalue())
            return self.log_media(key, file, step, time_us=time_us)

    def write_console(self, text: str, stream: str = "console") -> None:
        """Append the lines of a text to a stream, sent within about a second.

        Of a line with carriage returns only what is behind the last of them is kept, as a terminal shows it.
        """
        self._recorder.lines(stream, split_lines(text))
