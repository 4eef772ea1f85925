"""Aliases and stages."""

from itertools import islice
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common

_COLUMNS = ("name", "version", "valid_from", "valid_to", "set_by", "etag")


def set_(
    reference: str,
    name: str,
    version: str | None = None,
    /,
    *,
    expect: int | None = None,
    common: Common | None = None,
) -> None:
    """Point an alias at a version: `alias set prod/churn:3 champion`, or `alias set prod/churn champion 3`.

    Parameters
    ----------
    reference:
        Version; or the asset, with the version as third argument.
    name:
        Alias.
    version:
        Number or reference.
    expect:
        The alias's ETag as last seen (0: it must not exist yet): refuse when somebody moved it meanwhile.
    """
    common = common or NONE
    target = int(version) if version is not None and version.isascii() and version.isdecimal() else version
    with common.client() as client:
        alias = client.set_alias(reference, name, target, expect=expect)
    output.emit(alias) if common.json else output.line(f"{alias.name} -> {alias.version} (etag {alias.etag})")


def history(reference: str, name: str | None = None, *, limit: int = 100, common: Common | None = None) -> None:
    """Every version that an alias (or any of the asset) ever pointed at, newest first."""
    common = common or NONE
    with common.client() as client:
        found = islice(client.alias_history(reference, name), limit)
        output.rows(found, as_json=common.json, columns=_COLUMNS)


def at(reference: str, name: str, time: str, *, common: Common | None = None) -> None:
    """Where an alias pointed at a time (RFC 3339, such as 2026-11-23T09:00:00Z)."""
    common = common or NONE
    with common.client() as client:
        output.rows([client.alias_at(reference, name, time)], as_json=common.json, columns=_COLUMNS)


def rollback(reference: str, name: str, *, common: Common | None = None) -> None:
    """Point an alias at the version that it pointed at before."""
    common = common or NONE
    with common.client() as client:
        alias = client.rollback(reference, name)
    output.emit(alias) if common.json else output.line(f"{alias.name} -> {alias.version} (etag {alias.etag})")


def stage_set(
    reference: str,
    stage: str,
    *,
    note: Annotated[str, Parameter(help="Why.")] = "",
    move_others: Annotated[bool, Parameter(negative="")] = False,
    etag: int | None = None,
    common: Common | None = None,
) -> None:
    """Place a version at a stage.

    Parameters
    ----------
    reference:
        Version.
    stage:
        Stage of the workspace.
    move_others:
        Archive the versions that stand there.
    etag:
        Refuse when the version is not at this ETag any more.
    """
    common = common or NONE
    with common.client() as client:
        version = client.set_stage(reference, stage, note=note, move_others=move_others, etag=etag)
    output.emit(version) if common.json else output.line(f"{version.reference} at {version.stage}")
