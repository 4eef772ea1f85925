"""Push, pull and cat."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.cli.values import pairs, scalars
from strongroom.sdk.progress import Progress, Silent

Many = Parameter(negative_iterable="")


def _progress(*, quiet: bool) -> Progress:
    if quiet or not sys.stderr.isatty():
        return Silent()
    from strongroom.cli.bars import Bars

    return Bars()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class About:
    """What is said of a version.

    Parameters
    ----------
    alias:
        Alias to point at the new version; repeat it for several.
    label:
        Your own name for the version, unique in the asset.
    message:
        Why this version was made.
    tag:
        KEY or KEY=VALUE; repeat it for several.
    prop:
        Typed property, KEY=JSON; repeat it for several.
    run:
        Uid of the run that made it.
    base:
        Version that it derives from; its files are not sent again.
    """

    alias: Annotated[list[str] | None, Many] = None
    description: str = ""
    label: str | None = None
    message: str = ""
    tag: Annotated[list[str] | None, Many] = None
    prop: Annotated[list[str] | None, Many] = None
    run: str | None = None
    base: Annotated[list[str] | None, Many] = None

    def fields(self) -> dict[str, Any]:
        """As `Client.push` takes it."""
        return {
            "aliases": self.alias or [],
            "description": self.description,
            "label": self.label,
            "message": self.message,
            "tags": pairs(self.tag or []),
            "properties": scalars(self.prop or []),
            "run": self.run,
            "base": self.base or [],
        }


def push(
    source: Path,
    name: str,
    *,
    kind: str = "model",
    about: About | None = None,
    create: bool = True,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """Publish a file or folder as the next version of an asset. Bytes that the server has are not sent again.

    Killed in the middle, the same command goes on where it was.

    Parameters
    ----------
    source:
        File or folder.
    name:
        Asset, as namespace/name.
    kind:
        Kind of the asset: model, dataset and so on.
    create:
        Make the asset when there is none.
    quiet:
        Show no progress.
    """
    common = common or NONE
    fields = (about or About()).fields()
    bars = _progress(quiet=quiet or common.json)
    with common.client() as client:
        version = client.push(source, name, kind=kind, create=create, progress=bars, **fields)
    if common.json:
        output.emit(version)
    else:
        output.line(f"{version.reference}  {version.files} files, {version.bytes:,} bytes")


def pull(
    reference: str,
    to: Path,
    *,
    path: str = "",
    kind: str | None = None,
    references: Annotated[bool, Parameter(negative="", help="Fetch what it refers to at https:// too.")] = False,
    allow_unpinned: Annotated[bool, Parameter(negative="")] = False,
    quiet: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """Bring a version's files to a folder, each checked by its SHA-256; what is there already stays.

    Parameters
    ----------
    reference:
        Version, such as prod/churn@champion or churn:3.
    to:
        Folder; made when it is not there.
    path:
        Only what lies at or below this path.
    kind:
        Kind of the asset, when several have the name.
    allow_unpinned:
        Take a version whose references nothing fixes the content of.
    quiet:
        Show no progress.
    """
    common = common or NONE
    bars = _progress(quiet=quiet or common.json)
    elsewhere = {"references": references, "allow_unpinned": allow_unpinned}
    with common.client() as client:
        found = client.pull(reference, to, path=path, kind=kind, progress=bars, **elsewhere)
    if common.json:
        said = {"path": str(found.path), "files": found.files, "fetched": found.fetched}
        output.emit({**said, "version": found.version, "references": list(found.references)})
        return
    output.line(f"{found.version.reference} in {found.path}: {found.files} files, {found.fetched} fetched")
    for entry in found.references:
        output.note(f"Not fetched, it lies elsewhere: {entry.path} ({entry.uri})")


def cat(reference: str, path: str, *, common: Common | None = None) -> None:
    """Write a file of a version to standard output, checked by its SHA-256.

    Parameters
    ----------
    reference:
        Version.
    path:
        File in it.
    """
    with (common or NONE).client() as client, client.open(reference, path) as file:
        shutil.copyfileobj(file, sys.stdout.buffer, 1024 * 1024)
