"""Versions, for people: what is said of one, and what its content says."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.cli.references import as_uid
from strongroom.sdk.lookup import version_uid
from strongroom.sdk.models import Version

if TYPE_CHECKING:
    from strongroom.sdk.packaging import Column, ModelParam, Packaging, Signature

_SHOWN = 40
"""Columns, params and requirements of each kind that are printed."""
_NOT_HERE = {"packaging", "manifest", "statistics", "signature", "asset_uid"}


def show(reference: str, *, common: Common | None = None) -> None:
    """One version: what is said of it; how its model is packaged; its manifest and statistics in short.

    Parameters
    ----------
    reference:
        Version, or its uid.
    """
    common = common or NONE
    with common.client() as client:
        uid = as_uid(reference, lambda text: version_uid(client.api, text))
        found = client.api.call("version.get", Version, uid=uid)
    if common.json:
        output.emit(found)
        return
    told = {key: value for key, value in output.plain(found).items() if key not in _NOT_HERE}
    output.one({**told, **dict(_content(found))}, as_json=False)
    if found.packaging is not None:
        for line in _packaging(found.packaging):
            output.line(output.text(line))


def _content(found: Version) -> Iterable[tuple[str, object]]:
    if found.signature:
        yield "stated signature", found.signature
    if found.manifest is not None:
        yield "manifest", f"{found.manifest.digest} ({found.manifest.members} members)"
    if found.statistics is not None:
        splits = (f"{one.name} {'?' if one.rows is None else one.rows} rows" for one in found.statistics.splits)
        yield "statistics", ", ".join([found.statistics.state, *splits])


def _packaging(found: "Packaging") -> Iterable[str]:
    if found.state != "ready":
        yield f"packaging: {found.state}: {found.reason}"
        return
    yield "flavors: " + ", ".join(f"{one.name} {one.version or ''}".strip() for one in found.flavors)
    said = {"python": found.python_version, "mlflow": found.mlflow_version, "input example": found.input_example}
    yield from (f"{name}: {value}" for name, value in said.items() if value)
    if found.requirement_files:
        yield f"requirement files: {', '.join(found.requirement_files)}"
    yield from _listed("requirements", found.requirements, found.requirements_total)
    yield from _signature(found.signature)
    yield from (f"note: {note}" for note in found.notes)


def _signature(found: "Signature | None") -> Iterable[str]:
    if found is None:
        yield "signature: none"
        return
    for side, columns in (("inputs", found.inputs), ("outputs", found.outputs)):
        if columns is not None:
            yield from _listed(side, [_column(one) for one in columns], len(columns), more=found.truncated)
    if found.params:
        yield from _listed("params", [_param(one) for one in found.params], len(found.params), more=found.truncated)


def _column(one: "Column") -> str:
    name = "" if one.name is None else f"{one.name}: "
    shape = "" if one.shape is None else f" tensor {tuple(one.shape)}"
    return f"{name}{one.type}{shape}{'' if one.required else ', optional'}"


def _param(one: "ModelParam") -> str:
    shape = "" if one.shape is None else f" {tuple(one.shape)}"
    return f"{one.name}: {one.type}{shape} = {one.default}"


def _listed(title: str, lines: Sequence[str], total: int, *, more: bool = False) -> Iterable[str]:
    if not lines:
        return
    yield f"{title}:"
    yield from (f"  {line}" for line in lines[:_SHOWN])
    if total > _SHOWN or more:
        yield f"  ... ({total if not more else f'{total} or more'} in all)"
