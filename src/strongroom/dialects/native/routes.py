"""The route table of the native API, as data."""

from strongroom.dialects.native.operation import Operation
from strongroom.dialects.native.operations import (
    access,
    artifacts,
    assets,
    audit,
    collaboration,
    edges,
    events,
    experiments,
    flags,
    labels,
    lineage,
    logged_models,
    manifests,
    nodes,
    pipelines,
    principals,
    recording,
    runs,
    search,
    versions,
    webhooks,
    workspaces,
)

PREFIX = "/api/v1"

OPERATIONS: tuple[Operation, ...] = (
    *workspaces.OPERATIONS,
    *assets.OPERATIONS,
    *labels.OPERATIONS,
    *versions.OPERATIONS,
    *artifacts.OPERATIONS,
    *manifests.OPERATIONS,
    *experiments.OPERATIONS,
    *runs.OPERATIONS,
    *logged_models.OPERATIONS,
    *pipelines.OPERATIONS,
    *search.OPERATIONS,
    *recording.OPERATIONS,
    *lineage.OPERATIONS,
    *edges.OPERATIONS,
    *nodes.OPERATIONS,
    *flags.OPERATIONS,
    *access.OPERATIONS,
    *principals.OPERATIONS,
    *audit.OPERATIONS,
    *events.OPERATIONS,
    *collaboration.OPERATIONS,
    *webhooks.OPERATIONS,
)
