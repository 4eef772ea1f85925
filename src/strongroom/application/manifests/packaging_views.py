"""What callers see of how a model is packaged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from strongroom.application.manifests.packaging import Packaged
from strongroom.domain.manifests import canonical
from strongroom.domain.manifests.packaging import Packaging
from strongroom.domain.manifests.signature import Column, Param, Signature

SHOWN_MOST: Final = 200
"""Columns of a side, and requirements, that stand in a version; its packaging has all."""
NESTED_SHOWN: Final = 8 * 1024
"""Characters of JSON of an environment or of resources that stand in a version."""


@dataclass(frozen=True, slots=True)
class FlavorView:
    """One way to load a model; `version` is of the library that wrote it."""

    name: str
    version: str | None


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column; a tensor where it has a shape, in which -1 is any size."""

    name: str | None
    type: str
    required: bool
    shape: Sequence[int] | None


@dataclass(frozen=True, slots=True)
class ParamView:
    """A value that a caller may state beside the inputs; `default` is JSON."""

    name: str
    type: str
    default: str
    shape: Sequence[int] | None


@dataclass(frozen=True, slots=True)
class SignatureView:
    """What goes into a model and comes out; null where nothing is said of a side. `truncated`: not all is shown."""

    inputs: Sequence[ColumnView] | None
    outputs: Sequence[ColumnView] | None
    params: Sequence[ParamView] | None
    truncated: bool


@dataclass(frozen=True, slots=True)
class PackagingView:
    """How a model is packaged, as its MLmodel file says. `state` is ready, or unreadable, which `reason` explains.

    `flavor` is the one of `flavors` that tells most. `requirements` are the lines of requirements.txt,
    `requirement_files` those of conda.yaml, constraints.txt, python_env.yaml and requirements.txt that are there.
    `input_example` is a path. `size`, `claimed_at` and the ids are what the client said. `environment` and `resources`
    are empty where they are too long for a version: its packaging has them. `notes` are what could not be read.
    """

    state: str
    reason: str | None
    flavor: str | None = None
    flavors: Sequence[FlavorView] = ()
    signature: SignatureView | None = None
    input_example: str | None = None
    requirements: Sequence[str] = ()
    requirements_total: int = 0
    requirement_files: Sequence[str] = ()
    python_version: str | None = None
    mlflow_version: str | None = None
    size: int | None = None
    model_id: str | None = None
    model_uuid: str | None = None
    run_id: str | None = None
    claimed_at: str | None = None
    environment: Mapping[str, Any] | None = None
    resources: Mapping[str, Any] | None = None
    notes: Sequence[str] = ()


def packaging_view(packaged: Packaged, *, brief: bool) -> PackagingView:
    """How a model is packaged: all of it, or what stands in a version."""
    found = packaged.packaging
    if found is None:
        return PackagingView("unreadable", packaged.reason)
    most = SHOWN_MOST if brief else None
    return PackagingView(
        "ready",
        None,
        flavor=found.flavor,
        flavors=[FlavorView(one.name, one.version) for one in found.flavors],
        signature=_signature(found.signature, most),
        requirements=list(found.requirements[:most]),
        requirements_total=len(found.requirements),
        requirement_files=list(found.requirement_files),
        environment=_nested(found.environment, brief=brief),
        resources=_nested(found.resources, brief=brief),
        notes=list(found.notes),
        **_same(found),
    )


def _same(found: Packaging) -> dict[str, Any]:
    names = (
        "input_example", "python_version", "mlflow_version", "size", "model_id", "model_uuid", "run_id", "claimed_at",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names}


def _nested(value: Mapping[str, Any], *, brief: bool) -> Mapping[str, Any]:
    return {} if brief and len(canonical.dumps(value)) > NESTED_SHOWN else value


def _signature(found: Signature | None, most: int | None) -> SignatureView | None:
    if found is None:
        return None
    sides = (found.inputs, found.outputs, found.params)
    truncated = most is not None and any(len(side or ()) > most for side in sides)
    params = None if found.params is None else [_param(one) for one in found.params[:most]]
    return SignatureView(_columns(found.inputs, most), _columns(found.outputs, most), params, truncated)


def _columns(columns: Sequence[Column] | None, most: int | None) -> list[ColumnView] | None:
    if columns is None:
        return None
    return [ColumnView(one.name, one.type, one.required, _shape(one.shape)) for one in columns[:most]]


def _param(one: Param) -> ParamView:
    return ParamView(one.name, one.type, one.default, _shape(one.shape))


def _shape(shape: Sequence[int] | None) -> list[int] | None:
    return None if shape is None else list(shape)
