"""Commits from the command line."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.sdk.errors import Invalid

Many = Parameter(negative_iterable="")


def commit(
    asset: str,
    source: Path | None = None,
    /,
    *,
    to: str = "",
    delete: Annotated[list[str] | None, Many] = None,
    move: Annotated[list[str] | None, Many] = None,
    branch: str = "main",
    message: str = "",
    parent: str | None = None,
    start: str | None = None,
    common: Common | None = None,
) -> None:
    """Commit a file or folder, deletions and moves to a branch: `revision commit prod/churn README.md`.

    Parameters
    ----------
    asset:
        Asset, as namespace/name.
    source:
        File or folder to put into the tree.
    to:
        Directory of the tree that it is put into.
    delete:
        Path to delete, with all below it; repeat it for several.
    move:
        OLD=NEW path; repeat it for several.
    branch:
        Branch to commit to.
    message:
        Why.
    parent:
        Digest, or its first 8 digits, that the branch must stand at.
    start:
        Where the branch begins, when it is not there yet.
    """
    common = common or NONE
    pairs = dict(_pair(text) for text in move or [])
    with common.client() as client:
        head = client.revisions.commit(
            asset,
            source,
            to=to,
            delete=delete or [],
            move=pairs,
            branch=branch,
            message=message,
            parent=parent,
            start=start,
        )
    if common.json:
        output.emit(head)
        return
    published = f", version {head.published.number}" if head.published else ""
    output.line(f"{branch} {head.revision.digest[:12]}{published if head.changed else '  (nothing changed)'}")


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not sign:
        raise Invalid("--move takes OLD=NEW.")
    return old, new
