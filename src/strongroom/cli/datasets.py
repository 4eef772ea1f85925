"""Data sets."""

from strongroom.cli import output
from strongroom.cli.common import NONE, Common

_COLUMNS = ("name", "type", "nulls", "min", "max", "mean", "distinct", "top")


def statistics(reference: str, *, wait: float = 0, common: Common | None = None) -> None:
    """What is in a data set, split by split.

    Parameters
    ----------
    reference:
        Version of a data set.
    wait:
        Seconds to wait while they are being made.
    """
    common = common or NONE
    with common.client() as client:
        found = client.datasets.statistics(reference, wait=wait)
    if common.json:
        output.emit(found)
        return
    if found.state != "ready":
        output.note(f"{found.state}: {found.reason or 'ask again shortly, or with --wait 60'}")
    for split in found.splits:
        rows = "an unknown number of" if split.rows is None else split.rows
        output.line(f"{split.name}: {rows} rows, {split.columns_total} columns, {split.files} files")
        shown = [
            {
                **output.plain(column),
                "top": ", ".join(f"{output.text(one.value)} ({one.count})" for one in column.top[:3]),
            }
            for column in split.columns
        ]
        output.rows(shown, as_json=False, columns=_COLUMNS)
        for note in split.notes:
            output.note(output.text(note))
